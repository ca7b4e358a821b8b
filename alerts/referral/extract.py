"""One referral as the community services data set asks for it (CSDS; CLINICAL 2.5, 2.8).

Contract: pure. The provider submits the data set, not the alarm centre: this is what it can load.
Dates and times are those of the service's wall clock; `derived` holds the same instants in UTC and
both clocks. Provisional referrals that nobody confirmed or accepted have no record here.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from alerts.case import Referral
from alerts.referral.clock import STANDARD, minutes_elapsed, minutes_press_to_arrival, standard_met
from alerts.referral.extract_codes import TO_BE_AGREED, Coder, short_id
from alerts.referral.extract_hours import time_in_hours
from alerts.referral.extract_raw import (
    Contact,
    Period,
    Raw,
    contacts,
    ended_at,
    ending,
    is_active,
    is_joint,
    need,
    onward,
)
from alerts.rule_rows import CodeList
from alerts.ruleset import Rules
from alerts.words import Mechanism, ReferralState

Fields = dict[str, Any]
MINUTE = timedelta(minutes=1)
NOT_CODED = "not_coded"
WITHDRAWN = "withdrawn"
CONVEYED = "conveyed"
LISTED = ("CYP105", "CYP201", "CYP202")
SINGLE = ("CYP001", "CYP101", "CYP102", "CYP104")


class Asked(msgspec.Struct, frozen=True):
    """What an extract is made with: month, rules, and the time it is made at."""

    period: Period
    rules: Rules
    now: datetime


def csds_records(raws: tuple[Raw, ...], asked: Asked, coder: Coder) -> tuple[Fields, ...]:
    """Give the records of the referrals that were open in the month, by when they were received."""
    active = [raw for raw in raws if is_active(raw, asked.period)]
    active.sort(key=lambda raw: (_received_at(raw.referral), raw.referral.id))
    return tuple(_record(raw, asked, coder) for raw in active)


def _received_at(referral: Referral) -> datetime:
    assert referral.received_at is not None  # is_active has asked
    return referral.received_at


def _record(raw: Raw, asked: Asked, coder: Coder) -> Fields:
    referral, patient = raw.referral, raw.whom
    key = short_id(referral.id)
    local_id = None if patient is None else short_id(patient.id)
    number = None if patient is None else patient.nhs_number
    visits = [one for one in contacts(raw) if asked.period.holds(one.at, raw.zone)]
    first = next((one for one in contacts(raw) if one.mechanism is Mechanism.FACE_TO_FACE), None)
    return {
        "ServiceRequestID": key,
        "LocalPatientID": local_id,
        "NHSNumber": number,
        "CYP001": _person(raw, coder),
        "CYP101": _received(raw, asked.rules, coder),
        "CYP102": _team(raw, asked.rules, coder),
        "CYP104": _waiting(raw, coder),
        "CYP105": _onward(raw, asked.period, coder),
        "CYP201": [_contact(raw, one, key, first, coder) for one in visits],
        "CYP202": [_activity(one, key, first, coder) for one in visits],
        "derived": _derived(raw, asked),
    }


def _person(raw: Raw, coder: Coder) -> Fields:
    patient = raw.whom
    if patient is None:
        return {}
    status = "present" if patient.nhs_number else "absent"
    return {
        "LocalPatientID": short_id(patient.id),
        "NHSNumber": patient.nhs_number,
        "NHSNumberStatus": coder.code("CYP001.NHSNumberStatus", CodeList.NHS_NUMBER_STATUS, status),
        "DateOfBirth": None if patient.born is None else patient.born.isoformat(),
        "Postcode": patient.postcode,
    }


def _received(raw: Raw, rules: Rules, coder: Coder) -> Fields:
    referral = raw.referral
    reason = need(raw, rules)
    return {
        "ReferralRequestReceivedDate": _date(raw, referral.received_at),
        "ReferralRequestReceivedTime": _time(raw, referral.received_at),
        "SourceOfReferral": coder.code(
            "CYP101.SourceOfReferral", CodeList.SOURCE, referral.source.value
        ),
        "ReferringOrganisation": TO_BE_AGREED,
        "PrimaryReason": None
        if reason is None
        else coder.code("CYP101.PrimaryReason", CodeList.NEED, reason),
        "PriorityTypeCode": coder.code(
            "CYP101.PriorityTypeCode", CodeList.PRIORITY, referral.standard.value
        ),
    }


def _team(raw: Raw, rules: Rules, coder: Coder) -> Fields:
    referral = raw.referral
    rejected = referral.state is ReferralState.REJECTED
    closed_at = None if rejected else ended_at(referral)
    word = WITHDRAWN if referral.withdrawn_at else ending(raw, rules) or NOT_CODED
    return {
        "CareProfessionalTeamLocalID": referral.service,
        "TeamTypeCode": coder.code("CYP102.TeamTypeCode", CodeList.TEAM, raw.service.kind),
        "ClosureDate": _date(raw, closed_at),
        "ClosureReason": coder.code("CYP102.ClosureReason", CodeList.CLOSURE, word)
        if closed_at
        else None,
        "RejectionDate": _date(raw, referral.rejected_at) if rejected else None,
        "RejectionReason": coder.code("CYP102.RejectionReason", CodeList.REJECTION, "rejected")
        if rejected
        else None,
    }


def _waiting(raw: Raw, coder: Coder) -> Fields:
    referral = raw.referral
    stop = referral.first_face_to_face_at
    status = "stopped" if stop else "not_attended" if ended_at(referral) else "running"
    return {
        "WaitingTime_MeasurementType": coder.code(
            "CYP104.WaitingTime_MeasurementType", CodeList.MEASUREMENT, referral.standard.value
        ),
        "RTT_StartDate": _date(raw, referral.received_at),
        "RTT_StartTime": _time(raw, referral.received_at),
        "RTT_EndDate": _date(raw, stop),
        "RTT_EndTime": _time(raw, stop),
        "RTT_Status": coder.code("CYP104.RTT_Status", CodeList.RTT_STATUS, status),
    }


def _onward(raw: Raw, period: Period, coder: Coder) -> list[Fields]:
    left = [one for one in onward(raw) if period.holds(one.at, raw.zone)]
    return [
        {
            "OnwardReferralDate": _date(raw, one.at),
            "OnwardReferralReason": coder.code(
                "CYP105.OnwardReferralReason", CodeList.ONWARD, one.kind
            ),
            "OnwardTo": one.kind,
            "OnwardOrganisation": TO_BE_AGREED,
        }
        for one in left
    ]


def _contact(raw: Raw, one: Contact, key: str, first: Contact | None, coder: Coder) -> Fields:
    word = "first" if one == first else "follow_up"
    return {
        "CareContactID": f"{key}-{one.number:03d}",
        "ContactDate": _date(raw, one.at),
        "ContactTime": _time(raw, one.at),
        "ConsultationType": coder.code("CYP201.ConsultationType", CodeList.CONSULTATION, word),
        "CareContactSubject": coder.code("CYP201.CareContactSubject", CodeList.SUBJECT, "patient"),
        "ConsultationMechanism": None
        if one.mechanism is None
        else coder.code("CYP201.ConsultationMechanism", CodeList.MECHANISM, one.mechanism.value),
        "ActivityLocation": coder.code("CYP201.ActivityLocation", CodeList.LOCATION, "home")
        if one.mechanism is Mechanism.FACE_TO_FACE
        else None,
        "Attended": coder.code("CYP201.Attended", CodeList.ATTENDANCE, "attended"),
        "CareProfessionalTeamLocalID": raw.referral.service,
    }


def _activity(one: Contact, key: str, first: Contact | None, coder: Coder) -> Fields:
    if one == first:
        word = "first_visit"
    else:
        word = "visit" if one.mechanism is Mechanism.FACE_TO_FACE else str(one.mechanism or "")
    return {
        "CareActivityID": f"{key}A{one.number:03d}",
        "CareContactID": f"{key}-{one.number:03d}",
        "ActivityType": coder.code("CYP202.ActivityType", CodeList.ACTIVITY, word)
        if word
        else None,
        "CareProfessionalLocalID": one.by or None,
    }


def waiting_minutes(referral: Referral) -> int | None:
    """Give the minutes of the stopped clock, a begun one counted as whole.

    So 120 is at most two hours, exactly when the standard is met; screens show whole minutes.
    """
    start, stop = referral.received_at, referral.first_face_to_face_at
    if referral.provisional or start is None or stop is None:
        return None
    return -((start - stop) // MINUTE)


def stop_reason(raw: Raw, rules: Rules) -> str | None:
    """Give why the clock no longer runs; None while it does."""
    referral = raw.referral
    if referral.first_face_to_face_at is not None:
        return "f2f"
    if referral.state is ReferralState.WITHDRAWN:
        return WITHDRAWN
    if referral.state is ReferralState.REJECTED:
        return "rejected"
    if referral.closed_at is None:
        return None
    return CONVEYED if ending(raw, rules) == CONVEYED else "cancelled"


def _derived(raw: Raw, asked: Asked) -> Fields:
    referral = raw.referral
    met = standard_met(referral, asked.rules, asked.now)
    start, stop = referral.received_at, referral.first_face_to_face_at
    within = None if not (start and stop) else time_in_hours(raw.service, start, stop) // MINUTE
    stamps = (
        "alarm_at", "pressed_at", "taken_at", "spoke_at", "decided_at", "sent_at", "accepted_at",
        "set_out_at",
    )  # fmt: skip
    return {
        "referral": referral.id,
        "alarm": referral.alarm,
        "WaitingTime_Minutes": waiting_minutes(referral),
        "ResponseStandard_Met": None if met is None else "Y" if met else "N",
        "alarm_to_arrival_minutes": minutes_press_to_arrival(referral),
        "minutes_elapsed": minutes_elapsed(referral),
        "minutes_in_hours": within,
        "clock_start": start,
        "clock_stop": stop,
        "stop_reason": stop_reason(raw, asked.rules),
        "basis_version": asked.rules.rows[STANDARD[referral.standard]].version,
        "joint": is_joint(raw),
        "follow_up_on": referral.follow_up_on,
        "outcome": ending(raw, asked.rules),
        **{name: getattr(referral, name) for name in stamps},
    }


def _date(raw: Raw, at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(raw.zone).date().isoformat()


def _time(raw: Raw, at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(raw.zone):%H:%M:%S}"
