"""Taking a report in: which readings count, at whose time, and what is asked about them.

Stale readings, artefacts and repeats change nothing. A late one is put in at its own time and does
not take a newer one's place. One older than the ward's window is shown with its age and never
scored; where it is beyond a limit the ward is told so. A correction takes the place of what it
corrects and is judged again.
"""

from datetime import timedelta
from functools import reduce

import msgspec

from alerts.case import Reason
from alerts.rule_ids import Rule
from alerts.vital_words import Level
from alerts.vitals import board, questions
from alerts.vitals.inputs import STALE, Answered, Reading, Report, Value
from alerts.vitals.numbers import BEYOND, beyond_range, floor, limits, number_of, relative
from alerts.vitals.sets import SCORED, USABLE, news2
from alerts.vitals.state import ALERT, COGNITION, CONFUSED, Point
from alerts.vitals.step import WARD, Step
from alerts.vitals.verdict import Said, Verdict, together
from alerts.vitals.windows import kept, over_days, without
from alerts.words import What
from devices.model import Quality, VitalCode


class Taken(msgspec.Struct, frozen=True):
    """A reading that was taken in: whether it is of now, and whether it corrected another.

    `question` names the one whose answer it was.
    """

    reading: Reading
    fresh: bool
    corrected: bool = False
    question: str | None = None


def take(step: Step, report: Report) -> Step:
    """Take a report in and judge what it says."""
    taken: list[Taken] = []
    for reading in report.readings:
        step, one = _take_one(step, reading)
        if one is not None:
            taken.append(one)
    for answered in report.answered:
        if (said := questions.confusion(step, answered)) is not None:
            question, reading = said
            step, one = _take_one(step, reading)
            one = one or Taken(reading, fresh=_is_fresh(step, reading))
            taken.append(msgspec.structs.replace(one, question=question))
    verdicts = [verdict for one in taken for verdict in _verdicts(step, one)]
    scored = [one for one in taken if one.fresh and one.reading.code.value in SCORED]
    if scored:
        corrected = frozenset(one.reading.code.value for one in scored if one.corrected)
        whole = news2(step, max(one.reading.at for one in scored))
        verdicts.append(msgspec.structs.replace(whole, corrected=corrected))
    for answered in report.answered:
        step, more = _answers(step, answered)
        verdicts.extend(more)
    step = board.judge(step, report.receipt, verdicts)
    return reduce(_arrived, taken, step)


def _arrived(step: Step, one: Taken) -> Step:
    return board.arrived(step, one.reading.code.value) if one.fresh else step


def _take_one(step: Step, reading: Reading) -> tuple[Step, Taken | None]:
    """Put a reading in at its own time; None when it changes nothing."""
    known = step.state.newest.get(reading.code)
    ignored = _why_ignored(step, reading, known)
    if ignored is not None:
        return step.say(What.NOTHING, ignored), None
    before = step.state.points.get(reading.code, ())
    step = _keep_point(step, reading)
    if known is None or known.at < reading.at:
        return _newest(step, reading)
    if known.at == reading.at:
        return _correct(step, known, reading)
    corrected = any(p.at == reading.at and p.value != reading.value for p in before)
    late = step.why(
        Rule.VITALS_TIME,
        "out_of_order",
        vital=reading.code.value,
        at=reading.at,
        newest_at=known.at,
        corrected=corrected,
    )
    return step.say(What.NOTHING, late), Taken(known, fresh=False, corrected=corrected)


def _why_ignored(step: Step, reading: Reading, known: Reading | None) -> Reason | None:
    """Say why a reading changes nothing: stale, said before, or an artefact."""
    vital, flags = reading.code.value, sorted(reading.flags & STALE)
    if flags:
        return step.why(Rule.VITALS_STALE, "stale_reading", vital=vital, flags=flags)
    same_time = known is not None and known.at == reading.at
    if known is not None and same_time and _said(known) == _said(reading):
        return step.why(Rule.VITALS_CORRECTED, "same_reading_again", vital=vital)
    withdrawn = reading.value is None and (same_time or _is_earlier_point(step, reading, known))
    usable = reading.quality in USABLE and reading.value is not None
    if usable or withdrawn or reading.quality in BEYOND:
        return None
    quality = reading.quality.value
    return step.why(
        Rule.VITALS_ARTEFACT, "artefact", vital=vital, value=reading.value, quality=quality
    )


def _is_earlier_point(step: Step, reading: Reading, known: Reading | None) -> bool:
    """Say whether this is about a reading before the newest that is kept for its days."""
    points = step.state.points.get(reading.code, ())
    earlier = known is not None and reading.at < known.at
    return earlier and any(point.at == reading.at for point in points)


def _newest(step: Step, reading: Reading) -> tuple[Step, Taken]:
    step = step.change(newest={**step.state.newest, reading.code: reading})
    if _is_fresh(step, reading):
        return step, Taken(reading, fresh=True)
    return _old(step, reading), Taken(reading, fresh=False)


def _said(reading: Reading) -> tuple[Value, Quality]:
    return reading.value, reading.quality


def _is_fresh(step: Step, reading: Reading) -> bool:
    return step.now - reading.at <= timedelta(minutes=step.held.ward.set_window_min)


def _old(step: Step, reading: Reading) -> Step:
    """Show an old reading with its age; the ward is told when it is beyond a limit."""
    age_min = int((step.now - reading.at).total_seconds()) // 60
    inputs = {"vital": reading.code.value, "value": reading.value, "age_min": age_min}
    old = step.why(Rule.VITALS_TIME, "older_than_window", **inputs)
    beyond = tuple(one.reason for one in _said_now(step, reading))
    step = step.say(What.NOTHING, old, *beyond)
    if not beyond:
        return step
    told = step.why(Rule.VITALS_TIME, "late_reading_beyond_limit", **inputs)
    return step.notify(WARD, told, f"{reading.code.value} of {age_min} min ago", step.state.alert)


def _correct(step: Step, known: Reading, reading: Reading) -> tuple[Step, Taken]:
    newest = {code: one for code, one in step.state.newest.items() if code != reading.code}
    if reading.value is not None or reading.quality in BEYOND:
        newest[reading.code] = reading
    reason = step.why(
        Rule.VITALS_CORRECTED,
        "corrected",
        vital=reading.code.value,
        at=reading.at,
        was=known.value,
        now=reading.value,
    )
    step = step.change(newest=newest).say(What.NOTHING, reason)
    return step, Taken(reading, fresh=_is_fresh(step, reading), corrected=True)


def _keep_point(step: Step, reading: Reading) -> Step:
    """Keep a number for the rules that look over days, where there are any for it."""
    rows = step.rules.vitals.windows(reading.code, step.state.plan.pathway)
    if not rows:
        return step
    points, value = step.state.points.get(reading.code, ()), number_of(reading)
    if value is None:
        points = without(points, reading.at)
    else:
        points = kept(points, Point(reading.at, value), max(row.days for row in rows))
    return step.change(points={**step.state.points, reading.code: points})


def _said_now(step: Step, reading: Reading) -> tuple[Said, ...]:
    """Ask the rules that look at one reading alone."""
    asked = (beyond_range, limits, relative, floor)
    return tuple(said for rule in asked for said in rule(step, reading))


def _verdicts(step: Step, one: Taken) -> tuple[Verdict, ...]:
    reading = one.reading
    if reading.code is VitalCode.OXYGEN:
        return ()
    if reading.code is VitalCode.CONSCIOUSNESS:
        return (_cognition(step, reading, one.question),) if one.fresh else ()
    said = (*_said_now(step, reading),) if one.fresh else ()
    days = tuple(over_days(step, reading.code))
    if not one.fresh and not one.corrected and not days:
        return ()
    found = together(reading.code.value, reading.at, (*said, *days), reading.value)
    corrected = frozenset({reading.code.value}) if one.corrected else frozenset[str]()
    return (msgspec.structs.replace(found, corrected=corrected),)


def _cognition(step: Step, reading: Reading, question: str | None) -> Verdict:
    """Not as the record says they usually are: red, and it waits for nothing.

    Who answers that confusion is new or worse has compared already.
    """
    usual = step.state.plan.baseline_cognition
    if reading.value in (ALERT, None) or (reading.value == usual and question is None):
        return Verdict(COGNITION, reading.at, value=reading.value)
    name = "new_confusion" if reading.value == CONFUSED else "not_alert"
    inputs = {"consciousness": reading.value, "baseline": usual, "given_by": reading.source.value}
    if question is not None:
        inputs["question"] = question
    reason = step.why(Rule.VITALS_COGNITION, name, **inputs)
    return Verdict(COGNITION, reading.at, Level.RED, (reason,), waits=False, value=reading.value)


def _answers(step: Step, answered: Answered) -> tuple[Step, tuple[Verdict, ...]]:
    """Mark the questionnaires that answers are of."""
    flags = sorted(answered.flags & STALE)
    if flags:
        reason = step.why(Rule.VITALS_STALE, "stale_reading", vital="answers", flags=flags)
        return step.say(What.NOTHING, reason), ()
    found = questions.marked(step, answered)
    if not found and step.rules.scripts.asked().issuperset(answered.answers):
        return step, ()  # answers of a call, which telecare hears
    if not found:
        reason = step.why(
            Rule.VITALS_PLAN,
            "answers_of_no_questionnaire",
            questions=sorted(answered.answers),
            pathway=step.state.plan.pathway,
        )
        return step.say(What.NOTHING, reason), ()
    verdicts = tuple(questions.verdict(step, one, answered) for one in found)
    for one in found:
        step = questions.remember(step, one, answered)
        step = board.arrived(step, one.row.name)
    return step, verdicts
