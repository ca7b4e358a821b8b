"""A month of a city's crisis service, decided and stored by the real thing (CLINICAL 1.3).

520 referrals to `icrs` in October 2026, which ends summer time: 22 % falls, half of them joint with
community health (`lpt`), 9 of 114 falls conveyed, the rest at home; beside them provisional ones
that were withdrawn, calls that came to nothing, and neighbours of both ends of the month that must
not count. All people are invented. Every choice comes from the seed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from alerts.words import (
    Standard,
)
from gateway.enrol import Roll
from tests.databases import ORGANISATION

SEED = 1
REFERRALS = 520
FALLS = 114
FALLS_CONVEYED = 9
OTHERS_CONVEYED = 8
OTHERS_ELSEWHERE = 20
JOINT = 260
BEFORE = 10
WITHDRAWN_CONFIRMED = 6
WITHDRAWN_LATE = 3
REJECTED = 4
STILL_OPEN = 5
WITHDRAWN_PROVISIONAL = 26
CALLS = 60
NEIGHBOURS = 5
LATE = 126
WAYS = (("at_once", 180), ("operator", 120), ("fall", 60), ("gp", 90), ("ucc_hub", 40),
        ("ambulance", 30))  # fmt: skip
TWO_DAY = 40
NEEDS = ("frailty", "reduced_function", "confusion", "diabetes", "catheter", "equipment")
FIRST = datetime(2026, 9, 30, 23, 0, tzinfo=UTC)  # 1 October in London
LAST = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)  # 1 November in London
EXPORTED_AT = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class One:
    """What happens to one person; times in minutes after `at`."""

    number: int
    way: str
    at: datetime
    need: str = "frailty"
    ends: str = "remains_at_home, admission_avoided"
    fate: str = "visited"
    standard: Standard = Standard.TWO_HOUR
    joint: bool = False
    before: bool = False
    speech: bool = True
    answered_s: int = 20
    visit_min: int = 60

    @property
    def name(self) -> str:
        return f"p{self.number:04d}"


@dataclass(slots=True)
class _Deck:
    """Choices without replacement: as many of each as the seeds say, in a seeded order."""

    random: Random
    cards: list[Any] = field(default_factory=list)

    def of(self, *counts: tuple[Any, int]) -> Iterator[Any]:
        cards = [what for what, count in counts for _ in range(count)]
        self.random.shuffle(cards)
        return iter(cards)


def month(seed: int = SEED, late: int = LATE) -> list[One]:
    """Give everybody of the month; `late` visits of two-hour referrals come after two hours."""
    random = Random(seed)  # noqa: S311 - a made-up month, no secret
    return [*_referrals(random, late), *_others(random)]


def _referrals(random: Random, late: int) -> list[One]:
    deck = _Deck(random)
    ways = [way for way, count in WAYS for _ in range(count)]
    random.shuffle(ways)
    others = FALLS - dict(WAYS)["fall"]
    fell = deck.of((True, others), (False, REFERRALS - FALLS))
    falls = [way == "fall" or next(fell) for way in ways]
    gone = WITHDRAWN_CONFIRMED + WITHDRAWN_LATE + REJECTED + STILL_OPEN
    fates = deck.of(
        ("withdrawn", WITHDRAWN_CONFIRMED),
        ("withdrawn_late", WITHDRAWN_LATE),
        ("rejected", REJECTED),
        ("open", STILL_OPEN),
        ("visited", REFERRALS - FALLS - gone),
    )
    fall_ends = deck.of(("conveyed", FALLS_CONVEYED), ("remains_at_home", FALLS - FALLS_CONVEYED))
    rest = REFERRALS - FALLS - gone - OTHERS_CONVEYED - OTHERS_ELSEWHERE
    ends = deck.of(("admitted", OTHERS_CONVEYED), ("community_bed", OTHERS_ELSEWHERE),
                   ("remains_at_home, admission_avoided", rest))  # fmt: skip
    fated = ["visited" if fall else next(fates) for fall in falls]
    ended = [
        next(fall_ends) if fall else next(ends) if fate == "visited" else ""
        for fall, fate in zip(falls, fated, strict=True)
    ]
    slow = [way == "gp" for way in ways]
    two_day = deck.of((Standard.TWO_DAY, TWO_DAY), (Standard.TWO_HOUR, sum(slow) - TWO_DAY))
    standards = [next(two_day) if one else Standard.TWO_HOUR for one in slow]
    urgent = [fate == "visited" and standard is Standard.TWO_HOUR
              for fate, standard in zip(fated, standards, strict=True)]  # fmt: skip
    lateness = deck.of((True, late), (False, sum(urgent) - late))
    visits = [
        _visit(random, next(lateness) if one else None, way)
        for one, way in zip(urgent, ways, strict=True)
    ]
    joints = deck.of((True, JOINT), (False, sum(fate == "visited" for fate in fated) - JOINT))
    together = [fate == "visited" and next(joints) for fate in fated]
    befores = deck.of((True, BEFORE), (False, REFERRALS - JOINT - BEFORE))
    earlier = [not both and next(befores) for both in together]
    return [
        One(
            number,
            ways[number],
            _time(random),
            need=random.choice(("fall", "falls") if falls[number] else NEEDS),
            ends=ended[number],
            fate=fated[number],
            standard=standards[number],
            joint=together[number],
            before=earlier[number],
            speech=random.random() > 0.05,
            answered_s=_answer(random, ways[number]),
            visit_min=visits[number],
        )
        for number in range(REFERRALS)
    ]


def _visit(random: Random, late: bool | None, way: str) -> int:  # noqa: FBT001 - a card of the deck
    """Give minutes to the visit; of a referral from elsewhere to the minute of two hours, met."""
    if late is None:
        return random.randint(300, 3600)
    if late:
        return random.choice((121, 125, 150, 200))
    return random.choice((25, 44, 60, 90, 110 if way in ("at_once", "operator", "fall") else 120))


def _time(random: Random) -> datetime:
    """Give a time in the local month, early enough for its visit to lie in it, too."""
    return FIRST + timedelta(seconds=random.randrange(60, int((LAST - FIRST).total_seconds()) - 60))


def _answer(random: Random, way: str) -> int:
    usual = random.randint(5, 45)
    if way == "fall":
        return usual
    return random.choices((usual, random.randint(61, 170), random.randint(200, 400)), (92, 5, 3))[0]


def _others(random: Random) -> list[One]:
    numbers = iter(range(REFERRALS, REFERRALS + 10_000))
    withdrawn = [
        One(next(numbers), "at_once", _time(random), fate="withdrawn_provisional")
        for _ in range(WITHDRAWN_PROVISIONAL)
    ]
    calls = [
        One(next(numbers), "operator", _time(random), fate="call",
            answered_s=_answer(random, "operator"), speech=random.random() > 0.2)
        for _ in range(CALLS)
    ]  # fmt: skip
    before = [One(next(numbers), "gp", FIRST - timedelta(hours=8), visit_min=30)
              for _ in range(NEIGHBOURS)]  # fmt: skip
    after = [One(next(numbers), "gp", LAST + timedelta(minutes=1)) for _ in range(NEIGHBOURS)]
    return [*withdrawn, *calls, *before, *after]


def roll(everybody: Sequence[One]) -> Roll:
    """Enrol everybody with one pendant each, and the two services."""
    return Roll.model_validate(
        {
            "organisation": str(ORGANISATION),
            "name": "City crisis service",
            "services": [
                {"id": "icrs", "name": "Crisis service", "catchment": ["LE"], "position": 1},
                {"id": "lpt", "name": "Community health", "kind": "COMMUNITY", "position": 9},
            ],
            "persons": [
                {
                    "id": one.name,
                    "name": f"Fictional {one.name}",
                    "born": str(date(1930 + one.number % 30, 1 + one.number % 12, 1)),
                    "nhs_number": nhs_number(one.number),
                    "postcode": f"LE{1 + one.number % 5} {1 + one.number % 9}AA",
                    "plan": {"press": "at_once" if one.way == "at_once" else "operator"},
                }
                for one in everybody
            ],
            "devices": [
                {"line": "main", "sender": one.name, "person": one.name, "speech": one.speech,
                 "secret_sha256": f"{one.number:064x}"}
                for one in everybody
            ],
        }
    )  # fmt: skip


def nhs_number(number: int) -> str:
    """Give a number of the range that is kept for tests, with a right check digit."""
    for tried in range(number * 11, number * 11 + 11):
        digits = f"999{tried:06d}"
        check = 11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return digits + str(check % 11)
    raise AssertionError(number)
