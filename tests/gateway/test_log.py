"""Logs hold named fields and no personal data."""

import ast
import json
import logging
from pathlib import Path

import psycopg
import pytest
import structlog

import gateway
from gateway.log import FIELDS, configure, place
from gateway.store.connect import translate


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


def test_what_the_database_refused_is_named_by_its_code_alone() -> None:
    told = psycopg.errors.UniqueViolation("Key (name)=(Mrs A) already exists.")
    found = place(translate(told, None))

    assert found == "BadData (the database refuses the data: UniqueViolation 23505)"


def test_every_field_that_the_gateway_logs_is_on_the_list() -> None:
    """A field that is dropped is missing when somebody asks why a device was refused."""
    levels = {"debug", "info", "warning", "error", "critical", "exception"}
    used: dict[str, str] = {}
    for path in Path(gateway.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Attribute(ast.Name("log"), level)) if level in levels:
                    used |= {word.arg: path.name for word in node.keywords if word.arg}
                    assert level != "exception", f"{path.name}: its traceback would be dropped"
    assert {word: where for word, where in used.items() if word not in FIELDS} == {}


def test_addresses_that_are_asked_for_are_never_logged() -> None:
    configure("debug")

    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    assert not logging.getLogger("httpcore.http11").isEnabledFor(logging.DEBUG)
