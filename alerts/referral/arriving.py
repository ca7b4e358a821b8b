"""Until when a team that accepted must be with the person (CLINICAL 1.1 row 2, 2.4).

Accepting ends the 3 and the 15 minutes (alerts/referral/watching.py); from then on the standard is
watched, until somebody stands face to face with the person or the referral ends. A late team is a
phone task and puts the case back in front of an operator, again and again. It is no breach: that
word is kept for an answer that did not come (DECIDING 2), and the service may still act.
"""

from datetime import datetime

from alerts.case import Referral
from alerts.referral.breach import by_phone
from alerts.referral.clock import STANDARD
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.timing import TimerKind
from alerts.words import Standard

AGAIN = {
    Standard.TWO_HOUR: Rule.ARRIVE_AGAIN,
    Standard.TWO_DAY: Rule.ARRIVE_AGAIN_TWO_DAY,
}
NOT_SET_OUT = "the team has not set out: telephone it"
NOT_THERE = "the team is not there in time: telephone it, and the client"


def expect_team(step: Step, referral: Referral) -> Step:
    """Wait for the team of an accepted referral; nobody waits once it was face to face."""
    if referral.first_face_to_face_at is not None:
        return step
    return step.wait(TimerKind.ARRIVE, _due_at(step, referral), referral.id)


def not_there(step: Step, referral: Referral) -> Step:
    """The team is late, or will be: a person telephones; asked again until it is there."""
    latest = _latest(step, referral)
    late = step.now >= latest
    reason = step.why(
        STANDARD[referral.standard] if late else Rule.SET_OUT,
        "team_not_there" if late else "team_not_set_out",
        clock_from=_clock_from(referral),
        accepted_at=referral.accepted_at,
        set_out_at=referral.set_out_at,
        eta=referral.eta_at,
    )
    step = by_phone(step, referral, reason, NOT_THERE if late else NOT_SET_OUT)
    return expect_team(step, referral)


def _clock_from(referral: Referral) -> datetime:
    return referral.received_at or referral.made_at


def _latest(step: Step, referral: Referral) -> datetime:
    """Give when the team must be there: by the standard, or by an ETA that is little later."""
    latest = _clock_from(referral) + step.rules.span(STANDARD[referral.standard])
    patience = step.rules.span(AGAIN[referral.standard])
    eta_at = referral.eta_at
    if referral.set_out_at is None or eta_at is None or eta_at > latest + patience:
        return latest
    return max(latest, eta_at)


def _due_at(step: Step, referral: Referral) -> datetime:
    """Give when a person must look next: what is past already is not asked for at once."""
    times = [_latest(step, referral)]
    if referral.standard is Standard.TWO_HOUR and referral.set_out_at is None:
        times.append(_clock_from(referral) + step.rules.span(Rule.SET_OUT))
    again_at = step.now + step.rules.span(AGAIN[referral.standard])
    return min((at for at in times if at > step.now), default=again_at)
