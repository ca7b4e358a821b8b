"""Signing in and out, with the audit row of each: what the routes of sign-in do.

Contract: whoever is refused learns nothing about which accounts exist. Each success and each
failure on an account that exists leaves an audit row; what was typed for a name that nobody has is
kept nowhere, since it is often a password. An account for when the identity provider is away
(`break_glass`) works like any other, but its use is loud: an audit row of its own and a technical
alarm that somebody has to look into.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog

from gateway.access import guessing, passwords
from gateway.access.guessing import Guessing, Key
from gateway.access.logins import Logins, SignedIn
from gateway.access.oidc import Provider
from gateway.access.organisation import owner_of
from gateway.access.passwords import Busy, Checker
from gateway.audit.rows import Act, add
from gateway.context import Context
from gateway.store.connect import Connection, Row, Sessions, row, run
from gateway.supervision import add_fault
from gateway.tokens import NAME

log = structlog.get_logger()

SIGNED_IN = "signed_in"
SIGN_IN_FAILED = "sign_in_failed"
SIGNED_OUT = "signed_out"
BROKE_GLASS = "break_glass_signed_in"
GAVE_AGAIN = "password_given_again"
CHANGED = "password_changed"


class Outcome(StrEnum):
    """How a try to sign in ended; the words stand in addresses (`/sign-in?why=…`)."""

    IN = "in"
    WRONG = "wrong"
    WAIT = "wait"
    BUSY = "busy"
    ELSEWHERE = "elsewhere"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try led to: a cookie when it is in, else how long to wait or what is wrong."""

    outcome: Outcome
    cookie: str = ""
    wait_s: int = 0
    words: str = ""


class Access:
    """The doors of one web process: who tries how often, and what is checked."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.checker = Checker()
        self.guessing = Guessing(context.desk.audit_key)
        settings = context.settings
        self.provider = Provider(settings, context.desk.audit_key) if settings.oidc_issuer else None

    @property
    def sessions(self) -> Sessions:
        """Give the sessions of the database's owner: nobody is known yet."""
        return owner_of(self._context.sessions)

    @property
    def logins(self) -> Logins:
        """Give the sign-ins."""
        return self._context.logins

    async def by_password(
        self, name: str, password: str, *, address: str, secure: bool, now: datetime
    ) -> Tried:
        """Try to sign in by name and password.

        Raises:
            StoreError: the database cannot be asked.
        """
        account, is_known = await self._account(name, address, now)
        keys = guessing.keys_of(name.casefold(), address, proved=is_known)
        wait_s = await self._begin(keys, now)
        if wait_s:
            return Tried(Outcome.WAIT, wait_s=wait_s)
        usable = account is not None and account.disabled_at is None
        try:
            stored = account.password_hash if account is not None and usable else None
            is_right = await self.checker.is_right(stored, password)
        except Busy as error:
            await self._undo(keys)
            return Tried(Outcome.BUSY, words=str(error))
        if account is None or not is_right:
            if account is not None:
                await self._note(account, SIGN_IN_FAILED, now)
            return Tried(Outcome.WRONG)
        await self._succeeded(keys)
        if self.provider is not None and not account.break_glass:
            return Tried(Outcome.ELSEWHERE)
        return Tried(Outcome.IN, await self.let_in(account, address, secure=secure, now=now))

    async def let_in(self, account: Row, address: str, *, secure: bool, now: datetime) -> str:
        """Sign a browser in for an account that was proved; give its cookie.

        Raises:
            StoreError: nothing was kept.
        """
        async with self.sessions.transaction() as connection:
            cookie = await self.logins.begin(
                connection, account=account, address=address, secure=secure, now=now
            )
            loud = account.break_glass
            await self._write(connection, account, BROKE_GLASS if loud else SIGNED_IN, now)
            if loud:
                await self._shout(connection, account, now)
        return cookie

    async def by_provider(
        self, subject: str, again: str, *, address: str, secure: bool, now: datetime
    ) -> Tried:
        """Sign in whom the identity provider has proved; no cookie when a sign-in only goes on.

        Args:
            again: Which sign-in is to go on (`proved_again`), "" for a new one.

        Raises:
            StoreError: nothing was kept.
        """
        async with self.sessions.transaction() as connection:
            account = await row(connection, "account_of_subject", subject=subject)
            if account is None or account.disabled_at is not None:
                return Tried(Outcome.WRONG)
            if again:
                digest = bytes.fromhex(again)
                found = await row(connection, "signed_in", sha256=digest)
                if found is not None and found.account_id == account.id:
                    await run(connection, "prove_sign_in", sha256=digest, now=now)
                    await self._write(connection, account, GAVE_AGAIN, now)
                    return Tried(Outcome.IN)
        return Tried(Outcome.IN, await self.let_in(account, address, secure=secure, now=now))

    async def proved_again(self, cookie: str, secure: bool, now: datetime) -> str:  # noqa: FBT001
        """Give the sign-in of a browser that goes to the provider; "" when it has none.

        Raises:
            StoreError: it cannot be asked.
        """
        if not cookie:
            return ""
        async with self.sessions.transaction() as connection:
            found = await self.logins.find(connection, cookie, now, secure=secure, acts=False)
        return found.sha256.hex() if found is not None else ""

    async def again(self, signed_in: SignedIn, password: str, now: datetime) -> Tried:
        """Take the password of somebody who is signed in, so that the sign-in goes on.

        Raises:
            StoreError: nothing was kept.
        """
        tried, account = await self._prove(signed_in, password, now)
        if account is None:
            return tried
        async with self.sessions.transaction() as connection:
            await run(connection, "prove_sign_in", sha256=signed_in.sha256, now=now)
            await self._write(connection, account, GAVE_AGAIN, now)
        return tried

    async def change(self, signed_in: SignedIn, old: str, new: str, now: datetime) -> Tried:
        """Take a new password; every other browser of the account is signed out.

        Raises:
            StoreError: nothing was kept.
        """
        weak = passwords.weakness(new, signed_in.name)
        if weak is not None or old == new:
            return Tried(Outcome.WEAK, words=weak or "it is the old one")
        tried, account = await self._prove(signed_in, old, now)
        if account is None:
            return tried
        try:
            stored = await self.checker.hashed(new)
        except Busy as error:
            return Tried(Outcome.BUSY, words=str(error))
        async with self.sessions.transaction() as connection:
            await run(
                connection, "account_password", id=account.id, password_hash=stored,
                must_change=False, now=now,
            )  # fmt: skip
            await run(
                connection, "end_sign_ins", account_id=account.id, but=signed_in.sha256, now=now
            )
            await run(connection, "prove_sign_in", sha256=signed_in.sha256, now=now)
            await self._write(connection, account, CHANGED, now)
        return tried

    async def sign_out(self, signed_in: SignedIn, now: datetime) -> None:
        """End the sign-in of this browser.

        Raises:
            StoreError: nothing was kept.
        """
        async with self.sessions.transaction() as connection:
            await run(connection, "end_sign_in", sha256=signed_in.sha256, now=now)
            account = await row(connection, "account_of", id=signed_in.account_id)
            if account is not None:
                await self._write(connection, account, SIGNED_OUT, now)

    async def _account(self, name: str, address: str, now: datetime) -> tuple[Row | None, bool]:
        if NAME.fullmatch(name) is None:
            return None, False
        async with self.sessions.transaction() as connection:
            account = await row(connection, "account", name=name)
            if account is None:
                return None, False
            is_known = await self.logins.known_at(connection, account.id, address, now)
        return account, is_known

    async def _prove(
        self, signed_in: SignedIn, password: str, now: datetime
    ) -> tuple[Tried, Row | None]:
        """Check the password of somebody who is signed in; no account unless it is right."""
        keys = guessing.keys_in_place(signed_in.sha256)
        wait_s = await self._begin(keys, now)
        if wait_s:
            return Tried(Outcome.WAIT, wait_s=wait_s), None
        async with self.sessions.transaction() as connection:
            account = await row(connection, "account_of", id=signed_in.account_id)
        if account is None:
            return Tried(Outcome.WRONG), None
        try:
            is_right = await self.checker.is_right(account.password_hash, password)
        except Busy as error:
            await self._undo(keys)
            return Tried(Outcome.BUSY, words=str(error)), None
        if not is_right:
            await self._note(account, SIGN_IN_FAILED, now)
            return Tried(Outcome.WRONG), None
        await self._succeeded(keys)
        return Tried(Outcome.IN), account

    async def _begin(self, keys: Sequence[Key], now: datetime) -> int:
        """Count a try; give the seconds it has to wait instead, 0 when it may be made."""
        async with self.sessions.transaction() as connection:
            wait = await self.guessing.begin(connection, keys, now)
        return int(wait.total_seconds()) + 1 if wait else 0

    async def _undo(self, keys: Sequence[Key]) -> None:
        async with self.sessions.transaction() as connection:
            await self.guessing.undo(connection, keys)

    async def _succeeded(self, keys: Sequence[Key]) -> None:
        async with self.sessions.transaction() as connection:
            await self.guessing.succeeded(connection, keys)

    async def _note(self, account: Row, act: str, now: datetime) -> None:
        async with self.sessions.transaction() as connection:
            await self._write(connection, account, act, now)

    async def _write(self, connection: Connection, account: Row, act: str, now: datetime) -> None:
        actor = f"account:{account.name}"
        done = Act(account.organisation_id, now, actor, act, account.id)
        await add(connection, self._context.desk.audit_key, done)

    async def _shout(self, connection: Connection, account: Row, now: datetime) -> None:
        log.critical("an account for emergencies was used", what=BROKE_GLASS)
        desk = replace(self._context.desk, organisation_id=account.organisation_id)
        detail = (
            f"the account {account.name}, kept for when the identity provider is away, signed in: "
            "find out who and why, then set a new password with `lifeline account password`"
        )
        await add_fault(connection, desk, BROKE_GLASS, detail, now)
