"""Whose console is there: kept in the database, because other processes act on it.

A taken alarm whose taker's console has been gone for 15 s returns to the queue (DECIDING 6), and
an alarm that no console has shown escalates by another way: both are looked for by the ticker
(gateway/console/watch.py), which sees no streams. This process writes down every few seconds who
is connected to it.
"""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from gateway.api.auth import Caller
from gateway.console.stream.client import Client
from gateway.context import Context
from gateway.store.connect import Session, run

WRITE_EVERY_S = 4.0
FORGET_AFTER_S = 7 * 24 * 3_600.0
Who = tuple[UUID, str]


class Presence:
    """Writes down who is connected to this process."""

    def __init__(self, context: Context, session: Session) -> None:
        """Write through `session`, which is ours alone."""
        self._context = context
        self._session = session
        self._came: set[Who] = set()
        self.connected: Callable[[], Iterable[Caller]] = lambda: ()

    def came(self, caller: Caller) -> None:
        """Note somebody at once, even if they are gone by the next round."""
        self._came.add((caller.organisation_id, caller.name))

    async def write(self) -> int:
        """Write down who is there; give how many.

        Raises:
            StoreError: nothing was kept.
        """
        there = {(one.organisation_id, one.name) for one in self.connected()} | self._came
        if there:
            listed = sorted(there)
            async with self._session.transaction() as connection:
                await run(
                    connection,
                    "console_present",
                    organisations=[organisation for organisation, _ in listed],
                    operators=[name for _, name in listed],
                    now=self._context.clock.now(),
                    forget_s=FORGET_AFTER_S,
                )
        self._came.clear()
        return 0


async def signed_out(context: Context, clients: Sequence[Client]) -> list[Client]:
    """Give those whose sign-in has ended, and note that the others are there.

    A token's bearer has no sign-in that could end.

    Raises:
        StoreError: it could not be asked.
    """
    asked = {one: one.caller.signed_in for one in clients}
    digests = {one: found.sha256 for one, found in asked.items() if found is not None}
    if not digests:
        return []
    good = await context.logins.present(list(set(digests.values())), context.clock.now())
    return [one for one, digest in digests.items() if digest not in good]
