"""The HTTP server inside our loop: it tells its port, and leaves signals to us."""

import socket

import uvicorn
from fastapi import FastAPI

STOP_S = 3
KEEP_ALIVE_S = 30
CONCURRENT = 4_000
"""Connections, idle ones too: a browser keeps its stream and up to five more for KEEP_ALIVE_S, and
a shift of 400 consoles must not lock itself out when all of them come back at once."""
UNACKNOWLEDGED_MS = 8_000
"""A computer that has gone without a word is noticed: a stream says something every 2 s, and what
its system does not acknowledge for so long ends it. Otherwise the kernel tries for a quarter of an
hour, and whoever sat there counts as present, with the calls they have."""


def configured(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Give the server's settings: no log of requests, since paths hold ids of cases."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        # An address a client can invent must not stand for where a guess at a token came from.
        proxy_headers=False,
        limit_concurrency=CONCURRENT,
        timeout_keep_alive=KEEP_ALIVE_S,
        lifespan="off",
        timeout_graceful_shutdown=STOP_S,
    )


class Server(uvicorn.Server):
    """uvicorn inside our loop: it tells its port, and leaves signals to us."""

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.servers[0].sockets[0].getsockname()[1])

    async def begin(self) -> None:
        """Load the application and listen.

        Raises:
            OSError: the address cannot be had.
        """
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        try:
            await self.startup()
            for listening in self.servers:
                for one in listening.sockets:  # what is accepted inherits it
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        except SystemExit as error:
            raise OSError(
                f"cannot listen on {self.config.host}:{self.config.port}: the port is taken or not "
                "allowed; choose another with LIFELINE_WEB_PORT"
            ) from error

    async def end(self) -> None:
        """Stop answering."""
        self.should_exit = True
        await self.shutdown()
