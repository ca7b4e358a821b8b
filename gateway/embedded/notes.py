"""What stands beside the data: the owner's password and the port of last time."""

import secrets
import socket

from gateway.embedded import cluster
from gateway.embedded.binaries import Binaries
from gateway.embedded.errors import NotOurs, naming
from gateway.embedded.place import Place, overwrite, write_atomically
from gateway.embedded.settings import PORT_MAX

PASSWORD_BYTES = 32
_PORT_NOTE_BYTES = 8


def free_port() -> int:
    """A port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_of_last_time(place: Place) -> int | None:
    """The port that the last server listened on; None when it is not known."""
    try:
        text = (place.state / "port").read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and 0 < int(text) <= PORT_MAX else None


def new_password(place: Place) -> str:
    """The password of a database that is to be made: 256 random bits, stored before their use.

    Raises:
        DiskFull, NotWritable: when it cannot be stored.
    """
    path = place.state / "password"
    if not path.exists():
        with naming(path, "store the password of the database"):
            write_atomically(path, secrets.token_hex(PASSWORD_BYTES), 0o600)
    return stored_password(place)


def password_lost(place: Place) -> bool:
    """Whether the file with the owner's password is gone."""
    return not (place.state / "password").exists()


def stored_password(place: Place) -> str:
    """The owner's password.

    Raises:
        NotOurs: when its file is gone.
        NotWritable: when its file cannot be read.
    """
    path = place.state / "password"
    if not path.exists():
        raise NotOurs(f"{path} is gone: start again, which sets a new password")
    with naming(path, "read the password of the database"):
        return path.read_text().strip()


def replace_lost_password(place: Place, installed: Binaries) -> None:
    """Give the owner a new password when its file is gone; only while no server runs.

    Raises:
        StartFailed, DiskFull, NotWritable: when it cannot be set or stored.
    """
    if not password_lost(place):
        return
    path = place.state / "password"
    fresh = secrets.token_hex(PASSWORD_BYTES)
    statement = f"ALTER ROLE {cluster.OWNER} PASSWORD '{fresh}'"
    cluster.single(place.account, installed, place.cluster, statement)
    with naming(path, "store the password of the database"):
        write_atomically(path, fresh, 0o600)


def remember_port(place: Place, port: int) -> None:
    """Note the port, so that the next start gives the same DSN when it can."""
    overwrite(place.state / "port", str(port), _PORT_NOTE_BYTES)
