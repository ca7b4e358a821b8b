"""What waits in the browser while its person is at the identity provider; and what can go wrong."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta

import msgspec

from gateway.errors import GatewayError

FLOW_FOR = timedelta(minutes=10)


class ProviderAway(GatewayError):  # noqa: N818 - a state, named as the person is told it
    """The identity provider does not answer, or not as it must: use an account for emergencies."""


class NotProved(GatewayError):  # noqa: N818 - as above
    """What came back from the provider does not prove who somebody is: begin again."""


class Flow(msgspec.Struct, frozen=True):
    """What must be known again when the browser comes back.

    `again` names the sign-in that is to go on, "" when a new one is to begin.
    """

    state: str
    nonce: str
    verifier: str
    next_path: str
    until: datetime
    again: str = ""


def seal(key: bytes, flow: Flow) -> str:
    """Write a flow as a cookie that only we can have made."""
    text = base64(msgspec.json.encode(flow))
    return f"{text}.{_code(key, text)}"


def opened(key: bytes, cookie: str, now: datetime) -> Flow:
    """Read a flow from its cookie.

    Raises:
        NotProved: it is none of ours, or too old.
    """
    text, _, code = cookie.partition(".")
    if not hmac.compare_digest(code.encode(), _code(key, text).encode()):
        raise NotProved("no sign-in began in this browser")
    flow = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Flow)
    if flow.until <= now:
        raise NotProved(f"the sign-in took more than {FLOW_FOR}")
    return flow


def base64(data: bytes) -> str:
    """Write bytes as tokens do: base64url without its padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _code(key: bytes, text: str) -> str:
    return hmac.new(key, b"oidc flow:" + text.encode(), hashlib.sha256).hexdigest()
