"""`lifeline rules`: what holds is shown, and a version taken back is out, recorded and audited."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from alerts.rule_ids import Rule
from gateway.__main__ import app
from gateway.errors import SettingsError
from gateway.rulebook import read_rules, replace_file, rule_files
from gateway.rules_command import roll_back

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
SECOND = f"""
[[rule]]
id = "figure.after_untaken"
version = "2"
author = "a"
approver = "b"
effective = {YESTERDAY}
source = "s"
text = "t"
value = 45
unit = "s"
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Give a folder with approved rules, a second version of one row, and settings."""
    rules = tmp_path / "approved"
    rules.mkdir()
    for name, content in rule_files(None).items():
        lines = content.decode().splitlines()
        old = ["effective = 2020-01-01" if one.startswith("effective = ") else one for one in lines]
        (rules / name).write_text("\n".join(old))
    (rules / "local.toml").write_text(SECOND)
    return tmp_path


def settings(house: Path, dsn: str = "") -> Path:
    toml = house / "lifeline.toml"
    lines = [f'rules_dir = "{house / "approved"}"', f'state_dir = "{house / "state"}"']
    if dsn:
        (house / "dsn").write_text(dsn)
        lines.append(f'database_dsn_file = "{house / "dsn"}"')
    toml.write_text("\n".join(lines))
    return toml


def ask(*words: str | Path) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


def test_config_check_says_which_versions_hold(house: Path) -> None:
    said = ask("config", "check", "--settings", settings(house))

    assert "settings and rules can be used" in said
    assert f"figure.after_untaken  version 2  from {YESTERDAY}  holds  approved by b" in said
    assert "figure.after_untaken  version 1" not in said


def test_every_version_can_be_listed(house: Path) -> None:
    said = ask("rules", "list", "--all", "--settings", settings(house))

    assert "figure.after_untaken  version 1  from 2020-01-01  superseded" in said
    assert f"figure.after_untaken  version 2  from {YESTERDAY}  holds" in said


def test_shipped_rules_hold_whatever_the_clock_says(tmp_path: Path) -> None:
    toml = tmp_path / "lifeline.toml"
    toml.write_text(f'state_dir = "{tmp_path / "state"}"')
    said = ask("rules", "list", "--settings", toml)

    assert "figure.after_untaken  version 1" in said
    assert "superseded" not in said
    assert "  waits" not in said


def test_the_shipped_rules_are_copied_into_a_new_folder_only(tmp_path: Path) -> None:
    ask("rules", "copy", tmp_path / "own")

    assert rule_files(tmp_path / "own") == rule_files(None)
    again = CliRunner().invoke(app, ["rules", "copy", str(tmp_path / "own")])
    assert again.exit_code == 1
    assert "name a folder to be made" in again.output


async def test_a_rollback_is_recorded_audited_and_holds(house: Path, empty_database: str) -> None:
    toml, folder, today = settings(house, empty_database), house / "approved", YESTERDAY
    assert read_rules(folder, today).count(Rule.AFTER_UNTAKEN) == 45
    await roll_back("figure.after_untaken", 'O"Neill', "too many", toml)

    found = read_rules(folder, today)
    assert (found.count(Rule.AFTER_UNTAKEN), found.rows[Rule.AFTER_UNTAKEN].version) == (90, "1")
    written = (folder / "rollbacks.toml").read_text()
    assert 'by = "O\\"Neill"\nreason = "too many"' in written
    with psycopg.connect(empty_database) as connection:
        rows = connection.execute("select actor, act from audit").fetchall()
    assert rows == [('O"Neill', "rule_rolled_back")]
    with pytest.raises(SettingsError, match="version 1 has none before it to go back to"):
        await roll_back("figure.after_untaken", "a", "b", toml)
    assert (folder / "rollbacks.toml").read_text() == written


@pytest.mark.parametrize(
    ("by", "reason", "message"),
    [
        ("", "why", "by is empty"),
        ("who", " ", "reason is empty"),
        ("who", "a\nb", "cannot be printed"),
    ],
)
async def test_a_rollback_without_who_and_why_changes_nothing(
    house: Path, by: str, reason: str, message: str
) -> None:
    toml = settings(house)
    with pytest.raises(SettingsError, match=message):
        await roll_back("figure.after_untaken", by, reason, toml)

    assert not (house / "approved" / "rollbacks.toml").exists()
    assert not (house / "state").exists(), "nothing was started for it"


async def test_shipped_rules_are_not_rolled_back(tmp_path: Path) -> None:
    toml = tmp_path / "lifeline.toml"
    toml.write_text("")
    with pytest.raises(SettingsError, match="install the release before"):
        await roll_back("figure.after_untaken", "who", "why", toml)


def test_a_file_that_cannot_be_written_leaves_the_former_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        replace_file(tmp_path / "missing" / "rollbacks.toml", b"")


def test_a_folder_that_is_none_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the rules cannot be read"):
        read_rules(tmp_path / "none", YESTERDAY)
