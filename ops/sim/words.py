"""A run as a story a person can read: minute and second, who did what, what went wrong.

Faults are marked with `!!`, the broken promise with `>>`. The short story leaves out what happens
all the time (messages on their way, heartbeats, commits); the full one leaves out nothing. Times
are those of the simulation; names of people are the judge's short ids.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ops.sim.judged import Violation
from ops.sim.trace import Happened

AROUND_S = 20.0
SHORT_ID = 8
FAULT, BROKEN = "!!", ">>"
FAULTY = frozenset(
    {
        "fault", "over", "died", "froze", "thawed", "born", "clock_jumped", "blind", "sees",
        "shouted", "lost", "answer_lost", "turned_away", "vanished", "service_silent",
    }
)  # fmt: skip
QUIET = frozenset(
    {
        "said",
        "sent",
        "lost",
        "doubled",
        "delayed",
        "reached",
        "answered",
        "answer_lost",
        "commit",
        "met",
    }
)
"""What only the full story tells."""

Values = Mapping[str, object]


def _id(value: object) -> str:
    text = str(value or "")
    return text[:SHORT_ID]


def _pressed(v: Values) -> str:
    what = str(v["activation"]).replace("_", " ")
    of = f" of {v['of']}" if v.get("of") else ""
    return f"{v['device']} sends a {what}{of} as message {v['id']}, for case {_id(v['subject'])}"


def _fault(v: Values) -> str:
    whom = f" at {v['whom']}" if v.get("whom") else ""
    step = f", {v['step']}" if v.get("step") else ""
    for_s = f" for {v['for_s']} s" if v.get("for_s") else ""
    return f"{v['kind']}{whom}{step}{for_s}"


def _answered(v: Values) -> str:
    again = " as a repeat" if v.get("repeat") else ""
    return f"{v['process']} acknowledges message {v['id']} of {v['device']}{again}"


def _handed(v: Values) -> str:
    what = str(v["what"]).replace("referral_", "")
    again = f", attempt {v['attempt']}" if v.get("attempt") != 1 else ""
    return (
        f"{v['service']} has the {what} of referral {_id(v['referral'])} (number {v['seq']}{again})"
    )


def _acted(v: Values) -> str:
    return f"{v['operator']}: {v['do']} on alarm {_id(v['alarm'])}: {v['result']}"


def _served(v: Values) -> str:
    return f"{v['service']}: {v['do']} on referral {_id(v['referral'])}: {v['result']}"


SAYS: Mapping[str, Callable[[Values], str]] = {
    "pressed": _pressed,
    "said": lambda v: f"{v['device']} says {v['what']} as message {v['id']}",
    "sent": lambda v: f"{v['device']} sends message {v['id']} to {v['to']}, try {v['attempt']}",
    "lost": lambda v: f"message {v['id']} of {v['device']} to {v['to']} is lost on the way",
    "doubled": lambda v: f"message {v['id']} of {v['device']} is doubled on the way",
    "delayed": lambda v: f"message {v['id']} of {v['device']} comes {v['by_s']} s late",
    "reached": lambda v: f"message {v['id']} of {v['device']} is at {v['process']}",
    "turned_away": lambda v: f"{v['process']} turns {v['device']} away: {v['why']}",
    "answered": _answered,
    "told": lambda v: f"{v['device']} is told by {v['process']}: message {v['id']} is stored",
    "answer_lost": lambda v: f"the receipt for message {v['id']} of {v['device']} is lost",
    "blind": lambda v: f"{v['process']} is blind: it cannot store, and refuses",
    "sees": lambda v: f"{v['process']} sees again",
    "shouted": lambda v: f"{v['process']} shouts: {v['what']}",
    "fault": _fault,
    "over": lambda v: f"over: {_fault(v)}",
    "died": lambda v: f"{v['process']} dies, {v['step']}",
    "born": lambda v: f"{v['process']} is started",
    "ready": lambda v: f"{v['process']} is ready",
    "froze": lambda v: f"{v['process']} freezes, {v['step']}, for {v['for_s']} s",
    "thawed": lambda v: f"{v['process']} moves again",
    "clock_jumped": lambda v: f"clocks of {v['process'] or 'all'} and database part {v['by_s']} s",
    "commit": lambda v: f"{v['client']} commits {v['tables']}",
    "notice": lambda v: f"it rings at the {v['audience']}: alarm {_id(v['alarm'])}, {v['text']}",
    "handed": _handed,
    "service_said": lambda v: f"{v['service']} says {v['answer']} to {_id(v['referral'])}",
    "service_silent": lambda v: f"{v['service']} does not answer about {_id(v['referral'])}",
    "acted": _acted,
    "vanished": lambda v: f"{v['operator']} leaves the desk without a word",
    "returned": lambda v: f"{v['operator']} is back",
    "served": _served,
    "calm": lambda _: "all faults are over from here on",
    "end": lambda _: "the run ends",
}


def clock(at_s: float) -> str:
    """Give a time as minute:second."""
    minutes, seconds = divmod(at_s, 60)
    return f"{int(minutes):02d}:{seconds:06.3f}"


def line(event: Happened) -> str:
    """Tell one event; one that has no words yet is told as it is."""
    says = SAYS.get(event.what)
    told = says(event.values) if says is not None else event.line()
    mark = FAULT if event.what in FAULTY else "  "
    return f"{clock(event.at_s)} {mark} {told}"


def broken(violation: Violation) -> str:
    """Tell a broken promise."""
    return f"{clock(violation.at_s)} {BROKEN} {violation.invariant}: {violation.text}"


def story(
    events: Sequence[Happened], violations: Sequence[Violation], *, everything: bool = False
) -> Iterator[str]:
    """Tell a run, each broken promise where it was seen, and the first one last once more."""
    waiting = sorted(violations, key=lambda one: one.at_s)
    for event in events:
        while waiting and waiting[0].at_s < event.at_s:
            yield broken(waiting.pop(0))
        if everything or event.what not in QUIET:
            yield line(event)
    yield from (broken(one) for one in waiting)
    if not violations:
        yield "no promise was broken"
        return
    first = min(violations, key=lambda one: one.at_s)
    yield ""
    yield f"around the first broken promise ({AROUND_S:g} s before it, everything):"
    for event in events:
        if first.at_s - AROUND_S <= event.at_s <= first.at_s:
            yield line(event)
    yield broken(first)
