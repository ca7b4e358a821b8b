"""Answers are graded for whoever needs help; a decided referral is assessed by its criteria."""

import msgspec

from alerts import decide
from alerts.events import OperatorEvent
from alerts.rule_rows import AnswerRow, Grade
from alerts.ruleset import parse_rules
from alerts.telecare.answered import for_person
from alerts.words import (
    AlarmKind,
    CallTarget,
    Disposition,
    OperatorAct,
    ReferralState,
    What,
)
from devices.model import Status, StatusKind, StatusState
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, House, facts, person, rule_files, rules


def pressed(**fields: object) -> House:
    house = House(facts(person(**{"plan": BY_OPERATOR, **fields})))
    house.hear(0)
    return house


def answer(
    house: House, seconds: float, question: str, word: str, by: str | None = "carer"
) -> None:
    house.operator(seconds, "answer", question=question, answer=word, given_by=by)


# -- answers -----------------------------------------------------------------------------------


def test_an_answer_keeps_who_gave_it_and_the_last_one_stands() -> None:
    house = pressed()
    answer(house, 10, "general.pain", "no", "carer")
    answer(house, 20, "general.pain", "yes", "patient")
    answer(house, 30, "general.allergy", "no", None)

    assert house.alarm.answers == {"general.pain": "yes", "general.allergy": "no"}
    assert house.alarm.given_by == {"general.pain": "patient"}


def test_the_decision_names_the_answers_who_gave_them_and_the_rows_version() -> None:
    house = pressed()
    answer(house, 10, "general.stroke", "arm", "staff")

    reason = next(e for e in house.last.entries if e.what is What.DISPOSED).reasons[-1]
    assert reason.inputs == {"answers": ["general.stroke.arm"], "given_by": "staff"}
    answer(pressed_ := pressed(), 10, "general.crime", "yes", "staff")
    said = next(e for e in pressed_.last.entries if e.what is What.DISPOSED).reasons[-1]
    assert (said.rule, said.version) == ("exclusion.police", "1")
    assert said.inputs["answers"] == ["general.crime.yes"]


def test_a_graded_answer_is_given_by_somebody_known() -> None:
    house = pressed()
    answer(house, 10, "general.pain", "yes", "parrot")

    assert "given_by 'parrot'" in house.refusal()


def test_a_technical_alarm_has_no_script() -> None:
    house = House(facts())
    house.signal(0, Status("17", StatusKind.TAMPER, StatusState.FAULT))
    assert house.alarm.kind is AlarmKind.TECHNICAL
    answer(house, 10, "general.pain", "yes")

    assert "a technical alarm has no script" in house.refusal()


def test_the_voice_of_a_carer_is_the_clients_except_where_the_script_says_not() -> None:
    house = pressed()
    answer(house, 10, "no_reply.away", "no")
    assert house.alarm.silent_since is not None
    assert house.alarm.spoke_at is None
    answer(house, 20, "general.pain", "no")

    assert house.alarm.silent_since is None
    assert house.alarm.spoke_at == house.at(20)


def test_not_on_the_floor_starts_no_clock_of_the_floor() -> None:
    house = pressed()
    answer(house, 10, "general.on_floor", "no")

    assert house.alarm.on_floor_since is None


def test_the_client_who_needs_help_is_nobody_else() -> None:
    house = pressed(plan=AT_ONCE)
    answer(house, 10, "who_needs_help", "client")

    assert "somebody_else_needs_help" not in house.reasons()
    assert What.ALARM_RAISED not in house.whats()


def test_words_beside_a_life_threat_answer_are_kept() -> None:
    house = pressed()
    house.operator(
        10, "answer", question="general.choking", answer="yes", given_by="carer", text="on a plum"
    )

    assert house.last.entries[0].text == "on a plum"


def test_a_hit_head_is_graded_by_medicines_and_confusion_by_the_record() -> None:
    bump = rules().scripts.graded["general.head_injury", "yes"]
    confused = rules().scripts.graded["confusion.now", "yes"]

    def grade(row: AnswerRow, **fields: object) -> Grade:
        return for_person(person(**fields), row).grade

    assert grade(bump) is Grade.CLINICIAN
    assert grade(bump, anticoagulants=True) is Grade.EMERGENCY_999
    assert grade(confused) is Grade.CLINICIAN
    assert grade(confused, baseline_cognition="C") is Grade.UNKNOWN
    assert for_person(None, bump).grade is Grade.CLINICIAN


def test_what_is_said_twice_asks_for_one_telephone_call() -> None:
    house = pressed()
    answer(house, 10, "general.safeguarding", "yes")
    answer(house, 20, "duress.abuse", "yes")

    assert [task.text for task in house.case.tasks] == ["emergency duty team"]


def test_a_route_that_no_row_names_still_goes_to_its_disposition() -> None:
    files = {name: content for name, content in rule_files().items() if name != "llr.toml"}
    llr = rule_files()["llr.toml"].decode().split("[[route]]")[0]
    without = parse_rules({**files, "llr.toml": llr.encode()})
    # 2021-02-02 is a Tuesday: in office hours the line is meant, whose route no row names here.
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(4 * 3600)
    said = OperatorEvent(
        house.at(4 * 3600),
        "op1",
        OperatorAct.ANSWER,
        alarm=house.alarm.id,
        question="general.mental_health",
        answer="yes",
    )
    decided = decide.on_event(house.case, house.facts, without, said, said.at)

    assert decided.case.alarms[-1].disposition is Disposition.MENTAL_HEALTH


# -- criteria ----------------------------------------------------------------------------------


def test_a_decided_referral_carries_every_criterion_and_an_automatic_one_none() -> None:
    house = pressed(plan=AT_ONCE)
    assert house.referral.assessed == {}
    request = next(m for m in house.last.outgoing if m.what == "referral_request")
    assert request.body["assessed"] == {}
    house.operator(10, "decide", disposition=Disposition.UCR, need="frailty")

    assert house.referral.need == "frailty"
    assert house.referral.assessed == {
        "criterion.adult": "met",
        "criterion.no_life_threat": "not_known",
        "criterion.no_exclusion": "met",
        "criterion.judgement": "met",
        "criterion.need": "met",
        "criterion.at_home": "met",
    }


def test_the_reasons_name_each_criterion_with_its_version_and_words() -> None:
    house = pressed()
    house.operator(10, "decide", disposition=Disposition.UCR, need="off_legs")

    reasons = {r.reason: r for r in house.last.entries[0].reasons}
    assert reasons["need_named"].rule == "need.reduced_function"
    assert reasons["need_named"].inputs == {"need": "off_legs", "named": "reduced_function"}
    assert reasons["would_otherwise_attend"].inputs == {"said": "by the decision"}
    known = reasons["criteria_met"].inputs["criteria"]
    assert known["criterion.adult"] == "1: Whoever needs help is an adult."
    assert set(reasons["criteria_not_known"].inputs["criteria"]) == {"criterion.no_life_threat"}


def test_an_automatic_referral_says_that_nobody_assessed_it() -> None:
    house = pressed(plan=AT_ONCE)

    made = next(e for e in house.last.entries if e.what is What.REFERRAL_MADE)
    assert made.reasons[-1].inputs == {"assessed": "not assessed: provisional"}


def test_confirming_what_is_confirmed_already_is_not_assessed_again() -> None:
    house = pressed(plan=AT_ONCE)
    house.operator(10, "confirm")
    assert house.referral.assessed["criterion.adult"] == "met"
    house.operator(20, "confirm")

    assert "criteria_met" not in house.reasons()
    assert house.referral.state is ReferralState.SENT


def test_a_refusal_carries_the_criteria_and_changes_nothing() -> None:
    house = pressed()
    answer(house, 10, "general.mental_health", "yes")
    before = house.case.alarms
    house.operator(20, "decide", disposition=Disposition.UCR)

    assert "mental health: decide edt (emergency duty team)" in house.refusal()
    assert "criteria_not_met" in house.reasons()
    assert house.case.alarms == before
    assert house.case.referrals == ()


def test_a_referral_for_a_visitor_names_no_person_and_goes_to_no_machine() -> None:
    house = pressed()
    icrs = msgspec.structs.replace(house.facts.services[0], delivery="bars")
    house.facts = facts(person(plan=BY_OPERATOR), (icrs,))
    answer(house, 10, "who_needs_help", "visitor")
    house.operator(20, "decide", disposition=Disposition.UCR)

    body = next(m for m in house.last.outgoing if m.what == "referral_request").body
    assert (body["person"], body["helped"], body["delivery"]) == (None, "visitor", "desk")
    assert house.referral.person is None
    assert house.referral.helped == "visitor"


# -- two dispositions --------------------------------------------------------------------------


def both(house: House) -> tuple[Disposition | None, Disposition | None]:
    return house.alarm.disposition, house.alarm.also_disposition


def test_both_dispositions_are_shown_until_a_person_decides_for_the_emergency() -> None:
    house = pressed()
    house.operator(10, "decide", disposition=Disposition.CONTACT)
    house.due(700)
    assert both(house) == (Disposition.CONTACT, Disposition.EMERGENCY_999)
    house.operator(710, "decide", disposition=Disposition.ADVICE)
    assert both(house) == (Disposition.ADVICE, Disposition.EMERGENCY_999)
    house.operator(720, "decide", disposition=Disposition.EMERGENCY_999)

    assert both(house) == (Disposition.EMERGENCY_999, None)


def test_a_life_threat_answer_then_another_decision_shows_both() -> None:
    house = pressed()
    answer(house, 10, "general.chest_pain", "yes")
    house.operator(20, "decide", disposition=Disposition.GP_111)

    assert both(house) == (Disposition.GP_111, Disposition.EMERGENCY_999)


# -- new confusion -----------------------------------------------------------------------------


def test_a_ring_back_before_the_confusion_is_not_about_it() -> None:
    house = pressed()
    answer(house, 10, "general.pain", "yes")
    house.operator(20, "call", to=CallTarget.LINE)
    answer(house, 30, "confusion.now", "yes")
    house.due(330)

    assert "nobody_spoke_to_confused" in house.reasons()


def test_a_ring_back_that_was_called_off_is_nobodys_voice() -> None:
    house = pressed()
    answer(house, 10, "confusion.now", "yes")
    house.operator(20, "decide", disposition=Disposition.CONTACT)
    house.due(310)

    assert "nobody_spoke_to_confused" in house.reasons()
    assert both(house) == (Disposition.CONTACT, Disposition.EMERGENCY_999)


def test_a_carer_who_goes_on_answering_is_not_the_confused_person() -> None:
    house = pressed()
    answer(house, 10, "confusion.now", "yes")
    answer(house, 60, "confusion.head_injury", "no")
    answer(house, 70, "confusion.now", "worse")
    house.due(309)
    assert house.alarm.disposition is Disposition.CLINICIAN
    house.due(310)

    assert "nobody_spoke_to_confused" in house.reasons()


def test_a_no_reply_without_confusion_is_no_999_by_itself() -> None:
    house = pressed()
    house.operator(10, "no_reply")

    assert "confused_and_unreachable" not in house.reasons()
    assert house.alarm.disposition is None
