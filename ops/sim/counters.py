"""What a run really met: "sometimes" counters, so that a green table is no empty one.

Contract: `count` reads the trace of one run and nothing else. `MUST_BE_MET` and `RARE` are
data: a long run in which one of these never happened proves nothing about it, and fails.
"""

from collections import Counter
from collections.abc import Sequence

from ops.sim.trace import Happened

FAULTS = (
    "process dies", "process freezes", "database stops", "database crashes", "database slow",
    "database hangs", "disk full", "connection cut before", "connection cut after",
    "network loses", "clock ahead", "clock behind", "receiver silent", "receiver late",
    "receiver refuses", "notices fail", "operators vanish",
)  # fmt: skip
AT_STEPS = ("before commit", "after commit", "before send", "before answer")
STRUCK = ("dies", "freezes", "cut")
MUST_BE_MET = (
    *(f"fault: {kind}" for kind in FAULTS),
    "message lost", "message doubled", "message delayed", "answer lost",
    "repeat answered", "repeat answered by the other process", "call at both processes",
    "call turned away", "blind", "sees again", "shouted",
    "cut after commit, then a repeat", "a process thaws", "a process is born again",
    "cancel before its fall", "cancel after its fall", "second call of a device",
    "alarm taken", "act refused", "act unavailable", "operator vanished with an alarm",
    "withdrawn", "confirmed", "999 decided", "alarm closed", "alarm released",
    "referral handed over", "referral handed over twice", "update handed over",
    "withdrawal handed over", "service silent", "service refused", "service acted",
    "supervisor rang", "partner rang", "two processes commit within 10 ms",
    "two processes at one case within 1 s", "call on a taken alarm", "alarm left to nobody again",
    "call kept as bytes only", "lease ran out while sending",
)  # fmt: skip
RARE = (
    *(f"{struck} {step}" for struck in STRUCK for step in AT_STEPS),
    "withdrawal while its request waits", "update while its request waits",
)  # fmt: skip
"""What one seed in some hundreds meets: a long run must, a thousand seeds may miss."""
MEANT_TO_MEET, MEANT_TO_MEET_RARE = 1_000, 10_000
TOGETHER_S = 0.01
HANDED = {
    "referral_request": "referral handed over",
    "referral_update": "update handed over",
    "referral_withdrawal": "withdrawal handed over",
}
SIMPLE = {
    "lost": "message lost",
    "doubled": "message doubled",
    "delayed": "message delayed",
    "answer_lost": "answer lost",
    "turned_away": "call turned away",
    "blind": "blind",
    "sees": "sees again",
    "shouted": "shouted",
    "thawed": "a process thaws",
    "service_silent": "service silent",
}
DONE = {
    "take": "alarm taken",
    "withdraw": "withdrawn",
    "confirm": "confirmed",
    "close": "alarm closed",
    "release": "alarm released",
}


class _Count:
    """Reads the events of one run."""

    def __init__(self) -> None:
        self.met: Counter[str] = Counter()
        self._born: set[str] = set()
        self._reached: dict[tuple[str, str], set[str]] = {}
        self._answered: dict[tuple[str, str], str] = {}
        self._calls: dict[tuple[str, str], str] = {}
        self._called: set[str] = set()
        self._handed: set[tuple[str, int]] = set()
        self._holding: dict[str, str] = {}
        self._was_cut = False
        self._commit: tuple[float, str] = (-1.0, "")

    def take(self, event: Happened) -> None:
        """Take one event."""
        if event.what in SIMPLE:
            self.met[SIMPLE[event.what]] += 1
        handler = getattr(self, f"_on_{event.what}", None)
        if handler is not None:
            handler(event)

    def _on_fault(self, event: Happened) -> None:
        self.met[f"fault: {event.values['kind']}"] += 1
        step = str(event.values["step"] or "")
        if step:
            self.met[f"cut {step}"] += 1
            self._was_cut = self._was_cut or step == "after commit"

    def _on_died(self, event: Happened) -> None:
        self.met["fault: process dies"] += 1
        self.met[f"dies {event.values['step']}"] += 1

    def _on_froze(self, event: Happened) -> None:
        self.met["fault: process freezes"] += 1
        self.met[f"freezes {event.values['step']}"] += 1

    def _on_born(self, event: Happened) -> None:
        name = str(event.values["process"])
        self.met["a process is born again"] += name in self._born
        self._born.add(name)

    def _on_pressed(self, event: Happened) -> None:
        device, of = str(event.values["device"]), event.values.get("of")
        self._calls[(device, str(event.values["id"]))] = str(event.values["activation"])
        if of is not None:
            late = (device, str(of)) in self._calls
            self.met["cancel after its fall" if late else "cancel before its fall"] += 1
        elif device in self._called:
            self.met["second call of a device"] += 1
        self._called.add(device)

    def _on_reached(self, event: Happened) -> None:
        key = (str(event.values["device"]), str(event.values["id"]))
        at = self._reached.setdefault(key, set())
        at.add(str(event.values["process"]))
        if len(at) > 1 and key in self._calls:
            self.met["call at both processes"] += 1

    def _on_answered(self, event: Happened) -> None:
        key = (str(event.values["device"]), str(event.values["id"]))
        process = str(event.values["process"])
        first = self._answered.setdefault(key, process)
        if event.values["repeat"]:
            self.met["repeat answered"] += 1
            self.met["repeat answered by the other process"] += first != process
            self.met["cut after commit, then a repeat"] += self._was_cut

    def _on_commit(self, event: Happened) -> None:
        at_s, client = self._commit
        process = str(event.values["client"]).partition(".")[0]
        if client != process and event.at_s - at_s <= TOGETHER_S:
            self.met["two processes commit within 10 ms"] += 1
        self._commit = (event.at_s, process)

    def _on_handed(self, event: Happened) -> None:
        what = str(event.values["what"])
        self.met[HANDED.get(what, what)] += 1
        key = (str(event.values["referral"]), int(event.values["seq"] or 0))
        self.met["referral handed over twice"] += key in self._handed
        self._handed.add(key)

    def _on_met(self, event: Happened) -> None:
        for name, times in event.values.items():
            self.met[name] += int(times or 0)

    def _on_service_said(self, event: Happened) -> None:
        self.met[f"service {event.values['answer']}"] += 1

    def _on_served(self, event: Happened) -> None:
        self.met["service acted"] += event.values["result"] == "done"

    def _on_notice(self, event: Happened) -> None:
        self.met[f"{event.values['audience']} rang"] += 1

    def _on_acted(self, event: Happened) -> None:
        do, result = str(event.values["do"]), event.values["result"]
        operator = str(event.values["operator"])
        if result == "done":
            self.met[DONE.get(do, f"did {do}")] += 1
            self.met["999 decided"] += do in ("decide", "call") and "999" in str(event.values)
            self._holding[operator] = "" if do in ("close", "release", "hand_over") else do
        else:
            self.met[f"act {result}"] += 1

    def _on_vanished(self, event: Happened) -> None:
        operator = str(event.values["operator"])
        self.met["operator vanished with an alarm"] += bool(self._holding.pop(operator, ""))


def count(events: Sequence[Happened]) -> dict[str, int]:
    """Count what a run met, by name; what never happened is left out."""
    counting = _Count()
    for event in events:
        counting.take(event)
    return {name: times for name, times in sorted(counting.met.items()) if times}


def never_met(counters: dict[str, int], seeds: int = MEANT_TO_MEET) -> list[str]:
    """Name what a run of so many seeds must have met and has not; a short run need not."""
    musts = (*MUST_BE_MET, *RARE) if seeds >= MEANT_TO_MEET_RARE else MUST_BE_MET
    return [name for name in musts if seeds >= MEANT_TO_MEET and not counters.get(name)]
