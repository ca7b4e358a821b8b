"""`lifeline rehearse` on a made-up ward, and approving rules with what it wrote."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from typer.testing import CliRunner, Result

from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.vitals.history import History
from alerts.vitals.rehearsal_sum import Document
from firmware_stubs.patients.patient import Patient
from gateway import rehearse_ward, rehearse_work
from gateway.__main__ import app
from gateway.errors import SettingsError
from gateway.rehearse_print import lines_of
from gateway.rulebook import read_rules, rule_files
from tests.alerts.vitals.histories import ROW

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
WARD = "7:40:60"  # large enough that something is seen to matter
SMALL = "7:30:14"  # where only the way of a rehearsal is looked at: two parts
LOOSE = "alert_high = 125, warning_high = 92"
FIGURE = f"""
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


def row(limits: str = LOOSE, version: str = "2", approver: str = "b") -> str:
    text = ROW.format(version=version, limits=limits).replace('"b"', f'"{approver}"')
    return text.replace("2027-01-01", str(YESTERDAY))


@pytest.fixture
def house(tmp_path: Path, database: str) -> Path:
    """Give a folder with approved rules that hold, a proposal, and settings."""
    rules = tmp_path / "approved"
    rules.mkdir()
    for name, content in rule_files(None).items():
        lines = content.decode().splitlines()
        old = ["effective = 2020-01-01" if one.startswith("effective = ") else one for one in lines]
        (rules / name).write_text("\n".join(old))
    (tmp_path / "proposed.toml").write_text(row())
    (tmp_path / "dsn").write_text(database)
    (tmp_path / "lifeline.toml").write_text(
        f'rules_dir = "{rules}"\nstate_dir = "{tmp_path / "state"}"\n'
        f'database_dsn_file = "{tmp_path / "dsn"}"\n'
    )
    return tmp_path


def ask(house: Path, *words: str) -> Result:
    given = [word.replace("HOUSE", str(house)) for word in words]
    return CliRunner().invoke(app, [*given, "--settings", str(house / "lifeline.toml")])


def rehearse(
    house: Path, *more: str, proposed: str = "HOUSE/proposed.toml", ward: str = SMALL
) -> Result:
    words = ("rehearse", proposed, "--ward", ward, "--jobs", "1", *more)
    return ask(house, *words)


def approve(house: Path, *more: str, by: str = "b") -> Result:
    return ask(house, "rules", "approve", "HOUSE/proposed.toml", "--by", by, *more)


def test_a_made_up_ward_is_rehearsed_printed_and_written_for_its_owner_only(house: Path) -> None:
    done = rehearse(house, "--json", "HOUSE/found.json", ward=WARD)
    found = msgspec.json.decode((house / "found.json").read_bytes(), type=Document)

    assert done.exit_code == 0, done.output
    assert stat.S_IMODE((house / "found.json").stat().st_mode) == 0o600
    assert found.is_whole
    assert found.history == {
        "source": "made-up ward", "seed": 7, "patients": 40, "days": 60,
    }  # fmt: skip
    every = found.figures["all"]
    assert every["people"] == 40
    assert every["real"]["known"] > 0
    assert every["raised"] > 12, "a warning from 92 on is seen to matter"
    assert "limit.default.heart_rate_bpm: version 1 -> version 2" in done.output
    assert f"rehearsal {found.digest[:16]}, for the approval" in done.output
    assert "cases to read:" in done.output
    many = msgspec.structs.replace(found, cases=(found.cases * 20)[:20])
    assert "8 more in the document (--json FILE)" in list(lines_of(many))
    assert "The patients are made up" in done.output
    assert sum(one["people"] for name, one in found.figures.items() if name != "all") == 40
    again = rehearse(house, "--json", "HOUSE/found.json")
    assert again.exit_code == 1
    assert "exists: name a file that does not" in again.output


def test_processes_come_to_the_same_document(house: Path) -> None:
    rehearse(house, "--json", "HOUSE/alone.json")
    both = ask(house, "rehearse", "--proposed", "HOUSE/proposed.toml", "--ward", SMALL,
               "--jobs", "2", "--json", "HOUSE/both.json")  # fmt: skip

    assert both.exit_code == 0, both.output
    assert (house / "alone.json").read_bytes() == (house / "both.json").read_bytes()
    assert "30 of 30 people" in both.output


def test_a_folder_is_rehearsed_as_a_whole(house: Path) -> None:
    CliRunner().invoke(app, ["rules", "copy", str(house / "folder")])
    (house / "folder" / "more.toml").write_text(row().replace(str(YESTERDAY), "2027-01-01"))
    done = rehearse(house, proposed="HOUSE/folder")

    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--proposed HOUSE/none.toml --ward 7:2:2", "cannot be read"),
        ("--proposed HOUSE/dsn --ward 7:2:2", "neither a folder of rules nor a .toml file"),
        ("--proposed HOUSE/approved --ward 7:2:2", "changes no row about vital signs"),
        ("--proposed HOUSE/broken.toml --ward 7:2:2", "the proposed rules cannot be used"),
        ("--proposed HOUSE/proposed.toml --ward 7:2", "expected SEED:PATIENTS:DAYS"),
        ("--proposed HOUSE/proposed.toml --ward 7:0:9", "0 patients, expected 1 to"),
        ("--ward 7:2:2", "say what is proposed"),
        ("--proposed HOUSE/proposed.toml --limits HOUSE/dsn --person wc", "say what is proposed"),
        ("--limits HOUSE/dsn", "--person and --limits go together"),
        ("--limits HOUSE/dsn --person wc --ward 7:2:2", "leave out --person"),
        ("--proposed HOUSE/proposed.toml --days 9 --ward 7:2:2", "leave out --person"),
    ],
)
def test_what_cannot_be_rehearsed_is_said(house: Path, words: str, said: str) -> None:
    (house / "broken.toml").write_text(row() + "colour = 1\n")
    done = ask(house, "rehearse", *words.split())

    assert done.exit_code == 1
    assert said in " ".join(done.output.split())


def test_a_wrong_option_exits_with_2(house: Path) -> None:
    assert ask(house, "rehearse", "--days", "0").exit_code == 2


def test_a_person_who_breaks_deciding_is_counted_and_harms_nobody(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault is planted where one patient is read, as a bug of ours would be."""
    real = rehearse_ward.history_of

    def history_of(patient: Patient, rules: Rules) -> History:
        if patient.number == 3:
            raise ZeroDivisionError
        return real(patient, rules)

    monkeypatch.setattr(rehearse_work, "history_of", history_of)
    done = rehearse(house, "--json", "HOUSE/found.json")

    assert done.exit_code == 0, done.output
    assert json.loads((house / "found.json").read_bytes())["figures"]["all"]["people"] == 29
    assert "1 people could not be played" in done.output


def test_what_fails_in_a_process_ends_the_rehearsal_and_is_said() -> None:
    job = rehearse_work.Job(
        rule_files(None), {}, None, datetime.now(UTC), rehearse_work.MadeUp(7, 60, 4)
    )  # no proposed rules at all: each process fails as it reads them

    with pytest.raises(SettingsError, match="the rehearsal failed: RuleError"):
        rehearse_work.work(job, 2, print)


# -- approving -----------------------------------------------------------------------------------


def test_rules_are_approved_with_their_rehearsal_which_is_kept_and_shown(
    house: Path, database: str
) -> None:
    rehearse(house, "--json", "HOUSE/found.json")
    done = approve(house, "--rehearsal", "HOUSE/found.json")
    listed = ask(house, "rules", "list").output

    assert done.exit_code == 0, done.output
    (line,) = (one for one in listed.splitlines() if "limit.default.heart_rate_bpm" in one)
    assert "version 2" in line
    assert "rehearsed over 14 days of 30 people:" in line
    assert "NOT REHEARSED" not in listed
    held = read_rules(house / "approved")
    assert held.vitals.mark != read_rules(None).vitals.mark
    with psycopg.connect(database) as connection:
        rows = connection.execute("select actor, act from audit").fetchall()
    assert rows == [("b", "rules_approved")]
    (kept,) = (house / "approved" / "rehearsals").iterdir()
    assert json.loads(kept.read_bytes())["rehearsal"]["digest"]


def test_vitals_rules_without_a_rehearsal_are_refused(house: Path) -> None:
    done = approve(house)

    assert done.exit_code == 1
    assert "1 rows about vital signs change (limit.default.heart_rate_bpm)" in done.output
    assert not (house / "approved" / "proposed.toml").exists()
    assert not (house / "state").exists(), "nothing was started for it"


def test_or_they_say_why_for_good(house: Path) -> None:
    done = approve(house, "--without-rehearsal", "recall of the device, today")
    listed = ask(house, "rules", "list").output

    assert done.exit_code == 0, done.output
    assert "NOT REHEARSED, approved by b: recall of the device, today" in listed


def test_a_row_that_came_past_the_approval_is_shown_as_not_rehearsed(house: Path) -> None:
    (house / "approved" / "own.toml").write_text(row())
    listed = ask(house, "rules", "list").output

    assert listed.count("NOT REHEARSED") == 1
    assert "NOT REHEARSED" in ask(house, "config", "check").output


def test_other_rows_need_no_rehearsal(house: Path) -> None:
    (house / "proposed.toml").write_text(FIGURE)
    done = approve(house)

    assert done.exit_code == 0, done.output
    assert read_rules(house / "approved").count(Rule.AFTER_UNTAKEN) == 45
    assert "NOT REHEARSED" not in ask(house, "rules", "list").output


def test_a_rehearsal_of_other_rules_is_refused(house: Path) -> None:
    rehearse(house, "--json", "HOUSE/found.json")
    (house / "proposed.toml").write_text(row("alert_high = 155, warning_high = 150"))
    done = approve(house, "--rehearsal", "HOUSE/found.json")

    assert done.exit_code == 1
    assert "not of the rules proposed now" in done.output


def test_a_rehearsal_that_somebody_changed_is_refused(house: Path) -> None:
    rehearse(house, "--json", "HOUSE/found.json")
    found = json.loads((house / "found.json").read_bytes())
    found["figures"]["all"]["missed"] = 0
    found["figures"]["all"]["raised"] = 77
    (house / "found.json").write_text(json.dumps(found))
    done = approve(house, "--rehearsal", "HOUSE/found.json")

    assert done.exit_code == 1
    assert "was changed after it was made" in done.output


@pytest.mark.parametrize(
    ("text", "by", "said"),
    [
        (row(), "c", "approver 'b', expected 'c', who approves"),
        (row(), " ", "--by is empty"),
        (row(version="1"), "b", "has other content than the one that stands"),
        (row(approver="a"), "a", "approver 'a' is the author"),
        ("", "b", "no new version of any row"),
    ],
)
def test_what_may_not_be_approved_is_said(house: Path, text: str, by: str, said: str) -> None:
    (house / "proposed.toml").write_text(text)
    if 'version = "1"' in text:  # an edited copy of a file that stands
        name = "vitals_limits.toml"
        old = (house / "approved" / name).read_text()
        (house / "proposed.toml").unlink()
        (house / name).write_text(old.replace("warning_high = 111", "warning_high = 112"))
        words = ("rules", "approve", f"HOUSE/{name}", "--by", by)
    else:
        words = ("rules", "approve", "HOUSE/proposed.toml", "--by", by)
    done = ask(house, *words, "--without-rehearsal", "why")

    assert done.exit_code == 1
    assert said in " ".join(done.output.split())
    assert not (house / "state").exists()


def test_shipped_rules_are_approved_by_their_release(tmp_path: Path) -> None:
    (tmp_path / "lifeline.toml").write_text("")
    done = ask(tmp_path, "rules", "approve", "HOUSE", "--by", "b")

    assert done.exit_code == 1
    assert "install the release before, or keep rules of your own" in done.output
