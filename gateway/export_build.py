"""From what was read to the files of an export: values in, contents out; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec

from alerts.case import Alarm
from alerts.referral.extract import Asked, csds_records
from alerts.referral.extract_codes import Coder
from alerts.referral.extract_evaluation import Evaluated, evaluated
from alerts.referral.extract_quality import BY_REFERRAL, Finding, findings
from alerts.referral.extract_raw import Raw, by_service, is_counted
from alerts.referral.kpi import Figure, published, service_figures
from alerts.referral.kpi_answering import LateCall, answering_figures, calls_of, late_calls
from alerts.rule_ids import Rule
from alerts.words import ReferralState
from gateway.export_write import csv_file, json_file, struct_rows, tables


@dataclass(frozen=True, slots=True)
class Built:
    """The files by name, how many records they hold, and how many findings concern a referral."""

    files: dict[str, bytes]
    records: int
    findings: int = 0
    apart: dict[str, int] | None = None


def csds(raws: tuple[Raw, ...], asked: Asked) -> Built:
    """Build the extract: one JSON of records, one CSV a table, and the data-quality report."""
    coder = Coder(asked.rules)
    records = csds_records(raws, asked, coder)
    found = findings(raws, asked, coder)
    files = {"csds.json": json_file(records)}
    files |= {f"{name}.csv": csv_file(rows) for name, rows in tables(records).items()}
    files["data_quality.json"] = json_file(found)
    files["data_quality.csv"] = csv_file(struct_rows(found), Finding.__struct_fields__)
    concerning = sum(one.problem in BY_REFERRAL for one in found)
    return Built(files, len(records), concerning, _apart(raws, asked))


def _apart(raws: tuple[Raw, ...], asked: Asked) -> dict[str, int]:
    """Count the month's referrals that have no record, by where they stand."""
    states = [
        raw.referral.state
        for raw in raws
        if not is_counted(raw.referral) and asked.period.holds(raw.referral.made_at, raw.zone)
    ]
    return {state.value: states.count(state) for state in ReferralState if state in states}


def kpi(
    raws: tuple[Raw, ...], alarms: Sequence[Alarm], asked: Asked, zone: ZoneInfo, *, publish: bool
) -> Built:
    """Build the figures; what is to be published is rounded and names no single call."""
    calls = calls_of(alarms, asked, zone)
    figures: tuple[Figure, ...] = answering_figures(calls, asked)
    for service, mine in by_service(raws).items():
        figures += service_figures(service, mine, asked)
    if publish:
        figures = published(figures, asked.rules.count(Rule.PUBLISH_ROUND))
    files = {
        "kpi.json": json_file(figures),
        "kpi.csv": csv_file(struct_rows(figures), Figure.__struct_fields__),
    }
    if not publish:
        late = late_calls(calls, asked)
        files["late_calls.json"] = json_file(late)
        files["late_calls.csv"] = csv_file(struct_rows(late), LateCall.__struct_fields__)
    return Built(files, len(figures))


def evaluation(raws: tuple[Raw, ...], asked: Asked, key: bytes) -> Built:
    """Build the pseudonymised records."""
    found = evaluated(raws, asked, key)
    files = {
        "evaluation.json": json_file(found),
        "evaluation.csv": csv_file(struct_rows(found), Evaluated.__struct_fields__),
    }
    return Built(files, len(found))


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an export is: of which month, made when, by which figures, with each file's digest.

    `apart` counts the month's referrals that were neither confirmed nor accepted, or never
    received: they have no record. `rules` gives the version of each figure that was used.
    """

    export: str
    shape: int
    organisation: str
    month: str
    service: str | None
    made_at: str
    records: int
    findings: int
    rules: dict[str, str]
    files: dict[str, str]
    apart: dict[str, int] | None = None
