"""Signals at the edges: faults, repeats, folding, limits, time that goes back, old cases."""

from datetime import date, timedelta

import msgspec
import pytest

from alerts import decide
from alerts.case import Case, Decision
from alerts.events import DeviceBack, DeviceLost, Heard
from alerts.facts import Facts
from alerts.plans import age_years
from alerts.rule_ids import Rule
from alerts.ruleset import PlanRow, Rules
from alerts.step import Step
from alerts.telecare.history import propose
from alerts.words import (
    AlarmKind,
    AlarmState,
    CloseReason,
    PersonStatus,
    ReferralState,
    SubjectKind,
    TaskKind,
    What,
)
from devices.model import Activation, ActivationKind, Status, StatusKind, StatusState
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, T0, House, facts, person, rules


def test_a_message_that_cannot_be_read_is_a_technical_alarm() -> None:
    house = House()
    house.signal(0, None, fault="corrupt", detail="7 bytes, expected 8")

    assert house.alarm.kind is AlarmKind.TECHNICAL
    assert house.alarm.note == "7 bytes, expected 8"
    house.signal(1, Status("17", StatusKind.LINK, StatusState.RESTORED))
    assert house.alarm.state is AlarmState.OPEN


def test_a_press_shaped_message_that_cannot_be_read_goes_up_to_an_operator() -> None:
    house = House()
    house.signal(0, None, fault="corrupt", press_shaped=True)

    assert house.alarm.kind is AlarmKind.HELP
    assert "unreadable_call" in house.reasons()


def test_deciding_the_same_receipt_again_opens_no_second_alarm() -> None:
    house = House()
    press = Activation("17", ActivationKind.PENDANT, key="1")
    house.signal(0, press, receipt="same")
    house.signal(1, press, receipt="same")

    assert house.whats() == [What.NOTHING]
    assert house.alarm.signals == 1


def test_the_id_of_an_alarm_comes_from_its_receipt() -> None:
    first, second = House(), House()
    press = Activation("17", ActivationKind.PENDANT)
    first.signal(0, press, receipt="r")
    second.signal(5, press, receipt="r")

    assert first.alarm.id == second.alarm.id


def test_one_unknown_source_rings_a_limited_number_of_times_and_every_call_is_counted() -> None:
    house = House()
    for number in range(25):
        house.hear(number / 10, known=False)

    assert house.alarm.signals == 25
    assert house.alarm.rings == rules().count(Rule.UNKNOWN_RINGS)
    assert "folded" in house.reasons()


def test_no_reply_after_every_rung_changes_nothing_more() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    for seconds in (10, 20, 30):
        house.operator(seconds, "no_reply")

    assert house.whats() == [What.NOTHING]


def test_many_lost_devices_are_one_alarm_with_a_list() -> None:
    house = House()
    devices = tuple(f"d{number}" for number in range(30))
    house.tell(0, DeviceLost(house.at(0), devices, line="main"))
    assert len(house.case.alarms) == 1
    assert len(house.alarm.causes) == 30
    assert house.alarm.note.count(",") == 19
    house.tell(10, DeviceBack(house.at(10), devices))

    assert house.alarm.state is AlarmState.CLOSED


def test_causes_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.telecare.technical.MAX_CAUSES", 2)
    house = House()
    house.tell(0, DeviceLost(house.at(0), ("a", "b")))
    house.tell(1, DeviceLost(house.at(1), ("c",)))

    assert house.alarm.causes == ("a:lost", "b:lost")
    assert house.alarm.signals == 3


def test_time_never_goes_back() -> None:
    house = House()
    house.hear(100)
    house.hear(50)

    assert house.case.as_of == house.at(100)
    assert house.alarm.last_signal_at == house.at(100)


def test_a_defect_that_sets_timers_without_end_stops_and_goes_on_in_the_next_decision() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    step = Step(house.case, house.facts, rules(), house.case.as_of)
    stopped = decide._run(step, house.at(10_000), limit=2)

    assert stopped.case.as_of == house.at(60)
    assert stopped.case.next_due_at == house.at(60)


def test_an_empty_case_has_nothing_due() -> None:
    decision = decide.due(decide.new_case("s", T0), facts(), rules(), T0)

    assert decision == Decision(Case("s", T0))
    assert decision.next_due_at is None


def test_what_is_closed_leaves_the_case_after_30_days() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(5, "spoke")
    house.service(10, "face_to_face", tasks=("equipment",))
    house.operator(20, "close", close_reason=CloseReason.REASSURED)
    house.service(30, "outcome", outcome="home")
    month_s = timedelta(days=30).total_seconds()
    house.due(29 + month_s)
    assert (len(house.case.alarms), len(house.case.referrals)) == (1, 1)
    house.due(31 + month_s)

    assert (house.case.alarms, house.case.referrals, house.case.past) == ((), (), ())
    assert [task.kind for task in house.case.tasks] == [TaskKind.EQUIPMENT], "still to be done"


def test_a_rejected_referral_without_its_stamp_stays() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    odd = msgspec.structs.replace(house.referral, state=ReferralState.REJECTED, rejected_at=None)
    house.case = msgspec.structs.replace(house.case, referrals=(odd,), timers=())
    house.due(timedelta(days=31).total_seconds())

    assert house.case.referrals == (odd,)


def test_a_plan_that_is_not_shipped_leaves_it_to_the_operator() -> None:
    bare = msgspec.structs.replace(rules(), plans=dict[str, PlanRow]())
    assert isinstance(bare, Rules)
    heard = Heard("r", T0, "17", "main", Activation("17", ActivationKind.PENDANT))
    decision = decide.on_signals(decide.new_case("s", T0), facts(), bare, [heard], T0)

    reasons = [reason.reason for reason in decision.entries[0].reasons]
    assert "no_plan_shipped" in reasons


def test_an_unknown_date_of_birth_is_no_reason_to_hold_a_referral() -> None:
    house = House(facts(person(plan=AT_ONCE, born=None)))
    house.hear(0)

    assert len(house.case.referrals) == 1


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        (date(2003, 2, 2), date(2021, 2, 2), 18),
        (date(2003, 2, 3), date(2021, 2, 2), 17),
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
    ],
)
def test_an_age_counts_birthdays(born: date, today: date, years: int) -> None:
    assert age_years(born, today) == years


def test_what_is_proposed_is_proposed_once_in_30_days() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    for number in range(5):
        house.hear(number * 1000)
        house.operator(number * 1000 + 1, "spoke")
        house.operator(number * 1000 + 2, "close", close_reason=CloseReason.ACCIDENT)

    assert sum(task.kind is TaskKind.FALLS_ASSESSMENT for task in house.case.tasks) == 1


def test_nothing_is_proposed_for_a_place() -> None:
    known = Facts(SubjectKind.PLACE, place="lounge")
    step = Step(decide.new_case("s", T0), known, rules(), T0)

    assert propose(step, rules().activations[ActivationKind.PENDANT]) == step


def test_who_is_barred_when_the_countdown_ends_is_not_referred() -> None:
    house = House()
    house.hear(0)
    house.facts = facts(person(status=PersonStatus.IN_HOSPITAL))
    house.due(90)

    assert house.case.referrals == ()
    assert {message.to for message in house.last.outgoing} >= {"consoles", "supervisor"}


def test_a_third_press_does_not_move_the_30_s_of_the_second() -> None:
    house = House()
    house.hear(0)
    house.operator(5, "take")
    house.hear(10)
    house.hear(30)
    house.due(40)

    assert house.alarm.state is AlarmState.OPEN
    assert "pressed_again_unanswered" in house.reasons()


def test_an_alarm_without_a_device_is_taken_without_a_word_to_it() -> None:
    house = House()
    house.hear(0)
    odd = msgspec.structs.replace(house.alarm, device=None)
    house.case = msgspec.structs.replace(house.case, alarms=(odd,))
    house.operator(5, "take")

    assert house.last.outgoing == ()


def test_no_call_to_a_bereaved_home_without_a_warning() -> None:
    house = House(facts(person(status=PersonStatus.DECEASED)))
    house.hear(0)
    house.due(60)

    assert house.task(TaskKind.CALL_PATIENT).text.endswith("; this home is bereaved")
