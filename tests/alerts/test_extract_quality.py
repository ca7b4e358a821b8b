"""The data-quality report names what is missing or cannot be right, and what to do; no person."""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec
import pytest

from alerts.referral.extract import csds_records
from alerts.referral.extract_codes import Coder
from alerts.referral.extract_quality import NOT_HELD, Finding, Problem, findings
from alerts.referral.extract_raw import Patient, Raw
from alerts.rule_rows import CodeList, CodeRow
from alerts.ruleset import RuleError, parse_rules
from alerts.words import Disposition, Mechanism, Source, Standard
from tests.alerts.extract_house import PATIENT, Recorded, asked, finished, put_right, visited
from tests.alerts.houses import rule_files, rules


def whole() -> Recorded:
    """A referral that lacks nothing."""
    house = visited()
    house.operator(2700, "take")
    house.operator(2701, "spoke")
    house.operator(2702, "decide", disposition=Disposition.UCR, need="frailty", reason="weak")
    house.service(6240, "outcome", by="nurse-7", outcome="remains_at_home")
    return house


def with_patient(**fields: object) -> Raw:
    return whole().raw(msgspec.structs.replace(PATIENT, **fields))


def with_stamps(**moved_s: int) -> Raw:
    raw = whole().raw()
    stamps = {
        name: getattr(raw.referral, name) + timedelta(seconds=seconds)
        for name, seconds in moved_s.items()
    }
    return msgspec.structs.replace(raw, referral=msgspec.structs.replace(raw.referral, **stamps))


def test_a_referral_that_lacks_nothing_has_no_finding() -> None:
    assert put_right(whole().raw()) == []


@pytest.mark.parametrize(
    ("raw", "item", "problem", "found"),
    [
        (lambda: whole().raw(None), "CYP001", "missing", "nothing"),
        (lambda: with_patient(nhs_number=None), "CYP001.NHSNumber", "missing", "nothing"),
        (
            lambda: with_patient(nhs_number="9476719930"),
            "CYP001.NHSNumber",
            "implausible",
            "fails its check digit",
        ),
        (lambda: with_patient(postcode=None), "CYP001.Postcode", "missing", "nothing"),
        (
            lambda: with_patient(postcode="Leicester"),
            "CYP001.Postcode",
            "implausible",
            "is no full postcode",
        ),
        (lambda: with_patient(born=None), "CYP001.DateOfBirth", "missing", "nothing"),
        (
            lambda: with_patient(born=date(2003, 2, 3)),
            "CYP001.DateOfBirth",
            "implausible",
            "age 17",
        ),
        (
            lambda: with_patient(born=date(1905, 2, 2)),
            "CYP001.DateOfBirth",
            "implausible",
            "age 116",
        ),
        (
            lambda: with_stamps(closed_at=-4000),
            "closed_at",
            "implausible",
            "before first_face_to_face_at by 6 min",
        ),
        (
            lambda: with_stamps(closed_at=11 * 86_400),
            "closed_at",
            "implausible",
            "in the future",
        ),
    ],
)
def test_each_doubt_is_named_with_its_referral_and_what_to_do(
    raw: Callable[[], Raw], item: str, problem: str, found: str
) -> None:
    doubted = raw()
    (finding,) = put_right(doubted)

    assert (finding.item, finding.problem, finding.found) == (item, problem, found)
    assert finding.what_to_do
    assert (finding.referral, finding.service) == (doubted.referral.id, "icrs")


@pytest.mark.parametrize("born", [date(2003, 2, 2), date(1905, 2, 3)])
def test_the_first_and_the_last_plausible_age_are_no_doubt(born: date) -> None:
    assert put_right(with_patient(born=born)) == []


def test_a_referral_without_its_need_lacks_its_primary_reason() -> None:
    (finding,) = put_right(finished().raw())

    assert finding.item == "CYP101.PrimaryReason"


def test_a_need_in_free_text_is_doubted_and_not_repeated() -> None:
    raw = whole().raw()
    referral = msgspec.structs.replace(raw.referral, need="her son rang")
    (finding,) = put_right(msgspec.structs.replace(raw, referral=referral))

    assert (finding.item, finding.found) == (NEED, "the need is free text")


def test_every_word_of_ours_that_an_extract_codes_has_its_row() -> None:
    words = {of: {word for one, word in rules().codes if one is of} for of in CodeList}

    assert words[CodeList.NEED] == {row.name for row in rules().scripts.needs.values()}
    assert words[CodeList.SOURCE] == set(Source)
    assert words[CodeList.MECHANISM] == set(Mechanism)
    assert words[CodeList.MEASUREMENT] == words[CodeList.PRIORITY] == set(Standard)


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [("", Problem.MISSING), ("she was not conveyed", Problem.IMPLAUSIBLE)],
)
def test_a_closed_referral_needs_an_outcome_in_known_words(outcome: str, problem: Problem) -> None:
    found = [one for one in put_right(finished(outcome).raw()) if one.item != NEED]

    assert [(one.item, one.problem) for one in found] == [("CYP102.ClosureReason", problem)]
    assert "conveyed" not in found[0].found  # free text never stands in the report


NEED = "CYP101.PrimaryReason"


def test_an_open_referral_lacks_no_outcome() -> None:
    assert [one.item for one in put_right(visited().raw())] == [NEED]


def test_a_contact_lacks_its_mechanism_and_who_held_it() -> None:
    house = whole()
    house.service(7000, "contact")

    assert [one.item for one in put_right(house.raw())] == [
        "CYP201 contact 2 ConsultationMechanism",
        "CYP201 contact 2 CareProfessionalLocalID",
    ]


def test_an_earlier_visit_that_was_entered_later_disagrees_with_the_stamp() -> None:
    house = whole()
    house.service(7000, "face_to_face", by="n", occurred_at=house.at(1800))
    (finding,) = put_right(house.raw())

    assert (finding.item, finding.found) == ("CYP104.RTT_EndTime", "2 visits entered")


def test_a_visit_long_after_its_referral_is_doubted() -> None:
    house = visited()
    raw = house.raw()
    far = msgspec.structs.replace(raw.referral, received_at=house.at(-31 * 86_400))
    found = put_right(msgspec.structs.replace(raw, referral=far))

    assert [one.item for one in found if one.item.startswith("CYP104")] == ["CYP104.RTT_EndDate"]
    assert found[-1].found == "31 days after the start"


def test_a_contact_in_the_future_is_doubted() -> None:
    house = whole()
    house.service(7000, "contact", by="n", mechanism=Mechanism.TELEPHONE)
    found = put_right(house.raw(), now=house.at(6300))

    assert [(one.item, one.found) for one in found] == [("CYP201 contact 2", "in the future")]


def test_codes_to_be_agreed_are_said_once_with_how_often_they_were_used() -> None:
    raws = (whole().raw(), whole().raw())
    coder = Coder(rules())
    csds_records(raws, asked(), coder)
    found = findings(raws, asked(), coder)
    agree = {(one.item, one.found): one.count for one in found if one.problem == "to_be_agreed"}

    assert agree["CYP101.SourceOfReferral", "telecare: no code"] == 2
    assert agree["CYP202.ActivityType", "first_visit: 02"] == 2
    assert not any(item.startswith("CYP104.WaitingTime") for item, _ in agree)
    assert [one.item for one in found if one.problem == "not_held"] == [one for one, _ in NOT_HELD]


def test_nothing_to_report_about_nothing() -> None:
    assert findings((), asked(), Coder(rules())) == ()


def test_no_finding_holds_anything_about_a_person() -> None:
    bad = Patient(PATIENT.id, date(1850, 1, 1), "9476719930", "12 Fictional Street")
    text = msgspec.json.encode(put_right(whole().raw(bad))).decode()

    assert len(put_right(whole().raw(bad))) == 3
    assert not any(word in text for word in ("1850", "9476719930", "Fictional", PATIENT.id))


def test_a_word_without_a_row_is_to_be_agreed() -> None:
    coder = Coder(rules())

    assert coder.code("CYP102.TeamTypeCode", CodeList.TEAM, "COMMUNITY") == "TO BE AGREED"
    assert coder.code("CYP102.TeamTypeCode", CodeList.TEAM, "UCR") == "51"
    assert [use.word for use in coder.not_agreed] == ["COMMUNITY"]


def test_an_ending_that_no_figure_could_count_stops_the_start() -> None:
    files = rule_files()
    files["reporting.toml"] = files["reporting.toml"].replace(b'code = "home"', b'code = "hom"', 1)

    with pytest.raises(RuleError, match=r"reporting.toml.*'hom' of an ending, expected one of"):
        parse_rules(files)


def test_every_shipped_code_without_an_agreement_says_so_in_its_source() -> None:
    for row in rules().codes.values():
        assert isinstance(row, CodeRow)
        assert row.agreed != ("agreed" in row.source), row.id


def test_a_finding_counts_one_record_unless_it_says_otherwise() -> None:
    assert Finding(Problem.MISSING, "x", "nothing", "look").count == 1
