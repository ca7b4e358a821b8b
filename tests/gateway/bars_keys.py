"""Endpoints and keys of services in tests."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.bars_settings import BarsEndpoint
from gateway.practice_receiver.access import Keys, read_keys
from tests.databases import ORGANISATION

KID = "practice-1"


def endpoint(address: str, **more: Any) -> BarsEndpoint:
    given: dict[str, Any] = {
        "url": f"{address}/FHIR/R4",
        "service_id": "2000099999",
        "receiver_ods": "ZZ001",
        "ods_code": "ZZ999",
        "sender_service_id": "2000011111",
        "phone": "0116 496 0000",
        "organisation": str(ORGANISATION),
    }
    return BarsEndpoint.model_validate({**given, **more})


def signing(address: str, key_file: Path) -> dict[str, Any]:
    """Give the settings of an endpoint that wants a token."""
    return {
        "token_url": f"{address}/oauth2/token",
        "client_id": "lifeline-test",
        "key_file": str(key_file),
        "kid": KID,
    }


def new_key(path: Path, bits: int = 2048) -> RSAPrivateKey:
    """Write a new private key to a file."""
    key = generate_private_key(65_537, bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    return key


def public(key: RSAPrivateKey) -> Keys:
    """Give what the token endpoint knows of a key."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return read_keys(pem, KID, "lifeline-test")
