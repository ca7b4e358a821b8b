"""Fictional people and devices of a day that is played on two databases."""

from typing import Any

from gateway import enrol
from tests.store.messages import LINE, roll

RADIO = "radio"
DIGEST = "5e" * 32


def people() -> enrol.Roll:
    """Give people with a plan, without one, in a place, and a place with a device of its own."""
    devices: list[dict[str, Any]] = [
        {"line": LINE, "sender": "17", "person": "wc", "interval_s": 600},
        {"line": LINE, "sender": "18", "person": "op", "interval_s": 3600, "speech": False},
        {"line": LINE, "sender": "19", "place": "court", "interval_s": 60},
        {"line": LINE, "sender": "20", "person": "op", "enabled": False},
        {"line": LINE, "sender": "21", "expires_at": "2026-11-02T08:00:00Z"},
        {"line": RADIO, "sender": "d3dc54", "person": "wc"},
    ]
    return roll(
        services=[
            {"id": "icrs", "name": "Crisis service", "catchment": ["LE"], "automatic_per_hour": 3},
            {"id": "night", "name": "Night service", "catchment": ["LE2"], "position": 1,
             "hours": {"mon": ["20:00-23:59"], "tue": ["00:00-06:00"]}},
        ],
        places=[{"id": "court", "name": "Fictional Court", "postcode": "LE1 1AB"}],
        persons=[
            {"id": "wc", "name": "Fictional WC", "born": "1951-05-01", "postcode": "LE1 1AA",
             "plan": {"press": "at_once"}, "place": "court",
             "contacts": [{"name": "Fictional Friend", "phone": "0"}], "conditions": ["copd"]},
            {"id": "op", "name": "Fictional OP", "born": "1940-05-01", "postcode": "LE2 1AA",
             "plan": {"press": {"after_untaken_s": 60}}},
        ],
        devices=[{**one, "secret_sha256": DIGEST} for one in devices],
    )  # fmt: skip
