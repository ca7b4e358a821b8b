"""Who may come in: the answer to one CONNECT, whatever happens on our side meanwhile."""

import asyncio
from dataclasses import dataclass

import structlog

from devices.links.mqtt_events import ConnectRequested
from devices.links.mqtt_reasons import Reason
from gateway.errors import StoreUnavailable
from gateway.listeners import tls
from gateway.listeners.mqtt_policy import claimed_name
from gateway.listeners.mqtt_shared import Shared
from gateway.listeners.ports import Identity
from gateway.log import place

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a device is kept out, for it and for the operator."""

    reason: Reason
    why: str


async def admit(shared: Shared, asked: ConnectRequested, tls_object: object) -> Identity | Refusal:
    """Decide about a CONNECT.

    Never raises and never stays silent: a device that is told "not now" tries its next receiver.
    """
    blind = Refusal(Reason.SERVER_UNAVAILABLE, "nothing can be stored")
    if shared.intake.blind:
        return blind
    try:
        identity = await _identify(shared, asked, tls_object)
    except (StoreUnavailable, TimeoutError):
        return Refusal(Reason.SERVER_UNAVAILABLE, "the database does not answer")
    except Exception as error:  # noqa: BLE001 - whatever it is, the device must hear an answer
        line = shared.settings.line
        log.error("a sender could not be identified: see the error", line=line, error=place(error))
        return Refusal(Reason.SERVER_UNAVAILABLE, "identification failed")
    if shared.intake.blind:
        return blind
    if not identity.authenticated and not shared.settings.accept_unauthenticated:
        return Refusal(Reason.BAD_USERNAME_OR_PASSWORD, "not an enrolled device")
    return identity


async def _identify(shared: Shared, asked: ConnectRequested, tls_object: object) -> Identity:
    name = claimed_name(asked.username, tls.common_name(tls_object), asked.client_id)
    async with asyncio.timeout(shared.settings.identify_deadline_s):
        return await shared.gatekeeper.identify(
            shared.settings.line, name, asked.password, tls.fingerprint_sha256(tls_object)
        )
