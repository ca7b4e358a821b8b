"""What answers and failed deliveries of a BaRS-shaped referral do to the case."""

import pytest

from alerts.events import DeliveryEvent
from alerts.words import DeliveryAct, ReferralState, TaskKind
from tests.alerts.houses import AT_ONCE, House, facts, person


def house() -> House:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    return house


def failed(house: House, seconds: float, text: str) -> None:
    event = DeliveryEvent(
        house.at(seconds), "icrs", DeliveryAct.FAILED, house.referral.id, text=text
    )
    house.tell(seconds, event)


def test_what_goes_out_says_how_its_service_wants_it_and_who_has_the_alarm() -> None:
    made = house()
    request = next(o for o in made.last.outgoing if o.what == "referral_request")
    made.operator(5, "take")
    made.operator(6, "withdraw", reason="is well")
    withdrawal = next(o for o in made.last.outgoing if o.what == "referral_withdrawal")

    assert (request.body["delivery"], request.body["operator"]) == ("desk", None)
    assert (withdrawal.body["delivery"], withdrawal.body["operator"]) == ("desk", "op1")
    assert withdrawal.body["change"] == "withdrawn"


def test_a_service_that_left_the_directory_has_no_way_of_delivery() -> None:
    made = house()
    made.facts = facts(person(plan=AT_ONCE), services=())
    made.operator(5, "take")
    made.operator(6, "withdraw", reason="is well")
    withdrawal = next(o for o in made.last.outgoing if o.what == "referral_withdrawal")

    assert withdrawal.body["delivery"] is None


@pytest.mark.parametrize("text", ["The service is out of order. Telephone it.", ""])
def test_the_phone_task_says_why_in_plain_words(text: str) -> None:
    made = house()
    failed(made, 60, text)

    assert made.task(TaskKind.PHONE_REFERRAL).text == (text or "referral not delivered")


@pytest.mark.parametrize(
    ("acts", "state"),
    [(("accept",), "accepted"), (("set_out",), "set_out"), (("face_to_face",), "attended")],
)
def test_a_change_that_does_not_reach_a_service_on_its_way_is_telephoned(
    acts: tuple[str, ...], state: str
) -> None:
    made = house()
    for act in acts:
        made.service(10, act)
    failed(made, 60, "A change was not delivered.")

    assert made.referral.state is ReferralState(state)
    assert made.task(TaskKind.PHONE_REFERRAL).text == "A change was not delivered."
    assert "back_in_front" in made.reasons()


def test_an_outcome_that_asks_for_action_is_before_an_operator() -> None:
    made = house()
    made.service(10, "accept")
    made.service(60, "outcome", outcome="response priority C2", action_needed=True)

    assert made.referral.state is ReferralState.CLOSED
    assert made.task(TaskKind.PHONE_REFERRAL).text == (
        "The service has finished and asks you to act: response priority C2"
    )
    assert "back_in_front" in made.reasons()
