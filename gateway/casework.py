"""From locked cases and what came to them, to what must be saved. Shared by all who change a case.

Intake, ticker, desks and receipt handlers bring inputs to locked subjects; this asks deciding, and
makes sure that one input which breaks deciding harms itself only: it is decided again as a fault,
which raises a technical alarm and, when it looked like a call, an operator.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from alerts import decide
from alerts.case import Case, Decision, Entry, Outgoing
from alerts.events import Event, Heard
from alerts.facts import Elsewhere, Facts, Service
from alerts.ruleset import Rules
from alerts.words import What
from gateway import metrics
from gateway.errors import CannotDecide
from gateway.log import place
from gateway.store.cases import Subject
from gateway.store.save import Decided

__all__ = ["NOTHING", "CannotDecide", "Inputs", "work"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What came to one subject since its case was last decided; timers run in any case."""

    heard: tuple[Heard, ...] = ()
    events: tuple[Event, ...] = ()
    actor: str = "gateway"


NOTHING = Inputs()


def work(
    subjects: Iterable[Subject],
    facts: Mapping[UUID, Facts],
    inputs: Mapping[UUID, Inputs],
    rules: Rules,
    now: datetime,
) -> list[Decided]:
    """Decide each subject's case; automatic referrals count against their services as they go.

    What one case of a person refers, that person's other case of the same batch knows (ADR 0009).

    Raises:
        CannotDecide: a case breaks deciding even when its input is given as a fault; nothing of
            the batch may be saved.
    """
    made: dict[tuple[UUID, str], int] = {}
    opened: dict[str, tuple[Elsewhere, ...]] = {}
    decided = []
    for subject in subjects:
        before = subject.case or decide.new_case(str(subject.id), now)
        known = _with_counts(facts[subject.id], subject.organisation_id, made)
        known = _with_opened(known, opened)
        given = inputs.get(subject.id, NOTHING)
        try:
            decision = _decide(before, known, rules, given, now)
        except Exception as error:
            raise CannotDecide(subject.id, type(error).__name__) from error
        _count(decision, subject.organisation_id, made)
        _note_opened(decision, opened)
        decided.append(Decided(subject, before, decision, given.actor))
    return decided


def _with_counts(
    facts: Facts, organisation_id: UUID, made: Mapping[tuple[UUID, str], int]
) -> Facts:
    if not made:
        return facts
    services: tuple[Service, ...] = tuple(
        msgspec.structs.replace(
            service,
            automatic_last_hour=service.automatic_last_hour
            + made.get((organisation_id, service.id), 0),
        )
        for service in facts.services
    )
    return msgspec.structs.replace(facts, services=services)


def _with_opened(facts: Facts, opened: Mapping[str, tuple[Elsewhere, ...]]) -> Facts:
    """Tell a case what the same batch has referred for its person in another one."""
    found = opened.get(facts.person.id, ()) if facts.person is not None else ()
    if not found:
        return facts
    return msgspec.structs.replace(facts, elsewhere=(*facts.elsewhere, *found))


def _note_opened(decision: Decision, opened: dict[str, tuple[Elsewhere, ...]]) -> None:
    for entry in decision.entries:
        if entry.what is What.REFERRAL_MADE and entry.person and entry.referral and entry.service:
            one = Elsewhere(entry.referral, entry.service)
            opened[entry.person] = (*opened.get(entry.person, ()), one)


def _count(decision: Decision, organisation_id: UUID, made: dict[tuple[UUID, str], int]) -> None:
    for entry in decision.entries:
        metrics.decisions.labels(what=entry.what.value).inc()
        if entry.what is What.REFERRAL_MADE and entry.provisional and entry.service:
            key = (organisation_id, entry.service)
            made[key] = made.get(key, 0) + 1


def _decide(case: Case, facts: Facts, rules: Rules, given: Inputs, now: datetime) -> Decision:
    steps: list[Decision] = []
    if given.heard:
        steps.append(_decide_heard(case, facts, rules, given.heard, now))
        case = steps[-1].case
    for event in given.events:
        steps.append(decide.on_event(case, facts, rules, event, now))
        case = steps[-1].case
    if not steps:
        steps.append(decide.due(case, facts, rules, now))
    return Decision(
        case=steps[-1].case,
        entries=tuple(entry for step in steps for entry in step.entries),
        outgoing=tuple(out for step in steps for out in step.outgoing),
    )


def _decide_heard(
    case: Case, facts: Facts, rules: Rules, heard: Sequence[Heard], now: datetime
) -> Decision:
    try:
        return decide.on_signals(case, facts, rules, heard, now)
    except Exception as error:  # noqa: BLE001 - whatever breaks deciding must not swallow a call
        metrics.deciding_failed.inc()
        log.error("deciding failed; each signal is decided by itself", error=place(error))
    entries: list[Entry] = []
    outgoing: list[Outgoing] = []
    for one in heard:
        step = _decide_alone(case, facts, rules, one, now)
        case = step.case
        entries.extend(step.entries)
        outgoing.extend(step.outgoing)
    return Decision(case=case, entries=tuple(entries), outgoing=tuple(outgoing))


def _decide_alone(case: Case, facts: Facts, rules: Rules, one: Heard, now: datetime) -> Decision:
    try:
        return decide.on_signals(case, facts, rules, [one], now)
    except Exception as error:  # noqa: BLE001 - decided again as what it is: a fault
        fault = msgspec.structs.replace(
            one,
            signal=None,
            fault="deciding_failed",
            detail=f"{type(error).__name__} while deciding",
            press_shaped=True,
        )
        return decide.on_signals(case, facts, rules, [fault], now)
