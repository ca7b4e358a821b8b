"""A Mosquitto of the run's own: her pendant speaks to it, and the gateway is its client.

Contract: a real broker in a process of its own on 127.0.0.1, with passwords and an access list of
this run; ended by its process, and its files go with the run's folder. No TLS: nothing leaves this
machine.
"""

import asyncio
import os
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import REGISTRY

from gateway.broker_settings import Broker
from gateway.demo.missing import Missing
from gateway.demo.stories import PENDANT
from gateway.errors import SettingsError
from gateway.keys import new_secret
from gateway.listeners.mqtt_client_parts import Topics

HOST = "127.0.0.1"
LINE = "demo-broker"
GATEWAY = "gateway"
SERVER, PASSWORDS = "mosquitto", "mosquitto_passwd"
WHERE = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
START_S = 10.0
STOP_S = 10.0
LOOK_S = 0.02
ACL = f"""\
pattern write lifeline/v1/%u/call
pattern write lifeline/v1/%u/up
pattern write lifeline/v1/%u/will
pattern read lifeline/v1/%u/down
user {GATEWAY}
topic read lifeline/v1/+/call
topic read lifeline/v1/+/up
topic read lifeline/v1/+/will
topic write lifeline/v1/+/down
"""


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """A running broker, how the gateway is set to reach it, and the pendant's password there."""

    port: int
    broker: Broker
    secret: str

    async def ready(self) -> None:
        """Return when the gateway is connected and subscribed, by its own figures.

        Raises:
            Missing: it is not, after a while.
        """
        try:
            async with asyncio.timeout(START_S):
                while not all(  # noqa: ASYNC110 - a figure is looked at, it tells nobody
                    _is_up(self.broker.line, topics) for topics in Topics
                ):
                    await asyncio.sleep(LOOK_S)
        except TimeoutError as late:
            raise Missing(f"the gateway did not subscribe within {START_S:g} s") from late


def _is_up(line: str, topics: Topics) -> bool:
    labels = {"line": line, "topics": topics.value}
    return REGISTRY.get_sample_value("lifeline_broker_up", labels) == 1


def programs() -> tuple[str, str]:
    """Give the paths of the broker and of its password program.

    Raises:
        SettingsError: one of them is not installed; says what to do.
    """
    path = os.pathsep.join((os.environ.get("PATH", ""), WHERE))
    found = [shutil.which(name, path=path) for name in (SERVER, PASSWORDS)]
    server, passwords = found
    if server is None or passwords is None:
        raise SettingsError(
            f"{SERVER} and {PASSWORDS} are not both installed: install them (Debian: apt-get "
            "install mosquitto), or play with --via endpoint or --via serial"
        )
    return server, passwords


@asynccontextmanager
async def mosquitto(below: Path) -> AsyncIterator[Mosquitto]:
    """Start a broker on a free port; stop it at the end.

    Raises:
        SettingsError: it is not installed, or does not start.
    """
    server, passwords = programs()
    folder = below / "mosquitto"
    folder.mkdir(mode=0o700)
    secrets = {GATEWAY: new_secret(), PENDANT: new_secret()}
    port = _free_port()
    conf = await _written(folder, port, secrets, passwords)
    with (folder / "log").open("wb") as log:
        # In a session of its own: Ctrl-C is for the demo, which ends it when the gateway has left.
        process = await asyncio.create_subprocess_exec(
            server, "-c", str(conf), stdin=DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        await _listens(process, port, folder / "log")
        password = folder / "gateway-password"
        _private(password, secrets[GATEWAY])
        broker = Broker(line=LINE, host=HOST, port=port, username=GATEWAY, password_file=password)
        yield Mosquitto(port, broker, secrets[PENDANT])
    finally:
        await _end(process)


async def _written(folder: Path, port: int, secrets: dict[str, str], program: str) -> Path:
    """Write what it reads; give its configuration."""
    kept = folder / "passwords"
    _private(kept, "".join(f"{name}:{secret}\n" for name, secret in secrets.items()))
    hashing = await asyncio.create_subprocess_exec(program, "-U", str(kept))
    if await hashing.wait() != 0:
        raise SettingsError(f"{PASSWORDS} -U ended with {hashing.returncode}, expected 0")
    _private(folder / "acl", ACL)
    conf = folder / "mosquitto.conf"
    conf.write_text(
        f"listener {port} {HOST}\nallow_anonymous false\npassword_file {kept}\n"
        f"acl_file {folder / 'acl'}\npersistence false\nset_tcp_nodelay true\nlog_dest stderr\n"
        # Started by root it would change to a user that may not read the folder.
        + ("user root\n" if os.geteuid() == 0 else "")
    )
    return conf


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _listens(process: Process, port: int, log: Path) -> None:
    """Return when it listens.

    Raises:
        SettingsError: it does not; with its last words.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(LOOK_S)
                else:
                    writer.close()
                    return
    said = await asyncio.to_thread(log.read_text, errors="replace")
    tail = " / ".join(said.splitlines()[-3:])
    raise SettingsError(f"{SERVER} does not listen on port {port}: {tail}")


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
