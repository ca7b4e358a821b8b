"""Whatever is done to a sealed audit is found and named, the newest row included."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.store.connect import Connection, Session
from gateway.store.migrate import migrate
from tests.databases import MORNING, ORGANISATION
from tests.gateway.audit_house import KEY, Book, new_book

ROWS = 8


@pytest.fixture
async def book(session: Session, desk: Desk, tmp_path: Path) -> Book:
    return await new_book(session, desk, tmp_path)


# What a tamperer with all rights on the database, and none on the key and the files, can do to a
# row, some of it with the help of another one.
Tamper = Callable[[Connection, int, int], Awaitable[None]]
FIELDS = {
    "actor": "actor || 'x'",
    "act": "act || 'x'",
    "at": "at + interval '1 microsecond'",
    "about": "gen_random_uuid()",
    "organisation_id": "gen_random_uuid()",
    "digest": "sha256(digest)",
    "code": "sha256(code)",
    "link": "sha256(link)",
    "id": "id + 1000",
}


def edit(name: str) -> Tamper:
    async def edited(connection: Connection, one: int, other: int) -> None:
        del other
        text = f"update audit set {name} = {FIELDS[name]} where seq = %s"  # noqa: S608 - our own list
        await connection.execute(text.encode(), (one,))

    return edited


async def delete(connection: Connection, one: int, other: int) -> None:
    del other
    await connection.execute("delete from audit where seq = %s", (one,))


async def delete_and_close_the_gap(connection: Connection, one: int, other: int) -> None:
    del other
    await connection.execute("delete from audit where seq = %s", (one,))
    for seq in range(one + 1, ROWS + 1):
        await connection.execute("update audit set seq = %s where seq = %s", (seq - 1, seq))


async def swap_with_links(connection: Connection, one: int, other: int) -> None:
    for old, new in ((one, -1), (other, one), (-1, other)):
        await connection.execute("update audit set seq = %s where seq = %s", (new, old))


async def swap(connection: Connection, one: int, other: int) -> None:
    await connection.execute(
        "update audit set actor = found.actor, act = found.act, at = found.at,"
        " digest = found.digest, code = found.code"
        " from audit as found where audit.seq = any(%s) and found.seq = any(%s)"
        " and audit.seq <> found.seq",
        ([one, other], [one, other]),
    )


async def unseal(connection: Connection, one: int, other: int) -> None:
    del other
    text = "update audit set seq = null, link = null, actor = 'x' where seq = %s"
    await connection.execute(text, (one,))


async def cut(connection: Connection, one: int, other: int) -> None:
    del other
    await connection.execute("delete from audit where seq >= %s", (one,))


async def copy_over(connection: Connection, one: int, other: int) -> None:
    """Put one row's fields, code and link in another's place."""
    await connection.execute(
        "update audit set at = found.at, actor = found.actor, act = found.act, about = found.about,"
        " digest = found.digest, code = found.code, link = found.link"
        " from audit as found where audit.seq = %s and found.seq = %s",
        (one, other),
    )


async def put_in(connection: Connection, one: int, other: int) -> None:
    """Put a copy of a row in at another place; whatever came after moves on."""
    for seq in range(ROWS, other - 1, -1):
        await connection.execute("update audit set seq = %s where seq = %s", (seq + 1, seq))
    await connection.execute(
        "insert into audit (id, organisation_id, at, actor, act, about, digest, code, seq, link)"
        " select 1000, organisation_id, at, actor, act, about, digest, code, %s, link"
        " from audit where seq = %s",
        (other, one if one < other else one + 1),
    )


ALONE: dict[str, Tamper] = {
    **{f"edit {name}": edit(name) for name in FIELDS},
    "delete": delete,
    "delete and close the gap": delete_and_close_the_gap,
    "unseal": unseal,
    "cut": cut,
}
WITH_ANOTHER: dict[str, Tamper] = {
    "swap": swap,
    "swap with their links": swap_with_links,
    "copy over": copy_over,
    "put in": put_in,
}
EVERY = [
    *((name, one, one) for name in ALONE for one in range(1, ROWS + 1)),
    *(
        (name, one, other)
        for name in WITH_ANOTHER
        for one in range(1, ROWS + 1)
        for other in range(1, ROWS + 1)
        if one != other
    ),
]


class Undo(Exception):  # noqa: N818 - ends a transaction without a trace
    """Ends a transaction without a trace."""


@asynccontextmanager
async def undone(session: Session) -> AsyncIterator[Connection]:
    try:
        async with session.transaction() as connection:
            yield connection
            raise Undo  # noqa: TRY301 - the transaction must see it
    except Undo:
        pass


async def sealed_book(dsn: str, folder: Path) -> Book:
    session = Session(lambda: dsn, "tamper")
    await migrate(session, "native", MORNING)
    async with session.transaction() as connection:
        await connection.execute("alter table audit alter column id set generated by default")
    book = await new_book(session, Desk(read_rules(), ORGANISATION, KEY), folder)
    await book.write(ROWS)
    await book.sealer.once()
    return book


async def test_every_tampering_with_every_row_is_found_the_newest_included(
    empty_database: str, tmp_path: Path
) -> None:
    book = await sealed_book(empty_database, tmp_path)
    try:
        assert (await book.verdict()).is_whole
        for name, one, other in EVERY:
            tamper = ALONE.get(name) or WITH_ANOTHER[name]
            async with undone(book.session) as connection:
                before = await everything(connection)
                await tamper(connection, one, other)
                assert before != await everything(connection), "what changes nothing proves nothing"
                verdict = await book.read(connection)
                assert not verdict.is_whole, (name, one, other)
        assert (await book.verdict()).is_whole, "each was undone"
    finally:
        await book.session.close()


async def everything(connection: Connection) -> list[Any]:
    cursor = await connection.execute("select * from audit order by id, seq")
    return await cursor.fetchall()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("update audit set actor = 'x' where seq = {}", "row {} (id"),
        ("delete from audit where seq = {}", "missing at the end"),
        ("update audit set at = at + interval '1 s' where seq = {}", "row {} (id"),
    ],
)
async def test_the_newest_row_is_held_too(book: Book, text: str, words: str) -> None:
    await book.write(ROWS)
    await book.sealer.once()
    async with book.session.transaction() as connection:
        await connection.execute(text.format(ROWS).encode())

    assert words.format(ROWS) in (await book.verdict()).problems[0]


def test_the_web_role_changes_and_removes_no_audit_row(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("set local role lifeline_web")
        for text in ("update audit set actor = 'x'", "delete from audit", "truncate audit"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(text.encode())
