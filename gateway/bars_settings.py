"""Where BaRS-shaped messages go and as whom: one endpoint for each service, read at start.

A service whose row says `delivery = "bars"` is sent to by its endpoint here; without one, its
referrals become phone tasks at once. The addresses of services and of their token endpoints are
https, because what goes there names people; plain http is for this machine only.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from alerts.referral.bars_case import Flow

USE_CASES = {Flow.VALIDATION: "a4t3", Flow.REFERRAL: "a3t1"}
Ods = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$")]
Dos = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


class BarsEndpoint(BaseModel):
    """One service's receiver, and who we are to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="base address; $process-message is added to it")
    service_id: Dos = Field(description="the service's Directory of Services id")
    receiver_ods: Ods = Field(description="ODS code of the receiving organisation")
    ods_code: Ods = Field(description="our ODS code")
    sender_service_id: Dos = Field(description="our Directory of Services id: answers come to it")
    phone: Words = Field(description="telephone that reaches our operators at any hour")
    flow: Flow = Flow.VALIDATION
    use_case: str | None = Field(default=None, pattern=r"^a[0-9]t[0-9]$")
    organisation: UUID | None = Field(default=None, description="whose service; ours when absent")
    software: Words = "lifeline-gateway"
    device_arrays: bool = True
    token_url: str | None = None
    client_id: Words | None = None
    key_file: Path | None = Field(default=None, description="PEM private key of at least 2048 bits")
    kid: Words | None = Field(default=None, description="the key's name at the token endpoint")
    ca_file: Path | None = Field(default=None, description="PEM roots in place of the machine's")
    peer: str | None = Field(
        default=None, description="what bars_peer_header must say for this service's answers"
    )

    @field_validator("url", "token_url")
    @classmethod
    def _is_private(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme == "https" and parts.hostname:
            return value.rstrip("/")
        if parts.scheme == "http" and _is_here(parts.hostname or ""):
            return value.rstrip("/")
        raise ValueError("expected an https address; http only to 127.0.0.1, ::1 or localhost")

    @model_validator(mode="after")
    def _signs_in_wholly(self) -> Self:
        given = (self.token_url, self.client_id, self.key_file, self.kid)
        if any(given) and not all(given):
            raise ValueError("token_url, client_id, key_file and kid belong together")
        return self

    @property
    def case(self) -> str:
        """The code of the use case: the flow's own unless one is set."""
        return self.use_case or USE_CASES[self.flow]


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
