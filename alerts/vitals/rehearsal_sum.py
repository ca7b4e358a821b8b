"""What a rehearsal found, summed over people in bounded memory, and the document made of it.

Contract: pure. Sums may be made in any grouping and come out the same: the document of one history
and two sets of rules is the same bytes however many processes worked on it. It says nothing about
when or by whom it was made.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from alerts.vital_words import Level
from alerts.vitals.history import Played
from alerts.vitals.rehearsal import Compared, has_changed, minutes_between
from alerts.vitals.rehearsal_cases import Case, CaseKind, order

MAX_OF_A_KIND = 8
"""So many cases to read of each kind: what is missed must not crowd out what is raised."""
SHAPE = 1
DAY_MIN = 1_440
MEDIAN, MOST = 50, 90
EVERYBODY = "all"


class Arm(msgspec.Struct, frozen=True):
    """One set of rules: alerts that rang, of them red and about missing readings; rings; the rest.

    Attributes:
        quiet: Shown on the board and cleared before they rang.
        real: Real ones that rang within their time.
    """

    alerts: int = 0
    red: int = 0
    missing: int = 0
    rings: int = 0
    quiet: int = 0
    asked: int = 0
    handed: int = 0
    acts_left_out: int = 0
    acts_assumed: int = 0
    real: int = 0
    judged_not_real: int = 0


class Sum(msgspec.Struct, frozen=True):
    """What was found about some people.

    Attributes:
        recorded, replayed: Alerts that truly were, and of them those that the replay of the rules
            in force has, too.
        moved: Minutes later (below 0 earlier) -> how many episodes that both see.
        real_moved: Likewise of the real ones that both see.
        broken: People whose record cannot be read or breaks deciding; not in any other figure.
        real_missed, real_gained: Real ones that only the rules in force see, or only the proposal.
    """

    people: int = 0
    broken: int = 0
    minutes: int = 0
    reports: int = 0
    acts: int = 0
    recorded: int = 0
    replayed: int = 0
    before: Arm = Arm()
    after: Arm = Arm()
    raised: int = 0
    missed: int = 0
    changed: int = 0
    lowered: int = 0
    heightened: int = 0
    moved: dict[int, int] = {}
    real: int = 0
    real_missed: int = 0
    real_gained: int = 0
    real_moved: dict[int, int] = {}
    cases: tuple[Case, ...] = ()


def sum_of(compared: Compared, found: tuple[Case, ...]) -> Sum:
    """Give one person's figures."""
    pairs = compared.pairs
    return Sum(
        people=1,
        minutes=compared.history.counted_min,
        reports=len(compared.history.reports),
        acts=len(compared.history.acts),
        recorded=len(compared.history.recorded),
        replayed=compared.replayed,
        before=_arm(compared, compared.before, sum(r.before is not None for r in compared.real)),
        after=_arm(compared, compared.after, sum(r.after is not None for r in compared.real)),
        raised=len(compared.raised),
        missed=len(compared.missed),
        changed=sum(has_changed(one, other) for one, other in pairs),
        lowered=sum(o.level is Level.RED and p.level is Level.AMBER for o, p in pairs),
        heightened=sum(o.level is Level.AMBER and p.level is Level.RED for o, p in pairs),
        moved=_count(minutes_between(one.rang_at, other.rang_at) for one, other in pairs),
        real=len(compared.real),
        real_missed=sum(r.before is not None and r.after is None for r in compared.real),
        real_gained=sum(r.before is None and r.after is not None for r in compared.real),
        real_moved=_count(r.minutes for r in compared.real),
        cases=found,
    )


def _arm(compared: Compared, played: Played, real: int) -> Arm:
    alerts = played.alerts
    judged = [compared.judged(one) for one in alerts]
    return Arm(
        alerts=len(alerts),
        red=sum(one.level is Level.RED for one in alerts),
        missing=sum(one.missing for one in alerts),
        rings=sum(one.rings for one in alerts),
        quiet=played.quiet,
        asked=played.asked,
        handed=played.handed,
        acts_left_out=played.left_out,
        acts_assumed=played.assumed,
        real=real,
        judged_not_real=sum(one is not None and not one.real for one in judged),
    )


def _count(found: Iterable[int | None]) -> dict[int, int]:
    counted: dict[int, int] = {}
    for one in found:
        if one is not None:
            counted[one] = counted.get(one, 0) + 1
    return counted


def add(one: Sum, other: Sum) -> Sum:
    """Add two sums."""
    fields = {name: _added(getattr(one, name), getattr(other, name)) for name in NAMES}
    return Sum(**fields, cases=_telling((*one.cases, *other.cases)))


def _telling(found: Iterable[Case]) -> tuple[Case, ...]:
    """Keep the most telling cases of each kind, the most telling first."""
    kept: dict[CaseKind, int] = {}
    most = []
    for one in sorted(found, key=order):
        kept[one.kind] = kept.get(one.kind, 0) + 1
        if kept[one.kind] <= MAX_OF_A_KIND:
            most.append(one)
    return tuple(most)


NAMES = tuple(name for name in Sum.__struct_fields__ if name != "cases")


def _added(one: Any, other: Any) -> Any:  # noqa: ANN401 - int, count or Arm
    if isinstance(one, Arm):
        names = Arm.__struct_fields__
        return Arm(**{name: getattr(one, name) + getattr(other, name) for name in names})
    if isinstance(one, dict):
        return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}
    return one + other


Sums = Mapping[str, Sum]


def joined(one: Sums, other: Sums) -> dict[str, Sum]:
    """Add sums by pathway."""
    return {
        name: add(one.get(name, Sum()), other.get(name, Sum())) for name in sorted({*one, *other})
    }


def percentile(counted: Mapping[int, int], percent: int) -> int | None:
    """Give the least value that so many of a hundred are at or below; None of nothing."""
    wanted = sum(counted.values()) * percent
    so_far = 0
    for value in sorted(counted):
        so_far += 100 * counted[value]
        if so_far >= wanted:
            return value
    return None


def figures(found: Sum) -> dict[str, Any]:
    """Give a sum as the document shows it."""
    return {
        "people": found.people,
        "could_not_be_played": found.broken,
        "patient_days": round(found.minutes / DAY_MIN, 2),
        "messages": found.reports,
        "acts": found.acts,
        "recorded_alerts": found.recorded,
        "of_them_replayed": found.replayed,
        "in_force": _shown(found.before, found.minutes),
        "proposed": _shown(found.after, found.minutes),
        "raised": found.raised,
        "missed": found.missed,
        "changed": found.changed,
        "red_to_amber": found.lowered,
        "amber_to_red": found.heightened,
        "both_see": _moved(found.moved),
        "real": {
            "known": found.real,
            "missed": found.real_missed,
            "gained": found.real_gained,
            **_moved(found.real_moved),
        },
    }


def _shown(arm: Arm, minutes: int) -> dict[str, Any]:
    a_day = round(arm.alerts * DAY_MIN / minutes, 4) if minutes else None
    return {**msgspec.structs.asdict(arm), "alerts_a_patient_day": a_day}


def _moved(counted: Mapping[int, int]) -> dict[str, Any]:
    """Give how many came earlier and later, and by how many minutes."""
    later = {minutes: count for minutes, count in counted.items() if minutes > 0}
    earlier = {-minutes: count for minutes, count in counted.items() if minutes < 0}
    return {
        "both": sum(counted.values()),
        "later": sum(later.values()),
        "later_min": percentile(later, MEDIAN),
        "later_min_9_of_10": percentile(later, MOST),
        "earlier": sum(earlier.values()),
        "earlier_min": percentile(earlier, MEDIAN),
        "earlier_min_9_of_10": percentile(earlier, MOST),
    }


class Document(msgspec.Struct, frozen=True):
    """A rehearsal, as it is stored beside what was approved with it.

    Attributes:
        in_force, proposed: What was held against what; each with the digest of its content.
        history: Where the readings are from, and from when to when.
        figures: By pathway, and `all` for everybody.
        not_known: What a rehearsal of this history cannot say, in sentences.
        digest: Over everything else: a document that was changed by hand shows it.
    """

    in_force: dict[str, Any]
    proposed: dict[str, Any]
    history: dict[str, Any]
    figures: dict[str, Any]
    cases: tuple[Case, ...]
    not_known: tuple[str, ...]
    shape: int = SHAPE
    digest: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nobody has changed it since it was made."""
        return self.digest == digest_of(self)

    def summary(self) -> str:
        """Say it in a line, for who approves or looks later."""
        every, days = self.figures[EVERYBODY], self.history["days"]
        return (
            f"{days} days of {every['people']} people: {every['missed']} missed "
            f"({every['real']['missed']} real), {every['raised']} raised, "
            f"{every['changed']} changed"
        )


def document(
    sums: Sums,
    *,
    in_force: dict[str, Any],
    proposed: dict[str, Any],
    history: dict[str, Any],
    not_known: tuple[str, ...],
) -> Document:
    """Make the document."""
    everybody = Sum()
    for one in sums.values():
        everybody = add(everybody, one)
    found = Document(
        in_force=in_force,
        proposed=proposed,
        history=history,
        figures={
            EVERYBODY: figures(everybody),
            **{name: figures(one) for name, one in sorted(sums.items())},
        },
        cases=everybody.cases,
        not_known=not_known,
    )
    return msgspec.structs.replace(found, digest=digest_of(found))


def digest_of(one: Document) -> str:
    """Give the SHA-256 over everything but the digest itself."""
    bare = msgspec.structs.replace(one, digest="")
    return hashlib.sha256(msgspec.json.encode(bare, order="sorted")).hexdigest()
