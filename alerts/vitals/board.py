"""The board: what a message, or a missing one, does to what is open about a person.

Contract: one alert per person is open at most. The first finding opens it; the same level folds in;
worse raises it and, once confirmed, rings anew. It closes by itself only when nothing of it was
ever confirmed and the re-check was normal, or when what was missing has come.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from alerts.case import Reason
from alerts.ids import alarm_id
from alerts.rule_ids import Rule
from alerts.vitals import handing, ringing
from alerts.vitals.placing import Outcome, Placed, place
from alerts.vitals.state import COGNITION, MAX_FINDINGS, MISSING, RANK, Alert, Finding
from alerts.vitals.step import OF_ALERT, PATIENT, Closed, Step, TimerKind
from alerts.vitals.verdict import Verdict
from alerts.vitals.windows import forget
from alerts.words import AlarmKind, PersonStatus, What
from devices.model import VitalCode

STATED = frozenset({COGNITION, VitalCode.OXYGEN.value})
"""What somebody says and no sensor measures: there is no artefact to wait out."""
SHOWN_ONLY = frozenset({PersonStatus.IN_HOSPITAL, PersonStatus.ENDED, PersonStatus.DECEASED})
"""Where whoever gives a reading is not at home to be rung about: shown, flagged, nothing more."""


def judge(step: Step, opened_by: str, verdicts: Sequence[Verdict]) -> Step:
    """Put verdicts to the board; `opened_by` names an alert that opens now."""
    before = step.state.alert
    after = {} if before is None else {one.parameter: one for one in before.findings}
    told = list[Placed]()
    for said in verdicts:
        verdict = _known_already(said, after)
        placed = place(step, after.get(verdict.parameter), verdict)
        if placed.outcome is Outcome.CLEARED:
            step = forget(step, after[verdict.parameter])
        if placed.finding is not None:
            after[verdict.parameter] = placed.finding
        else:
            after.pop(verdict.parameter, None)
        if placed.outcome is not None:
            told.append(placed)
    if not told:
        return step
    findings = tuple(after.values())[:MAX_FINDINGS]
    if before is None:
        return _open(step, opened_by, findings, told)
    return _change(step, before, replace(before, findings=findings), told)


def _known_already(verdict: Verdict, findings: Mapping[str, Finding]) -> Verdict:
    """A score made of nothing but what is confirmed by itself waits for no re-check of its own."""
    single = all(
        name in STATED or ((own := findings.get(name)) is not None and own.is_confirmed)
        for name in verdict.of
    )
    return replace(verdict, waits=False) if verdict.of and single else verdict


def _open(
    step: Step, opened_by: str, findings: tuple[Finding, ...], told: Sequence[Placed]
) -> Step:
    alert = Alert(alarm_id(opened_by, AlarmKind.HEALTH.value), step.now, findings)
    reasons = tuple(reason for one in told for reason in one.reasons)
    if alert.confirmed_level is None:
        reasons = (*reasons, step.why(Rule.VITALS_RECHECK, "unconfirmed"))
    step = step.change(alert=alert).about(
        What.ALARM_OPENED, alert, *reasons, *_flagged(step), text=_about(findings)
    )
    return _follow(step, alert, told)


def _flagged(step: Step) -> tuple[Reason, ...]:
    if step.status is PersonStatus.HOME:
        return ()
    return (step.why(Rule.VITALS_STATUS, "person_not_at_home", status=step.status.value),)


def _about(findings: Sequence[Finding]) -> str:
    return ", ".join(f"{one.parameter} {one.level.value}" for one in findings)


def _change(step: Step, before: Alert, alert: Alert, told: Sequence[Placed]) -> Step:
    step = step.change(alert=alert)
    worse = RANK[alert.level] > RANK[before.level]
    joined = [one for one in told if one.outcome in (Outcome.NEW, Outcome.RAISED)]
    folded = [one for one in told if one.outcome is Outcome.FOLDED]
    if joined or folded:
        reasons = [reason for one in (*joined, *folded) for reason in one.reasons]
        what = What.ALARM_RAISED if worse else What.ALARM_JOINED
        rule, name = (Rule.VITALS_FOLD, "same_level")
        if worse:
            rule, name = (Rule.VITALS_RAISED, "worse")
        how = step.why(rule, name, was=before.level, now=alert.level)
        step = step.about(what, alert, how, *reasons, text=_about(alert.findings))
    for outcome, what, name in (
        (Outcome.CONFIRMED, What.ALARM_RAISED, "confirmed_by_recheck"),
        (Outcome.LOWERED, What.NOTHING, "recheck_lower"),
        (Outcome.SNOOZED, What.NOTHING, "snoozed"),
    ):
        found = [one for one in told if one.outcome is outcome]
        if found:
            how = step.why(Rule.VITALS_RECHECK, name)
            if outcome is Outcome.SNOOZED:
                how = step.why(Rule.VITALS_SNOOZE, name)
            reasons = [reason for one in found for reason in one.reasons]
            step = step.about(what, alert, how, *reasons)
    well = [r for o in told if o.outcome in (Outcome.CLEARED, Outcome.RECOVERED) for r in o.reasons]
    if not alert.findings:
        return close(step, before, *well)
    if well:
        step = step.about(What.NOTHING, alert, *well)
    return _follow(step, alert, told)


def close(step: Step, alert: Alert, *reasons: Reason, text: str = "") -> Step:
    """Close what is open, as it was; nothing waits about it any more."""
    step = step.about(What.ALARM_CLOSED, alert, *reasons, text=text)
    step = replace(step, closed=(*step.closed, Closed(alert, step.now)))
    return step.change(alert=None).stop(OF_ALERT)


def _follow(step: Step, alert: Alert, told: Sequence[Placed]) -> Step:
    """Ask for what is to be measured again, hand over what waits for nothing, and ring."""
    asked = [
        one.finding
        for one in told
        if one.outcome in (Outcome.NEW, Outcome.RAISED)
        and one.finding is not None
        and one.finding.recheck_by is not None
    ]
    if asked and step.status not in SHOWN_ONLY:
        step = _ask_again(step, alert, asked)
    step = await_recheck(step)
    step = ringing.ring_if_worse(step)
    return handing.crises(step, told)


def _ask_again(step: Step, alert: Alert, asked: Sequence[Finding]) -> Step:
    due_at = min(one.recheck_by for one in asked if one.recheck_by is not None)
    parameters = [one.parameter for one in asked]
    reason = step.why(Rule.VITALS_RECHECK, "recheck_asked", parameters=parameters)
    step = step.about(What.COUNTDOWN_STARTED, alert, reason, due_at=due_at)
    if step.status is not PersonStatus.HOME:
        return step  # prompts stop while the person is away
    return step.send(PATIENT, reason, "please measure again", alert)


def await_recheck(step: Step) -> Step:
    """Wait until the first of the re-checks that are due, if any is."""
    alert = step.state.alert
    findings = () if alert is None else alert.findings
    due_at = min((f.recheck_by for f in findings if f.recheck_by is not None), default=None)
    if due_at is None:
        return step.stop((TimerKind.RECHECK,))
    return step.wait(TimerKind.RECHECK, due_at, "")


def arrived(step: Step, what: str) -> Step:
    """What was missing has come: its finding goes, and the alert when nothing else is in it."""
    alert = step.state.alert
    finding = None if alert is None else alert.finding(MISSING + what)
    if alert is None or finding is None:
        return step
    reason = step.why(Rule.VITALS_MISSING, "has_come", what=what, missing_since=finding.since)
    left = replace(alert, findings=tuple(f for f in alert.findings if f is not finding))
    if not left.findings:
        return close(step, alert, reason)
    left = replace(left, rung_missing=left.rung_missing and left.lacks)
    step = step.change(alert=left)
    return step.about(What.NOTHING, alert, reason)
