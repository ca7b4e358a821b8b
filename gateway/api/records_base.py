"""What all records that are given have in common, and the warning that several of them carry."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class View(BaseModel):
    """Base of what is given; read from the stored value's attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def example(fields: dict[str, Any]) -> ConfigDict:
    """Give a view's configuration with an example; a test holds it against the view."""
    return ConfigDict(from_attributes=True, frozen=True, json_schema_extra={"examples": [fields]})


class HomeWarning(StrEnum):
    """What must be read before a home is called (DECIDING 8)."""

    BEREAVED = "bereaved"
    DEATH_REPORTED = "death_reported"


def warning_field() -> Any:  # noqa: ANN401 - a field of pydantic's
    """Give the field that a warning stands in."""
    said = "read it before you call this home: somebody there has died, or was reported to have"
    return Field(default=None, description=said)
