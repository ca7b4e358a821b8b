"""Debian's Mosquitto as the peers use it: nothing kept on disk, nothing dropped, no delay.

Queues and windows have no limit, so that whatever a peer loses is lost by the peer.
"""

import asyncio
import re
import shutil
import socket
from contextlib import closing
from pathlib import Path

from gateway.bench.peers.process import HOST, Child, free_port
from gateway.bench.system import NotHere, SystemFailed

PROGRAM = "mosquitto"
WHERE = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
START_S = 10.0
LOOK_EVERY_S = 0.02
SETTINGS = {
    "allow_anonymous": "true",
    "persistence": "false",
    "max_queued_messages": "0",
    "max_inflight_messages": "0",
    "set_tcp_nodelay": "true",
    "sys_interval": "0",
    "log_type": "error",
    # As root it would change to another user, and with that stay when we are killed.
    "user": "root",
}


class Broker:
    """One running broker on a free port of the loopback."""

    def __init__(self, port: int, child: Child) -> None:
        """Take over what `start` started."""
        self.port = port
        self._child = child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    async def stop(self) -> None:
        """End it; what it holds is gone."""
        await self._child.stop()


async def start(folder: Path) -> Broker:
    """Start a broker whose files are in the folder.

    Raises:
        NotHere: it is not installed.
        SystemFailed: it does not listen after START_S.
    """
    program = find()
    port = free_port()
    conf = folder / "mosquitto.conf"
    lines = [f"listener {port} {HOST}", *(f"{name} {value}" for name, value in SETTINGS.items())]
    conf.write_text("\n".join(lines) + "\n")
    child = await Child.start(PROGRAM, [program, "-c", str(conf)], folder)
    try:
        async with asyncio.timeout(START_S):
            while child.runs and not _listens(port):  # noqa: ASYNC110 - no event tells of a port
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        await child.stop()
    if not child.runs:
        raise SystemFailed(f"mosquitto does not listen on port {port}: {child.last_words()}")
    return Broker(port, child)


async def version() -> str:
    """Give the version of the installed broker.

    Raises:
        NotHere: it is not installed.
    """
    process = await asyncio.create_subprocess_exec(
        find(), "-h", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    found = re.search(rb"version (\S+)", said)
    return found[1].decode() if found else "unknown"


def find() -> str:
    """Give the path of the broker.

    Raises:
        NotHere: it is not installed.
    """
    found = shutil.which(PROGRAM, path=WHERE)
    if found is None:
        raise NotHere("mosquitto is not installed: apt-get install mosquitto")
    return found


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((HOST, port)) == 0
