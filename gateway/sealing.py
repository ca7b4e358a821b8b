"""Small secrets that people must read again, sealed: AES-256-GCM, with the id of their key.

Sealed = key id (8 bytes of the key's SHA-256), nonce (12 bytes), ciphertext with its tag. What it
belongs to is authenticated beside it, so that one person's code cannot be put into another's row.
The key stands in a file of its own; backups of the database hold none of it (DESIGN 7). While it is
rotated (`lifeline seal rotate`) a former one stands beside it, for reading.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import SettingsError
from gateway.keys import key_file

KEY_FILE = "seal.key"
FORMER_FILE = "seal.key.former"
NEW_FILE = "seal.key.new"
KEY_ID_BYTES = 8
NONCE_BYTES = 12


def seal_keys(state_dir: Path) -> tuple[bytes, ...]:
    """Read the keys, making one on first use: the first seals, each opens what it sealed.

    Raises:
        SettingsError: when others may read one, or it is not a key.
    """
    keys = [key_file(state_dir / KEY_FILE)]
    former = state_dir / FORMER_FILE
    if former.exists():
        keys.append(key_file(former))
    return tuple(keys)


def begin_rotation(state_dir: Path) -> bool:
    """Put a new key in place and keep the former one; False when that was done before.

    Raises:
        SettingsError: as `seal_keys`.
        OSError: the folder cannot be written.
    """
    current, former, new = (state_dir / name for name in (KEY_FILE, FORMER_FILE, NEW_FILE))
    key = key_file(current)
    if not former.exists():
        os.link(current, former)
    elif key_file(former) != key:
        return False
    new.unlink(missing_ok=True)
    key_file(new)
    _sync(new)
    new.replace(current)
    _sync(state_dir)  # what is sealed with it must not outlive it
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def seal(key: bytes, about: UUID, text: str) -> bytes:
    """Seal a text that belongs to `about`."""
    nonce = os.urandom(NONCE_BYTES)
    return _key_id(key) + nonce + AESGCM(key).encrypt(nonce, text.encode(), about.bytes)


def is_sealed_with(key: bytes, sealed: bytes) -> bool:
    """Say whether a key sealed it."""
    return sealed[:KEY_ID_BYTES] == _key_id(key)


def unseal(keys: Sequence[bytes], about: UUID, sealed: bytes) -> str:
    """Read a sealed text with whichever of the keys sealed it.

    Raises:
        SettingsError: it was sealed with another key, for another record, or was changed since.
    """
    key = next((one for one in keys if is_sealed_with(one, sealed)), None)
    rest = sealed[KEY_ID_BYTES:]
    if key is None:
        ours = " and ".join(_key_id(one).hex() for one in keys)
        raise SettingsError(
            f"sealed with key {sealed[:KEY_ID_BYTES].hex()}, ours is {ours}: bring back {KEY_FILE}"
        )
    try:
        opened = AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], about.bytes)
    except InvalidTag as error:
        raise SettingsError("the sealed text was changed, or is another record's") from error
    return opened.decode()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:KEY_ID_BYTES]
