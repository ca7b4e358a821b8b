"""Where the database is: the one named in the settings, or the embedded one under our supervisor.

An embedded server that dies is started again within a second or so; meanwhile nothing is
acknowledged. Nothing else in the gateway knows which of the two it is.
"""

import asyncio

import structlog

from gateway import embedded
from gateway.errors import SettingsError
from gateway.settings import Settings

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
RETRY_S = 1.0


class Database:
    """An address that may change, and whoever keeps the server behind it alive."""

    def __init__(self, settings: Settings) -> None:
        """Decide nothing yet; `open` does."""
        self._settings = settings
        self._running: embedded.Running | None = None
        self._dsn = ""
        self._wanted = embedded.Settings(data_dir=settings.state_dir / "postgres")

    def dsn(self) -> str:
        """Give the address as it is now."""
        return self._dsn

    @property
    def is_embedded(self) -> bool:
        """Say whether the server is ours to keep alive."""
        return self._settings.database_dsn_file is None

    @property
    def server_pid(self) -> int | None:
        """Give the embedded server's process; None when there is none of ours."""
        return self._running.pid if self._running else None

    async def open(self) -> None:
        """Start or adopt the embedded server, or read the address from its file.

        Raises:
            SettingsError: the file cannot be read.
            EmbeddedError: the embedded server cannot be started; says what to do.
        """
        path = self._settings.database_dsn_file
        if path is not None:
            try:
                self._dsn = path.read_text().strip()
            except OSError as error:
                raise SettingsError(
                    f"cannot read database_dsn_file {path}: {error.strerror}"
                ) from error
            return
        self._running = await asyncio.to_thread(embedded.ensure, self._wanted)
        self._dsn = self._running.dsn

    async def keep(self) -> None:
        """Keep the embedded server alive until cancelled; for a server of others, do nothing."""
        while self._running is not None:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                kept = await asyncio.to_thread(embedded.ensure, self._wanted, self._running)
            except embedded.EmbeddedError as error:
                log.critical("the embedded database cannot be started", error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            if kept is not self._running:
                log.error("the embedded database had died and was started again", pid=kept.pid)
                self._running = kept
                self._dsn = kept.dsn

    async def close(self) -> None:
        """Stop the embedded server; the data stay."""
        running, self._running = self._running, None
        if running is not None:
            await asyncio.to_thread(running.stop)
