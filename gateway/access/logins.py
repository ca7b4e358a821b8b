"""Browsers that are signed in: how a sign-in begins, goes on, and ends.

Contract: whoever is on duty is never thrown out, neither for idleness nor because the sign-in is
old; after ABSOLUTE the password is asked for in place, and meanwhile every act goes on. Others are
signed out IDLE after their last act, and ABSOLUTE after their password. Duty itself ends after
DUTY_SILENCE without a sign of the browser: that is somebody who went home without a word.

The cookie is 256 random bits; the database has only its SHA-256, and the token against forged
requests is made of the cookie, so that it is stored nowhere.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from gateway.keys import new_secret, secret_sha256
from gateway.roles import ApiRole
from gateway.store.connect import Connection, Row, Sessions, row, rows, run

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
DUTY_SILENCE = timedelta(hours=12)
TOUCH_EVERY = timedelta(seconds=30)
SOURCE_KNOWN_FOR = timedelta(days=90)
KEPT_FOR = timedelta(days=90)
MAX_OPEN = 10


class Standing(Enum):
    """How a sign-in stands at some time."""

    GOOD = "good"
    PASSWORD_DUE = "password due"  # noqa: S105 - a state, no secret
    IDLE = "idle"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in browser and its person, as the gate found them."""

    sha256: bytes = field(repr=False)
    organisation_id: UUID
    account_id: UUID
    name: str
    display_name: str
    roles: frozenset[ApiRole]
    service_id: str | None
    csrf: str = field(repr=False)
    on_duty_since: datetime | None
    password_due: bool
    must_change: bool


def standing(
    *, seen_at: datetime, proved_at: datetime, on_duty_since: datetime | None, now: datetime
) -> Standing:
    """Say how a sign-in stands; see the module."""
    if on_duty_since is not None and now - seen_at < DUTY_SILENCE:
        return Standing.GOOD if now - proved_at < ABSOLUTE else Standing.PASSWORD_DUE
    if now - seen_at >= IDLE:
        return Standing.IDLE
    return Standing.GOOD if now - proved_at < ABSOLUTE else Standing.OVER


def csrf_of(cookie: str) -> str:
    """Give the token that a page of this browser sends with every act."""
    return hmac.new(cookie.encode(), b"lifeline csrf", hashlib.sha256).hexdigest()


class Logins:
    """The sign-ins of a gateway; stateless, all of it is in the database."""

    def __init__(self, sessions: Sessions, key: bytes) -> None:
        """Remember the sessions (the owner's, no organisation yet) and the key for addresses."""
        self._sessions = sessions
        self._key = key

    def source(self, address: str) -> bytes:
        """Give the keyed digest of an address, which is personal data itself."""
        return hmac.new(self._key, b"address:" + address.encode(), hashlib.sha256).digest()

    async def begin(
        self,
        connection: Connection,
        *,
        account: Row,
        address: str,
        secure: bool,
        now: datetime,
    ) -> str:
        """Sign a browser in; give its cookie. The caller has checked who it is."""
        cookie = new_secret()
        await run(
            connection,
            "begin_sign_in",
            sha256=secret_sha256(cookie),
            organisation_id=account.organisation_id,
            account_id=account.id,
            source=self.source(address),
            secure=secure,
            now=now,
        )
        await run(connection, "end_oldest_sign_ins", account_id=account.id, limit=MAX_OPEN, now=now)
        return cookie

    async def known_at(
        self, connection: Connection, account_id: UUID, address: str, now: datetime
    ) -> bool:
        """Say whether the account has signed in from the address lately."""
        found = await row(
            connection,
            "source_known",
            account_id=account_id,
            source=self.source(address),
            since=now - SOURCE_KNOWN_FOR,
        )
        return bool(found is not None and found.is_known)

    async def find(
        self,
        connection: Connection,
        cookie: str,
        now: datetime,
        *,
        secure: bool,
        acts: bool = True,
    ) -> SignedIn | None:
        """Give who a cookie belongs to, and note that they were seen; None when it ended.

        Args:
            secure: Whether the cookie came under the name that only TLS can set.
            acts: False for what a page does by itself, which is no sign of a person.
        """
        digest = secret_sha256(cookie)
        found = await row(connection, "signed_in", sha256=digest)
        if found is None or found.secure is not secure:
            return None
        stands = standing(
            seen_at=found.seen_at,
            proved_at=found.proved_at,
            on_duty_since=found.on_duty_since,
            now=now,
        )
        if stands in (Standing.IDLE, Standing.OVER):
            return None
        if acts and now - found.seen_at >= TOUCH_EVERY:
            await run(connection, "touch_sign_in", sha256=digest, now=now)
        return SignedIn(
            sha256=digest,
            organisation_id=found.organisation_id,
            account_id=found.account_id,
            name=found.name,
            display_name=found.display_name,
            roles=frozenset(ApiRole(one) for one in found.roles),
            service_id=found.service_id,
            csrf=csrf_of(cookie),
            on_duty_since=found.on_duty_since,
            password_due=stands is Standing.PASSWORD_DUE,
            must_change=found.must_change,
        )

    async def duty(self, signed_in: SignedIn, now: datetime, *, on: bool) -> None:
        """Note that the person at this browser goes on duty or off.

        Raises:
            StoreError: nothing was kept.
        """
        since = (signed_in.on_duty_since or now) if on else None
        async with self._sessions.transaction() as connection:
            await run(
                connection, "duty_sign_in", sha256=signed_in.sha256, on_duty_since=since, now=now
            )

    async def present(self, browsers: Sequence[bytes], now: datetime) -> frozenset[bytes]:
        """Note that live streams of browsers are open; give those that are still signed in.

        All at once: two hundred consoles cost two queries. Only for somebody on duty a stream is a
        sign of life: a forgotten page is none.

        Args:
            browsers: Each by the SHA-256 of its cookie.
            now: The gateway's time.

        Raises:
            StoreError: it could not be asked; nothing follows from that.
        """
        async with self._sessions.transaction() as connection:
            found = [
                one
                for one in await rows(connection, "still_signed_in", sha256s=list(browsers))
                if standing(
                    seen_at=one.seen_at,
                    proved_at=one.proved_at,
                    on_duty_since=one.on_duty_since,
                    now=now,
                )
                not in (Standing.IDLE, Standing.OVER)
            ]
            on_duty = [bytes(one.sha256) for one in found if one.on_duty_since is not None]
            if on_duty:
                await run(connection, "touch_sign_ins", sha256s=on_duty, now=now)
        return frozenset(bytes(one.sha256) for one in found)


async def forget_old(connection: Connection, now: datetime) -> int:
    """Forget sign-ins that are long over; give how many."""
    return await run(connection, "drop_sign_ins", before=now - KEPT_FOR)
