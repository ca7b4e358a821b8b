"""The practice receiver in this process: for tests, the demo and the command."""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.practice_receiver.access import Access, Keys
from gateway.practice_receiver.app import build_app
from gateway.practice_receiver.courier import Courier, Road, Said
from gateway.practice_receiver.ledger import Case, Ledger, Received
from gateway.practice_receiver.moods import Mood, Moods, Step
from gateway.practice_receiver.state import State
from gateway.web import Server, configured

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    """How a practice receiver starts.

    Attributes:
        port: 0 takes a free one.
        mood: What holds when neither script nor chance decides.
        script: One step for each message, from the first.
        seed: Lets chance decide after the script; None does not.
        answer_to: Where later answers are posted; None reads it from each message.
        answer_token: Bearer token that goes with them.
        retry_s: Time between the first two attempts to post one; it doubles.
        log: File the list of messages is appended to.
        keys: Public keys of the clients that may have tokens.
        auth: Whether FHIR needs a token; without keys it never does.
        audience: `aud` the clients sign for; None is the token endpoint's own address.
        token_s: How long a token holds.
        most: How many referrals are held; then the receiver says 503.
    """

    port: int = 0
    mood: Step = Step(Mood.PLANNED)  # noqa: RUF009 - frozen
    script: tuple[Step, ...] = ()
    seed: int | None = None
    answer_to: str | None = None
    answer_token: str | None = None
    retry_s: float = 0.5
    log: Path | None = None
    keys: Keys | None = None
    auth: bool = True
    audience: str | None = None
    token_s: int = 599
    most: int = 2_000


class PracticeReceiver:
    """A UCR service to practise against: `start`, look at `messages`, change moods, `stop`."""

    def __init__(self, settings: PracticeSettings, clock: Clock | None = None) -> None:
        """Keep the settings; nothing is opened before `start`."""
        self.settings = settings
        self._clock = clock or Clock()
        self._state: State | None = None
        self._server: Server | None = None
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, and answer from now on.

        Raises:
            SettingsError: the port is taken or the log cannot be opened; says what to do.
        """
        settings = self.settings
        self._state = state = self._opened()
        app = build_app(state, lambda: self.address)
        self._server = Server(configured(app, HOST, settings.port))
        try:
            await self._server.begin()
        except OSError as error:
            self._close()
            raise SettingsError(
                f"cannot listen on {HOST}:{settings.port}: the port is taken or not allowed; "
                "choose another with --port, or 0 for a free one"
            ) from error
        self._loop = asyncio.create_task(self._server.main_loop())

    async def stop(self) -> None:
        """Stop answering; whoever waits for an answer gets none or 503."""
        if self._loop is None or self._server is None or self._state is None:
            return
        self._state.stopping.set()
        await self._state.courier.stop()
        await self._server.end()
        await self._loop
        self._loop = None
        self._close()

    @property
    def address(self) -> str:
        """Where it listens: http://127.0.0.1:PORT."""
        assert self._server is not None, "start it first"
        return f"http://{HOST}:{self._server.port}"

    @property
    def messages(self) -> list[Received]:
        """What came, in order."""
        return list(self._held.ledger.messages)

    @property
    def referrals(self) -> list[Case]:
        """What the messages add up to, in the order they were opened."""
        return list(self._held.ledger.cases.values())

    @property
    def effective(self) -> int:
        """How many referrals a team would set out for, or has."""
        return sum(case.effective for case in self.referrals)

    @property
    def answers(self) -> list[Said]:
        """The later answers and what became of them."""
        return list(self._held.courier.said)

    def set_mood(self, mood: Mood | str, **how: Any) -> None:  # noqa: ANN401 - fields of Step
        """Meet every message so from now on; `how` are further fields of Step.

        Raises:
            ValueError: there is no such mood, or a field is none of Step's or out of its range.
        """
        self._held.moods.stay(msgspec.convert({"mood": mood, **how}, Step))

    def play(self, steps: Iterable[Step | Mood | str]) -> None:
        """Meet the next messages by a script, then by the steady mood."""
        self._held.moods.play(
            step if isinstance(step, Step) else Step(Mood(step)) for step in steps
        )

    def expire_tokens(self) -> int:
        """Let every token given so far be too old; give how many."""
        return self._held.access.expire()

    async def hears(self, count: int) -> list[Received]:
        """Wait until so many messages have come since the start."""
        async with self._held.news:
            await self._held.news.wait_for(lambda: self._held.ledger.count >= count)
        return self.messages

    async def says(self, count: int) -> list[Said]:
        """Wait until so many later answers have been said, or given up."""
        courier = self._held.courier
        async with courier.news:
            await courier.news.wait_for(lambda: len(courier.said) >= count)
        return self.answers

    @property
    def _held(self) -> State:
        assert self._state is not None, "start it first"
        return self._state

    def _opened(self) -> State:
        settings = self.settings
        chance = None if settings.seed is None else random.Random(settings.seed)  # noqa: S311
        road = Road(settings.answer_to, settings.answer_token, settings.retry_s)
        return State(
            clock=self._clock,
            ledger=Ledger(settings.most),
            moods=Moods(settings.mood, settings.script, chance),
            access=Access(settings.keys, settings.token_s),
            courier=Courier(self._clock, road),
            guarded=settings.auth and settings.keys is not None,
            audience=settings.audience,
            log=self._log(settings.log),
        )

    def _log(self, path: Path | None) -> BinaryIO | None:
        if path is None:
            return None
        try:
            return path.open("ab", buffering=0)
        except OSError as error:
            raise SettingsError(
                f"cannot write the log {path}: {error.strerror}; name another with --log"
            ) from error

    def _close(self) -> None:
        if self._state is not None and self._state.log is not None:
            self._state.log.close()
