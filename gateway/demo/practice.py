"""The crisis service with a system of its own: the practice receiver, and what it posts back.

Contract: it is sent BaRS-shaped messages by HTTP, for which the gateway signs in with a key of this
run; it answers later when the story says so, to the gateway's `/fhir/R4/$process-message`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.bars_settings import BarsEndpoint
from gateway.clock import Clock
from gateway.demo.missing import Missing
from gateway.demo.parts import Says
from gateway.practice_receiver.access import read_keys
from gateway.practice_receiver.answers import Later
from gateway.practice_receiver.courier import Courier, Road
from gateway.practice_receiver.moods import Mood, Step
from gateway.practice_receiver.receiver import PracticeReceiver, PracticeSettings

KEY_BITS = 2_048
KID = "demo-1"
CLIENT = "lifeline-demo"
SAY_S = 10.0
RETRY_S = 0.5
PHONE = "0116 496 0000"  # of the range that Ofcom keeps for drama


def _key(path: Path) -> RSAPrivateKey:
    """Write a new private key to a file that only we may read."""
    key = generate_private_key(65_537, KEY_BITS)
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def _endpoint(address: str, key: Path) -> BarsEndpoint:
    """Say where the receiver is and who we are to it; all ids are invented."""
    return BarsEndpoint(
        url=f"{address}/FHIR/R4",
        service_id="2000099999",
        receiver_ods="ZZ001",
        ods_code="ZZ999",
        sender_service_id="2000011111",
        phone=PHONE,
        token_url=f"{address}/oauth2/token",
        client_id=CLIENT,
        key_file=key,
        kid=KID,
    )


@dataclass(frozen=True, slots=True)
class Practice:
    """A running practice receiver, and how the gateway is set to reach it."""

    receiver: PracticeReceiver
    endpoint: BarsEndpoint
    clock: Clock


@asynccontextmanager
async def practice(folder: Path, clock: Clock) -> AsyncIterator[Practice]:
    """Start a practice receiver on a free port; stop it at the end.

    Raises:
        SettingsError: it cannot listen.
    """
    path = folder / "bars-key.pem"
    public = _key(path).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    receiver = PracticeReceiver(PracticeSettings(keys=read_keys(pem, KID, CLIENT)), clock)
    await receiver.start()
    try:
        yield Practice(receiver, _endpoint(receiver.address, path), clock)
    finally:
        await receiver.stop()


class Answers:
    """What the service's system says, and when the story wants it said."""

    def __init__(self, practice: Practice, gateway: str, token: str) -> None:
        """Know where later answers go, and the token that goes with them."""
        self._receiver = practice.receiver
        self._courier = Courier(practice.clock, Road(f"{gateway}/fhir/R4", token, RETRY_S))

    async def close(self) -> None:
        """End the connection."""
        await self._courier.stop()

    def taken(self) -> str:
        """Say how the referral was taken.

        Raises:
            Missing: it is not there, or more than once.
        """
        referrals, messages = self._receiver.referrals, self._receiver.messages
        if len(referrals) != 1 or self._receiver.effective != 1:
            raise Missing(f"the practice receiver has {len(referrals)} referrals, expected 1")
        return (
            f"BaRS message {messages[0].reason!r} answered HTTP {messages[0].answered}, Encounter "
            f"{referrals[0].answer}: their reference {referrals[0].opened.reference}"
        )

    async def say(self, says: Says) -> str:
        """Post a later answer; return when the gateway has committed it.

        Raises:
            Missing: it was not taken.
        """
        (case,) = self._receiver.referrals
        said, before = self._courier.said, len(self._courier.said)
        self._courier.follow(case, Step(Mood.PLANNED, then=(Later(says.value),), after_s=0))
        try:
            async with asyncio.timeout(SAY_S), self._courier.news:
                await self._courier.news.wait_for(lambda: len(said) > before)
        except TimeoutError as late:
            raise Missing(f"the answer {says} was not taken within {SAY_S:g} s") from late
        posted = said[-1]
        if not posted.arrived:
            raise Missing(f"the answer {says} was met with: {posted.problem}")
        where = "/fhir/R4/$process-message"
        return f"BaRS answer, Encounter {says}: posted to {where}, HTTP {posted.status}"
