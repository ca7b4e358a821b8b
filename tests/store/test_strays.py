"""Where nothing proves a frame, only who is enrolled may call; others are evidence (ADR 0004)."""

from datetime import datetime, timedelta

import pytest

from devices.decoding import families
from devices.links.rfxtrx_receiver import RfxtrxReceiver
from devices.model import Lane
from gateway import enrol, intake, metrics, strays, ticker, vitals_intake
from gateway.arrivals import Arrival, understand
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING
from tests.store.messages import column, count, ignore, press, roll

RADIO = "radio"
OURS = "d3dc54"
FAMILIES = families()
PANIC, ALARM, MOTION = 0x06, 0x02, 0x04
REMOTE, SMOKE, MOVES = 0x02, 0x03, 0x01
HELP = "kind = 'help' and state = 'open'"
SHOWN = "kind = 'technical' and state = 'open'"


@pytest.fixture(autouse=True)
async def enrolled(sessions: Sessions) -> enrol.Enrolled:
    devices = [
        {"line": RADIO, "sender": OURS, "person": "wc"},
        {"line": RADIO, "sender": "0ff0ff", "person": "wc", "enabled": False},
    ]
    return await enrol.enrol(sessions, roll(devices=devices), MORNING)


def heard(
    sender: str = OURS, status: int = PANIC, subtype: int = REMOTE, at: datetime = MORNING
) -> Arrival:
    """Give what a receiver hands in when it hears this."""
    frame = bytes((8, 0x20, subtype, 1)) + bytes.fromhex(sender) + bytes((status, 0x89))
    (packet,) = RfxtrxReceiver(RADIO).receive(frame, at).packets
    return understand(packet, FAMILIES, ignore)


async def take(
    session: Session, desk: Desk, *batch: Arrival, now: datetime = MORNING
) -> list[bool]:
    """Take a batch in the lane it belongs to, then what was handed over; give who was a repeat."""
    alarms = [one for one in batch if one.lane is Lane.ALARM]
    others = [one for one in batch if one.lane is Lane.VITALS]
    taken = await intake.take(session, alarms, desk, now)
    more = await vitals_intake.take(session, others, (), desk, now)
    await ticker.take_inbox(session, desk, now)
    answers = [verdict for _, verdict in (*taken.answers, *more.answers)]
    assert {verdict.result for verdict in answers} == {"stored"}
    return [verdict.repeat for verdict in answers]


async def test_an_enrolled_panic_key_calls_at_once(session: Session, desk: Desk) -> None:
    await take(session, desk, heard())

    assert await count(session, "alarm", f"{HELP} and record->>'what' = 'panic'") == 1
    assert await count(session, "packet") == 1
    assert await count(session, "quarantine") == 0


async def test_a_neighbours_panic_key_rings_nobody_and_is_kept_and_shown(
    session: Session, desk: Desk
) -> None:
    before = metrics.strays.labels(line=RADIO)._value.get()
    await take(session, desk, heard("abcdef"))

    assert await count(session, "alarm", HELP) == 0
    assert await count(session, "alarm", SHOWN) == 1
    (note,) = await column(session, "select record->>'note' from alarm")
    assert note.startswith("abcdef: heard by radio, but not enrolled")
    assert await column(session, "select sender from quarantine") == ["abcdef"]
    assert await count(session, "packet") == 0
    assert metrics.strays.labels(line=RADIO)._value.get() == before + 1


async def test_a_sender_is_shown_once_and_kept_each_time(session: Session, desk: Desk) -> None:
    for minute in range(5):
        at = MORNING + timedelta(minutes=minute)
        await take(session, desk, heard("abcdef", at=at), now=at)

    assert await count(session, "decision", "what = 'technical_opened'") == 1
    assert await count(session, "decision") == 2  # the alarm, and its task for a person
    assert await count(session, "quarantine") == 5


async def test_many_senders_are_entries_of_one_alarm_up_to_a_bound(
    session: Session, desk: Desk
) -> None:
    many = [heard(f"{number:06x}") for number in range(strays.SHOWN_PER_LINE + 20)]
    await take(session, desk, *many[:30])
    await take(session, desk, *many[30:])

    assert await count(session, "alarm", SHOWN) == 1
    (causes,) = await column(session, "select jsonb_array_length(record->'causes') from alarm")
    assert causes == strays.SHOWN_PER_LINE
    assert await count(session, "quarantine") == len(many)
    assert await count(session, "subject", "kind = 'unknown_device'") == 1


async def test_what_is_no_call_is_kept_apart_too(session: Session, desk: Desk) -> None:
    motion = heard("abcdef", MOTION, MOVES)
    assert motion.lane is Lane.VITALS
    await take(session, desk, motion)

    assert await count(session, "quarantine") == 1
    assert await count(session, "alarm", SHOWN) == 1


async def test_who_is_enrolled_later_calls_from_then_on(
    session: Session, sessions: Sessions, desk: Desk
) -> None:
    await take(session, desk, heard("abcdef", ALARM, SMOKE))
    late = roll(devices=[{"line": RADIO, "sender": "abcdef", "person": "op"}])
    await enrol.enrol(sessions, late, MORNING)
    at = MORNING + timedelta(minutes=1)
    repeats = await take(session, desk, heard("abcdef", ALARM, SMOKE, at), now=at)

    assert repeats == [False]
    assert await count(session, "alarm", "kind = 'life_safety' and state = 'open'") == 1


async def test_a_device_whose_enrolment_has_ended_is_an_unknown_caller(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, heard("0ff0ff"))

    assert await count(session, "alarm", f"{HELP} and not (record->>'known')::boolean") == 1


async def test_strangers_of_other_links_still_reach_an_operator(
    session: Session, desk: Desk
) -> None:
    await take(session, desk, press(device="stranger"), heard("abcdef"))

    assert await count(session, "alarm", HELP) == 1
    assert await count(session, "quarantine") == 2


async def test_radio_repeats_ring_once_and_the_next_press_rings_again(
    session: Session, desk: Desk
) -> None:
    receiver = RfxtrxReceiver(RADIO)
    frames = [bytes((8, 0x20, REMOTE, n)) + bytes.fromhex(OURS) + bytes((PANIC, n << 4 | 9))
              for n in range(6)]  # fmt: skip
    for number, frame in enumerate(frames):
        at = MORNING + timedelta(seconds=number * 0.2 + (60 if number == 5 else 0))
        (packet,) = receiver.receive(frame, at).packets
        repeats = await take(session, desk, understand(packet, FAMILIES, ignore), now=at)
        assert repeats == [0 < number < 5]

    assert await count(session, "alarm", f"{HELP} and (record->>'signals')::int = 2") == 1
    assert await count(session, "alarm", "kind = 'technical'") == 0
