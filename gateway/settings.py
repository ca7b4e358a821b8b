"""Settings: `lifeline.toml` and environment variables `LIFELINE_…`; an unknown key stops the start.

Secrets come from files, never from the environment or the command line. Every setting has one line
of description here; `lifeline --help` and ops/settings.md say the same.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gateway.bars_settings import BarsEndpoint
from gateway.broker_settings import Broker, check_brokers
from gateway.errors import SettingsError
from gateway.serial_ports import SerialPort, check_together

PREFIX = "LIFELINE_"
AUDIENCES = frozenset(
    {
        "supervisor", "partner",
        "ward", "ward_lead", "ward_on_call", "ward_out_of_hours", "patient",
    }
)  # fmt: skip
TEST_VARIABLES = (
    "LIFELINE_CI_",
    "LIFELINE_PAHO_TESTING",
    "LIFELINE_REQUIRE_PEERS",
    "LIFELINE_TEST_",
)
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Everything that can be set; port 0 means a free one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    state_dir: Path = Field(
        default=Path("lifeline-data"), description="embedded database, keys and their like"
    )
    database_dsn_file: Path | None = Field(
        default=None, description="file with the DSN of a PostgreSQL 15+; empty: the embedded one"
    )
    storage: Literal["auto", "native", "timescale"] = Field(
        default="auto", description="how time series are kept in a new database"
    )
    organisation: UUID = Field(
        default=UUID("00000000-0000-4000-8000-000000000001"),
        description="who owns what unknown senders say on our lines",
    )
    organisation_name: str = Field(default="This organisation", description="its name")
    bind: str = Field(default="127.0.0.1", description="address the listeners bind to")
    web_port: Port = Field(default=8080, description="HTTP: API, health, metrics")
    mqtt_port: Port = Field(default=1883, description="device endpoint without TLS")
    mqtt_tls_port: Port | None = Field(default=None, description="device endpoint with TLS")
    mqtt_line: str = Field(default="mqtt-main", description="the device endpoint's line name")
    brokers: tuple[Broker, ...] = Field(
        default=(), description="brokers of sites, as JSON: see ops/settings.md"
    )
    serial_ports: tuple[SerialPort, ...] = Field(
        default=(), description="serial receivers, as JSON: see ops/settings.md"
    )
    tls_certificate: Path | None = Field(default=None, description="PEM chain of the endpoint")
    tls_key: Path | None = Field(default=None, description="PEM key of the endpoint")
    tls_client_ca: Path | None = Field(default=None, description="PEM roots of client certificates")
    accept_unauthenticated: bool = Field(
        default=True, description="take calls of senders that prove nothing as unknown callers"
    )
    notice_webhooks: dict[str, str] = Field(
        default_factory=dict, description='where notices go, as JSON: {"supervisor": "https://…"}'
    )
    blind_webhook: str | None = Field(
        default=None, description="called when we cannot store, without using the database"
    )
    rules_dir: Path | None = Field(
        default=None, description="approved rules in place of the shipped ones"
    )
    vitals_enabled: bool = Field(
        default=True, description="decide vital signs; without it they are stored and nothing more"
    )
    quarantine_mib: int = Field(
        default=64, ge=1, le=4096, description="bound of unproved evidence per line"
    )
    bars: dict[str, BarsEndpoint] = Field(
        default_factory=dict, description="services that are referred to by FHIR, as JSON by id"
    )
    bars_peer_header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="header in which our proxy names the certificate of a service that answers",
    )
    bars_peer_proxies: tuple[str, ...] = Field(
        default=("127.0.0.1", "::1"), description="addresses that header is believed from"
    )
    oidc_issuer: str | None = Field(
        default=None,
        pattern=r"^https://",
        description="identity provider that people sign in at (OpenID Connect)",
    )
    oidc_client_id: str | None = Field(default=None, description="our id there")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="file with our secret there; none: a public client"
    )
    oidc_redirect_url: str | None = Field(
        default=None,
        pattern=r"^https?://.*/sign-in/provider/back$",
        description="our own address there, as browsers see it: https://…/sign-in/provider/back",
    )
    oidc_ca_file: Path | None = Field(
        default=None, description="PEM roots of its certificate; none: the machine's"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.mqtt_tls_port is not None and not (self.tls_certificate and self.tls_key):
            raise ValueError("mqtt_tls_port needs tls_certificate and tls_key")
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_redirect_url):
            raise ValueError("oidc_issuer needs oidc_client_id and oidc_redirect_url")
        strangers = set(self.notice_webhooks) - AUDIENCES
        if strangers:
            known = ", ".join(sorted(AUDIENCES))
            raise ValueError(f"notice_webhooks names {sorted(strangers)}: only {known}")
        check_brokers(self.brokers, {self.mqtt_line})
        check_together(self.serial_ports, {self.mqtt_line, *(one.line for one in self.brokers)})
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say which wins: arguments, then environment, then lifeline.toml."""
        del dotenv_settings, file_secret_settings
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load(toml: Path | None = None, **given: object) -> Settings:
    """Read the settings.

    Args:
        toml: The settings file; `lifeline.toml` of the working directory when None and it exists.
        given: Values that win over environment and file.

    Raises:
        SettingsError: an unknown key or a wrong value, with its name and where it came from.
    """
    _refuse_unknown_variables()
    path = toml or Path("lifeline.toml")
    if toml is not None and not toml.exists():
        raise SettingsError(f"no settings file {toml}: name one that exists, or leave it out")

    class WithFile(Settings):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX, extra="forbid", frozen=True, toml_file=path
        )

    try:
        return WithFile(**given)  # type: ignore[arg-type]  # values are checked by the model
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or 'settings'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        raise SettingsError(f"wrong settings ({path} or {PREFIX}…): {wrong}") from error


def _refuse_unknown_variables() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known and not name.startswith(TEST_VARIABLES):
            raise SettingsError(
                f"environment variable {name} is no setting: correct or unset it; "
                f"settings are {', '.join(sorted(known))}"
            )
