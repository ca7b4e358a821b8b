"""A gateway for one run: its own folder, database, ports and log; gone at the end.

Contract: nothing of a real gateway is used, whatever settings, files or databases this machine has:
the folder is new each time (below LIFELINE_STATE_DIR when that is set), every setting is named
here, and the listeners bind 127.0.0.1 on free ports. What fails keeps its folder for a look.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TextIO

import structlog
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from gateway import embedded
from gateway.clock import StoryClock
from gateway.context import Context
from gateway.demo.around import Around
from gateway.demo.people import NAME, ORGANISATION
from gateway.log import configure
from gateway.runtime import Gateway, prepared
from gateway.settings import Settings

STATE_DIR = "LIFELINE_STATE_DIR"
LOG = "gateway.log"
DATABASE = "postgres"  # where gateway/database.py puts it below the state folder
TAIL_LINES = 8
SEARCHABLE = 0o711  # PostgreSQL runs as another user when we are root, and must get through


@dataclass(slots=True)
class Folder:
    """The run's folder; `keep` it when there is something to look at."""

    path: Path
    keep: bool = False

    @property
    def log(self) -> Path:
        """Where the gateway's log is."""
        return self.path / LOG

    def tail(self) -> list[str]:
        """Give the log's last lines."""
        with suppress(OSError):
            return self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return []


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway."""

    context: Context
    gateway: Gateway
    clock: StoryClock
    database_s: float
    started_s: float
    around: Around
    folder: Folder = field(repr=False)

    @property
    def address(self) -> str:
        """Give the address of the HTTP side."""
        return f"http://127.0.0.1:{self.context.ports.web}"

    @property
    def device_port(self) -> int:
        """Give the port of the device endpoint."""
        assert self.context.ports.mqtt is not None  # started with all roles
        return self.context.ports.mqtt


@contextmanager
def folder() -> Iterator[Folder]:
    """Give a new folder; it is removed at the end unless it is to be kept.

    Raises:
        OSError: it cannot be made.
    """
    below = os.environ.get(STATE_DIR) or None
    if below is not None:
        Path(below).mkdir(parents=True, exist_ok=True)
    made = Folder(Path(tempfile.mkdtemp(prefix="lifeline-demo-", dir=below)))
    if os.geteuid() == 0:
        made.path.chmod(SEARCHABLE)
    try:
        with logged_to(made.log):
            yield made
    except Exception:
        made.keep = True
        raise
    finally:
        if not made.keep:
            _remove(made.path)


def _remove(path: Path) -> None:
    data = path / DATABASE
    if data.exists():
        with suppress(embedded.EmbeddedError, OSError):
            embedded.erase(embedded.Settings(data_dir=data))
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Send every log of the process to a file: the screen belongs to the story."""
    root = logging.getLogger()
    level = root.level
    with path.open("w", encoding="utf-8", buffering=1) as file:
        handler = logging.StreamHandler(file)
        root.addHandler(handler)
        _structlog_to(file)
        try:
            yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            structlog.reset_defaults()


def _structlog_to(file: TextIO) -> None:
    configure("info")
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file))


class DemoSettings(Settings):
    """Settings that come from the demo alone: neither environment nor file is read."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the demo names and the defaults."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def settings(path: Path, around: Around) -> Settings:
    """Name every setting that could lead to anything outside of this run."""
    return DemoSettings(
        state_dir=path,
        database_dsn_file=None,
        storage="native",
        organisation=ORGANISATION,
        organisation_name=NAME,
        bind="127.0.0.1",
        web_port=0,
        mqtt_port=0,
        mqtt_tls_port=None,
        mqtt_line="demo-mqtt",
        tls_certificate=None,
        tls_key=None,
        tls_client_ca=None,
        brokers=around.brokers,
        serial_ports=around.serial_ports,
        bars=around.bars,
        bars_peer_header=None,
        bars_peer_proxies=(),
        notice_webhooks={},
        blind_webhook=None,
        oidc_issuer=None,
        oidc_client_id=None,
        oidc_client_secret_file=None,
        oidc_redirect_url=None,
        oidc_ca_file=None,
        rules_dir=None,
        vitals_enabled=True,
        log_level="info",
    )


@asynccontextmanager
async def opened(where: Folder, clock: StoryClock, around: Around) -> AsyncIterator[House]:
    """Start a gateway with all roles; stop it and its database at the end.

    Raises:
        EmbeddedError, GatewayError, OSError: it cannot start; says what to do.
    """
    began = perf_counter()
    async with AsyncExitStack() as stack:
        context = await stack.enter_async_context(prepared(settings(where.path, around), clock))
        database_s = perf_counter() - began
        gateway = Gateway(context)
        stack.push_async_callback(gateway.stop)
        await gateway.start()
        started_s = perf_counter() - began
        yield House(context, gateway, clock, database_s, started_s, around, where)
