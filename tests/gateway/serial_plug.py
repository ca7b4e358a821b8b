"""Something plugged into a serial port: a pseudo-terminal behind a path that comes and goes."""

import asyncio
import os
import tty
from pathlib import Path


class Plug:
    """The far end of a serial line; `path` is what a listener opens."""

    def __init__(self, folder: Path, name: str = "receiver") -> None:
        self.path = folder / name
        self._far: int | None = None
        self._near = -1

    def put_in(self) -> None:
        """Make the port appear."""
        assert self._far is None
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        self.path.symlink_to(os.ttyname(self._near))

    def pull_out(self) -> None:
        """Make the port vanish, as a USB plug does."""
        if self._far is not None:
            self.path.unlink()
            os.close(self._far)
            os.close(self._near)
            self._far = None

    def replace_path(self, other: "Plug") -> None:
        """Let the path lead to another port, while the first one stays open at the far end."""
        self.path.unlink()
        self.path.symlink_to(other.path.readlink())

    async def send(self, octets: bytes) -> None:
        """Send; waits while the line is full."""
        assert self._far is not None
        while octets:
            octets = octets[await asyncio.to_thread(os.write, self._far, octets[:1_024]) :]

    def send_some(self, octets: bytes) -> int:
        """Send what the line takes at once; give how much that was."""
        assert self._far is not None
        os.set_blocking(self._far, False)
        try:
            return os.write(self._far, octets)
        except BlockingIOError:
            return 0
        finally:
            os.set_blocking(self._far, True)

    async def receive(self, count: int) -> bytes:
        """Give the next bytes that the gateway wrote."""
        assert self._far is not None
        octets = b""
        while len(octets) < count:
            octets += await asyncio.to_thread(os.read, self._far, count - len(octets))
        return octets
