"""The tables: every cell is walked, and every state and event appears."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from alerts.lifecycle import (
    ALARM,
    REFERRAL,
    TASK,
    AlarmEvent,
    Forbidden,
    ReferralEvent,
    TaskEvent,
    advance,
)
from alerts.words import AlarmState, DeliveryAct, ReferralState, ServiceAct, TaskState

Table = Mapping[StrEnum, Mapping[StrEnum, StrEnum]]
TABLES = [
    (ALARM, AlarmState, AlarmEvent),
    (REFERRAL, ReferralState, ReferralEvent),
    (TASK, TaskState, TaskEvent),
]


@pytest.mark.parametrize(("table", "states", "events"), TABLES)
def test_every_cell_gives_a_state_or_is_forbidden(
    table: Table, states: type[StrEnum], events: type[StrEnum]
) -> None:
    for state in states:
        for event in events:
            if event in table[state]:
                assert advance(table, state, event) in states
            else:
                with pytest.raises(Forbidden, match=f"{event} is not possible when {state}"):
                    advance(table, state, event)


@pytest.mark.parametrize(("table", "states", "events"), TABLES)
def test_every_state_has_a_row_and_every_event_a_cell(
    table: Table, states: type[StrEnum], events: type[StrEnum]
) -> None:
    assert set(table) == set(states)
    assert {event for row in table.values() for event in row} == set(events)


def test_every_state_of_a_referral_can_be_reached_from_its_births() -> None:
    reached = {ReferralState.PROVISIONAL, ReferralState.SENT, ReferralState.RECEIVED}
    for _ in ReferralState:
        reached |= {after for state in reached for after in REFERRAL[state].values()}

    assert reached == set(ReferralState)


def test_what_services_and_senders_do_moves_referrals() -> None:
    words = {event.value for event in ReferralEvent}

    assert {act.value for act in (*ServiceAct, *DeliveryAct)} <= words


def test_nothing_automatic_closes_an_alarm_that_a_person_has() -> None:
    ends = {e for e, after in ALARM[AlarmState.TAKEN].items() if after is AlarmState.CLOSED}

    assert ends == {AlarmEvent.CLOSE}
