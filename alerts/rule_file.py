"""One file of rules as TOML holds it: its tables of rows, each row of one kind.

Contract: an unknown key or a value of the wrong kind raises RuleError naming file, row and key.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from alerts.rule_rows import (
    ActivationRow,
    AnswerRow,
    CodeRow,
    HealthRow,
    PlanRow,
    RouteRow,
    Row,
    RuleError,
    RuleRow,
    ServiceRow,
)
from alerts.rule_versions import Rollback
from alerts.script_rows import ScriptFile
from alerts.vital_rows import (
    ChangeRow,
    LimitRow,
    PathwayRow,
    QuestionnaireRow,
    RelativeRow,
    SlopeRow,
    TargetRow,
    WardRow,
)

PLACE_IN_FILE = re.compile(r"\$\.(\w+)\[(\d+)\]")


class RuleFile(ScriptFile, frozen=True, forbid_unknown_fields=True):
    """One file of rows, and of versions that were taken back."""

    rule: tuple[RuleRow, ...] = ()
    activation: tuple[ActivationRow, ...] = ()
    answer: tuple[AnswerRow, ...] = ()
    plan: tuple[PlanRow, ...] = ()
    service: tuple[ServiceRow, ...] = ()
    route: tuple[RouteRow, ...] = ()
    code: tuple[CodeRow, ...] = ()
    health: tuple[HealthRow, ...] = ()
    limit: tuple[LimitRow, ...] = ()
    target: tuple[TargetRow, ...] = ()
    relative: tuple[RelativeRow, ...] = ()
    change: tuple[ChangeRow, ...] = ()
    slope: tuple[SlopeRow, ...] = ()
    questionnaire: tuple[QuestionnaireRow, ...] = ()
    pathway: tuple[PathwayRow, ...] = ()
    ward: tuple[WardRow, ...] = ()
    rollback: tuple[Rollback, ...] = ()


def read_file(name: str, content: bytes) -> RuleFile:
    """Read one file.

    Raises:
        RuleError: naming file, row and key, and what to do.
    """
    data: dict[str, Any] = {}
    try:
        data = tomllib.loads(content.decode())
        return msgspec.convert(data, RuleFile)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        row = _row_named(data, str(error))
        raise RuleError(
            f"{name}: {row}{error}; correct or remove that key, then start again"
        ) from error


def _row_named(data: Mapping[str, Any], message: str) -> str:
    """Name the row that a decoder's message gives only the place of."""
    found = PLACE_IN_FILE.search(message)
    if found is None:
        return ""
    row = data[found[1]][int(found[2])]
    named = row.get("id") if isinstance(row, dict) else None
    return f"row {named}: " if named else f"{found[1]} row {int(found[2]) + 1}: "


def rows_of(rule_file: RuleFile) -> Iterable[Row]:
    """Give every row of a file."""
    for name in rule_file.__struct_fields__:
        yield from (row for row in getattr(rule_file, name) if isinstance(row, Row))
