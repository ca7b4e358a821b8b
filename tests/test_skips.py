"""A skipped test is seen, and where peers are required it is not forgiven."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STORY = """
import pytest

def test_good() -> None:
    assert True

@pytest.mark.skip(reason="{reason}")
def test_with_a_peer() -> None:
    assert False
"""


def run(folder: Path, reason: str, peers: str) -> tuple[int, str]:
    """Return exit code and output of pytest over one passing and one skipped test."""
    (folder / "test_story.py").write_text(STORY.format(reason=reason))
    (folder / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.skips", "-c", "pytest.ini", "."],
        capture_output=True,
        check=False,
        cwd=folder,
        env=os.environ | {"LIFELINE_REQUIRE_PEERS": peers, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    return done.returncode, done.stdout


def test_a_skipped_test_is_listed_with_its_reason(tmp_path: Path) -> None:
    code, output = run(tmp_path, "mosquitto_pub is not installed", "0")

    assert code == pytest.ExitCode.OK
    assert "NOT TESTED HERE: 1 skipped" in output
    assert "test_story.py::test_with_a_peer: mosquitto_pub is not installed" in output


def test_a_skipped_test_fails_the_run_where_peers_are_required(tmp_path: Path) -> None:
    code, output = run(tmp_path, "mosquitto_pub is not installed", "1")

    assert code == pytest.ExitCode.TESTS_FAILED
    assert "LIFELINE_REQUIRE_PEERS=1 and 1 skipped: the run has failed" in output


def test_a_peer_that_exists_nowhere_in_ci_is_excused_and_still_listed(tmp_path: Path) -> None:
    code, output = run(tmp_path, "only elsewhere: no TimescaleDB in any registry", "1")

    assert code == pytest.ExitCode.OK
    assert "NOT TESTED HERE: 1 skipped" in output
