"""One run of the demo: start, header, steps, figures, summary, and everything gone at the end.

Exit codes: 0 when every step happened in time; 1 when one is missing or late, or the gateway died;
128 + the signal's number (130 for Ctrl-C) when told to stop before the story's end.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.clock import StoryClock
from gateway.demo import report
from gateway.demo.acting import Stage
from gateway.demo.around import around
from gateway.demo.broker import programs
from gateway.demo.figures import measure
from gateway.demo.house import House, folder, opened
from gateway.demo.missing import Missing
from gateway.demo.parts import Step, Story
from gateway.demo.passing import Passage
from gateway.demo.screen import Screen
from gateway.demo.staging import staged
from gateway.demo.stories import STORIES
from gateway.demo.ways import Via, Ways, played
from gateway.embedded import EmbeddedError
from gateway.errors import GatewayError
from gateway.tokens import Role

FAILED = 1
TOLD = 128
BEFORE = timedelta(minutes=6)  # the gateway has been up for a while when the story begins
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Told = asyncio.Future[int]


@dataclass(frozen=True, slots=True)
class Run:
    """What is played, on which screen, how fast, and whether it ends by itself."""

    story: Story
    screen: Screen
    speed: float
    once: bool
    ways: Ways = Ways()  # noqa: RUF009 - frozen


async def play(story: int, *, speed: float, once: bool, ways: Ways) -> int:
    """Play a case study; give the exit code.

    Args:
        story: Number of the case study.
        speed: Story seconds a second while nothing happens; at least 1.
        once: End after the story; otherwise stay up until told to stop.
        ways: How the press comes in and the referral goes out.

    Raises:
        GatewayError, EmbeddedError, OSError: the gateway cannot start; says what to do.
    """
    if ways.via is Via.MOSQUITTO:
        programs()  # before anything is made that would have to go again
    return await perform(Run(played(STORIES[story], ways), Screen(), speed, once, ways))


async def perform(run: Run) -> int:
    """Play; as `play`, for any story and screen."""
    told: Told = asyncio.get_running_loop().create_future()
    code = 0
    with _stopped_by(told), folder() as where:
        report.opening(run.screen, run.story)
        missing: Missing | None = None
        try:
            clock = StoryClock(run.story.start - BEFORE)
            async with (
                around(run.ways, where.path, clock) as beside,
                opened(where, clock, beside) as house,
            ):
                code = await _watched(run, house, told)
        except Missing as error:
            missing, where.keep = error, True
        except (GatewayError, EmbeddedError, OSError):
            report.kept(run.screen, where)
            raise
        if missing is not None:
            report.failure(run.screen, missing, where)
            code = FAILED
    return code


@contextmanager
def _stopped_by(told: Told) -> Iterator[None]:
    """Take the first signal as the wish to end in order; later ones change nothing."""
    loop = asyncio.get_running_loop()

    def tell(number: int) -> None:
        if not told.done():
            told.set_result(number)

    for number in STOPS:
        loop.add_signal_handler(number, tell, number)
    try:
        yield
    finally:
        for number in STOPS:
            loop.remove_signal_handler(number)


async def _watched(run: Run, house: House, told: Told) -> int:
    """Play while the gateway lives and nobody wants to stop; then stay up unless `once`.

    Raises:
        Missing: a step is missing, or a part of the gateway died.
    """
    dying = asyncio.ensure_future(house.gateway.wait())
    playing = asyncio.ensure_future(_story(run, house))
    try:
        await _first(dying, playing, told)
        if told.done():
            return TOLD + told.result()
        if playing.done():
            await playing
            if run.once:
                return 0
            report.staying(run.screen, house)
            await _first(dying, told)
        if dying.done():
            raise Missing(f"a part of the gateway died: {type(dying.exception()).__name__}")
    finally:
        for task in (playing, dying):
            task.cancel()
        await asyncio.gather(playing, dying, return_exceptions=True)
    return 0


async def _first(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


async def _story(run: Run, house: House) -> None:
    """Play all steps, then the figures and the summary.

    Raises:
        Missing: names the step.
    """
    screen = run.screen
    async with staged(run.story, run.screen, house) as stage:
        report.running(screen, house, run.speed)
        await _settle(stage)
        house.clock.forward_to(run.story.start)
        passage = Passage(
            house.clock, stage.observer, screen, stage.ledger, run.speed, stage.pendant
        )
        for step in run.story.steps:
            await _step(step, stage, passage)
        if run.story.figures:
            report.measuring(screen, run.ways)
            report.measured(screen, await measure(house, stage.observer))
        report.closing(screen, run.story, stage, passage.ran)


async def _settle(stage: Stage) -> None:
    """Do what devices and consoles did all morning: say that it lives, read the empty lists."""
    if stage.pendant is not None:
        await stage.pendant.beat()
    await stage.desk.get(Role.OPERATOR, "/alarms")
    await stage.desk.get(Role.RESPONDER, "/referrals")


async def _step(step: Step, stage: Stage, passage: Passage) -> None:
    try:
        await passage.to(step.at)
        await stage.perform(step)
    except Missing as error:
        raise Missing(f"at {report.moment(step.at)}, {step.who}: {step.words}\n{error}") from error
