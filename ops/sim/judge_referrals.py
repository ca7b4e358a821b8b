"""At most one effective referral per person and service, in the table and at the receiver.

And a withdrawal or an update never overtakes its request (DESIGN 2, 4, 6).

What the receiver has is known from what was handed to it (or written at the built-in desk), not
from what the gateway believes.
"""

from dataclasses import dataclass
from typing import Any

from alerts.words import ReferralState
from ops.sim.judge_book import Book
from ops.sim.judge_part import Part
from ops.sim.judged import ENDED, Commit, referral_of, rows_of, text_of, value, word
from ops.sim.trace import Happened

ONE = "one effective referral"
ORDER = "nothing overtakes its request"
REQUEST, WITHDRAWAL = "referral_request", "referral_withdrawal"
ENDED_HERE = ENDED - {ReferralState.WITHDRAWN}


@dataclass(slots=True)
class Known:
    """A referral as its receiver has it."""

    service: str
    person: str
    is_withdrawn: bool = False


class Referrals(Part):
    """Follows each referral to its receiver."""

    hears = ("handed",)

    def __init__(self, book: Book) -> None:
        """Start with nothing handed over."""
        super().__init__(book)
        self._table: dict[str, tuple[str, str, ReferralState]] = {}
        self._at: dict[str, Known] = {}
        self._messages: dict[str, dict[int, tuple[str, str]]] = {}
        self._handed: dict[str, set[int]] = {}

    # -- in the table ------------------------------------------------------------------------------

    def committed(self, commit: Commit) -> None:
        """Note referrals and their messages."""
        for row in commit.of("referral"):
            if row.new is not None:
                self._referral(row.new)
        for row in commit.of("outbox"):
            if row.new is not None and row.new.what.startswith("referral_"):
                self._message(row.old, row.new)
        for row in commit.of("desk_delivery"):
            self._at_desk(row.old, row.new)

    def _referral(self, new: Any) -> None:  # noqa: ANN401 - a row
        referral = referral_of(text_of(new.record))
        person = referral.person or word(new.subject_id)
        self._table[referral.id] = (referral.service, person, referral.state)
        if referral.state in ENDED:
            return
        others = [
            name[:8]
            for name, (service, whose, state) in self._table.items()
            if name != referral.id and state not in ENDED
            if (service, whose) == (referral.service, person)
        ]
        if others:
            self.book.say(
                ONE,
                f"referral {referral.id[:8]} to {referral.service} is open beside {others[0]} "
                "for the same person; expected one",
            )

    def _message(self, old: Any, new: Any) -> None:  # noqa: ANN401 - rows
        """A stream is a referral's, and its numbers follow each other."""
        referral = word(new.referral_id)
        mine = self._messages.setdefault(referral, {})
        if old is None:
            expected = len(mine) + 1
            if word(new.stream) != referral or new.seq != expected:
                self.book.say(
                    ORDER,
                    f"the {new.what} of referral {referral[:8]} is number {new.seq} of stream "
                    f"{word(new.stream)[:8]}; expected number {expected} of the referral's own",
                )
            waits = any((what, state) == (REQUEST, "waiting") for what, state in mine.values())
            self.book.met["withdrawal while its request waits"] += waits and new.what == WITHDRAWAL
            self.book.met["update while its request waits"] += waits and new.what != WITHDRAWAL
        mine[new.seq] = (new.what, new.state)

    # -- at the receiver ---------------------------------------------------------------------------

    def hear(self, event: Happened) -> None:
        """A far service was handed a message."""
        referral, what = value(event, "referral"), value(event, "what")
        seq = int(event.values.get("seq") or 0)
        service = value(event, "service")
        self._in_order(referral, what, seq, service)
        self._now_at(referral, what, service, value(event, "person"))

    def _in_order(self, referral: str, what: str, seq: int, service: str) -> None:
        """Whatever was numbered before has arrived before, or has ended without arriving."""
        handed = self._handed.setdefault(referral, set())
        if seq not in handed:
            messages = self._messages.get(referral, {})
            for number, (kind, state) in sorted(messages.items()):
                if number < seq and number not in handed and state == "waiting":
                    self.book.say(
                        ORDER,
                        f"{service} was handed the {what} of referral {referral[:8]} while its "
                        f"{kind} still waited",
                    )
        handed.add(seq)
        if what != REQUEST and not messages_had(self._messages.get(referral, {}), handed):
            self.book.say(
                ORDER, f"{service} was handed the {what} of referral {referral[:8]} first of all"
            )

    def _at_desk(self, old: Any, new: Any) -> None:  # noqa: ANN401 - rows
        referral = word((new or old).referral_id)
        if new is None:
            self.book.say(ONE, f"referral {referral[:8]} vanished from the desk")
            return
        _, person, _ = self._table.get(referral, ("", referral, None))
        if old is None:
            self._now_at(referral, REQUEST, new.service_id, person)
        if new.withdrawn_at is not None:
            self._now_at(referral, WITHDRAWAL, new.service_id, person)

    def _now_at(self, referral: str, what: str, service: str, subject: str) -> None:
        _, person, _ = self._table.get(referral, ("", subject, None))
        known = self._at.get(referral)
        if what == WITHDRAWAL:
            if known is not None:
                known.is_withdrawn = True
            return
        if what != REQUEST or known is not None:
            return
        for other, one in self._at.items():
            if (one.service, one.person) == (service, person) and self._is_effective(other, one):
                state = self._table[other][2]
                self.book.say(
                    ONE,
                    f"{service} was handed referral {referral[:8]} while {other[:8]} ({state}) of "
                    "the same person still stands there; expected one",
                )
        self._at[referral] = Known(service, person)

    def _is_effective(self, referral: str, known: Known) -> bool:
        """Say whether the receiver believes that it must go.

        It ends some of them itself; a withdrawal it refused is told by a person's telephone, whose
        task and noise judge_loud.py demands. One whose withdrawal is still on its way does not
        count: a new call for help must not wait behind it (a stream is one referral's, DESIGN 4).
        That it arrives, or fails loudly, judge_timers.py demands.
        """
        _, _, state = self._table.get(referral, ("", "", ReferralState.SENT))
        messages = self._messages.get(referral, {}).values()
        if (WITHDRAWAL, "waiting") in messages and not known.is_withdrawn:
            self.book.met["request while a withdrawal is on its way"] += 1
            return False
        if (WITHDRAWAL, "failed") in messages:
            return False
        return not known.is_withdrawn and state not in ENDED_HERE

    # -- at the end --------------------------------------------------------------------------------

    def finish(self) -> None:
        """A withdrawal that was delivered has reached the one who has the referral."""
        sent = {
            word(one.referral_id)
            for one in rows_of(self.book.world, "outbox").values()
            if one.what == WITHDRAWAL and one.state == "sent"
        }
        for referral, known in self._at.items():
            if referral in sent and not known.is_withdrawn:
                self.book.say(
                    ORDER,
                    f"the withdrawal of referral {referral[:8]} counts as delivered, but it still "
                    f"stands at {known.service}",
                )


def messages_had(messages: dict[int, tuple[str, str]], handed: set[int]) -> bool:
    """Say whether the request was handed over, or has ended: then nothing can overtake it."""
    return any(
        what == REQUEST and (number in handed or state != "waiting")
        for number, (what, state) in messages.items()
    ) or not any(what == REQUEST for what, _ in messages.values())
