"""The audit agrees (DESIGN 4, 7).

Who did what stands in the commit of what was done, ids mean one thing for ever, and the tables
people query say what the case says.
"""

import hashlib
from typing import Any
from uuid import UUID, uuid5

from ops.sim.judge_part import Part
from ops.sim.judged import (
    Commit,
    Row,
    alarm_of,
    case_of,
    encode,
    referral_of,
    rows_of,
    text_of,
    word,
)

AUDIT = "the audit agrees"
IDS = "ids mean one thing"
AGREES = "the tables agree with the case"
# The name spaces of ids, written down here once more: an id that changes is another thing, at
# every receiver that keeps it.
ALARMS = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e01")
REFERRALS = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e02")
PARTS = ("alarm", "referral", "task")


class Audit(Part):
    """Compares what a commit wrote with itself."""

    def committed(self, commit: Commit) -> None:
        """Look at decisions, ids and records."""
        self._audited(commit)
        for row in commit.of("alarm"):
            if row.new is not None:
                self._alarm_id(row)
        for row in commit.of("referral"):
            if row.new is not None:
                self._referral_id(row)
        for table in PARTS:
            for row in commit.of(table):
                self._revised(table, row)
        for row in commit.of("subject"):
            if row.new is not None and row.new.state is not None:
                self._agrees(row.new)

    def _audited(self, commit: Commit) -> None:
        decisions = commit.written("decision")
        audit = {(one.act, bytes(one.digest)) for one in commit.written("audit")}
        for one in decisions:
            digest = hashlib.sha256(text_of(one.entry).encode()).digest()
            if (one.what, digest) not in audit:
                self.book.say(AUDIT, f"a decision ({one.what}) was committed without its audit row")
        if len(commit.written("audit")) != len(decisions):
            self.book.say(
                AUDIT,
                f"{len(commit.written('audit'))} audit rows for {len(decisions)} decisions of one "
                "commit; expected as many",
            )

    # -- ids ---------------------------------------------------------------------------------------

    def _alarm_id(self, row: Row) -> None:
        alarm = alarm_of(text_of(row.new.record))
        if alarm.id != str(uuid5(ALARMS, f"{alarm.opened_by}|{alarm.kind.value}")):
            self.book.say(IDS, f"alarm {alarm.id[:8]} is not named by what opened it")
        if row.old is not None:
            before = alarm_of(text_of(row.old.record))
            if (before.opened_by, row.old.subject_id) != (alarm.opened_by, row.new.subject_id):
                self.book.say(IDS, f"the id of alarm {alarm.id[:8]} was used for something else")

    def _referral_id(self, row: Row) -> None:
        referral = referral_of(text_of(row.new.record))
        pair = (referral.alarm, referral.service)
        if row.old is not None:
            before = referral_of(text_of(row.old.record))
            if (before.alarm, before.service) != pair:
                self.book.say(IDS, f"the id of referral {referral.id[:8]} was used for another")
            return
        ordinal = sum(
            (word(one.alarm_id), one.service_id) == pair
            for one in rows_of(self.book.world, "referral").values()
        )
        expected = str(uuid5(REFERRALS, f"{referral.alarm}|{referral.service}|{ordinal}"))
        if referral.id != expected:
            self.book.say(
                IDS,
                f"referral {referral.id[:8]} is not named by its alarm, service and number "
                f"{ordinal}: a retry or a second site would make another",
            )

    # -- records -----------------------------------------------------------------------------------

    def _revised(self, table: str, row: Row) -> None:
        if row.new is None:
            self.book.say(AGREES, f"a row of {table} was deleted")
        elif row.old is not None and row.new.revision != row.old.revision + 1:
            self.book.say(
                AGREES,
                f"{table} {word(row.new.id)[:8]} went from revision {row.old.revision} to "
                f"{row.new.revision}; expected one more",
            )

    def _agrees(self, subject: Any) -> None:  # noqa: ANN401 - a row
        case = case_of(text_of(subject.state))
        for table, parts in (
            ("alarm", case.alarms),
            ("referral", case.referrals),
            ("task", case.tasks),
        ):
            rows = rows_of(self.book.world, table)
            for part in parts:
                row = rows.get(UUID(part.id))
                if row is None or text_of(row.record) != encode(part).decode():
                    what = "is missing" if row is None else "says something else"
                    self.book.say(
                        AGREES, f"{table} {part.id[:8]} of case {word(subject.id)[:8]} {what}"
                    )
