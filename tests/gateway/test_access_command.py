"""`lifeline account` and `lifeline audit verify`, as an administrator at the machine runs them."""

import asyncio
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from gateway.access.passwords import generated, weakness
from gateway.audit import checkpoints
from gateway.audit.seal import Sealer
from gateway.clock import StoryClock
from gateway.enrol import person_id, place_id
from gateway.keys import key_file
from gateway.placing import Desk
from gateway.rulebook import read_rules
from gateway.store.connect import Session
from tests.databases import ORGANISATION


@dataclass
class Machine:
    """A machine with a database of its own."""

    folder: Path
    dsn: str

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "LIFELINE_DATABASE_DSN_FILE": str(self.folder / "dsn"),
            "LIFELINE_STATE_DIR": str(self.folder / "state"),
        }
        return subprocess.run(
            [sys.executable, "-m", "gateway", *words],
            input=text,
            capture_output=True,
            check=False,
            text=True,
            env=environment,
            cwd=self.folder,
        )

    def sql(self, text: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description is not None else []


@pytest.fixture
def machine(database: str, tmp_path: Path) -> Machine:
    (tmp_path / "dsn").write_text(database)
    return Machine(tmp_path, database)


def test_an_account_is_made_shown_changed_and_ended(machine: Machine) -> None:
    made = machine.run("account", "add", "anna", "--role", "operator", "--role", "supervisor")
    assert made.returncode == 0, made.stderr
    (shown,) = re.findall(r"changed at the first sign-in: (\S+)", made.stdout)
    assert weakness(shown, "anna") is None
    again = machine.run("account", "add", "Anna", "--role", "operator")
    weak = machine.run("account", "add", "bob", "--role", "operator", "--ask", text="short\n")
    bob = machine.run(
        "account", "add", "bob", "--role", "operator", "--ask", text="an owl on the gate\n"
    )
    reset = machine.run("account", "password", "anna")
    gone = machine.run("account", "disable", "bob")
    nobody = machine.run("account", "disable", "nobody")
    listed = machine.run("account", "list")

    assert (again.returncode, "taken" in again.stderr) == (1, True)
    assert (weak.returncode, "at least 12" in weak.stderr) == (1, True)
    assert bob.returncode == 0
    assert "owl" not in bob.stdout + bob.stderr, "what was typed is not shown"
    assert "shown once" in reset.stdout
    assert shown not in reset.stdout
    assert gone.returncode == 0
    assert (nobody.returncode, "lifeline account list" in nobody.stderr) == (1, True)
    assert re.search(r"^anna  operator, supervisor  last seen never$", listed.stdout, re.MULTILINE)
    assert re.search(r"^bob  operator .*; ended$", listed.stdout, re.MULTILINE)
    found = machine.sql("select must_change, password_hash from account where name = 'anna'")
    assert found[0][0] is True
    assert str(found[0][1]).startswith("$argon2id$")
    acts = [act for (act,) in machine.sql("select act from audit order by id")]
    assert acts == ["account_added", "account_added", "account_password_set", "account_disabled"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x y", "--role", "operator"], "A-Z a-z 0-9"),
        (["lee", "--role", "responder"], "needs --service"),
        (["lee", "--role", "operator", "--service", "icrs"], "no other role takes one"),
        (["lee", "--role", "responder", "--service", "nowhere"], "no service nowhere"),
        (["lee", "--role", "service", "--service", "icrs"], "token"),
        (["lee", "--role", "operator", "--display-name", "x" * 81], "81 characters"),
    ],
)
def test_an_account_that_makes_no_sense_is_not_made(
    machine: Machine, words: list[str], said: str
) -> None:
    done = machine.run("account", "add", *words)

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_takes_a_password_as_an_argument(machine: Machine) -> None:
    refused = machine.run("account", "add", "anna", "--role", "operator", "--password", "x")

    assert refused.returncode == 2


def test_who_enrols_and_who_makes_a_token_stands_in_the_audit(machine: Machine) -> None:
    roll = {
        "organisation": str(ORGANISATION),
        "name": "Test",
        "places": [{"id": "home", "name": "Fictional home"}],
        "persons": [{"id": "wc", "name": "Fictional WC"}, {"id": "op", "name": "Fictional OP"}],
    }
    (machine.folder / "roll.json").write_text(json.dumps(roll))
    enrolled = machine.run("import", "roll.json")
    token = machine.run("token", "add", "--name", "t", "--role", "auditor", "--to", "t.token")

    assert (enrolled.returncode, token.returncode) == (0, 0), enrolled.stderr + token.stderr
    found = machine.sql("select act, about::text from audit order by id")
    assert [act for act, _ in found] == ["enrolled"] * 3 + ["token_added"]
    assert [about for _, about in found] == [
        str(place_id(ORGANISATION, "home")),
        str(person_id(ORGANISATION, "wc")),
        str(person_id(ORGANISATION, "op")),
        None,
    ]
    assert "Fictional" not in str(machine.sql("select audit::text from audit"))


def test_a_generated_password_is_never_the_same_and_always_good() -> None:
    made = {generated() for _ in range(200)}

    assert len(made) == 200
    assert all(weakness(one, "anna") is None for one in made)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("eleven char", "11 characters"),
        ("x" * 129, "129 characters"),
        ("abababababababab", "different"),
        ("Anna anna walks home", "the name"),
        ("my password is long", "tried"),
        ("four plain dull words", None),
    ],
)
def test_what_a_password_must_be(password: str, words: str | None) -> None:
    found = weakness(password, "anna")

    assert (found is None) if words is None else (found is not None and words in found)


def test_verify_says_whole_or_where_and_exits_accordingly(machine: Machine) -> None:
    for name in ("anna", "bob", "cleo"):
        assert machine.run("account", "add", name, "--role", "operator").returncode == 0
    waiting = machine.run("audit", "verify")
    assert waiting.returncode == 0, waiting.stdout
    assert "3 rows wait for their seal" in waiting.stdout

    seal(machine)
    whole = machine.run("audit", "verify")
    assert whole.returncode == 0, whole.stdout
    assert "the chain is whole: 3 sealed rows" in whole.stdout
    machine.sql("update audit set actor = 'somebody else' where seq = 3")
    edited = machine.run("audit", "verify")
    assert edited.returncode == 1
    assert "WRONG: row 3 (id" in edited.stdout
    machine.sql("delete from audit where seq = 3")
    cut = machine.run("audit", "verify")
    assert (cut.returncode, "row 3 is missing at the end" in cut.stdout) == (1, True)
    elsewhere = machine.run("audit", "verify", "--checkpoints", str(machine.folder))
    assert elsewhere.returncode == 0
    assert "a cut tail would not be seen" in elsewhere.stdout
    assert len(checkpoints.all_of(state(machine), key_file(state(machine) / "audit.key"))[0]) == 2


def state(machine: Machine) -> Path:
    return machine.folder / "state"


def seal(machine: Machine) -> None:
    """Seal as a running gateway does."""

    async def once() -> None:
        session = Session(lambda: machine.dsn, "test")
        desk = Desk(read_rules(), ORGANISATION, key_file(state(machine) / "audit.key"))
        assert await Sealer(session, desk, StoryClock(datetime.now(UTC)), state(machine)).once()
        await session.close()

    asyncio.run(once())
