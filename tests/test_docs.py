"""Every setting, metric and command stands in the docs, and no other does."""

import importlib
import pkgutil
import re
from pathlib import Path

from prometheus_client import REGISTRY
from typer.testing import CliRunner

import gateway
from gateway.__main__ import app
from gateway.bars_settings import BarsEndpoint
from gateway.settings import Settings

OPS = Path(__file__).parents[1] / "ops"


def named_in(file: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (OPS / file).read_text(), re.MULTILINE))


def test_every_setting_is_documented_with_its_default() -> None:
    documented = named_in("settings.md", r"^\| `([a-z_]+)` \|")

    assert documented == set(Settings.model_fields)


def test_every_setting_of_a_service_is_documented() -> None:
    documented = named_in("settings.md", r"^\| `bars\.\*\.([a-z_]+)` \|")

    assert documented == set(BarsEndpoint.model_fields)


def test_every_metric_is_documented() -> None:
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    known = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in REGISTRY.collect()
        if family.name.startswith("lifeline_")
    }

    assert named_in("metrics.md", r"^\| `(lifeline_[a-z_]+)` \|") == known


def test_every_command_has_help() -> None:
    runner = CliRunner()
    overview = runner.invoke(app, ["--help"]).output
    for command in (
        "up",
        "account",
        "audit",
        "run",
        "import",
        "token",
        "bench",
        "config",
        "decide",
        "decode",
        "demo",
        "export",
        "practice-receiver",
        "rehearse",
        "rules",
        "score",
    ):
        assert command in overview
        shown = runner.invoke(app, [command, "--help"])
        assert shown.exit_code == 0
        assert len(shown.output) > 100


def test_a_wrong_use_exits_with_2_and_a_wrong_setting_with_1(tmp_path: Path) -> None:
    runner = CliRunner()
    missing = runner.invoke(app, ["config", "check", "--settings", str(tmp_path / "none.toml")])

    assert runner.invoke(app, ["run", "everything"]).exit_code == 2
    assert missing.exit_code == 1
    assert "no settings file" in missing.output
