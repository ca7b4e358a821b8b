"""Of several versions of a row the newest holds whose day has come and nobody took back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts import decide
from alerts.events import Heard, TaskDone
from alerts.rule_ids import Rule
from alerts.rule_rows import RuleError
from alerts.rule_versions import Book, Standing, take_back
from alerts.ruleset import Rules, parse_rules, read_book, rules_of
from devices.model import Activation, ActivationKind
from tests.alerts.houses import T0, facts, rule_files, rules

SHIPPED = date(2026, 11, 22)
LATER = date(2027, 1, 1)
ROW = """
[[rule]]
id = "figure.after_untaken"
version = "2"
author = "a"
approver = "b"
effective = 2027-01-01
source = "s"
text = "t"
value = 45
unit = "s"
"""
BACK = """
[[rollback]]
id = "figure.after_untaken"
version = "2"
at = 2027-01-02T10:00:00Z
by = "on-call clinical lead"
reason = "too many referrals"
"""


def shipped() -> dict[str, bytes]:
    """Give the shipped rules as if all had held for long: their own dates do not matter here."""
    text = {name: content.decode() for name, content in rule_files().items()}
    return {
        name: "\n".join(
            f"effective = {SHIPPED}" if line.startswith("effective = ") else line
            for line in content.splitlines()
        ).encode()
        for name, content in text.items()
    }


def book(*local: str) -> Book:
    return read_book({**shipped(), "local.toml": "".join(local).encode()})


def after_untaken(found: Rules) -> tuple[str, int]:
    return found.rows[Rule.AFTER_UNTAKEN].version, found.count(Rule.AFTER_UNTAKEN)


def test_a_row_in_the_future_does_not_hold_yet() -> None:
    found = rules_of(book(ROW), LATER - timedelta(days=1))

    assert after_untaken(found) == ("1", 90)


def test_the_newest_row_whose_day_has_come_holds() -> None:
    third = ROW.replace('"2"', '"3"').replace("2027-01-01", "2027-02-01").replace("45", "60")
    both = book(third, ROW)

    assert after_untaken(rules_of(both, LATER)) == ("2", 45)
    assert after_untaken(rules_of(both, date(2027, 2, 1))) == ("3", 60)


def test_without_a_day_the_newest_version_holds() -> None:
    assert after_untaken(rules_of(book(ROW), None)) == ("2", 45)
    assert rules_of(book(ROW), None).later == ()


def test_a_running_gateway_follows_a_new_version_from_midnight_utc_of_its_day() -> None:
    found = rules_of(book(ROW), SHIPPED)
    midnight = datetime(2027, 1, 1, tzinfo=UTC)

    assert after_untaken(found.at(midnight - timedelta(seconds=1))) == ("1", 90)
    assert after_untaken(found.at(midnight)) == ("2", 45)
    assert after_untaken(found.at(midnight + timedelta(days=400))) == ("2", 45)


def pressed(now: datetime, found: Rules) -> set[str]:
    """Give the versions of the countdown's figure that a press at a time was decided with."""
    signal = Activation("17", ActivationKind.PENDANT, key="1")
    heard = Heard("r", now, "17", "main", signal)
    decision = decide.on_signals(decide.new_case("wc", T0), facts(), found, [heard], now)
    reasons = [reason for entry in decision.entries for reason in entry.reasons]
    return {reason.version for reason in reasons if reason.rule == Rule.AFTER_UNTAKEN}


def test_each_decision_names_the_version_that_held_when_it_was_made() -> None:
    found, midnight = rules_of(book(ROW), SHIPPED), datetime(2027, 1, 1, tzinfo=UTC)

    assert pressed(midnight - timedelta(seconds=1), found) == {"1"}
    assert pressed(midnight, found) == {"2"}


def test_events_and_timers_follow_the_new_version_too() -> None:
    row = ROW.replace("after_untaken", "climb_consoles")
    found, midnight = rules_of(book(row), SHIPPED), datetime(2027, 1, 1, tzinfo=UTC)
    case = decide.new_case("wc", midnight - timedelta(days=1))
    early = Heard("r", case.as_of, "17", "main", None, fault="corrupt", press_shaped=True)
    opened = decide.on_signals(case, facts(), found, [early], case.as_of).case
    late = decide.due(opened, facts(), found, midnight)

    climbed = [
        (reason.version, reason.inputs["limit_s"])
        for entry in late.entries
        for reason in entry.reasons
        if reason.rule == Rule.CLIMB_CONSOLES
    ]
    assert climbed == [("2", 45)]
    done = TaskDone(midnight, "op1", "none")
    assert decide.on_event(opened, facts(), found, done, midnight).entries[0] == late.entries[0]


def test_a_version_that_was_taken_back_never_holds() -> None:
    found = book(ROW, BACK)

    assert after_untaken(rules_of(found, LATER)) == ("1", 90)
    assert after_untaken(rules_of(found, None)) == ("1", 90)
    assert rules_of(found, SHIPPED).later == ()


def test_every_version_says_how_it_stands() -> None:
    third = ROW.replace('"2"', '"3"').replace("2027-01-01", "2027-02-01")
    key = "figure.after_untaken"

    waits = book(ROW).standing(SHIPPED)
    assert (waits[key, "1"], waits[key, "2"]) == (Standing.HOLDS, Standing.WAITS)
    over = book(ROW).standing(LATER)
    assert (over[key, "1"], over[key, "2"]) == (Standing.SUPERSEDED, Standing.HOLDS)
    back = book(ROW, third, BACK).standing(LATER)
    assert [back[key, version] for version in "123"] == ["holds", "taken_back", "waits"]


def test_a_rollback_is_one_step_back() -> None:
    third = ROW.replace('"2"', '"3"').replace("2027-01-01", "2027-02-01")
    held, before = take_back(book(ROW, third), "figure.after_untaken", date(2027, 2, 1))
    assert (held.row.version, before.row.version) == ("3", "2")

    held, before = take_back(book(ROW, third, BACK), "figure.after_untaken", date(2027, 2, 1))
    assert (held.row.version, before.row.version) == ("3", "1")


@pytest.mark.parametrize(
    ("row", "today", "message"),
    [
        ("figure.seen", SHIPPED, r"figures.toml: row figure.seen: version 1 has none before it"),
        ("figure.none", SHIPPED, "row figure.none: no version holds on 2026-11-22"),
        ("figure.seen", SHIPPED - timedelta(days=1), "row figure.seen: no version holds"),
    ],
)
def test_there_must_be_something_to_go_back_to(row: str, today: date, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        take_back(book(ROW), row, today)


@pytest.mark.parametrize(
    ("local", "message"),
    [
        (ROW + ROW, "local.toml: row figure.after_untaken stands twice in version 2; keep one"),
        (
            ROW.replace('"2"', '"1"'),
            r"stands twice in version 1 \(also in figures.toml\); keep one",
        ),
        (
            ROW + ROW.replace('"2"', '"3"'),
            "local.toml: row figure.after_untaken: effective 2027-01-01 is also that of version 2",
        ),
        (BACK, "rollback of row figure.after_untaken, version 2: no such version stands"),
        (ROW + BACK.replace("on-call clinical lead", " "), "version 2: by is empty; fill it in"),
        (ROW + BACK.replace("too many referrals", ""), "version 2: reason is empty; fill it in"),
        (ROW + BACK.replace("00Z", "00"), "has no time zone; write it as ...Z"),
        (
            BACK.replace('"2"', '"1"'),
            "figures.toml: row figure.after_untaken: version 1 was taken back and none is before",
        ),
        (ROW.replace("value = 45", "value = 0"), "local.toml: row figure.after_untaken: value 0"),
        (ROW.replace('"2"', '" "'), "local.toml: row figure.after_untaken: version is empty"),
        (ROW.replace('id = "figure.after_untaken"', ""), "local.toml: rule row 1: Object missing"),
    ],
)
def test_what_is_wrong_with_a_version_names_file_and_row(local: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        book(local)


def test_two_rows_for_one_thing_stop_the_start() -> None:
    """Of two rows for one activation none could be said to hold."""
    files = rule_files()
    twin = files["activations.toml"].decode().split("[[activation]]")[1].replace("pendant", "twin")
    both = "[[activation]]" + twin.replace('what = "twin"', 'what = "pendant"')

    with pytest.raises(RuleError, match=r"what pendant is also .* activation\.pendant"):
        parse_rules({**files, "local.toml": both.encode()})


def test_the_rules_must_be_whole_on_every_day_they_hold() -> None:
    day = SHIPPED - timedelta(days=1)

    with pytest.raises(RuleError, match=f"rule rows missing: .*that holds on {day}"):
        rules_of(book(), day)


def test_of_the_shipped_rules_each_row_has_one_version() -> None:
    """What a release ships holds as released; versions side by side belong to a folder."""
    ids = [one.row.id for one in read_book(rule_files()).placed]

    assert len(ids) == len(set(ids))
    assert rules().later == ()
