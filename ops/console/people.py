"""The fictional people of the console's tests and pictures. Nobody here exists."""

from typing import Any

from gateway import enrol

ORGANISATION = "5eed0000-0000-4000-8000-000000000001"
LINE = "mqtt-main"


def roll(more_persons: int = 0) -> enrol.Roll:
    """Give a roll: units 17, 18, 19 and 20, and 1001 onwards for `more_persons`."""
    persons: list[dict[str, Any]] = [
        {"id": "wc", "name": "Winifred Carter (fictional)", "born": "1951-05-01",
         "address": "1 Nowhere Road", "postcode": "LE1 1AA", "plan": {"press": "at_once"}},
        {"id": "op", "name": "Oliver Price (fictional)", "born": "1940-05-01",
         "address": "2 Nowhere Road", "postcode": "LE2 1AA", "plan": {"press": "operator"}},
        {"id": "gp", "name": "Gurpreet Patel (fictional)", "born": "1944-08-12",
         "address": "3 Nowhere Road", "postcode": "LE3 1AA", "language": "Gujarati",
         "plan": {"press": {"after_untaken_s": 90}}},
        {"id": "bd", "name": "Bernard Doyle (fictional)", "born": "1938-02-03",
         "address": "4 Nowhere Road", "postcode": "LE4 1AA", "plan": {"press": "operator"}},
    ]  # fmt: skip
    persons += [
        {"id": f"p{number}", "name": f"Person {number} (fictional)", "born": "1945-01-01",
         "postcode": "LE5 1AA", "plan": {"press": "operator"}}
        for number in range(1, more_persons + 1)
    ]  # fmt: skip
    units = [("17", "wc"), ("18", "op"), ("19", "gp"), ("20", "bd")]
    units += [(str(1000 + number), f"p{number}") for number in range(1, more_persons + 1)]
    given = {
        "organisation": ORGANISATION,
        "name": "Crisis service of Nowhere",
        "services": [{"id": "icrs", "name": "Crisis service", "catchment": ["LE"], "capacity": 5}],
        "persons": persons,
        "devices": [
            {"line": LINE, "sender": unit, "person": person, "interval_s": 3600}
            for unit, person in units
        ],
    }
    return enrol.Roll.model_validate(given)
