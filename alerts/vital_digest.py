"""What of the rules a rehearsal of vital signs looks at, and a digest that names its content.

Contract: pure. Who wrote and who approved a row, from when it holds and its source change nothing
that is decided, so the digest leaves them out: a rehearsal made before the approval stays that of
what was approved.
"""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from alerts.rule_ids import Rule
from alerts.rule_rows import Row, RuleRow
from alerts.rule_versions import Placed
from alerts.vital_rows import Limits
from alerts.vital_rules import KINDS
from devices.model import VitalCode

APART = frozenset({"author", "approver", "effective", "source"})
OTHERS = frozenset({Rule.CONFUSION_SCORE.value})
WORD = "vitals"


class Changed(msgspec.Struct, frozen=True):
    """A row that a proposal changes: the version that holds now and the proposed one.

    `digest` is of the proposed content; None when the row is gone.
    """

    id: str
    was: str | None
    version: str | None
    digest: str | None


def is_vital(row: Row) -> bool:
    """Say whether deciding about vital signs looks at a row."""
    if isinstance(row, KINDS):
        return True
    return isinstance(row, RuleRow) and (WORD in row.id or row.id in OTHERS)


def row_digest(row: Row) -> str:
    """Give the SHA-256 of a row's content."""
    content = {
        name: value for name, value in msgspec.structs.asdict(row).items() if name not in APART
    }
    return _sha256((type(row).__name__, content))


def rows_digest(placed: Iterable[Placed]) -> str:
    """Give the SHA-256 of the content of all rows about vital signs."""
    return _sha256(sorted(row_digest(one.row) for one in placed if is_vital(one.row)))


def limits_digest(limits: Mapping[VitalCode, Limits]) -> str:
    """Give the SHA-256 of a person's own limits."""
    return _sha256({code.value: one for code, one in limits.items()})


def _sha256(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def changed(before: Iterable[Placed], after: Iterable[Placed]) -> tuple[Changed, ...]:
    """Give the rows about vital signs whose content differs, by id."""
    was = {one.row.id: one.row for one in before if is_vital(one.row)}
    now = {one.row.id: one.row for one in after if is_vital(one.row)}
    found = []
    for name in sorted({*was, *now}):
        old, new = was.get(name), now.get(name)
        digests = [None if row is None else row_digest(row) for row in (old, new)]
        if digests[0] != digests[1]:
            versions = [None if row is None else row.version for row in (old, new)]
            found.append(Changed(name, versions[0], versions[1], digests[1]))
    return tuple(found)
