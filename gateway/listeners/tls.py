"""TLS for listeners: what we offer and what we ask of a device."""

import hashlib
import ssl
from pathlib import Path
from typing import Any


def server_context(
    certificate: Path, key: Path, client_authorities: Path | None = None
) -> ssl.SSLContext:
    """Make the server side's context: TLS 1.2 or newer.

    Args:
        certificate: PEM file of our certificate and its chain.
        key: PEM file of its private key.
        client_authorities: PEM file of those who issue device certificates; given, a device may
            show a certificate and need not, because many units have a password only.

    Raises:
        OSError: a file cannot be read, or (ssl.SSLError) holds no such thing.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_authorities is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(client_authorities)
    return context


def fingerprint_sha256(connection: object) -> str | None:
    """Give the SHA-256 of the verified client certificate (DER), lower case hex; None without."""
    if not isinstance(connection, ssl.SSLObject):
        return None
    certificate = connection.getpeercert(binary_form=True)
    return None if certificate is None else hashlib.sha256(certificate).hexdigest()


def common_name(connection: object) -> str | None:
    """Give the subject's common name of the verified client certificate; None without."""
    if not isinstance(connection, ssl.SSLObject):
        return None
    certificate: dict[str, Any] = connection.getpeercert() or {}
    parts = [pair for part in certificate.get("subject", ()) for pair in part]
    return next((str(value) for name, value in parts if name == "commonName"), None)
