"""What a running practice receiver holds, and the one place where a message passes through it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from uuid import uuid4

import msgspec

from gateway.clock import Clock
from gateway.practice_receiver.access import Access
from gateway.practice_receiver.courier import Courier
from gateway.practice_receiver.handling import Answer, Came, meet
from gateway.practice_receiver.ledger import Ledger
from gateway.practice_receiver.moods import Moods
from gateway.practice_receiver.outcomes import Problem


@dataclass(slots=True)
class State:
    """What a running practice receiver holds.

    Attributes:
        guarded: Whether FHIR requests need a token.
        audience: What `aud` of an assertion must be; None is the token endpoint's own address.
        log: File of JSON lines, one for each message; None writes none.
        log_problem: Why the file is no longer written; empty while it is.
    """

    clock: Clock
    ledger: Ledger
    moods: Moods
    access: Access
    courier: Courier
    guarded: bool
    audience: str | None
    log: BinaryIO | None
    log_problem: str = ""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def unknown(self, authorization: str) -> Problem | None:
        """Say what is wrong with a token, where tokens are asked for."""
        return self.access.refusal(authorization, self.clock.now()) if self.guarded else None

    async def met(self, headers: Mapping[str, str], body: bytes, refused: Problem | None) -> Answer:
        """Meet a message: answer it, list it, log it, and begin what is said afterwards."""
        came = Came(headers, body, self.clock.now(), self.ledger.next_number())
        answer = meet(came, self.ledger, self.moods, lambda: str(uuid4()), refused)
        self._write()
        if answer.case is not None:
            self.courier.follow(answer.case, answer.step)
        async with self.news:
            self.news.notify_all()
        return answer

    def _write(self) -> None:
        """Log the last message; a file that cannot be written must not stop practice."""
        if self.log is None or self.log_problem:
            return
        try:
            self.log.write(msgspec.json.encode(self.ledger.messages[-1]) + b"\n")
        except OSError as error:
            self.log_problem = f"the log is no longer written: {error.strerror}"
