"""Run a gateway process until it is told to stop."""

import asyncio
import gc
import resource
import signal
from contextlib import suppress

import structlog

from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.roles import Role
from gateway.runtime import Gateway, prepared
from gateway.settings import Settings

log = structlog.get_logger()

COLLECT_EVERY_OBJECTS = 50_000
MAX_OPEN_FILES = 65_536


def _collect_less() -> None:
    """Look for cyclic garbage less often, and never again in what the start has made.

    What a message makes is freed by reference counts; looking through thousands of messages that
    wait for their commit, and through the whole program, took a tenth of the process's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY_OBJECTS, *gc.get_threshold()[1:])


def _open_more() -> None:
    """Take as many open files as we are allowed: each device and each console is one.

    The usual soft limit of 1,024 is kept for programs that use select(2); we do not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def serve(settings: Settings, roles: tuple[Role, ...]) -> int:
    """Run the roles until SIGTERM or SIGINT; give the exit code.

    Raises:
        GatewayError: says what is wrong and what to do.
    """
    if len(roles) == 1 and settings.database_dsn_file is None:
        raise SettingsError(
            "one role alone needs a database that the others share: set "
            "LIFELINE_DATABASE_DSN_FILE, or run them all with `lifeline up`"
        )
    _open_more()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with prepared(settings, Clock()) as context:
        gateway = Gateway(context, roles)
        try:
            await gateway.start()
            _collect_less()
            dying = asyncio.ensure_future(gateway.wait())
            stopping = asyncio.ensure_future(told.wait())
            await asyncio.wait({dying, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if dying.done():
                return 1
            dying.cancel()
            with suppress(asyncio.CancelledError):
                await dying
        finally:
            log.info("the gateway stops")
            await gateway.stop()
    return 0
