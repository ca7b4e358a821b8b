"""One message that the database or deciding refuses harms itself only (DESIGN 4).

Strict reading keeps such content out long before; these messages are made as if a decoder had let
it through, and go through the lane's worker into a real database.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import msgspec
import pytest

from devices.model import Activation, Measurement
from gateway import enrol, intake, ticker, vitals_intake
from gateway.arrivals import Arrival, Verdict
from gateway.intake import Taken
from gateway.lanes import MAX_BATCH, LaneQueue, LaneWorker, Sight
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import LINE, column, count, press, roll, up

BATCH = MAX_BATCH
POISONED_AT = 321
FEW, FEW_POISONED_AT = 40, 23
NUL = "1-\0"
SURROGATE = "1-\ud800"
PROBLEM = {NUL: "BadData: ", SURROGATE: "UnicodeEncodeError: "}
HALVINGS = 2 * math.ceil(math.log2(BATCH)) + 3
WC = enrol.person_id(ORGANISATION, "wc")


def many(people: int) -> enrol.Roll:
    """A roll of so many people, each with a pendant of the same name."""
    names = [f"p{number:03d}" for number in range(people)]
    return roll(
        persons=[
            {"id": one, "name": f"Fictional {one}", "postcode": "LE1 1AA",
             "plan": {"press": "operator"}}
            for one in names
        ],
        devices=[{"line": LINE, "sender": one, "person": one} for one in names],
    )  # fmt: skip


@pytest.fixture
async def crowd(sessions: Sessions) -> enrol.Enrolled:
    return await enrol.enrol(sessions, many(BATCH), MORNING)


@pytest.fixture
async def few(sessions: Sessions) -> enrol.Enrolled:
    return await enrol.enrol(sessions, many(FEW), MORNING)


class Lane:
    """A lane's worker over a real database, and what its messages were answered."""

    def __init__(self, session: Session, desk: Desk, *, vitals: bool = False) -> None:
        self.session, self.desk, self.vitals = session, desk, vitals
        self.sizes: list[int] = []
        self.answers: dict[str, Verdict] = {}

    async def take(self, batch: Sequence[Arrival]) -> Taken:
        self.sizes.append(len(batch))
        if self.vitals:
            return await vitals_intake.take(self.session, batch, [], self.desk, MORNING)
        return await intake.take(self.session, batch, self.desk, MORNING)

    async def handle(self, messages: Sequence[Arrival]) -> None:
        """Queue the messages and work until the queue is empty."""
        queue = LaneQueue(messages[0].lane)
        for one in messages:
            queue.put(dataclasses.replace(one, done=self._note(one.packet.sender)))
        await LaneWorker(queue, self.take, Sight()).drain()

    def _note(self, name: str) -> Callable[[Verdict], None]:
        def done(verdict: Verdict) -> None:
            assert name not in self.answers, "answered twice"
            self.answers[name] = verdict

        return done


def with_text(one: Arrival, text: str) -> Arrival:
    """Give the same press as if its id had been read as this text."""
    signal = one.signals[0]
    assert isinstance(signal, Activation)
    return dataclasses.replace(one, signals=(msgspec.structs.replace(signal, key=text),))


@pytest.mark.usefixtures("crowd")
async def test_of_a_batch_of_500_presses_499_are_handled_and_the_poisoned_one_is_evidence(
    session: Session, desk: Desk
) -> None:
    presses = [press(device=f"p{number:03d}") for number in range(BATCH)]
    presses[POISONED_AT] = with_text(presses[POISONED_AT], NUL)
    lane = Lane(session, desk)

    await lane.handle(presses)

    assert len(lane.answers) == BATCH
    assert {verdict.result for verdict in lane.answers.values()} == {"stored"}
    assert await count(session, "alarm", "kind = 'help' and state = 'open'") == BATCH
    assert await count(session, "packet") == BATCH
    problems = "select sender from packet where problem is not null"
    assert await column(session, problems) == [f"p{POISONED_AT:03d}"]
    assert len(lane.sizes) <= HALVINGS, "halving, not one by one"
    assert lane.sizes[0] == BATCH


@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize("text", [NUL, SURROGATE], ids=["NUL", "lone surrogate"])
async def test_a_poisoned_press_reaches_an_operator_with_its_bytes(
    session: Session, desk: Desk, text: str
) -> None:
    await Lane(session, desk).handle([with_text(press(), text)])

    assert await column(session, "select subject_id from alarm where kind = 'help'") == [WC]
    assert "refused_by_database" in str(await column(session, "select entry::text from decision"))
    (problem,) = await column(session, "select problem from packet")
    assert problem.startswith(PROBLEM[text])
    assert await column(session, "select body from packet") == [press().packet.body]


@pytest.mark.usefixtures("enrolled")
async def test_a_repeat_of_a_poisoned_press_is_a_repeat(session: Session, desk: Desk) -> None:
    lane, again = Lane(session, desk), Lane(session, desk)
    await lane.handle([with_text(press(), NUL)])
    await again.handle([with_text(press(), NUL)])

    assert [verdict.repeat for verdict in again.answers.values()] == [True]
    assert await count(session, "alarm", "kind = 'help' and (record->>'rings')::int = 1") == 1


@pytest.mark.usefixtures("few")
async def test_a_case_that_cannot_be_decided_stops_nobody_and_its_press_is_an_unknown_caller(
    session: Session, desk: Desk
) -> None:
    broken = enrol.person_id(ORGANISATION, f"p{FEW_POISONED_AT:03d}")
    presses = [press(device=f"p{number:03d}") for number in range(FEW)]
    async with session.transaction() as connection:
        await connection.execute(
            b"update subject set state = '{\"alarms\": 7}' where id = %s", (broken,)
        )
    lane = Lane(session, desk)

    await lane.handle(presses)

    assert len(lane.answers) == FEW
    assert await count(session, "alarm", "kind = 'help' and state = 'open'") == FEW
    assert await count(session, "alarm", f"subject_id = '{broken}'") == 0
    unknown = "select label from alarm join subject on subject.id = subject_id"
    assert await column(session, f"{unknown} where subject.kind = 'unknown_device'") == [
        f"p{FEW_POISONED_AT:03d}"
    ]
    assert await count(session, "quarantine") == 1


@pytest.mark.usefixtures("few")
async def test_of_a_batch_of_readings_only_the_poisoned_one_is_missing_from_the_measurements(
    session: Session, desk: Desk
) -> None:
    readings = [
        up({"id": "1-1", "vitals": {"spo2_pct": 96}}, device=f"p{number:03d}")
        for number in range(FEW)
    ]
    signal = readings[FEW_POISONED_AT].signals[0]
    assert isinstance(signal, Measurement)
    poison = msgspec.structs.replace(signal, value=NUL)
    readings[FEW_POISONED_AT] = dataclasses.replace(readings[FEW_POISONED_AT], signals=(poison,))
    lane = Lane(session, desk, vitals=True)

    await lane.handle(readings)

    assert len(lane.answers) == FEW
    assert await count(session, "measurement") == FEW - 1
    assert await count(session, "packet") == FEW
    assert await count(session, "packet", "problem is not null") == 1

    assert await ticker.take_inbox(session, desk, MORNING) == 1, "and somebody is told"
    told = await column(session, "select entry::text from decision")
    assert "refused_by_database" in str(told)
    assert await count(session, "alarm", "kind = 'technical' and state = 'open'") == 1
