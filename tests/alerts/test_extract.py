"""The CSDS-shaped record of a referral: both clocks, the service's wall clock, composite keys."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from alerts.events import ServiceEvent
from alerts.referral.extract import csds_records, stop_reason, waiting_minutes
from alerts.referral.extract_codes import TO_BE_AGREED, Coder, short_id
from alerts.referral.extract_raw import (
    Period,
    onward,
)
from alerts.words import (
    Mechanism,
    ReferralState,
    ServiceAct,
    Source,
    Standard,
)
from tests.alerts.extract_house import (
    LATER,
    PATIENT,
    Recorded,
    asked,
    pressed,
    visited,
)
from tests.alerts.houses import T0, rules

MINUTE = timedelta(minutes=1)
DAY_HOURS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("08:00-20:00",))


def test_the_record_is_the_one_of_the_sample() -> None:
    """CLINICAL 2.8: 42 minutes by the national clock, 44 from the button press."""
    house = visited()
    record = house.record()

    assert record["ServiceRequestID"] == short_id(house.referral.id)
    assert record["NHSNumber"] == "9476719931"
    assert record["CYP101"] == {
        "ReferralRequestReceivedDate": "2021-02-02",
        "ReferralRequestReceivedTime": "06:58:10",
        "SourceOfReferral": TO_BE_AGREED,
        "ReferringOrganisation": TO_BE_AGREED,
        "PrimaryReason": None,
        "PriorityTypeCode": "2",
    }
    assert record["CYP102"]["TeamTypeCode"] == "51"
    assert record["CYP104"] == {
        "WaitingTime_MeasurementType": "05",
        "RTT_StartDate": "2021-02-02",
        "RTT_StartTime": "06:58:10",
        "RTT_EndDate": "2021-02-02",
        "RTT_EndTime": "07:40:00",
        "RTT_Status": TO_BE_AGREED,
    }
    assert record["derived"]["WaitingTime_Minutes"] == 42
    assert record["derived"]["ResponseStandard_Met"] == "Y"
    assert record["derived"]["alarm_to_arrival_minutes"] == 44
    assert record["derived"]["minutes_elapsed"] == 41


def test_contacts_and_activities_carry_their_referrals_key() -> None:
    house = visited()
    house.service(3000, "contact", by="physio-2", mechanism=Mechanism.VIDEO)
    house.service(9000, "contact", by="nurse-9", mechanism=Mechanism.TELEPHONE)
    house.service(9500, "face_to_face", by="nurse-9")
    record = house.record()
    key = record["ServiceRequestID"]

    assert [one["CareContactID"] for one in record["CYP201"]] == [
        f"{key}-001", f"{key}-002", f"{key}-003", f"{key}-004",
    ]  # fmt: skip
    assert [one["ConsultationMechanism"] for one in record["CYP201"]] == ["01", "11", "02", "01"]
    assert [one["ConsultationType"] for one in record["CYP201"]] == ["01", "02", "02", "02"]
    assert [one["ActivityLocation"] for one in record["CYP201"]] == ["A01", None, None, "A01"]
    assert [one["ActivityType"] for one in record["CYP202"]] == ["02", "04", "04", "03"]
    assert [one["CareProfessionalLocalID"] for one in record["CYP202"]] == [
        "nurse-7", "physio-2", "nurse-9", "nurse-9",
    ]  # fmt: skip
    assert [one["CareContactID"] for one in record["CYP202"]] == [
        one["CareContactID"] for one in record["CYP201"]
    ]
    assert len(key) == 16
    assert all(len(one["CareContactID"]) == 20 for one in record["CYP201"])


def test_a_contact_without_its_mechanism_has_no_code_and_no_activity_type() -> None:
    house = pressed()
    house.service(150, "accept")
    house.service(200, "contact")
    record = house.record()

    assert record["CYP201"][0]["ConsultationMechanism"] is None
    assert record["CYP202"][0]["ActivityType"] is None
    assert record["CYP202"][0]["CareProfessionalLocalID"] is None


def test_a_contact_of_another_month_waits_for_that_months_extract() -> None:
    house = visited()
    house.service(30 * 86_400, "face_to_face", by="nurse-9")
    raw = house.raw()
    (march,) = csds_records((raw,), asked(Period(2021, 3), LATER), Coder(rules()))

    assert [one["ContactDate"] for one in house.record()["CYP201"]] == ["2021-02-02"]
    assert [one["ContactDate"] for one in march["CYP201"]] == ["2021-03-04"]
    assert march["CYP201"][0]["ConsultationType"] == "02"


def test_dates_are_those_of_the_wall_clock_and_instants_stay_beside_them() -> None:
    """A visit after the clocks went back: 01:30 twice, an hour apart."""
    house = visited()
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    referral = msgspec.structs.replace(
        house.referral, received_at=start, first_face_to_face_at=start + 60 * MINUTE
    )
    raw = msgspec.structs.replace(house.raw(), referral=referral)
    (record,) = csds_records((raw,), asked(Period(2026, 10), start + 600 * MINUTE), Coder(rules()))

    assert record["CYP104"]["RTT_StartTime"] == record["CYP104"]["RTT_EndTime"] == "01:30:00"
    assert record["derived"]["WaitingTime_Minutes"] == 60
    assert record["derived"]["clock_start"] == start


def test_what_nobody_confirmed_or_accepted_has_no_record() -> None:
    house = pressed()

    assert csds_records((house.raw(),), asked(), Coder(rules())) == ()
    house.operator(200, "withdraw", reason="accident")
    assert csds_records((house.raw(),), asked(), Coder(rules())) == ()


def test_a_confirmed_one_that_was_withdrawn_is_closed_in_the_data_set() -> None:
    house = pressed()
    house.operator(140, "confirm")
    house.operator(200, "withdraw", reason="a relative has come")
    record = house.record()

    assert record["CYP102"]["ClosureDate"] == "2021-02-02"
    assert record["CYP102"]["ClosureReason"] == TO_BE_AGREED
    assert record["CYP104"]["RTT_EndDate"] is None
    assert record["derived"]["stop_reason"] == "withdrawn"


def test_a_rejected_one_has_its_rejection_and_no_closure() -> None:
    house = pressed()
    house.operator(140, "confirm")
    house.service(200, "reject", reason="no team")
    record = house.record()

    assert record["CYP102"]["RejectionDate"] == "2021-02-02"
    assert record["CYP102"]["RejectionReason"] == TO_BE_AGREED
    assert record["CYP102"]["ClosureDate"] is None
    assert record["derived"]["stop_reason"] == "rejected"


@pytest.mark.parametrize(
    ("outcome", "reason"), [("conveyed", "conveyed"), ("remains_at_home", "cancelled")]
)
def test_the_clock_of_one_closed_without_a_visit_stops_for_its_reason(
    outcome: str, reason: str
) -> None:
    house = pressed()
    house.service(150, "accept")
    house.service(300, "outcome", outcome=outcome)

    assert stop_reason(house.raw(), rules()) == reason


def test_a_running_clock_has_no_reason_and_no_minutes() -> None:
    house = pressed()
    house.service(150, "accept")

    assert stop_reason(house.raw(), rules()) is None
    assert waiting_minutes(house.referral) is None
    assert house.record()["derived"]["minutes_in_hours"] is None
    assert house.record()["derived"]["ResponseStandard_Met"] == "N"  # ten days later


def test_a_provisional_referral_has_no_waiting_time() -> None:
    assert waiting_minutes(pressed().referral) is None


def test_a_begun_minute_counts_so_that_120_is_met_and_121_is_not() -> None:
    house = visited()
    for seconds, minutes, met in ((7200, 120, "Y"), (7201, 121, "N")):
        start = house.referral.received_at
        assert start is not None
        referral = msgspec.structs.replace(
            house.referral, first_face_to_face_at=start + timedelta(seconds=seconds)
        )
        derived = house.record(referral=referral)["derived"]
        assert (derived["WaitingTime_Minutes"], derived["ResponseStandard_Met"]) == (minutes, met)


def test_a_two_day_referral_is_measured_as_06() -> None:
    house = Recorded()
    house.tell(
        0,
        ServiceEvent(
            T0, "icrs", ServiceAct.RECEIVE, "gp-1", source=Source.GP, standard=Standard.TWO_DAY,
            need="frailty",
        ),
    )  # fmt: skip
    record = house.record()

    assert record["CYP104"]["WaitingTime_MeasurementType"] == "06"
    assert record["CYP101"]["PriorityTypeCode"] == "1"
    assert record["CYP101"]["PrimaryReason"] == TO_BE_AGREED


def test_what_a_visit_left_for_others_is_an_onward_referral() -> None:
    house = pressed()
    house.service(150, "accept")
    house.service(2640, "face_to_face", by="n", tasks=("therapy", "equipment:urgent"))

    assert [one.kind for one in onward(house.raw())] == ["therapy", "equipment"]
    assert [one["OnwardTo"] for one in house.record()["CYP105"]] == ["therapy", "equipment"]
    assert house.record()["CYP105"][0]["OnwardReferralDate"] == "2021-02-02"


def test_a_referral_for_nobody_known_has_no_person() -> None:
    record = visited().record(patient=None)

    assert record["CYP001"] == {}
    assert record["LocalPatientID"] is record["NHSNumber"] is None


def test_a_person_without_a_number_says_so() -> None:
    house = visited()
    patient = msgspec.structs.replace(PATIENT, nhs_number=None, born=None)
    record = house.record(patient=patient)

    assert record["CYP001"]["NHSNumber"] is record["CYP001"]["DateOfBirth"] is None


def test_short_ids_are_the_same_for_ever_and_differ() -> None:
    ids = [f"6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f{number:04x}" for number in range(500)]

    assert short_id(ids[0]) == short_id(ids[0].upper())
    assert len({short_id(one) for one in ids}) == 500
    assert set("".join(map(short_id, ids))) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def test_the_day_of_a_birth_is_given_as_a_date() -> None:
    assert visited().record()["CYP001"]["DateOfBirth"] == str(date(1951, 5, 1))
    assert visited().referral.state is ReferralState.ATTENDED
