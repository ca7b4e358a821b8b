"""Client of a site's broker: what devices say there comes in here (STACK 1, INTERFACES 2).

A broker's PUBACK to a device promises nothing (STACK 2.1); what a device of ours waits for is its
receipt on `down`, which is published after our commit, and until which it repeats. Towards the
broker we acknowledge after the commit too, so that what we had not stored comes again.

Two sessions, each with its own connection: calls, and everything else. Behind one window, twenty
unacknowledged readings hold back a press (STACK 6).

    client = BrokerClient(settings, intake, clock.now)
    client.start()
    await client.stop()       # before the intake stops: what it commits is still acknowledged

Who sent a message, and whether that is proved: gateway/listeners/mqtt_client_packets.py. A site
that is away does not make the gateway unready: gateway/broker_watch.py raises a technical alarm.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.listeners.mqtt_client_parts import BrokerSettings, Known, Topics
from gateway.listeners.mqtt_client_session import BrokerSession, Surroundings
from gateway.listeners.ports import Intake

log = structlog.get_logger()


class BrokerClient:
    """Both sessions at one broker."""

    def __init__(
        self,
        settings: BrokerSettings,
        intake: Intake,
        now: Callable[[], datetime],
        entropy: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: Where, and as whom.
            intake: Takes the messages.
            now: The gateway's clock.
            entropy: Numbers in [0, 1), for the jitter of reconnects.
        """
        self.settings = settings
        self._intake = intake
        self._known = Known()
        surroundings = Surroundings(intake, now, self._known, entropy)
        self.sessions = {topics: BrokerSession(settings, topics, surroundings) for topics in Topics}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_up(self) -> bool:
        """Say whether calls and everything else are subscribed."""
        return all(session.is_up for session in self.sessions.values())

    @property
    def line(self) -> str:
        """The account space of the devices that are heard through this broker."""
        return self.settings.line

    @property
    def is_blind(self) -> bool:
        """Say whether nothing can be stored, so that we stay away on purpose."""
        return self._intake.blind

    @property
    def stuck(self) -> int:
        """How many messages were passed over since the start, because they were not stored."""
        return sum(session.stuck for session in self.sessions.values())

    def start(self) -> list[asyncio.Task[None]]:
        """Connect, and stay connected; give the tasks, so that none can end unseen."""
        self._intake.on_blind(self._on_blind)
        self._tasks = [
            asyncio.create_task(session.run(), name=f"broker {self.settings.line} {topics}")
            for topics, session in self.sessions.items()
        ]
        return self._tasks

    async def stop(self) -> None:
        """Take nothing more, acknowledge what is committed, disconnect (STACK trap 6)."""
        for session in self.sessions.values():
            session.finish()
        if self._tasks:
            timing = self.settings.timing
            most_s = timing.drain_s + timing.flush_s + timing.answer_s
            _, late = await asyncio.wait(self._tasks, timeout=most_s)
            for task in late:  # it is just connecting to a broker that does not answer
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        log.info("the broker is left", line=self.settings.line)

    def tell(self, name: str, payload: bytes) -> bool:
        """Send a later message to a device heard through this broker; False when it was not."""
        if name not in self._known:
            return False
        self.sessions[Topics.CALLS].texts.tell(name, payload)
        return True

    def _on_blind(self, blind: bool) -> None:  # noqa: FBT001 - the listener's shape
        """Leave the broker, so that it queues; come back when something can be stored."""
        del blind
        for session in self.sessions.values():
            session.look()
