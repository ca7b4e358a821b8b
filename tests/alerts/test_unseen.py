"""An alarm that no console shows calls the supervisor at once, and changes nothing else."""

from alerts.events import Unseen
from alerts.timing import TimerKind
from alerts.words import What
from tests.alerts.houses import BY_OPERATOR, House, facts, person


def unseen(house: House, seconds: float) -> list[str]:
    """Tell that no console shows the alarm; give who is told."""
    decision = house.tell(seconds, Unseen(house.at(seconds), house.alarm.id))
    return [out.to for out in decision.outgoing if out.what == "notice"]


def test_an_unseen_alarm_calls_the_supervisor_at_once() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "pendant")

    assert unseen(house, 5) == ["consoles", "supervisor"]
    assert house.whats() == [What.NOTICE_MADE]
    assert house.reasons() == ["unseen"]


def test_the_climb_of_an_unseen_alarm_runs_on() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "pendant")
    before = [one for one in house.case.timers if one.kind.startswith("climb")]
    unseen(house, 5)

    after = [one for one in house.case.timers if one.kind.startswith("climb")]
    assert after == before
    assert TimerKind.CLIMB_SUPERVISOR in [one.kind for one in after]


def test_what_somebody_has_taken_meanwhile_calls_nobody() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "pendant")
    house.operator(4, "take")

    assert unseen(house, 5) == []


def test_an_alarm_nobody_knows_calls_nobody() -> None:
    house = House()
    house.hear(0, "pendant")

    decision = house.tell(5, Unseen(house.at(5), "none"))
    assert [out for out in decision.outgoing if out.what == "notice"] == []
