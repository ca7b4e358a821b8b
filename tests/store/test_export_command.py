"""`lifeline export`: files of their owner only, all or none, audited, and errors to act on."""

import csv
import hashlib
import io
import json
import os
import shlex
import stat
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from gateway.__main__ import app
from gateway.audit.rows import digest_of
from gateway.errors import SettingsError
from gateway.export_command import NAMESPACE_EXPORT
from gateway.export_write import csv_file, write_partial
from gateway.keys import key_file
from gateway.store.save import audit_code
from tests.databases import ORGANISATION
from tests.store import month


class Operator:
    """Somebody at the command line, with settings that name the month's database."""

    def __init__(self, told: str, folder: Path) -> None:
        self.dsn = told
        self.folder = folder
        dsn_file = folder / "dsn"
        dsn_file.write_text(told)
        self.settings = folder / "lifeline.toml"
        self.settings.write_text(
            f'database_dsn_file = "{dsn_file}"\nstate_dir = "{folder / "state"}"\n'
            f'organisation = "{ORGANISATION}"\n'
        )

    def export(self, kind: str, more: str = "", to: str = "out", when: str = "2026-10") -> Result:
        words = f"export {kind} --month {when} --to {self.folder / to} --by staff-3 {more}"
        given = [*shlex.split(words), "--settings", str(self.settings)]
        return CliRunner().invoke(app, given)

    def json(self, name: str, to: str = "out") -> Any:
        return json.loads((self.folder / to / name).read_bytes())

    def csv(self, name: str, to: str = "out") -> list[dict[str, str]]:
        text = (self.folder / to / name).read_text()
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def rows(self, text: str, **given: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(text.encode(), given).fetchall()


@pytest.fixture
def operator(told: str, tmp_path: Path) -> Operator:
    return Operator(told, tmp_path)


def test_the_data_set_of_the_month_is_one_record_and_one_row_a_table(operator: Operator) -> None:
    done = operator.export("csds", "--service icrs --strict")
    records, manifest = operator.json("csds.json"), operator.json("manifest.json")

    assert (done.exit_code, len(records)) == (0, month.REFERRALS)
    assert f"{month.REFERRALS} records of 2026-10" in done.output
    assert "0 findings to put right" in done.output
    for name in ("CYP001", "CYP101", "CYP102", "CYP104", "derived"):
        assert len(operator.csv(f"{name}.csv")) == month.REFERRALS
    held = sum(len(one["CYP201"]) for one in records)
    assert len(operator.csv("CYP201.csv")) == len(operator.csv("CYP202.csv")) == held
    assert manifest["apart"] == {"withdrawn": month.WITHDRAWN_PROVISIONAL}
    assert manifest["rules"]["figure.two_hour"] == "1"


def test_files_are_their_owners_only_and_the_manifest_holds_their_digests(
    operator: Operator,
) -> None:
    operator.export("csds")
    out = operator.folder / "out"
    files = operator.json("manifest.json")["files"]

    assert set(files) | {"manifest.json"} == {path.name for path in out.iterdir()}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    for path in out.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        if path.name in files:
            assert files[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["csds", "kpi", "evaluation"])
def test_every_export_leaves_an_audit_row_with_who_and_what(operator: Operator, kind: str) -> None:
    began = datetime.now(UTC)
    operator.export(kind, "--service lpt")
    about = uuid.uuid5(NAMESPACE_EXPORT, f"{kind}/2026-10/lpt")
    text = "select actor, act, digest, code from audit where about = %(about)s and at > %(since)s"
    ((actor, act, digest, code),) = operator.rows(text, about=about, since=began)
    manifest = (operator.folder / "out" / "manifest.json").read_bytes()

    assert (actor, act) == ("staff-3", f"export_{kind}")
    key = key_file(operator.folder / "state" / "audit.key")
    assert digest == digest_of(key, manifest)
    assert code == audit_code(key, actor, act, about, digest)


def test_figures_come_for_every_service_and_for_the_centre(operator: Operator) -> None:
    operator.export("kpi")
    figures = {
        (one["service"], one["measure"], one["group"]): one for one in operator.csv("kpi.csv")
    }

    assert figures["icrs", "referrals", ""]["value"] == str(month.REFERRALS)
    assert figures["icrs", "joint", ""]["value"] == str(month.JOINT)
    assert int(figures["lpt", "joint", ""]["value"]) > 0
    assert figures["", "answered_60s", "help"]["of"] == figures["", "answered_60s", "all"]["of"]
    late = [one["why"] for one in operator.csv("late_calls.csv")]
    assert set(late) == {"late"}


def test_what_is_published_is_rounded_and_names_no_call(operator: Operator) -> None:
    operator.export("kpi", "--publish")
    counts = [
        one["value"] for one in operator.json("kpi.json") if not one["measure"].endswith("_min")
    ]

    assert not (operator.folder / "out" / "late_calls.csv").exists()
    assert all(count % 5 == 0 for count in counts)
    assert month.REFERRALS in counts


def test_an_evaluation_holds_nobody(operator: Operator) -> None:
    operator.export("evaluation")
    text = (operator.folder / "out" / "evaluation.json").read_text()
    people = operator.rows("select id::text, nhs_number, name, postcode from person")
    referrals = operator.rows("select id::text from referral")

    assert len(operator.csv("evaluation.csv")) > month.REFERRALS
    for known in [*people, *referrals]:
        assert not any(word in text for word in known)
    assert "2026-10-" not in text
    assert {one["month"] for one in operator.json("evaluation.json")} == {"2026-10"}


def test_the_key_of_pseudonyms_stays_and_gives_the_same_ones(operator: Operator) -> None:
    operator.export("evaluation", to="one")
    operator.export("evaluation", to="two")
    key = operator.folder / "state" / "pseudonym.key"

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert operator.json("evaluation.json", "one") == operator.json("evaluation.json", "two")
    key.unlink()
    operator.export("evaluation", to="three")
    before, after = (operator.json("evaluation.json", to) for to in ("one", "three"))
    assert {one["person"] for one in before}.isdisjoint(one["person"] for one in after)


@pytest.mark.parametrize(
    ("kind", "more", "when", "said"),
    [
        ("csds", "", "October", "'October' is no month: expected YYYY-MM"),
        ("kpi", "--timezone Mars/Base", "2026-10", "'Mars/Base' is no time zone"),
        ("kpi", "--service nobody", "2026-10", "no service 'nobody': there are icrs, lpt"),
        ("evaluation", "--by ' '", "2026-10", "--by is empty"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    operator: Operator, kind: str, more: str, when: str, said: str
) -> None:
    done = operator.export(kind, more, when=when)

    assert done.exit_code == 1
    assert said in done.output
    assert not (operator.folder / "out").exists()
    assert not (operator.folder / "out.partial").exists()


@pytest.mark.parametrize("name", ["out", "out.partial"])
def test_an_export_replaces_nothing(operator: Operator, name: str) -> None:
    kept = operator.folder / name
    kept.mkdir()
    done = operator.export("csds")

    assert done.exit_code == 1
    assert f"{name} exists: name a new folder" in done.output
    assert list(kept.iterdir()) == []


def test_a_month_without_referrals_has_tables_without_rows(operator: Operator) -> None:
    done = operator.export("csds", when="2020-01")

    assert done.exit_code == 0
    assert operator.json("csds.json") == []
    assert operator.csv("data_quality.csv") == []
    assert (operator.folder / "out" / "data_quality.csv").read_text().startswith("problem,item,")


def test_findings_change_the_exit_code_only_when_asked(operator: Operator) -> None:
    whose = "update person set nhs_number = %(to)s where nhs_number = %(from)s returning id"
    number = month.nhs_number(0)
    assert operator.rows(whose, **{"from": number, "to": "9990000000"})
    try:
        strict, plain = operator.export("csds", "--strict"), operator.export("csds", to="other")
    finally:
        assert operator.rows(whose, **{"from": "9990000000", "to": number})
    found = [one for one in operator.csv("data_quality.csv") if one["problem"] == "implausible"]

    assert (strict.exit_code, plain.exit_code) == (3, 0)
    assert {one["item"] for one in found} == {"CYP001.NHSNumber"}
    assert all(one["what_to_do"] and one["referral"] for one in found)


def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    with pytest.raises(SettingsError, match="nothing was kept"):
        write_partial(blocked / "out", {"a.csv": b"a"})
    with pytest.raises(SettingsError, match="nothing was kept"):
        write_partial(tmp_path / "out", {"a.csv": b"a", "no/such/folder.csv": b"b"})
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - names are what is meant


def test_a_table_never_holds_a_formula() -> None:
    row = {
        "by": "=HYPERLINK(1)",
        "minutes": -3,
        "met": True,
        "at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    text = csv_file([row, {"by": None}]).decode()

    assert text == "by,minutes,met,at\r\n'=HYPERLINK(1),-3,true,2026-01-01T00:00:00Z\r\n,,,\r\n"
