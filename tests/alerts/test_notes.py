"""What people say about a referral is kept, beside the referrer's own words and never over them."""

import pytest

from alerts.case import Note
from alerts.events import DeliveryEvent, TaskDone
from alerts.referral.notes import MAX_NOTES
from alerts.words import DeliveryAct, Mechanism, ReferralState, Source, TaskKind, What
from tests.alerts.houses import AT_ONCE, House, facts, person

CLINICAL = "back pain, cannot mobilise; dementia"


def received() -> House:
    house = House()
    house.service(0, "receive", referral="gp-1", source=Source.GP, need="fall", text=CLINICAL)
    return house


def referred() -> House:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    return house


def told(house: House) -> list[tuple[str, str, str]]:
    return [(note.what, note.by, note.text) for note in house.referral.notes]


def test_a_referral_from_elsewhere_keeps_its_need_and_its_words() -> None:
    house = received()

    assert (house.referral.need, house.referral.text) == ("fall", CLINICAL)
    assert house.last.entries[0].text == CLINICAL
    assert house.last.entries[0].reasons[0].inputs["need"] == "fall"


def test_nothing_that_is_said_later_replaces_the_referrers_words() -> None:
    house = received()
    house.service(10, "seen", by="nurse", text="read")
    house.service(20, "ring_back", by="doctor", result="advice given", text="call again at 9")
    house.operator(30, "note", referral=house.referral.id, text="key under pot")
    house.operator(40, "withdraw", referral=house.referral.id, reason="moved away", text="to Leeds")

    assert house.referral.text == CLINICAL
    assert told(house) == [
        ("seen", "nurse", "read"),
        ("ring_back", "doctor", "advice given; call again at 9"),
        ("note", "op1", "key under pot"),
        ("withdraw", "op1", "moved away; to Leeds"),
    ]
    withdrawn, told_referrer = house.last.entries
    assert withdrawn.text == "moved away; to Leeds"
    assert told_referrer.text == "tell the referrer (gp): withdrawn"


def test_a_rejection_keeps_its_reason_its_words_and_its_time() -> None:
    house = received()
    house.service(60, "reject", by="nurse", reason="not ours", text="try the hub",
                  occurred_at=house.at(30))  # fmt: skip

    assert house.referral.state is ReferralState.REJECTED
    assert house.referral.text == CLINICAL
    assert told(house) == [("reject", "nurse", "not ours; try the hub")]
    inputs = house.last.entries[0].reasons[0].inputs
    assert (inputs["why"], inputs["text"]) == ("not ours", "try the hub")
    assert inputs["occurred_at"] == house.at(30)


def test_every_visit_is_kept_with_when_it_happened_and_when_it_was_entered() -> None:
    house = received()
    house.service(600, "face_to_face", by="nurse", text="red leg", occurred_at=house.at(300))
    house.service(9000, "face_to_face", by="doctor", occurred_at=house.at(8000))

    assert house.referral.first_face_to_face_at == house.at(300)
    assert house.referral.notes == (
        Note(house.at(600), house.at(300), "nurse", "face_to_face", "red leg"),
        Note(house.at(9000), house.at(8000), "doctor", "face_to_face"),
    )
    entry = house.last.entries[-1]
    assert (entry.at, entry.occurred_at) == (house.at(9000), house.at(8000))


def test_a_visit_that_is_said_to_come_happened_now() -> None:
    house = received()
    house.service(600, "face_to_face", occurred_at=house.at(900))

    assert house.referral.notes[0].occurred_at == house.at(600)
    assert house.last.entries[-1].occurred_at == house.at(600)


def test_a_contact_says_how_it_was_held() -> None:
    house = received()
    house.service(60, "contact", mechanism=Mechanism.VIDEO)
    house.service(90, "contact", mechanism=Mechanism.FACE_TO_FACE)

    held = [(note.what, note.mechanism) for note in house.referral.notes]
    assert held == [("contact", Mechanism.VIDEO), ("face_to_face", Mechanism.FACE_TO_FACE)]
    assert house.last.entries[-1].reasons[0].inputs["mechanism"] == "face_to_face"


def test_an_outcome_keeps_its_code_and_its_words() -> None:
    house = received()
    house.service(60, "outcome", by="nurse", outcome="remains_at_home", text="daughter stays")

    assert house.referral.outcome == "remains_at_home"
    assert told(house) == [("outcome", "nurse", "daughter stays")]


def test_an_act_without_words_is_no_note() -> None:
    house = received()
    house.service(10, "accept", by="nurse")
    house.service(20, "set_out", by="nurse")

    assert house.referral.notes == ()
    assert house.last.entries[-1].occurred_at is None


def test_an_operator_confirms_with_words() -> None:
    house = referred()
    house.operator(10, "confirm", text="spoke to the neighbour")

    assert told(house) == [("confirm", "op1", "spoke to the neighbour")]
    reasons = house.last.entries[-1].reasons
    assert reasons[0].inputs["text"] == "spoke to the neighbour"


def test_a_note_on_an_alarm_is_kept_with_the_referral_it_names() -> None:
    house = referred()
    house.operator(10, "note", text="door is open")
    house.operator(20, "note", alarm=house.alarm.id, referral=house.referral.id, text="dog inside")

    assert told(house) == [("note", "op1", "dog inside")]
    assert house.alarm.note == "dog inside"
    assert house.last.entries[-1].text == "dog inside"


def test_the_words_of_a_task_that_was_done_stand_with_its_referral() -> None:
    house = received()
    house.service(10, "face_to_face", tasks=("equipment",))
    task = house.task(TaskKind.EQUIPMENT)
    house.tell(60, TaskDone(house.at(60), "store", task.id, text="commode is there"))

    assert told(house)[-1] == ("task_done", "store", "commode is there")


def test_the_newest_notes_stay_and_every_one_was_decided() -> None:
    house = received()
    for number in range(MAX_NOTES + 2):
        house.service(number + 1, "seen", text=f"read {number}")
        assert house.last.entries[-1].text == f"read {number}"

    assert len(house.referral.notes) == MAX_NOTES
    assert house.referral.notes[0].text == "read 2"


@pytest.mark.parametrize("do", ["request", "update", "withdrawal"])
def test_no_message_to_a_service_carries_what_was_said(do: str) -> None:
    house = referred()
    sent = list(house.last.outgoing)
    house.operator(10, "confirm", text="Fictional Mrs A")
    sent += house.last.outgoing
    house.operator(20, "withdraw", reason="Fictional Mrs A")
    sent += house.last.outgoing

    bodies = [message.body for message in sent if message.what == f"referral_{do}"]
    assert bodies
    assert "Fictional" not in str(bodies)


def test_a_delivery_is_no_note() -> None:
    house = referred()
    act = DeliveryAct.ACKNOWLEDGED
    house.tell(5, DeliveryEvent(house.at(5), "icrs", act, house.referral.id, text="202"))

    assert house.referral.notes == ()
    assert house.whats() == [What.NOTHING]
