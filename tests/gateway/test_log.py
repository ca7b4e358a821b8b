"""Logs hold named fields and no personal data."""

import json

import pytest
import structlog

from gateway.log import configure, place


def test_a_field_that_is_not_on_the_list_is_dropped_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        configure("info")
        structlog.get_logger().info("taken", line="mqtt-main", address="1 Fictional Street")
    finally:
        structlog.reset_defaults()
    line = json.loads(capsys.readouterr().err)

    assert (line["event"], line["line"], line["dropped"]) == ("taken", "mqtt-main", ["address"])
    assert "Fictional" not in json.dumps(line)


def test_an_errors_place_says_where_and_never_what() -> None:
    with pytest.raises(ValueError, match="Mrs A") as caught:
        int("Mrs A of 1 Fictional Street")
    found = place(caught.value)

    assert found.startswith("ValueError at test_log.py:")
    assert "Mrs" not in found
