"""The torture finds what it looks for, and in its smallest form it finds nothing."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.links.mqtt_connection import Connection
from devices.links.mqtt_events import ConnectRequested, Limits
from ops.chaos.callers import Person, Press
from ops.chaos.count import Count, Tables, at, judge
from ops.chaos.kills import Order, Victim, shares, torture
from ops.chaos.outage import Form, Outage, late
from ops.chaos.witness import Seen, connect_packet

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PERSON = Person(7)
KEY = (PERSON.name, "1-0001")
WHOLE: dict[str, Any] = {
    "receipts": {KEY: NOON + timedelta(seconds=1)},
    "packets": {KEY: 1},
    "signals": {PERSON.subject: 1},
    "alarms": {PERSON.subject: 1},
    "referrals": {PERSON.subject: 1},
    "delivered": {PERSON.subject: 1},
}


def press(**more: Any) -> Press:
    told_at = NOON + timedelta(seconds=3)
    given = {"key": KEY[1], "acknowledged_at": told_at, "sends": 1, **more}
    return Press(PERSON.name, NOON, **given)


def judged(*presses: Press, kills: Sequence[datetime] = (), **more: Any) -> Count:
    return judge([PERSON], presses or [press()], Tables(**{**WHOLE, **more}), kills)


def test_a_press_that_is_all_there_is_neither_lost_nor_double() -> None:
    count = judged()

    assert count.good
    assert (count.acknowledged, count.people, count.referrals) == (1, 1, 1)
    assert count.wait_s == [3.0]


@pytest.mark.parametrize("table", ["receipts", "packets", "signals", "delivered"])
def test_an_acknowledged_press_that_is_missing_in_one_table_is_lost(table: str) -> None:
    missing: dict[str, Any] = {table: {}}
    count = judged(**missing)

    assert len(count.lost) == 1
    assert not count.good


@pytest.mark.parametrize("table", ["signals", "alarms", "referrals", "delivered"])
def test_what_is_there_twice_for_one_press_is_double(table: str) -> None:
    twice: dict[str, Any] = {table: {PERSON.subject: 2}}
    count = judged(**twice)

    assert len(count.double) == 1
    assert not count.good


def test_a_message_kept_twice_and_a_referral_that_nobody_made_are_double() -> None:
    assert len(judged(packets={KEY: 2}).double) == 1
    assert len(judged(strays=1).double) == 1


def test_a_press_that_was_never_answered_is_no_loss_and_no_success() -> None:
    count = judged(press(acknowledged_at=None, key=None), signals={}, delivered={})

    assert (count.lost, count.double, count.good) == ([], [], False)


@pytest.mark.parametrize(("kill_s", "found"), [(0.5, 0), (2.0, 1), (4.0, 0)])
def test_a_kill_between_commit_and_acknowledgement_is_told_apart(kill_s: float, found: int) -> None:
    kill = NOON + timedelta(seconds=kill_s)

    assert judged(kills=(kill,)).answered_after_a_kill == found


def test_the_shares_add_up_to_the_presses_and_the_seed_repeats_them() -> None:
    order = Order(100, 10, Victim.BOTH, seed=3, limit_s=1)
    plans = [shares(order, random.Random(order.seed)) for _ in range(2)]  # noqa: S311 - repeatable

    assert plans[0] == plans[1]
    assert sum(plans[0]) == order.presses
    assert set(plans[0]) == {1, 2}


def test_percentiles_of_sorted_figures() -> None:
    assert [at([1.0, 2.0, 3.0, 4.0], share) for share in (0.0, 0.5, 1.0)] == [1.0, 3.0, 4.0]
    assert at([], 0.5) == 0.0


def test_a_blindness_that_nobody_was_told_of_in_time_is_late() -> None:
    in_time = Seen(NOON, metric_s=2.0, ready_s=2.0, log_s=2.0)
    never = Seen(NOON, metric_s=2.0, ready_s=9.0)

    assert late(Outage(Form.STOPPED, in_time, Count(), alarm_s=[0.1, 1.9])) == []
    assert len(late(Outage(Form.STOPPED, in_time, Count(), alarm_s=[0.1, 2.1]))) == 1
    assert len(late(Outage(Form.STOPPED, never, Count()))) == 2


def test_the_probe_speaks_mqtt_as_a_device_does() -> None:
    (event,) = Connection(Limits(), NOON).receive(connect_packet("17", "secret"), NOON)

    assert isinstance(event, ConnectRequested)
    assert (event.username, event.password) == ("17", b"secret")


@pytest.mark.timeout(300)
async def test_two_killed_gateways_and_a_killed_database_lose_nothing_and_double_nothing() -> None:
    order = Order(24, 3, Victim.BOTH, seed=11, limit_s=240, postgres_every=2)
    count, story = await torture(order, lambda _: None)

    assert (count.lost, count.double, story.trouble) == ([], [], "")
    assert count.acknowledged == count.presses == order.presses
    assert count.referrals == count.people
    assert story.killed == {Victim.GATEWAY: 2, Victim.POSTGRES: 1}
