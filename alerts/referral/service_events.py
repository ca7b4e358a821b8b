"""What a response service does with a referral (INTERFACES 7, CLINICAL 2.4).

The first face-to-face contact stops the national clock; a second one, a telephone call or a video
consultation never moves it. A referral received from elsewhere is created here, not provisional,
and not screened when a clinician made it.
"""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.case import Referral
from alerts.events import ServiceEvent
from alerts.ids import inbound_referral_id
from alerts.lifecycle import REFERRAL, Forbidden, ReferralEvent, TaskEvent, advance
from alerts.referral import feedback, regrade
from alerts.referral.breach import asked_to_act, by_phone, unwatch
from alerts.referral.extra_tasks import make_extra_tasks
from alerts.referral.inbound import fields, inbound, when
from alerts.referral.make import settle
from alerts.referral.notes import by_service, said
from alerts.referral.watching import rewatch
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import finish_kind
from alerts.telecare import floor, ladder
from alerts.words import (
    AlarmKind,
    Mechanism,
    ReferralState,
    ServiceAct,
    TaskKind,
    What,
)

Act = Callable[[Step, Referral, ServiceEvent], Step]


def serve(step: Step, event: ServiceEvent) -> Step:
    """Do what a service said.

    Raises:
        Forbidden: the referral is not known, is another service's, or the table has no cell.
    """
    if event.do is ServiceAct.RING_BACK and not event.referral:
        return _rang_back(step, event)
    referral = find(step, event.service, event.referral)
    if referral is None:
        if event.do is not ServiceAct.RECEIVE or not event.referral:
            raise Forbidden(f"referral {event.referral} is not known here", Rule.SERVICE_ACTS)
        return _received(step, event)
    if referral.service != event.service:
        raise Forbidden(
            f"referral {referral.id} is with {referral.service}, not {event.service}",
            Rule.SERVICE_ACTS,
        )
    regrade.check(event)
    step = regrade.note(ACTS[event.do](step, referral, event), referral, event)
    step = regrade.to_999(step, step.referral(referral.id) or referral, event)
    return make_extra_tasks(step, referral.id, event)


def _received(step: Step, event: ServiceEvent) -> Step:
    """Create what came from elsewhere; who referred may have said 999 with it."""
    regrade.check(event)
    step = inbound(step, event)
    made = find(step, event.service, event.referral)
    assert made is not None  # made in the line before
    return regrade.to_999(step, made, event)


def find(step: Step, service: str, given: str) -> Referral | None:
    """Find a referral by our id, or by the id under which the service received it."""
    return step.referral(given) or step.referral(inbound_referral_id(service, given))


def _moved(step: Step, referral: Referral, event: ServiceEvent) -> Referral:
    """Move the referral through the table; who acts on it has received it."""
    state = advance(REFERRAL, referral.state, ReferralEvent(event.do.value))
    return replace(referral, state=state, received_at=referral.received_at or when(step, event))


def _recorded(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    """Keep what was done and what was said about it: the findings of a visit stand here."""
    inputs = {} if event.mechanism is None else {"mechanism": event.mechanism.value}
    reason = step.why(Rule.SERVICE_ACTS, event.do.value, by=event.by, **inputs)
    step = step.put_referral(by_service(step, referral, event))
    return step.say(What.NOTHING, reason, **fields(step, referral, event))


def _receive(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    return _recorded(step, _moved(step, referral, event), event)


def _seen(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    referral = _moved(step, referral, event)
    referral = replace(referral, seen_at=referral.seen_at or when(step, event))
    step = rewatch(step.put_referral(referral), referral)
    current = step.referral(referral.id) or referral
    return _recorded(step, current, event)


def _accepted(step: Step, referral: Referral, event: ServiceEvent) -> tuple[Step, Referral]:
    """Whoever accepts, sets out or arrives has accepted; nothing is provisional after it."""
    at = when(step, event)
    first = referral.accepted_at is None
    standard = event.standard or referral.standard
    referral = replace(
        referral,
        accepted_at=referral.accepted_at or at,
        seen_at=referral.seen_at or at,
        standard=standard,
    )
    step = unwatch(step.put_referral(referral), referral.id)
    if referral.provisional:
        reason = step.why(Rule.SERVICE_ACTS, "accepted_by_service", by=event.by)
        step = settle(step, referral, (reason,))
        referral = step.referral(referral.id) or referral
    if first:
        step = finish_kind(step, TaskKind.PHONE_REFERRAL, referral.id, TaskEvent.DONE)
    return step, referral


def _accept(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    step, referral = _accepted(step, _moved(step, referral, event), event)
    return _recorded(step, referral, event)


def _reject(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    """A rejection puts the case back in front of an operator, loudly."""
    referral = _moved(step, referral, event)
    referral = replace(by_service(step, referral, event), rejected_at=when(step, event))
    reason = step.why(
        Rule.SERVICE_ACTS,
        "rejected",
        why=event.reason,
        by=event.by,
        text=event.text,
        occurred_at=referral.rejected_at,
    )
    step = unwatch(step.put_referral(referral), referral.id)
    step = by_phone(step, referral, reason, said("referral rejected", event.reason))
    return feedback.to_referrer(step, referral, "rejected", event.reason)


def _set_out(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    moved = _moved(step, referral, event)
    moved = replace(moved, set_out_at=moved.set_out_at or when(step, event))
    moved = replace(moved, eta_at=event.eta or moved.eta_at)
    step, moved = _accepted(step, moved, event)
    step = floor.late_team(_recorded(step, moved, event), moved)
    alarm = step.alarm(moved.alarm)
    if alarm is None or alarm.device is None or moved.eta_at is None:
        return step
    text = f"team expected {moved.eta_at.astimezone(_zone(step, moved)):%H:%M}"
    return step.send(alarm.id, "device_down", alarm.device, alarm=alarm.id, body={"text": text})


def _zone(step: Step, referral: Referral) -> ZoneInfo:
    service = next((s for s in step.facts.services if s.id == referral.service), None)
    return ZoneInfo("Europe/London" if service is None else service.timezone)


def _face_to_face(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    """Count the visit; only the first stops the clock."""
    at = when(step, event)
    closed = referral.state is ReferralState.CLOSED
    state = advance(REFERRAL, referral.state, ReferralEvent.FACE_TO_FACE)
    first_at = referral.first_face_to_face_at or at
    referral = replace(
        referral,
        state=state,
        received_at=referral.received_at or at,
        first_face_to_face_at=first_at,
        contacts=referral.contacts + 1,
        support_until=first_at + step.rules.span(Rule.CRISIS_SUPPORT),
    )
    if closed:
        return _recorded(step, referral, event)
    step, referral = _accepted(step, referral, event)
    step = ladder.voice_on_referral(step, referral.alarm)
    return _recorded(step, referral, event)


def _contact(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    """A contact by telephone or video is a voice, and stops no clock."""
    if event.mechanism is Mechanism.FACE_TO_FACE:
        return _face_to_face(step, referral, replace(event, do=ServiceAct.FACE_TO_FACE))
    referral = _moved(step, referral, event)
    referral = replace(referral, contacts=referral.contacts + 1)
    step = _recorded(step, referral, event)
    return ladder.voice_on_referral(step, referral.alarm)


def _ring_back(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    """A clinician rang back; the task that waited for it is done."""
    referral = _moved(step, referral, event)
    if referral.alarm is not None:
        step = finish_kind(step, TaskKind.RING_BACK, referral.alarm, TaskEvent.DONE)
    return _recorded(step, referral, event)


def _rang_back(step: Step, event: ServiceEvent) -> Step:
    """A clinician rang back about an alarm that has no referral."""
    alarm = step.alarm(event.alarm) if event.alarm else step.open_alarm(AlarmKind.HELP)
    if alarm is None:
        raise Forbidden("ring_back needs a referral or an open call for help", Rule.SERVICE_ACTS)
    step = finish_kind(step, TaskKind.RING_BACK, alarm.id, TaskEvent.DONE)
    reason = step.why(Rule.SERVICE_ACTS, event.do.value, by=event.by)
    text = said(event.result, event.text)
    return step.about(What.NOTHING, alarm, reason, service=event.service, text=text)


def _outcome(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    """The outcome closes the referral and flows back to whoever answered the alarm."""
    state = advance(REFERRAL, referral.state, ReferralEvent.OUTCOME)
    at = when(step, event)
    follow_up = at + step.rules.span(Rule.FOLLOW_UP)
    referral = replace(
        referral,
        state=state,
        closed_at=at,
        outcome=event.outcome or event.text,
        follow_up_on=follow_up.astimezone(_zone(step, referral)).date(),
    )
    step = unwatch(step.put_referral(referral), referral.id)
    step = _recorded(step, referral, event)
    if not event.action_needed:
        return feedback.outcome(step, referral)
    step = asked_to_act(step, referral, event.by)
    return feedback.to_referrer(step, referral, "outcome", referral.outcome)


ACTS: Mapping[ServiceAct, Act] = {
    ServiceAct.RECEIVE: _receive,
    ServiceAct.SEEN: _seen,
    ServiceAct.ACCEPT: _accept,
    ServiceAct.REJECT: _reject,
    ServiceAct.SET_OUT: _set_out,
    ServiceAct.FACE_TO_FACE: _face_to_face,
    ServiceAct.CONTACT: _contact,
    ServiceAct.RING_BACK: _ring_back,
    ServiceAct.OUTCOME: _outcome,
}
