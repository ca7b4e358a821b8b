"""Short ways to write down one person's history, and what the ward saw of it."""

from collections.abc import Mapping
from typing import Any

from alerts.case import Reason
from alerts.ruleset import Rules, parse_rules
from alerts.vital_words import ClinicianAct, Level
from alerts.vitals.history import History, Judged, Seen
from alerts.vitals.inputs import ClinicianEvent, Report, Value
from alerts.vitals.plan import MonitoringPlan
from gateway.rulebook import rule_files
from tests.alerts.vitals.wards import T0, minutes, readings

DAY = 1_440
ROW = """
[[limit]]
id = "limit.default.heart_rate_bpm"
version = "{version}"
author = "a"
approver = "b"
effective = 2027-01-01
source = "s"
vital = "heart_rate_bpm"
limits = {{ {limits} }}
"""


def proposal(limits: str, version: str = "2") -> Mapping[str, bytes]:
    """Give the shipped files with another version of the limits of the heart rate."""
    row = ROW.format(version=version, limits=limits)
    return {**rule_files(None), "proposed.toml": row.encode()}


def proposed(limits: str) -> Rules:
    return parse_rules(proposal(limits))


def says(minute: float, **said: Value) -> Report:
    at = minutes(minute)
    return Report(f"m{minute}", at, readings(at, said))


def does(minute: float, act: ClinicianAct, **fields: Any) -> ClinicianEvent:
    return ClinicianEvent(minutes(minute), "nurse", act, **fields)


def history(
    *reports: Report, acts: tuple[ClinicianEvent, ...] = (), days: float = 3, **fields: Any
) -> History:
    plan = fields.pop("plan", MonitoringPlan(T0))
    given: dict[str, Any] = {
        "person": "wc",
        "plan": plan,
        "since": T0,
        "counted": T0,
        "until": minutes(days * DAY),
        "reports": reports,
        "acts": acts,
        **fields,
    }
    return History(**given)


def seen(
    rang: float, ended: float | None = None, level: Level = Level.AMBER, **fields: Any
) -> Seen:
    given: dict[str, Any] = {
        "opened_at": minutes(rang),
        "rang_at": minutes(rang),
        "ended_at": minutes(rang + 60 if ended is None else ended),
        "level": level,
        "rings": 1,
        "missing": False,
        "parameters": ("heart_rate_bpm",),
        "reasons": (reason("beyond_warning_high"),),
        **fields,
    }
    return Seen(**given)


def reason(name: str, **inputs: Any) -> Reason:
    return Reason(name, "limit.default.heart_rate_bpm", "1", inputs)


def judged(since: float, until: float, *, real: bool = True, what: str = "confirmed") -> Judged:
    return Judged(minutes(since), minutes(until), real, what)
