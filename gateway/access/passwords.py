"""Passwords: argon2id, one check at a time, and what a password must be.

Contract: a check takes as long whether the account exists or not. At most one check computes and
WAITING wait for it; beyond that the answer is "busy" at once: signing in must never slow down a
call for help, which shares our processors.

Length instead of composition rules, as the National Cyber Security Centre advises.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import GatewayError

TIME_COST = 2
MEMORY_KIB = 65_536
LANES = 1
WAITING = 16
MIN_CHARACTERS = 12
MAX_CHARACTERS = 128
MIN_DIFFERENT = 6
# No letter or digit that is read as another one when it is told by telephone.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_CHARACTERS = 5, 4


class Busy(GatewayError):  # noqa: N818 - a state, named as the caller is told it
    """Too many sign-ins wait already: try again in a moment."""


def weakness(password: str, name: str) -> str | None:
    """Say what is wrong with a new password; None when it will do."""
    if len(password) < MIN_CHARACTERS:
        return f"it has {len(password)} characters, expected at least {MIN_CHARACTERS}"
    if len(password) > MAX_CHARACTERS:
        return f"it has {len(password)} characters, expected at most {MAX_CHARACTERS}"
    if len(set(password.casefold())) < MIN_DIFFERENT:
        return f"it has fewer than {MIN_DIFFERENT} different characters"
    if name.casefold() in password.casefold():
        return "the name stands in it"
    if "password" in password.casefold() or "lifeline" in password.casefold():
        return "it is one of the first that would be tried"
    return None


def generated() -> str:
    """Make a password that can be read out: about 99 random bits."""
    groups = (
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP_CHARACTERS)) for _ in range(GROUPS)
    )
    return "-".join(groups)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=LANES)


@cache
def _nobody() -> str:
    """Give a hash that no password has, for names that no account has."""
    return _hasher().hash(secrets.token_urlsafe(32))


def hashed(password: str) -> str:
    """Give what is stored of a password."""
    return _hasher().hash(password)


def _is_right(stored: str | None, password: str) -> bool:
    try:
        _hasher().verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


class Checker:
    """Checks passwords beside the loop, one after the other."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._waiting = 0

    async def is_right(self, stored: str | None, password: str) -> bool:
        """Say whether a password is the stored one's; False for an account without one.

        Raises:
            Busy: too many wait already; nothing was checked.
        """
        async with self._turn():
            return await asyncio.to_thread(_is_right, stored, password[: MAX_CHARACTERS + 1])

    async def hashed(self, password: str) -> str:
        """Give what is stored of a new password.

        Raises:
            Busy: too many wait already.
        """
        async with self._turn():
            return await asyncio.to_thread(hashed, password)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= WAITING:
            raise Busy("too many people sign in at this moment: try again in a few seconds")
        self._waiting += 1
        try:
            await self._one.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._one.release()
