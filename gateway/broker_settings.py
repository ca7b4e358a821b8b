"""The brokers of sites, as the setting `brokers` lists them."""

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.errors import SettingsError
from gateway.listeners.mqtt_client_parts import BrokerSettings, Version

MAX_BROKERS = 32
TLS_PORT = 8883
PLAIN_PORT = 1883
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class Broker(BaseModel):
    """One broker: where it is, how we prove who we are, and whose names its devices have.

    `line` is the account space of the devices behind it, its own: a site's broker must not be able
    to speak for the devices of another line. `client_id` names our two sessions there; each of
    several gateways needs its own. `group` shares the messages among gateways. `status_as` is the
    name under which we say there that we are online.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: Word
    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allow_plain: bool = False
    username: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    password_file: Path | None = None
    group: Word | None = None
    client_id: Word | None = None
    version: Version = Version.V5
    trusted_topics: bool = True
    status_as: Word | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs username")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key need each other")
        if self.tls_ca is None and self.tls_certificate is not None:
            raise ValueError("tls_certificate needs tls_ca")
        if self.tls_ca is None and not (self.allow_plain or _is_here(self.host)):
            raise ValueError(
                "calls and readings would be sent readable by anyone: set tls_ca, or "
                "allow_plain where the network between is trusted"
            )
        if self.group is not None and self.client_id is None:
            raise ValueError("group needs client_id, another one for each gateway")
        if self.group is not None and self.version is not Version.V5:
            raise ValueError("group needs version 5: there an absent member's session ends soon")
        return self

    @property
    def name(self) -> str:
        """What we call ourselves there."""
        return self.client_id or f"lifeline-{self.line}"

    def opened(self, state_dir: Path) -> BrokerSettings:
        """Read the files and give what a client needs.

        Raises:
            SettingsError: a file cannot be read, or may be read by others.
        """
        port = self.port or (PLAIN_PORT if self.tls_ca is None else TLS_PORT)
        return BrokerSettings(
            line=self.line,
            host=self.host,
            port=port,
            client_id=self.name,
            tls=self._tls(),
            username=self.username,
            password=None if self.password_file is None else _secret(self.password_file),
            group=self.group,
            version=self.version,
            trusted_topics=self.trusted_topics,
            memory=state_dir / "brokers",
        )

    def _tls(self) -> ssl.SSLContext | None:
        if self.tls_ca is None:
            return None
        try:
            context = ssl.create_default_context(cafile=str(self.tls_ca))
            if self.tls_certificate is not None:
                context.load_cert_chain(self.tls_certificate, self.tls_key)
        except OSError as error:
            raise SettingsError(
                f"broker of line {self.line}: tls_ca, tls_certificate or tls_key cannot be used "
                f"({type(error).__name__}): name PEM files that we may read"
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def check_brokers(brokers: tuple[Broker, ...], others: set[str]) -> None:
    """Check that brokers and lines do not get in each other's way.

    Args:
        others: Lines that other listeners use.

    Raises:
        ValueError: too many brokers, or a line used twice.
    """
    if len(brokers) > MAX_BROKERS:
        raise ValueError(f"brokers: {len(brokers)} of them, expected at most {MAX_BROKERS}")
    seen = set(others)
    for broker in brokers:
        if broker.line in seen:
            raise ValueError(f"brokers: line {broker.line} belongs to another listener")
        seen.add(broker.line)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secret(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} can be read by others: chmod 600 {path}")
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"password_file {path} cannot be read ({type(error).__name__}): name one we may read"
        ) from error
