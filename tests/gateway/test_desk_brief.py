"""The line an operator reads first: plain words, each with where it comes from."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from alerts.case import Alarm
from alerts.words import AlarmKind, AlarmState
from gateway.console.desk.brief import Clause, Known, Reading, Record, ago, brief, ordinal, sentence

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)  # a Friday
LONDON = ZoneInfo("Europe/London")


def alarm(name: str = "now", at: datetime = NOW, what: str = "pendant", **more: object) -> Alarm:
    made = Alarm(id=name, kind=AlarmKind.HELP, state=AlarmState.OPEN, alarm_at=at, what=what)
    return msgspec.structs.replace(made, **more)


def known(**more: object) -> Known:
    return replace(Known(alarm(), NOW, LONDON), **more)  # type: ignore[arg-type]


def said(**more: object) -> list[str]:
    return [clause.words for clause in brief(known(**more))]


def test_the_line_of_a_third_press_reads_as_one_says_it() -> None:
    now = alarm()
    past = [
        alarm("a", NOW - timedelta(days=4)),
        alarm("b", NOW - timedelta(days=4), "fall"),
        alarm("c", NOW - timedelta(days=1)),
        now,
    ]
    record = Record(anticoagulants=True, conditions=("AF, warfarin",), language="gu")
    readings = [Reading("spo2_pct", 91, "ok", NOW - timedelta(minutes=61))]
    clauses = brief(known(alarm=now, past=past, record=record, readings=readings))

    assert sentence(clauses) == (
        "3rd press in 5 days, fell Monday, on warfarin, SpO2 91 an hour ago, speaks Gujarati."
    )
    assert [clause.href for clause in clauses] == [
        "#history",
        "/console/alarms/b",
        "#card-conditions",
        "#readings",
        "#card-language",
    ]


def test_nothing_known_is_nothing_said() -> None:
    assert brief(known()) == ()
    assert sentence(()) == ""


def test_a_first_press_is_not_counted() -> None:
    now = alarm()
    assert said(alarm=now, past=[now, alarm("old", NOW - timedelta(days=8))]) == []


def test_presses_of_one_day_are_counted_as_today() -> None:
    now = alarm()
    assert said(alarm=now, past=[now, alarm("a", NOW - timedelta(hours=2))]) == ["2nd press today"]


def test_a_fall_that_was_cancelled_or_is_this_alarm_is_not_said() -> None:
    fall = alarm(what="fall", marks={"fall": NOW})
    cancelled = alarm("b", NOW - timedelta(days=2), "fall", cancelled_at=NOW)
    assert said(alarm=fall, past=[fall, cancelled]) == []


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "fell today at 06:00"), (1, "fell yesterday"), (6, "fell Saturday"),
     (7, "fell on 13 November")],
)  # fmt: skip
def test_the_day_of_a_fall_is_named_as_people_name_it(days: int, words: str) -> None:
    fall = alarm("b", NOW - timedelta(days=days, hours=1), "fall")
    assert said(past=[fall]) == [words]


def test_anticoagulants_without_a_name_are_said_all_the_same() -> None:
    assert said(record=Record(anticoagulants=True)) == ["on anticoagulants"]
    assert said(record=Record(anticoagulants=None)) == []


def test_the_age_is_counted_in_birthdays() -> None:
    assert said(record=Record(born=date(1942, 11, 20))) == ["84 years old"]
    assert said(record=Record(born=date(1942, 11, 21))) == ["83 years old"]


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading("spo2_pct", 97, "ok", NOW), ["SpO2 97 just now"]),
        (Reading("heart_rate_bpm", 80, "ok", NOW), []),
        (Reading("heart_rate_bpm", 131, "ok", NOW - timedelta(minutes=20)),
         ["heart rate 131 20 min ago"]),
        (Reading("glucose_mmol_l", None, "above_range", NOW - timedelta(hours=3)),
         ["glucose too high for the meter 3 hours ago"]),
        (Reading("glucose_mmol_l", None, "below_range", NOW),
         ["glucose too low for the meter just now"]),
        (Reading("spo2_pct", 60, "artefact", NOW), []),
        (Reading("spo2_pct", 91, "ok", NOW - timedelta(hours=25)), []),
        (Reading("weight_kg", 71, "ok", NOW), []),
        (Reading("temperature_c", 38.4, "ok", NOW), ["temperature 38.4 °C just now"]),
    ],
)  # fmt: skip
def test_a_reading_is_said_when_it_is_new_trusted_and_not_plain(
    reading: Reading, words: list[str]
) -> None:
    assert said(readings=[reading]) == words


def test_what_stands_on_the_record_and_changes_what_one_does_is_said() -> None:
    record = Record(
        status="in_hospital",
        ceiling="not_for_hospital",
        allergies=("penicillin", "latex"),
        communication="hard of hearing, speak slowly",
        language="en",
    )
    assert said(record=record) == [
        "record says: in hospital",
        "not for hospital",
        "allergic to penicillin, latex",
        "hard of hearing, speak slowly",
    ]


def test_a_late_press_and_time_on_the_floor_come_first() -> None:
    late = alarm(pressed_at=NOW - timedelta(minutes=40), on_floor_since=NOW - timedelta(minutes=12))
    assert said(alarm=late) == ["pressed 40 min ago", "on the floor for 12 min"]


def test_ordinals_are_written_as_people_write_them() -> None:
    numbers = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111]
    assert [ordinal(number) for number in numbers] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th",
    ]  # fmt: skip


def test_how_long_ago_is_said_in_one_unit() -> None:
    spans = [
        timedelta(seconds=30),
        timedelta(minutes=49),
        timedelta(minutes=50),
        timedelta(hours=2),
    ]
    assert [ago(span) for span in spans] == ["just now", "49 min ago", "an hour ago", "2 hours ago"]


def test_every_clause_says_where_it_comes_from() -> None:
    record = Record(born=date(1940, 1, 1), anticoagulants=True, language="pl")
    assert all(isinstance(one, Clause) and one.href for one in brief(known(record=record)))
