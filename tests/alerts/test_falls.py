"""Falls at the edges: cached, cancelled, held back, joined by presses."""

from alerts.facts import Facts, Plan
from alerts.words import (
    CloseReason,
    Disposition,
    PersonStatus,
    SubjectKind,
    TaskKind,
)
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, House, facts, person


def test_a_cached_fall_on_an_open_fall_starts_no_second_wait() -> None:
    house = House()
    house.hear(0, "fall")
    house.operator(10, "spoke")
    house.hear(20, "fall", flags=["cached"])

    assert house.alarm.silent_since is None
    house.due(100)
    assert all(task.kind is not TaskKind.EMERGENCY_999 for task in house.case.tasks)


def test_a_fall_that_lies_not_still_waits_for_a_voice_all_the_same() -> None:
    house = House()
    house.hear(0, "fall", still_s=0)
    house.due(60)

    assert house.alarm.disposition is Disposition.EMERGENCY_999


def test_a_cancel_without_a_name_cancels_the_fall_of_its_device() -> None:
    house = House()
    house.hear(0, "fall", key="1")
    house.hear(5, "cancel", key="2")

    assert house.alarm.cancelled_at == house.at(5)
    house.due(70)
    assert house.alarm.disposition is None


def test_a_cancel_of_a_closed_alarm_changes_nothing() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "pendant", key="1")
    house.operator(5, "spoke")
    house.operator(6, "close", close_reason=CloseReason.ACCIDENT)
    house.hear(10, "cancel", key="2", of="1")

    assert house.reasons() == ["already_closed"]
    assert house.case.cancels == ()


def test_a_second_cancelled_fall_leaves_a_humans_decision_alone() -> None:
    house = House()
    for number, start in enumerate((0, 100)):
        house.hear(start, "fall", key=f"f{number}")
        house.operator(start + 5, "decide", disposition=Disposition.CONTACT)
        house.hear(start + 10, "cancel", of=f"f{number}")

    assert house.alarm.disposition is Disposition.CONTACT
    assert house.task(TaskKind.RING_BACK).due_at == house.at(110 + 900)


def test_a_fall_cancelled_while_a_press_counts_down_leaves_the_countdown() -> None:
    house = House()
    house.hear(0, "pendant")
    house.hear(10, "fall", key="f")
    house.hear(20, "cancel", of="f")
    house.due(90)

    assert house.referral.made_at == house.at(90)


def test_a_fall_cancelled_alone_stops_its_countdown_and_climbs() -> None:
    house = House(facts(person(plan={"fall": Plan(after_untaken_s=90)})))
    house.hear(0, "fall", key="f")
    house.hear(20, "cancel", of="f")
    house.due(300)

    assert house.case.referrals == ()


def test_a_fall_of_a_place_is_called_back_without_a_person() -> None:
    house = House(Facts(SubjectKind.PLACE, place="lounge"))
    house.hear(0, "fall", key="f")
    house.hear(5, "cancel", of="f")

    assert house.task(TaskKind.CALL_PATIENT).text == "call back"


def test_a_person_who_moved_away_meanwhile_is_not_referred_at_90_s() -> None:
    house = House()
    house.hear(0, "fall")
    house.hear(1, "cancel")
    house.hear(2, "pendant")
    house.operator(3, "take")
    house.operator(4, "release")
    house.facts = facts(person(plan=AT_ONCE, status=PersonStatus.AWAY))
    house.due(200)

    assert house.case.referrals == ()


def test_a_referral_held_for_a_fall_stays_back_when_the_person_is_barred_meanwhile() -> None:
    house = House(facts(person(plan={"fall": Plan(after_untaken_s=30)})))
    house.hear(0, "fall")
    house.due(30)
    house.facts = facts(person(status=PersonStatus.IN_HOSPITAL))
    house.due(60)

    assert house.case.referrals == ()
    assert house.alarm.disposition is Disposition.EMERGENCY_999


def test_an_at_once_fall_that_was_joined_by_a_press_stays_held() -> None:
    house = House(facts(person(plan={"fall": Plan(at_once=True), "press": Plan(at_once=True)})))
    house.hear(0, "fall")
    house.hear(10, "pendant")
    assert house.case.referrals == ()
    house.due(60)

    assert house.referral.made_at == house.at(60)


def test_an_open_fall_pressed_after_its_999_task_starts_a_ladder_again() -> None:
    house = House(facts(person(plan={"fall": Plan(operator=True)})))
    house.hear(0, "fall")
    house.operator(10, "spoke")
    house.hear(400, "pendant")
    house.due(1100)

    assert house.alarm.what == "fall"
    assert house.alarm.disposition is Disposition.EMERGENCY_999


def test_a_comfort_call_while_the_ladder_runs_starts_no_second_one() -> None:
    house = House(facts(person(plan={"fall": Plan(operator=True)})))
    house.hear(0, "fall")
    house.due(1200 + 120)

    assert "comfort_call_unanswered" in house.reasons()
    assert sum(task.kind is TaskKind.EMERGENCY_999 for task in house.case.tasks) == 1


def test_silence_is_remembered_once_for_an_alarm() -> None:
    house = House(facts(person(plan={"fall": Plan(operator=True)})))
    house.hear(0)
    house.due(60)
    house.hear(70, "fall")
    house.due(130)

    assert [past.kind for past in house.case.past].count("silent") == 1
