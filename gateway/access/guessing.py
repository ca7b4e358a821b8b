"""Guessing at passwords is slowed down; nobody is ever locked out for good.

Contract: after FREE failures in a row each further try has to wait, twice as long each time, up to
LONGEST. Tries are counted by the key they come under, and a try must be free under all of its keys:

    the account, from addresses it never signed in from     a guesser cannot hold up the owner
    the account and an address it signed in from            who sits at the owner's desk
    a signed-in browser that is asked for the password      an operator on duty, alone with it
    the address, over all other accounts                    many names tried from one place

The counts stand in the database, so that all web processes count together; keys only as keyed
digests, since a name that is typed may be a password. Calls for help, devices and acts of people
who are signed in do not come this way.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.store.connect import Connection, rows, run

FREE = 5
FREE_OF_AN_ADDRESS = 20
FIRST_WAIT = timedelta(seconds=1)
LONGEST = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(minutes=30)
DOUBLINGS = 10
ADDRESS = "address"

Key = tuple[str, ...]


def wait_after(failures: int, free: int, last_at: datetime, now: datetime) -> timedelta:
    """Say how long a try has to wait after so many failures; zero when it may be made."""
    if now - last_at >= FORGOTTEN_AFTER or failures < free:
        return timedelta()
    span = min(FIRST_WAIT * (1 << min(failures - free, DOUBLINGS)), LONGEST)
    return max(last_at + span - now, timedelta())


class Guessing:
    """Failed tries by key."""

    def __init__(self, key: bytes) -> None:
        """Remember the key that the digests are made with."""
        self._key = key

    async def begin(self, connection: Connection, keys: Sequence[Key], now: datetime) -> timedelta:
        """Say how long a try has to wait; when it has not, count it as a failure already.

        It is counted before it is checked, because many at once must not all be free.

        Raises:
            psycopg.Error: as the database says; nothing was counted.
        """
        free = {self._digest(key): _free(key) for key in keys}
        found = await rows(connection, "guesses", keys=list(free))
        wait = max(
            (wait_after(one.failures, free[bytes(one.key)], one.last_at, now) for one in found),
            default=timedelta(),
        )
        if not wait:
            since = now - FORGOTTEN_AFTER
            await run(connection, "count_guess", keys=list(free), now=now, since=since)
        return wait

    async def undo(self, connection: Connection, keys: Iterable[Key]) -> None:
        """Take back a try that was not checked after all."""
        await run(connection, "undo_guess", keys=[self._digest(key) for key in keys])

    async def succeeded(self, connection: Connection, keys: Iterable[Key]) -> None:
        """Forget the failures of the person; of the address, only that this try was one."""
        mine = [self._digest(key) for key in keys if key[0] != ADDRESS]
        await run(connection, "forget_guesses", keys=mine)
        await self.undo(connection, [key for key in keys if key[0] == ADDRESS])

    def _digest(self, key: Key) -> bytes:
        text = msgspec.json.encode(key)
        return hmac.new(self._key, b"guess:" + text, hashlib.sha256).digest()


async def forget_old(connection: Connection, now: datetime) -> int:
    """Forget tries that count no more; give how many."""
    return await run(connection, "drop_guesses", before=now - FORGOTTEN_AFTER)


def _free(key: Key) -> int:
    return FREE_OF_AN_ADDRESS if key[0] == ADDRESS else FREE


def keys_of(name: str, source: str, *, proved: bool) -> tuple[Key, ...]:
    """Give the keys of a sign-in by name from an address; `proved`: it signed in there before.

    Who did is counted alone: a whole house may share one address with a guesser.
    """
    if proved:
        return (("account here", name, source),)
    return ("account", name), (ADDRESS, source)


def keys_in_place(sign_in: bytes) -> tuple[Key, ...]:
    """Give the keys of a signed-in browser that gives the password again."""
    return (("in place", sign_in.hex()),)
