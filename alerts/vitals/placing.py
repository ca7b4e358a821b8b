"""What a verdict does to the finding about its parameter (DECIDING 7, bounded re-check).

Contract: an abnormal reading is a finding at once, unconfirmed; a second reading at its level
confirms it, a lower one lowers it to what both showed, a normal one takes an unconfirmed finding
away and marks a confirmed one as recovered. Only readings do that, never time. A confirmed finding
is never lowered.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.vital_words import Level
from alerts.vitals.state import NEWS2, RANK, Finding
from alerts.vitals.step import Step
from alerts.vitals.verdict import Verdict


class Outcome(StrEnum):
    """What became of a finding, in the order in which it is told."""

    NEW = "new"
    RAISED = "raised"
    CONFIRMED = "confirmed"
    FOLDED = "folded"
    LOWERED = "lowered"
    CLEARED = "cleared"
    RECOVERED = "recovered"
    SNOOZED = "snoozed"


class Placed(msgspec.Struct, frozen=True):
    """A parameter's finding after a verdict; None when it is gone, or there was nothing."""

    finding: Finding | None
    outcome: Outcome | None = None
    reasons: tuple[Reason, ...] = ()
    first: float | str | bool | None = None
    second: float | str | bool | None = None


WAITS = {Level.RED: Rule.VITALS_RECHECK_RED, Level.AMBER: Rule.VITALS_RECHECK_AMBER}


def place(step: Step, finding: Finding | None, verdict: Verdict) -> Placed:
    """Put a verdict to the finding about its parameter."""
    if verdict.level is None:
        return Placed(None) if finding is None else _normal(step, finding, verdict)
    if finding is None:
        return Placed(_found(step, verdict), Outcome.NEW, verdict.reasons)
    merged = {**_unmeasured(step, finding), **verdict.of}
    if RANK[verdict.level] > RANK[finding.level]:
        return _raised(step, finding, verdict, merged)
    shown = replace(
        finding,
        last_at=max(finding.last_at, verdict.at),
        of=merged,
        recovered_at=None,
        score=verdict.score,
    )
    if finding.is_snoozed:
        return Placed(shown, Outcome.SNOOZED, verdict.reasons)
    if finding.is_confirmed:
        is_second = verdict.at > finding.last_at and finding.recovered_at is None
        both = (finding.value, verdict.value) if is_second else ()
        return Placed(shown, Outcome.FOLDED, verdict.reasons, *both)
    return _again(shown, finding, verdict)


def _found(step: Step, verdict: Verdict) -> Finding:
    assert verdict.level is not None  # the caller has looked
    due_at = verdict.at + wait(step, verdict.level)
    return Finding(
        parameter=verdict.parameter,
        level=verdict.level,
        since=verdict.at,
        last_at=verdict.at,
        value=verdict.value,
        confirmed=None if verdict.waits else verdict.level,
        recheck_by=due_at if verdict.waits else None,
        score=verdict.score,
        of=verdict.of,
        reasons=verdict.reasons,
    )


def wait(step: Step, level: Level) -> timedelta:
    """Give how long a second reading is awaited, from the first."""
    return step.rules.span(WAITS[level])


def _raised(step: Step, finding: Finding, verdict: Verdict, of: dict[str, datetime]) -> Placed:
    """Worse than before: a finding of its own again, and no snooze holds it."""
    fresh = _found(step, verdict)
    sooner = [at for at in (finding.recheck_by, fresh.recheck_by) if at is not None]
    raised = replace(
        fresh,
        of=of,
        worse=True,
        confirmed=fresh.confirmed or finding.confirmed,
        recheck_by=min(sooner) if verdict.waits else None,
    )
    return Placed(raised, Outcome.RAISED, verdict.reasons)


def _again(shown: Finding, finding: Finding, verdict: Verdict) -> Placed:
    """Another reading about an unconfirmed finding: a second one, a correction, or neither."""
    assert verdict.level is not None  # the caller has looked
    level, both = verdict.level, (finding.value, verdict.value)
    lower = RANK[level] < RANK[finding.level]
    if _is_recheck(finding, verdict):
        done = replace(shown, level=level, confirmed=level, recheck_by=None)
        done = replace(done, reasons=verdict.reasons) if lower else done
        outcome = Outcome.LOWERED if lower else Outcome.CONFIRMED
        return Placed(done, outcome, verdict.reasons, *both)
    if not verdict.waits and not lower:
        done = replace(shown, confirmed=level, recheck_by=None)
        return Placed(done, Outcome.CONFIRMED, verdict.reasons)
    if lower and verdict.corrected:
        return Placed(replace(shown, level=level), Outcome.LOWERED, verdict.reasons)
    return Placed(shown, Outcome.FOLDED, verdict.reasons)


def _is_recheck(finding: Finding, verdict: Verdict) -> bool:
    """Say whether this is a second measurement of what showed it, and shows it again."""
    if finding.parameter != NEWS2:
        return verdict.at > finding.since
    return any(
        verdict.of[name] > at
        for name, at in finding.of.items()
        if name in verdict.of and name not in verdict.corrected
    )


def _normal(step: Step, finding: Finding, verdict: Verdict) -> Placed:
    """A normal reading: of what showed it, it clears or recovers; of anything else, nothing."""
    left = _unmeasured(step, finding)
    if finding.parameter == NEWS2 and any(name not in verdict.corrected for name in left):
        return Placed(finding)
    if verdict.at < finding.since or finding.recovered_at is not None:
        return Placed(finding)
    if finding.confirmed is None:
        name = "corrected_normal" if verdict.at == finding.since else "recheck_normal"
        since = {"parameter": finding.parameter, "since": finding.since, "value": finding.value}
        return Placed(None, Outcome.CLEARED, (step.why(Rule.VITALS_RECHECK, name, **since),))
    reason = step.why(
        Rule.VITALS_RECOVERED,
        "back_within_limits",
        parameter=finding.parameter,
        value=verdict.value,
        since=finding.since,
    )
    well = replace(finding, level=finding.confirmed, recheck_by=None, recovered_at=verdict.at)
    return Placed(well, Outcome.RECOVERED, (reason,))


def _unmeasured(step: Step, finding: Finding) -> dict[str, datetime]:
    """Give the readings that gave points and have not been taken again since."""
    newest = {str(code): reading.at for code, reading in step.state.newest.items()}
    return {name: at for name, at in finding.of.items() if newest.get(name, at) <= at}
