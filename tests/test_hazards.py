"""The hazard log is whole: every control and test it names exists, every risk is the matrix's."""

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOG = tomllib.loads((ROOT / "ops" / "safety" / "hazard_log.toml").read_text())
HAZARDS: list[dict[str, Any]] = LOG["hazard"]
LIKELIHOODS = ("very_low", "low", "medium", "high", "very_high")
# CLINICAL 7.1, by severity, from very low to very high likelihood; written here a second time.
MATRIX = {
    "minor": [1, 1, 2, 2, 3],
    "significant": [1, 2, 2, 3, 4],
    "considerable": [2, 2, 3, 3, 4],
    "major": [2, 3, 3, 4, 5],
    "catastrophic": [3, 4, 4, 5, 5],
}
WORDS = {
    "id", "name", "source", "type", "description", "hazard", "effect", "harm",
    "training_controls", "business_controls", "owner", "status",
}  # fmt: skip
LISTS = {"causes", "design_controls", "test_controls"}
RISKS = {"initial", "residual"}
WANTED = {f"H{number}" for number in range(1, 14)} | {f"D{number}" for number in range(1, 9)}


def named(hazard: dict[str, Any]) -> str:
    return str(hazard["id"])


@cache
def names_in(path: Path) -> frozenset[str]:
    """Give the names of a test file: of its functions, or of its stories."""
    if path.suffix == ".toml":
        return frozenset(story["name"] for story in tomllib.loads(path.read_text())["story"])
    return frozenset(
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def test_the_thirteen_and_the_eight_are_there_once_each() -> None:
    ids = [named(hazard) for hazard in HAZARDS]

    assert len(ids) == len(set(ids))
    assert set(ids) >= WANTED


def test_the_matrix_is_the_published_one() -> None:
    assert LOG["matrix"] == MATRIX


@pytest.mark.parametrize("hazard", HAZARDS, ids=named)
def test_every_field_is_filled_in(hazard: dict[str, Any]) -> None:
    assert hazard.keys() == WORDS | LISTS | RISKS
    assert all(isinstance(hazard[name], str) and hazard[name].strip() for name in WORDS)
    assert all(hazard[name] and all(hazard[name]) for name in LISTS)
    assert hazard["type"] in {"telecare", "vitals", "both"}


@pytest.mark.parametrize("hazard", HAZARDS, ids=named)
def test_every_risk_is_what_the_matrix_gives(hazard: dict[str, Any]) -> None:
    for name in RISKS:
        risk = hazard[name]
        place = LIKELIHOODS.index(risk["likelihood"])
        assert risk["risk"] == MATRIX[risk["severity"]][place], name


@pytest.mark.parametrize("hazard", HAZARDS, ids=named)
def test_no_residual_risk_is_4_or_5_nor_above_the_initial_one(hazard: dict[str, Any]) -> None:
    initial, residual = hazard["initial"], hazard["residual"]

    assert residual["risk"] <= 3
    assert residual["risk"] <= initial["risk"]
    places = [LIKELIHOODS.index(one["likelihood"]) for one in (initial, residual)]
    assert places[1] <= places[0]
    assert residual["severity"] == initial["severity"], "controls make it rarer, not milder"


@pytest.mark.parametrize("hazard", HAZARDS, ids=named)
def test_every_control_is_a_file_of_the_product(hazard: dict[str, Any]) -> None:
    for control in hazard["design_controls"]:
        assert (ROOT / control).is_file(), control
        assert control.split("/")[0] in {"alerts", "devices", "gateway"}, control


@pytest.mark.parametrize("hazard", HAZARDS, ids=named)
def test_every_test_that_is_named_exists(hazard: dict[str, Any]) -> None:
    for test in hazard["test_controls"]:
        file, _, name = test.partition("::")
        assert name in names_in(ROOT / file), test


def test_each_half_has_its_intended_purpose() -> None:
    text = (ROOT / "ops" / "safety" / "intended_purpose.md").read_text()

    assert "## Telecare half" in text
    assert "## Vitals half" in text
