"""`lifeline practice-receiver` as people start it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

COMMAND = [sys.executable, "-m", "gateway", "practice-receiver"]
ROOT = Path(__file__).resolve().parents[2]
STOP_S = 30


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command; give the process and the address in its first line."""
    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def refused(*options: str) -> tuple[int, str]:
    """Run a command that cannot start; give its exit code and what it says."""
    done = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, cwd=ROOT, check=False, timeout=STOP_S
    )
    assert done.stdout == ""
    return done.returncode, " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_line_is_the_address_and_a_signal_stops_it(
    number: signal.Signals, code: int
) -> None:
    with started() as (process, address):
        page = httpx.get(f"{address}/", trust_env=False)
        process.send_signal(number)
        _out, errors = process.communicate(timeout=STOP_S)

    assert page.status_code == 200
    assert process.returncode == code
    assert errors == ""


def test_a_script_a_seed_and_a_log_are_taken(tmp_path: Path) -> None:
    script = tmp_path / "story.toml"
    script.write_text('[[steps]]\nmood = "503"\n')
    options = ("--script", str(script), "--random", "--seed", "4", "--log", str(tmp_path / "log"))
    with started(*options) as (_process, address):
        mood = httpx.get(f"{address}/practice/mood", trust_env=False).json()

    assert mood["script_left"] == 1
    assert mood["random"] is True
    assert (tmp_path / "log").exists()


def test_keys_make_it_ask_for_tokens(tmp_path: Path) -> None:
    public = rsa.generate_private_key(65_537, 2_048).public_key()
    file = tmp_path / "client.pem"
    file.write_bytes(
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    with started("--keys", str(file)) as (_process, address):
        guarded = httpx.get(f"{address}/FHIR/R4/metadata", trust_env=False)
    with started("--keys", str(file), "--no-auth") as (_process, address):
        free = httpx.get(f"{address}/FHIR/R4/metadata", trust_env=False)

    assert guarded.status_code == 401
    assert free.status_code == 400  # the headers are missing, no token is


def test_a_port_that_is_taken_says_which_option_to_change() -> None:
    with started() as (_process, address):
        code, said = refused("--port", address.rpartition(":")[2])

    assert code == 1
    assert "choose another with --port" in said


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"\xff")

    assert refused("--mood", "cheerful")[0] == 2
    assert "kept-but-failed" in refused("--mood", "cheerful")[1]
    for option in ("--script", "--keys", "--answer-token"):
        code, said = refused(option, str(wrong))
        assert code == 1
        assert "wrong" in said
    assert "cannot read" in refused("--script", str(tmp_path / "none"))[1]
    assert "--log" in refused("--log", str(tmp_path / "none" / "log"))[1]
