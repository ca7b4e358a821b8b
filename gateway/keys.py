"""Key files and secrets: 256 random bits each, in files only their owner can read."""

import hashlib
import os
import secrets
from pathlib import Path

from gateway.errors import SettingsError

KEY_BYTES = 32
OWNER_ONLY = 0o600


def key_file(path: Path) -> bytes:
    """Read a key, making it on first use.

    Raises:
        SettingsError: when others may read it, or it is not a key.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
    return _read(path)


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by others: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise SettingsError(f"{path} holds no key: expected 64 hexadecimal digits") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{path} holds {len(key)} bytes, expected {KEY_BYTES}")
    return key


def new_secret() -> str:
    """Make a device or API secret: 256 random bits, as text."""
    return secrets.token_urlsafe(KEY_BYTES)


def secret_sha256(secret: str | bytes) -> bytes:
    """Give what is stored of a secret. Random secrets of 256 bits need no slow hash (DESIGN 7)."""
    return hashlib.sha256(secret if isinstance(secret, bytes) else secret.encode()).digest()
