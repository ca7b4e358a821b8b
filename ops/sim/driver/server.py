"""One simulated PostgreSQL: committed tables, sessions, row locks, transactions; no SQL.

It answers the named queries of gateway/sql/queries.sql with small functions over tables
(ops/sim/driver/statements.py) and behaves like PostgreSQL at READ COMMITTED; what is left out is
named there. tests/simulation/test_driver_agrees.py runs the gateway on both and compares.
Everything follows from the calls: no clock but the event loop's and `now`, no chance.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import psycopg
from psycopg import errors

from ops.sim.driver.connection import SimConnection, driver_for
from ops.sim.driver.hooks import Change, Hooks, Quiet
from ops.sim.driver.session import Instance, Session

__all__ = ["Change", "Hooks", "Quiet", "Server", "driver_for"]


class Server(Instance):
    """One PostgreSQL. `tables` holds the committed rows: `server.tables.alarm[id].state`."""

    def __init__(self, hooks: Hooks, now: Callable[[], datetime]) -> None:
        """Start empty; `now` is the clock of the server's machine, aware and in UTC."""
        super().__init__(hooks, now)
        self._is_up = True
        self._last_pid = 0

    async def connect(self, client: str, application_name: str) -> SimConnection:
        """Open a connection of a gateway process.

        Raises:
            OperationalError: the server is down, or the network is cut.
        """
        await self.hooks.before(client, "connect")
        if not self._is_up:
            raise psycopg.OperationalError("connection refused")
        self._last_pid += 1
        session = Session(self, self._last_pid, client, application_name)
        self.sessions[session.pid] = session
        try:
            await self.hooks.after(client, "connect")
        except BaseException:
            session.end(psycopg.OperationalError, "connection lost")
            raise
        return SimConnection(session)

    def end_sessions_of(self, client: str) -> None:
        """End what a killed process leaves behind: sockets close, transactions roll back."""
        for session in list(self.sessions.values()):
            if session.client == client:
                session.end(psycopg.OperationalError, "the client is gone")

    def stop(self, kind: Literal["shutdown", "crash"]) -> None:
        """Stop the server: committed rows stay, open transactions are gone, connections break."""
        self._is_up = False
        for session in list(self.sessions.values()):
            if kind == "shutdown":
                text = "terminating connection due to administrator command"
                session.end(errors.AdminShutdown, text)
            else:
                text = "server closed the connection unexpectedly"
                session.end(psycopg.OperationalError, text)

    def start(self) -> None:
        """Start it again."""
        self._is_up = True
