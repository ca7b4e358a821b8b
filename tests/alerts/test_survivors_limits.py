"""Every limit of a case is where it is said to be: one more is refused, left out or forgotten."""

import pytest

from alerts import decide
from alerts.events import DeviceLost, Heard
from alerts.referral.bars_read import dicts, text
from alerts.words import Source
from devices.model import Activation, ActivationKind, Flag
from tests.alerts.houses import BY_OPERATOR, House, facts, person, rules


def user_test(house: House, seconds: float, sender: str) -> None:
    test = Activation(sender, ActivationKind.PENDANT, flags=frozenset({Flag.TEST}))
    heard = Heard(f"{sender}@{seconds}", house.at(seconds), sender, "main", test)
    house.case = decide.on_signals(
        house.case, house.facts, rules(), [heard], house.at(seconds)
    ).case


def test_two_hundred_answers_are_kept_and_no_more() -> None:
    house = House()
    house.hear(0)
    for number in range(200):
        house.operator(1, "answer", question=f"asked {number}", answer="yes")
    assert len(house.alarm.answers) == 200
    house.operator(2, "answer", question="one more", answer="yes")

    assert house.refusal() == "201 answers, expected at most 200"
    house.operator(3, "answer", question="asked 7", answer="no")
    assert house.alarm.answers["asked 7"] == "no"


def test_twenty_cancels_wait_for_their_falls_and_the_oldest_is_forgotten() -> None:
    house = House()
    for number in range(21):
        house.hear(number / 10, "cancel", of=f"fall-{number}")

    assert [kept.of for kept in house.case.cancels] == [f"fall-{n}" for n in range(1, 21)]


def test_a_cancel_finds_its_signal_among_the_last_twenty() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    for number in range(21):
        house.hear(number, key=f"press-{number}")

    assert house.alarm.keys == tuple(f"17/press-{number}" for number in range(1, 21))


def test_a_technical_alarm_is_open_for_a_hundred_causes_at_most() -> None:
    house = House()
    house.tell(0, DeviceLost(house.at(0), tuple(f"d{number}" for number in range(99))))
    house.tell(1, DeviceLost(house.at(1), ("hundredth", "one-more")))

    assert len(house.alarm.causes) == 100
    assert house.alarm.causes[-1] == "hundredth:lost"
    assert house.alarm.signals == 101


def test_the_tests_of_fifty_devices_are_remembered_and_each_may_test_again() -> None:
    house = House()
    for number in range(51):
        user_test(house, number, f"d{number}")
    assert list(house.case.tested) == [f"d{number}" for number in range(50)]
    user_test(house, 100, "d0")

    assert house.case.tested["d0"] == house.at(100)


@pytest.mark.parametrize(("before_s", "said"), [(59, False), (60, True)])
def test_a_press_is_shown_as_late_from_a_minute_on(before_s: int, *, said: bool) -> None:
    house = House()
    press = Activation("17", ActivationKind.PENDANT, key="1", at=house.at(-before_s))
    house.signal(0, press)

    assert ("pressed_earlier" in house.reasons()) is said
    assert house.alarm.pressed_at == house.at(-before_s)


def test_a_visit_leaves_twenty_tasks_behind_at_most() -> None:
    house = House()
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    house.service(10, "accept", referral="gp-1", tasks=("therapy",) * 21)
    assert house.refusal() == "21 tasks, expected at most 20"
    house.service(20, "accept", referral="gp-1", tasks=("therapy",) * 20)

    assert len(house.case.tasks) == 20


def test_fifty_notes_stay_with_a_referral_the_newest() -> None:
    house = House()
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    for number in range(51):
        house.operator(number, "note", referral=house.referral.id, text=f"note {number}")

    assert [note.text for note in house.referral.notes] == [f"note {n}" for n in range(1, 51)]


def test_of_an_answer_two_hundred_entries_and_five_hundred_letters_are_looked_at() -> None:
    assert text("x" * 501) == "x" * 500
    assert dicts([{"n": n} for n in range(201)]) == [{"n": n} for n in range(200)]
