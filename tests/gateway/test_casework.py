"""What one batch decides about several cases: each knows what the others have just done."""

from uuid import UUID, uuid5

import pytest

from alerts.events import Heard
from alerts.facts import Facts, Plan
from alerts.words import SubjectKind, TaskKind, What
from devices.model import Activation, ActivationKind
from gateway import casework
from gateway.casework import Inputs
from gateway.store.cases import Subject
from tests.alerts.houses import ICRS, T0, facts, person, rules
from tests.databases import ORGANISATION

PERSON, PLACE = uuid5(ORGANISATION, "person"), uuid5(ORGANISATION, "place")
AT_ONCE = {"press": Plan(at_once=True)}


def subject(which: UUID, kind: SubjectKind) -> Subject:
    place = which if kind is SubjectKind.PLACE else None
    whose = which if kind is SubjectKind.PERSON else None
    return Subject(which, ORGANISATION, kind, whose, place, None, None, None)


def pressed(device: str) -> Inputs:
    signal = Activation(device, ActivationKind.PULL_CORD, key="1")
    return Inputs(heard=(Heard(f"{device}/1", T0, device, "main", signal),))


@pytest.mark.parametrize("order", [(PERSON, PLACE), (PLACE, PERSON)])
def test_a_pendant_and_a_cord_of_one_batch_refer_once(order: tuple[UUID, UUID]) -> None:
    who = person(plan=AT_ONCE, place="no-3")
    known = {
        PERSON: facts(who),
        PLACE: Facts(SubjectKind.PLACE, who, "no-3", services=(ICRS,), residents=("wc",)),
    }
    kinds = {PERSON: SubjectKind.PERSON, PLACE: SubjectKind.PLACE}
    subjects = [subject(one, kinds[one]) for one in order]

    first, second = casework.work(
        subjects, known, {PERSON: pressed("17"), PLACE: pressed("cord")}, rules(), T0
    )

    made = [e for e in first.decision.entries if e.what is What.REFERRAL_MADE]
    assert [(e.service, e.person) for e in made] == [("icrs", "wc")]
    assert not any(e.what is What.REFERRAL_MADE for e in second.decision.entries)
    (task,) = [t for t in second.decision.case.tasks if t.kind is TaskKind.PHONE_REFERRAL]
    assert (task.service, len(second.decision.case.alarms)) == ("icrs", 1)


def test_another_persons_case_of_the_batch_refers_as_ever() -> None:
    known = {PERSON: facts(person(plan=AT_ONCE)), PLACE: facts(person(id="ab", plan=AT_ONCE))}
    subjects = [subject(one, SubjectKind.PERSON) for one in (PERSON, PLACE)]

    decided = casework.work(
        subjects, known, {PERSON: pressed("17"), PLACE: pressed("18")}, rules(), T0
    )

    assert [len(one.decision.case.referrals) for one in decided] == [1, 1]
