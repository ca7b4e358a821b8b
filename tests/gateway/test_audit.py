"""The audit is sealed as it is written, and says what is missing, put in, or still open."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from gateway import ticker
from gateway.audit import checkpoints
from gateway.audit.audit_command import lines
from gateway.audit.rows import Act, add
from gateway.audit.seal import SEAL_LIMIT, Sealer
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.store.connect import Session
from tests.databases import MORNING, ORGANISATION
from tests.gateway.api_house import House
from tests.gateway.audit_house import KEY, ROWS, Book, new_book


@pytest.fixture
async def book(session: Session, desk: Desk, tmp_path: Path) -> Book:
    return await new_book(session, desk, tmp_path)


async def test_an_untouched_audit_is_whole_and_says_what_is_still_open(book: Book) -> None:
    await book.write(ROWS)
    before = await book.verdict()
    assert (before.sealed, before.waiting) == (0, ROWS)
    assert await book.sealer.once() == ROWS
    assert await book.sealer.once() == 0
    await book.write(2)
    after = await book.verdict()

    assert after.is_whole, after.problems
    assert (after.sealed, after.waiting, after.checkpoints) == (ROWS, 2, 2)
    assert "2 rows wait for their seal" in "\n".join(lines(after))
    assert REGISTRY.get_sample_value("lifeline_audit_unsealed_seconds") is not None


async def test_rows_of_overlapping_transactions_are_sealed_whichever_commits_first(
    book: Book, database: str
) -> None:
    slow = Session(lambda: database, "slow")
    act = Act(ORGANISATION, MORNING, "operator:slow", "taken")
    async with slow.transaction() as connection:
        await add(connection, KEY, act)  # has the lower id, and commits later
        await book.write(3)
        assert await book.sealer.once() == 3
    assert await book.sealer.once() == 1
    verdict = await book.verdict()
    await slow.close()

    assert verdict.is_whole, verdict.problems
    assert verdict.sealed == 4


async def test_two_sealers_never_seal_at_once(book: Book, database: str, desk: Desk) -> None:
    await book.write(ROWS)
    second = Session(lambda: database, "second")
    other = Sealer(second, Desk(desk.rules, ORGANISATION, KEY), book.clock, book.folder / "b")
    (book.folder / "b").mkdir()
    done = await asyncio.gather(book.sealer.once(), other.once())
    await second.close()

    assert sorted(done) == [0, ROWS]
    assert (await book.verdict()).is_whole


async def test_a_cut_tail_is_found_by_the_checkpoint_and_rings(book: Book, desk: Desk) -> None:
    await book.write(ROWS)
    await book.sealer.once()
    async with book.session.transaction() as connection:
        await connection.execute("delete from audit where seq > %s", (ROWS - 3,))
    verdict = await book.verdict()
    (problem,) = verdict.problems
    assert problem.startswith(f"rows {ROWS - 2} to {ROWS} are missing at the end: a checkpoint")

    # The next start notices by itself, keeps the evidence, and tells somebody.
    again = Sealer(book.session, Desk(desk.rules, ORGANISATION, KEY), book.clock, book.folder)
    await book.write(5)
    await again.once()
    assert not (await book.verdict()).is_whole, "new rows do not cover what was cut"
    assert len(list(book.folder.glob("audit.checkpoint.cut-*"))) == 1
    await ticker.take_inbox(book.session, Desk(desk.rules, ORGANISATION, KEY), book.clock.now())
    async with book.session.transaction() as connection:
        cursor = await connection.execute("select count(*) as n from alarm where kind='technical'")
        found = await cursor.fetchone()
    assert found is not None
    assert found.n == 1


async def test_what_is_cut_between_two_seals_is_not_covered_by_the_next(book: Book) -> None:
    await book.write(ROWS)
    await book.sealer.once()
    async with book.session.transaction() as connection:
        await connection.execute("delete from audit where seq > %s", (ROWS - 3,))
    await book.write(5)
    await book.sealer.once()
    verdict = await book.verdict()

    assert any("a checkpoint says" in text for text in verdict.problems), verdict.problems
    await book.write(5)
    await book.sealer.once()
    assert len(list(book.folder.glob("audit.checkpoint.cut-*"))) == 1, "told once"


async def test_a_checkpoint_that_was_not_written_is_written_in_the_next_round(book: Book) -> None:
    await book.write(3)
    await book.sealer.once()
    (book.folder / checkpoints.NEWEST).unlink()
    (book.folder / checkpoints.ALL).unlink()
    restarted = Sealer(book.session, Desk(read_rules(), ORGANISATION, KEY), book.clock, book.folder)
    assert await restarted.once() == 0

    assert (await book.verdict()).checkpoints == 2


async def test_a_row_put_in_without_the_key_is_found_though_the_sealer_took_it(book: Book) -> None:
    await book.write(ROWS)
    async with book.session.transaction() as connection:
        await connection.execute(
            "insert into audit (organisation_id, at, actor, act, about, digest, code)"
            " select organisation_id, at, 'operator:other', act, about, digest, code from audit"
            " limit 1"
        )
    await book.sealer.once()
    verdict = await book.verdict()

    assert [text for text in verdict.problems if "writer's code" in text] == verdict.problems != []


async def test_rows_nobody_seals_are_told(book: Book) -> None:
    await book.write(1)
    book.clock.forward_to(book.clock.now() + timedelta(seconds=61))

    assert "the sealer does not run" in (await book.verdict()).problems[0]


async def test_a_checkpoint_made_up_without_the_key_is_named(book: Book) -> None:
    await book.write(3)
    await book.sealer.once()
    line = (book.folder / checkpoints.NEWEST).read_bytes().replace(b'"seq":3', b'"seq":2')
    (book.folder / checkpoints.NEWEST).write_bytes(line)

    assert "is no checkpoint of this key" in (await book.verdict()).problems[0]


async def test_more_rows_than_one_round_takes_are_sealed_in_several(book: Book) -> None:
    act = Act(ORGANISATION, MORNING, "gateway", "nothing")
    async with book.session.transaction() as connection:
        await add(connection, KEY, *[act] * (SEAL_LIMIT + 5))

    assert await book.sealer.once() == SEAL_LIMIT
    assert await book.sealer.once() == 5
    assert (await book.verdict()).is_whole


async def test_what_is_read_is_written_down_before_it_is_read(house: House) -> None:
    alarm = await house.pressed()
    await house.get("manager", f"/alarms/{alarm['id']}")
    await house.get("auditor", "/referrals")
    found = await house.sql("select actor, act, about::text from audit where act like 'GET%%'")

    assert [(one.actor, one.act, one.about) for one in found] == [
        ("operator:operator-1", "GET /api/v1/alarms", None),
        ("manager:manager-1", "GET /api/v1/alarms/{alarm_id}", alarm["id"]),
        ("auditor:auditor-1", "GET /api/v1/referrals", None),
    ]
    full = "alter table audit add constraint full_up check (act not like 'GET%%') not valid"
    await house.sql(full)
    refused = await house.call("manager", "GET", f"/api/v1/alarms/{alarm['id']}")
    assert refused.status_code == 422
    assert "alarm_at" not in refused.text, "no row, no reading"
