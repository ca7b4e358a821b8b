"""Accounts: who may sign in, as what. Made and ended at the command line, each time audited.

Roles stay here even when an identity provider says who somebody is: what a person may do with
calls for help is decided by the organisation that answers them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from gateway.access import passwords
from gateway.audit.rows import Act, add
from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.store.connect import Connection, Row, Sessions, row, rows, run
from gateway.tokens import NAME, OF_A_SERVICE, Role

ACTOR = "command line"
MAX_DISPLAY_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made.

    `name` is what decisions and the audit show: one name per person, because a second person's
    confirmation is recognised by it. `subject` is who the identity provider says they are.
    """

    name: str
    display_name: str
    roles: frozenset[Role]
    service_id: str | None = None
    subject: str | None = None
    break_glass: bool = False


def check(account: NewAccount) -> None:
    """See that an account makes sense.

    Raises:
        SettingsError: says what is wrong.
    """
    if not NAME.fullmatch(account.name):
        raise SettingsError(
            f"the account's name has {len(account.name)} characters or others than expected: give "
            "1 to 64 of A-Z a-z 0-9 _ . @ -, starting with a letter or digit"
        )
    if not 1 <= len(account.display_name) <= MAX_DISPLAY_CHARACTERS:
        raise SettingsError(
            f"the display name has {len(account.display_name)} characters, expected 1 to "
            f"{MAX_DISPLAY_CHARACTERS}"
        )
    if not account.roles:
        raise SettingsError("an account needs a role: give --role, more than once for several")
    if Role.SERVICE in account.roles:
        raise SettingsError("role service is a program's: make a token (`lifeline token add`)")
    if bool(account.roles & OF_A_SERVICE) != (account.service_id is not None):
        raise SettingsError("a responder needs --service, and no other role takes one")


class Accounts:
    """The accounts of one organisation, as an administrator at the machine changes them."""

    def __init__(
        self, sessions: Sessions, organisation_id: UUID, audit_key: bytes, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._organisation_id = organisation_id
        self._key = audit_key
        self._clock = clock

    async def add(self, account: NewAccount, password: str | None) -> str | None:
        """Make an account; give the password that was generated, None when one was given.

        Who signs in at the identity provider gets none, and has none to change.

        Raises:
            SettingsError: it makes no sense, or the name or identity is taken; nothing was made.
            StoreError: nothing was made.
        """
        check(account)
        by_provider = account.subject is not None and not account.break_glass
        stored: str | None = None
        shown: str | None = None
        if password is not None or not by_provider:
            stored, shown = _stored(password, account.name)
        async with self._sessions.transaction() as connection:
            await self._check_service(connection, account.service_id)
            made = await row(
                connection,
                "add_account",
                id=uuid4(),
                organisation_id=self._organisation_id,
                name=account.name,
                display_name=account.display_name,
                roles=sorted(account.roles),
                service_id=account.service_id,
                password_hash=stored,
                provider_subject=account.subject,
                break_glass=account.break_glass,
                must_change=not by_provider,
                now=self._clock.now(),
            )
            if made is None:
                raise SettingsError(f"the name {account.name} or its identity is taken")
            content = f"{sorted(account.roles)} {account.service_id} {account.break_glass}"
            await self._audit(connection, "account_added", made.id, content)
        return shown

    async def set_password(self, name: str, password: str | None) -> str | None:
        """Give an account a new password and sign it out everywhere; give a generated one.

        Raises:
            SettingsError: there is no such account, or the password will not do.
            StoreError: nothing was changed.
        """
        stored, shown = _stored(password, name)
        now = self._clock.now()
        async with self._sessions.transaction() as connection:
            found = await self._named(connection, name)
            await run(
                connection, "account_password", id=found.id, password_hash=stored,
                must_change=True, now=now,
            )  # fmt: skip
            await run(connection, "end_sign_ins", account_id=found.id, but=None, now=now)
            await self._audit(connection, "account_password_set", found.id)
        return shown

    async def disable(self, name: str, *, again: bool = False) -> None:
        """End an account and sign it out everywhere; or with `again` let it be used again.

        Raises:
            SettingsError: there is no such account.
            StoreError: nothing was changed.
        """
        now = self._clock.now()
        async with self._sessions.transaction() as connection:
            found = await self._named(connection, name)
            disabled_at = None if again else now
            await run(connection, "account_disabled", id=found.id, disabled_at=disabled_at)
            await run(connection, "end_sign_ins", account_id=found.id, but=None, now=now)
            act = "account_enabled" if again else "account_disabled"
            await self._audit(connection, act, found.id)

    async def all(self) -> Sequence[Row]:
        """Give the accounts of the organisation.

        Raises:
            StoreError: they cannot be read.
        """
        async with self._sessions.transaction() as connection:
            return await rows(connection, "accounts", organisation_id=self._organisation_id)

    async def _named(self, connection: Connection, name: str) -> Row:
        found = await row(connection, "account", name=name)
        if found is None or found.organisation_id != self._organisation_id:
            raise SettingsError(f"no account {name}: `lifeline account list` names them")
        return found

    async def _check_service(self, connection: Connection, service_id: str | None) -> None:
        if service_id is None:
            return
        known = await row(
            connection,
            "desk_services",
            organisation_id=self._organisation_id,
            service_id=service_id,
        )
        if known is None:
            raise SettingsError(f"no service {service_id}: enrol it first, or correct its id")

    async def _audit(
        self, connection: Connection, act: str, about: UUID, content: str = ""
    ) -> None:
        now = self._clock.now()
        done = Act(self._organisation_id, now, ACTOR, act, about, content.encode())
        await add(connection, self._key, done)


def _stored(password: str | None, name: str) -> tuple[str, str | None]:
    """Give the hash of a password, and the password itself when it was generated here.

    Raises:
        SettingsError: the password will not do.
    """
    if password is None:
        made = passwords.generated()
        return passwords.hashed(made), made
    weak = passwords.weakness(password, name)
    if weak is not None:
        raise SettingsError(f"this password will not do: {weak}")
    return passwords.hashed(password), None
