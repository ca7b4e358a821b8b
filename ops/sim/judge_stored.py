"""Acknowledged implies stored and decided; and twice is once (DESIGN 4).

The promise is checked at the very instant an acknowledgement leaves, against committed rows only,
and once more at the end: what was acknowledged is still there.
"""

from typing import Any

from ops.sim.judge_alarms import CALLS, CANCEL, Call, claimed_name
from ops.sim.judge_book import Book
from ops.sim.judge_part import Part
from ops.sim.judged import Commit, alarm_of, rows_of, text_of, value, word
from ops.sim.trace import Happened

STORED = "acknowledged implies stored"
ONCE = "twice is once"
Name = tuple[str, str]


class Stored(Part):
    """Holds what was committed against what was acknowledged."""

    hears = ("answered",)

    def __init__(self, book: Book) -> None:
        """Start with nothing stored."""
        super().__init__(book)
        self._receipts: dict[Name, set[Any]] = {}
        self._packets: set[Name] = set()
        self._unproved: dict[str, list[bytes]] = {}
        self._decided: set[Name] = set()
        self._answered: dict[Name, None] = {}

    def committed(self, commit: Commit) -> None:
        """Note receipts, evidence and decisions; a key is claimed once."""
        for packet in commit.written("packet"):
            self._packets.add((packet.sender, packet.key))
        for one in commit.written("quarantine"):
            self._unproved.setdefault(one.sender, []).append(bytes(one.body))
        decisions = commit.written("decision")
        for row in commit.of("receipt"):
            if row.new is None:
                continue
            name = (claimed_name(row.new.sender), row.new.key)
            self._receipts.setdefault(name, set()).add(row.key)
            if row.old is None and decisions:
                self._decided.add(name)
            self._once(row.old, row.new, name)
        for row in commit.of("alarm"):
            if row.new is not None:
                self._keys_once(text_of(row.new.record))

    def _once(self, old: Any, new: Any, name: Name) -> None:  # noqa: ANN401 - rows
        """A repeat inside its window gets the stored verdict; no window ends within a run."""
        if old is not None and new.generation != old.generation:
            self.book.say(
                ONCE,
                f"message {name[1]} of {name[0]} was taken as new for the {new.generation}th time "
                "within its repeat window of 30 days; expected once",
            )

    def _keys_once(self, record: str) -> None:
        """A protocol repeat is never a second press (DESIGN 2)."""
        alarm = alarm_of(record)
        for key in set(alarm.keys):
            device, _, message = key.partition("/")
            call = self.book.calls.get((device, message))
            if call is None:
                continue
            times = alarm.keys.count(key)
            if times > 1 and len(self._receipts.get((device, message), ())) < times:
                self.book.say(ONCE, f"{call.name} counts {times} times in one alarm; expected once")
            if call.alarm not in ("", alarm.id):
                self.book.say(ONCE, f"{call.name} is held by two alarms; expected one")

    def hear(self, event: Happened) -> None:
        """An acknowledgement leaves: everything it promises must be committed already."""
        name = (value(event, "device"), value(event, "id"))
        self._answered.setdefault(name)
        self._check(name, f"when {value(event, 'process')} acknowledged it")

    def finish(self) -> None:
        """What was acknowledged is still there at the end."""
        kept = {
            (claimed_name(one.sender), one.key)
            for one in rows_of(self.book.world, "receipt").values()
        }
        packets = {(one.sender, one.key) for one in rows_of(self.book.world, "packet").values()}
        alarms = {word(one.id) for one in rows_of(self.book.world, "alarm").values()}
        for name in self._answered:
            self._check(name, "at the end")
            if name not in kept or (name in self._packets and name not in packets):
                self.book.say(STORED, f"message {name[1]} of {name[0]} was stored and is gone")
            call = self.book.calls.get(name)
            if call is not None and call.alarm and call.alarm not in alarms:
                self.book.say(STORED, f"the alarm that held {call.name} is gone")

    def _check(self, name: Name, when: str) -> None:
        call = self.book.calls.get(name)
        if call is not None:
            lacks = self._lacks(name) or self._undecided(call)
        else:
            lacks = self._lacks(name)
        if lacks:
            shown = call.name if call is not None else f"message {name[1]} of {name[0]}"
            self.book.say(STORED, f"{shown}: {lacks} was committed {when}")

    def _lacks(self, name: Name) -> str:
        if name not in self._receipts:
            return "no receipt"
        if name not in self._packets and not self._in_quarantine(name):
            return "no raw message"
        return ""

    def _in_quarantine(self, name: Name) -> bool:
        return any(name[1].encode() in body for body in self._unproved.get(name[0], ()))

    def _undecided(self, call: Call) -> str:
        """A call is stored only with its verdict, its decision and the alarm that holds it."""
        name = (call.device, call.id)
        table = rows_of(self.book.world, "receipt")
        if all(table[key].verdict is None for key in self._receipts[name] if key in table):
            return "a receipt without its verdict"
        if name not in self._decided:
            return "no decision"
        if call.what == CANCEL:
            return ""
        if not call.alarm:
            return "no alarm that holds it"
        kind = self.book.alarms[call.alarm].record.kind.value
        return "" if kind in CALLS else f"only a {kind} alarm"
