"""API tokens: 256 random bits each, shown once, kept as SHA-256, bound to one role.

A responder's token is bound to one service as well, and sees only what went to it.
"""

import re
from datetime import datetime
from uuid import UUID

from gateway.errors import SettingsError
from gateway.keys import new_secret, secret_sha256
from gateway.roles import ApiRole
from gateway.store.connect import Sessions, row, run

Role = ApiRole
OF_A_SERVICE = frozenset({Role.RESPONDER, Role.SERVICE})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


async def new_token(  # noqa: PLR0913 - who, as what, where, since and until when
    sessions: Sessions,
    *,
    organisation_id: UUID,
    name: str,
    role: Role,
    service_id: str | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Make a token and store its SHA-256; the token itself is given back once and never again.

    Args:
        name: Who acts with it, as decisions and audit will show: one name per person, because a
            second person's confirmation is recognised by it. 1 to 64 of A-Z a-z 0-9 _ . @ -

    Raises:
        SettingsError: the name is not one, a responder or a service's program without a known
            service, a service beside another role, or an expiry that has passed.
        StoreError: nothing was kept.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"the token's name has {len(name)} characters or others than expected: give 1 to 64 of "
            "A-Z a-z 0-9 _ . @ -, starting with a letter or digit"
        )
    if (role in OF_A_SERVICE) != (service_id is not None):
        raise SettingsError(
            f"role {role} with service {service_id}: the token of a responder or of a service's "
            "program needs --service, and no other role takes one"
        )
    if expires_at is not None and expires_at <= now:
        raise SettingsError(f"the token would expire at {expires_at:%Y-%m-%d %H:%M}, before now")
    token = new_secret()
    async with sessions.transaction() as connection:
        if service_id is not None:
            found = await row(
                connection,
                "desk_services",
                organisation_id=organisation_id,
                service_id=service_id,
            )
            if found is None:
                raise SettingsError(f"no service {service_id}: enrol it first, or correct its id")
        await run(
            connection,
            "add_token",
            sha256=secret_sha256(token),
            organisation_id=organisation_id,
            name=name,
            role=role.value,
            service_id=service_id,
            now=now,
            expires_at=expires_at,
        )
    return token
