"""A person's own limits as a file holds them, and the rehearsal they were approved with.

A set is for the import file (gateway/enrol_vitals.py) and for `lifeline rehearse` alike.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from alerts.vital_digest import limits_digest
from alerts.vitals.plan import LimitSet
from devices.model import VitalCode
from gateway.errors import SettingsError
from gateway.rehearsals import check_limits, document_of
from gateway.store.cases import encode

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Strict(BaseModel):
    """A row that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsRow(Strict):
    """The four limits of a vital sign; one left out is inherited."""

    alert_high: float | None = None
    warning_high: float | None = None
    warning_low: float | None = None
    alert_low: float | None = None


class LimitSetRow(Strict):
    """A person's own limits in one version."""

    version: Slug
    effective: AwareDatetime
    author: Name
    approver: Name
    limits: dict[VitalCode, LimitsRow] = Field(min_length=1)
    rehearsal: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _two_people(self) -> "LimitSetRow":
        if self.author.strip().casefold() == self.approver.strip().casefold():
            raise ValueError(
                f"approver of limits {self.version} is their author; have another person approve"
            )
        return self


def read_limits(path: Path) -> LimitSetRow:
    """Read a JSON or TOML file with one set of a person's own limits.

    Raises:
        SettingsError: names the key that is wrong.
    """
    try:
        content = path.read_bytes()
        data = tomllib.loads(content.decode()) if path.suffix == ".toml" else json.loads(content)
        return LimitSetRow.model_validate(data)
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or 'limits'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        raise SettingsError(f"{path}: {wrong}; expected a set as in the import file") from error
    except ValueError as error:
        raise SettingsError(f"{path} is neither JSON nor TOML: {error}") from error


def limit_set(given: LimitSetRow) -> LimitSet:
    """Give a set as deciding takes it."""
    return msgspec.convert(given.model_dump(exclude={"rehearsal"}), LimitSet)


def rehearsal_of(given: LimitSetRow, person: UUID, named: str) -> str:
    """Give the rehearsal that limits came with, once it is seen to be of them.

    Raises:
        SettingsError: it is of others, or was changed.
    """
    content = encode(given.rehearsal)
    named = f"nothing was enrolled: {named}.rehearsal"
    found = document_of(content, named)
    try:
        check_limits(found, str(person), limits_digest(limit_set(given).limits))
    except SettingsError as error:
        raise SettingsError(f"{named}: {error}") from error
    return content.decode()
