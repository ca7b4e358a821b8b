"""The moods of the practice receiver, and which of them the next message meets.

A step says how one message is met: the mood, how long the answer takes, and what the service says
afterwards. Steps come from a script (one for each message that arrives, repeats included), from
chance with a seed, or from the steady mood that stands when neither has one left.
"""

import random
from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec

from gateway.practice_receiver.answers import Later, Outcome

MAX_SCRIPT = 10_000
SLOW_S = 10.0
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class Mood(StrEnum):
    """How a message is met; the words of the command line."""

    PLANNED = "planned"
    IN_PROGRESS = "in-progress"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    DUPLICATE = "409"
    BAD_REQUEST = "400"
    TIMEOUT = "408"
    UNPROCESSABLE = "422"
    TOO_MANY = "429"
    UNAVAILABLE = "503"
    KEPT_BUT_FAILED = "kept-but-failed"
    SLOW = "slow"
    CUT_OFF = "cut-off"
    SILENCE = "silence"
    BROKEN = "broken"


# What the service says afterwards in these moods, in order; in all others nothing.
AFTERWARDS = {
    Mood.IN_PROGRESS: (Later.IN_PROGRESS,),
    Mood.CANCELLED: (Later.CANCELLED,),
    Mood.FINISHED: (Later.IN_PROGRESS, Later.FINISHED),
}


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one message is met.

    Attributes:
        mood: The mood.
        delay_s: How long the HTTP answer takes; None is 10 s when slow, else at once.
        then: Later answers, in order; None is what the mood says by itself.
        after_s: Time from the message to the first later answer, and between two of them.
        retry_after_s: Retry-After of a 429 or 503; None sends none (a 429 always has one).
        reason: Code of rejected-reasons-bars in a rejection.
        action_needed: Whether an end leaves the sender something to do.
    """

    mood: Mood
    delay_s: Seconds | None = None
    then: tuple[Later, ...] | None = None
    after_s: Seconds = 1.0
    retry_after_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] | None = None
    reason: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,16}$")] = "FC"
    action_needed: bool = False

    @property
    def wait_s(self) -> float:
        """How long the HTTP answer takes."""
        if self.delay_s is None:
            return SLOW_S if self.mood is Mood.SLOW else 0.0
        return self.delay_s

    @property
    def afterwards(self) -> tuple[Later, ...]:
        """The later answers, in order."""
        return AFTERWARDS.get(self.mood, ()) if self.then is None else self.then

    @property
    def outcome(self) -> Outcome:
        """How a rejection or an end is told."""
        return Outcome(reason=self.reason, action_needed=self.action_needed)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A script in a file: TOML `[[steps]]`, or JSON {"steps": [...]}."""

    steps: tuple[Step, ...]


def read_script(content: bytes, *, toml: bool) -> tuple[Step, ...]:
    """Read a script: TOML with `[[steps]]`, JSON likewise or a bare list.

    Raises:
        ValueError: it is no script; says where and what was expected.
    """
    try:
        if toml:
            steps = msgspec.toml.decode(content, type=_File).steps
        elif content.lstrip().startswith(b"["):
            steps = msgspec.json.decode(content, type=tuple[Step, ...])
        else:
            steps = msgspec.json.decode(content, type=_File).steps
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no script: {error}; expected steps, each with a mood") from error
    if not 0 < len(steps) <= MAX_SCRIPT:
        raise ValueError(f"{len(steps)} steps in the script, expected 1 to {MAX_SCRIPT}")
    return steps


class Moods:
    """Which step the next message meets: the script's, else chance's, else the steady one."""

    def __init__(
        self, steady: Step, script: Iterable[Step] = (), chance: random.Random | None = None
    ) -> None:
        """Begin; `chance` draws a mood for every message after the script's last."""
        self.steady = steady
        self._script = deque(script)
        self._chance = chance

    @property
    def left(self) -> int:
        """How many steps of the script are left."""
        return len(self._script)

    @property
    def random(self) -> bool:
        """Whether chance decides after the script."""
        return self._chance is not None

    def next(self) -> Step:
        """Give the step the next message meets."""
        if self._script:
            return self._script.popleft()
        if self._chance is not None:
            return Step(self._chance.choice(list(Mood)))
        return self.steady

    def stay(self, step: Step) -> None:
        """Meet every message so from now on: the script and chance end."""
        self.steady, self._chance = step, None
        self._script.clear()

    def play(self, steps: Iterable[Step]) -> None:
        """Meet the next messages by a new script."""
        self._script = deque(steps)
