"""What a system promised, compared with what is in its database. Pure.

A loss is a message that was acknowledged and is not stored (or, where nothing is stored, was not
taken), and a call without its alarm row. For a system whose acknowledgement promises storage, an
acknowledgement that was read before the message's commit began is a lie, whether or not the
message is there later. Either one, however few, makes the row REFUSED.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.bench.system import Stored

# PostgreSQL cuts its times to microseconds, and doubles of today's unix time have a quarter of one.
CLOCK_S = 1e-6
NAMED = 3


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found wrong with one step; all zero is good.

    Attributes:
        acked: Messages that were compared.
        lost: Of them, not stored.
        early: Of them, acknowledged before their commit.
        unalarmed: Calls among them without an alarm row.
        named: Ids of a few of those.
    """

    acked: int
    lost: int = 0
    early: int = 0
    unalarmed: int = 0
    named: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Say whether no rate may be printed."""
        return bool(self.lost or self.early or self.unalarmed)

    def why(self) -> str:
        """Give what is wrong, in numbers."""
        wrong = (
            (self.lost, "lost"),
            (self.early, "acknowledged before their commit"),
            (self.unalarmed, "calls without an alarm row"),
        )
        found = ", ".join(f"{number:,} {what}" for number, what in wrong if number)
        named = f" (first: {', '.join(self.named)})" if self.named else ""
        return f"{found} of {self.acked:,} acknowledged{named}"


def prove(
    acked: Mapping[str, float], stored: Stored, before: int, *, stores: bool, durable_ack: bool
) -> Proof:
    """Compare one step's acknowledgements with the database.

    Args:
        acked: Id -> unix time the acknowledgement was read.
        stored: What the system says now that it is at rest.
        before: `stored.count` when the step began.
        stores: Whether it keeps rows; else only the number of messages taken is compared.
        durable_ack: Whether an acknowledgement promises a commit.
    """
    if stored.commits is None:
        missing = max(0, len(acked) - (stored.count - before))
        lost: list[str] = []
        early: list[str] = []
    else:
        lost = [one for one in acked if one not in stored.commits]
        missing = len(lost)
        early = [
            one
            for one, at in acked.items()
            if durable_ack and stored.commits.get(one, at) > at + CLOCK_S
        ]
    calls = [one for one in acked if one.startswith("c") and one not in stored.alarms]
    unalarmed = [one for one in calls if one not in set(lost)] if stores else []
    named = (*lost, *early, *unalarmed)[:NAMED]
    return Proof(len(acked), missing, len(early), len(unalarmed), tuple(named))
