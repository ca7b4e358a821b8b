"""A Mosquitto in a process of its own, with the settings and the access list of ops/mosquitto.

Only paths, port and certificates differ from what is shipped. It is ended by its process, never by
a name.
"""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[1] / "mosquitto"
HOST = "127.0.0.1"
WHERE = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
GATEWAY = "gateway"
START_S = 10.0
STOP_S = 10.0
LOOK_EVERY_S = 0.02


class MosquittoError(RuntimeError):
    """It is not installed, or did not start."""


def program(name: str) -> str:
    """Give the path of one of its programs.

    Raises:
        MosquittoError: it is not installed.
    """
    found = shutil.which(name, path=WHERE)
    if found is None:
        raise MosquittoError(f"{name} is not installed: apt-get install mosquitto")
    return found


class Mosquitto:
    """One broker: killed and started at will."""

    def __init__(
        self, folder: Path, port: int, users: Mapping[str, str], **settings: object
    ) -> None:
        """Write its files; `start` starts it.

        Args:
            folder: Its own.
            port: A free one.
            users: Name to password; `gateway` is the gateway's.
            settings: In place of shipped ones; None removes one.

        Raises:
            MosquittoError: it is not installed.
        """
        self._program = program("mosquitto")
        self._folder = folder
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self.kills = 0
        passwords = folder / "passwd"
        passwords.write_text("".join(f"{name}:{word}\n" for name, word in users.items()))
        passwords.chmod(0o600)
        subprocess.run([program("mosquitto_passwd"), "-U", passwords], check=True)
        given: dict[str, object] = {
            "listener": f"{port} {HOST}", "certfile": None, "keyfile": None,
            "password_file": passwords, "acl_file": SHIPPED / "acl",
            "persistence_location": f"{folder}/", **settings,
        }  # fmt: skip
        text = (SHIPPED / "mosquitto.conf").read_text()
        for name, value in given.items():
            text = re.sub(rf"^{name} .*\n", "", text, flags=re.MULTILINE)
            if name != "listener" and value is not None:
                text += f"{name} {value}\n"
        # What belongs to a listener stands behind it; as root it would drop to a user that may not
        # read the folder.
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(f"listener {given['listener']}\n{text}user root\n")

    def start(self) -> None:
        """Start it, and return when it listens.

        Raises:
            MosquittoError: it does not; with its last words.
        """
        with (self._folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._program, "-c", self._conf], stdout=log, stderr=log
            )
        until_s = time.monotonic() + START_S
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > until_s:
                raise MosquittoError(f"mosquitto did not start: {self.log()[-1_000:]}")
            time.sleep(LOOK_EVERY_S)

    def kill(self) -> None:
        """Kill it without a warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.kills += 1

    def stop(self) -> None:
        """Ask it to end: it writes down what it holds."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self) -> str:
        """What it said."""
        return (self._folder / "mosquitto.log").read_text(errors="replace")

    def _listens(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex((HOST, self.port)) == 0
