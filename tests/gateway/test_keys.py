"""Keys lie in files that only their owner can read."""

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.keys import key_file, new_secret, secret_sha256


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"

    assert key_file(path) == key_file(path)
    assert len(key_file(path)) == 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    key_file(path)
    path.chmod(0o644)

    with pytest.raises(SettingsError, match="chmod 600"):
        key_file(path)


@pytest.mark.parametrize("text", ["", "zz", "00" * 31])
def test_a_file_that_holds_no_key_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "audit.key"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(SettingsError, match="holds"):
        key_file(path)


def test_secrets_are_256_bits_and_never_alike() -> None:
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(len(secret) == 43 for secret in secrets)
    assert len(secret_sha256(secrets.pop())) == 32
