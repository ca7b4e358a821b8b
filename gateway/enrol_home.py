"""Enrolment of what whoever goes to a home must know: part of a person's row of the file.

Contract: what the file does not name stays as the desk has described it. A key-safe code is sealed
before it reaches the database (gateway/sealing.py); to delete the file is its sender's duty.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.errors import SettingsError
from gateway.sealing import seal
from gateway.store.connect import Connection, run

NO_CONTROL = r"^[^\x00-\x1f]*$"
Words = Annotated[str, Field(max_length=500, pattern=NO_CONTROL)]
Named = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL)]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=NO_CONTROL)]
BY = "import"


class HomeRow(BaseModel):
    """What whoever goes to a home must know; a key that is left out changes nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    access: Words = ""
    hazards: list[Named] = Field(default=[], max_length=20)
    allergies: list[Named] = Field(default=[], max_length=20)
    communication: Words = ""
    key_safe: Code | None = Field(default=None, repr=False)


HOME = frozenset(HomeRow.model_fields)


async def put_homes(
    connection: Connection,
    homes: Iterable[tuple[UUID, HomeRow]],
    key: bytes,
    now: datetime,
) -> None:
    """Store what the file says of homes.

    Args:
        key: Seals key-safe codes; a file without codes needs none (empty).

    Raises:
        SettingsError: there is a code and no key.
    """
    for person, home in homes:
        named = home.model_fields_set & HOME
        if not named:
            continue
        given = {name: getattr(home, name) if name in named else None for name in HOME}
        if home.key_safe is not None:
            if not key:
                raise SettingsError("nothing was enrolled: no key to seal a key-safe code with")
            given["key_safe"] = seal(key, person, home.key_safe)
        await run(connection, "put_home", id=person, **given, by=BY, now=now)
