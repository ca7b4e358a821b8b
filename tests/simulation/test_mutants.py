"""Every planted fault still fits the code: one that does not is quietly no longer planted."""

from pathlib import Path

import pytest

from ops.sim import judge_alarms, mutants, patching
from ops.sim.patching import PatchError

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted((ROOT / mutants.FOLDER).glob("*.patch"))
PROMISES = {
    value
    for part in sorted((ROOT / "ops" / "sim").glob("judge_*.py"))
    for value in part.read_text(encoding="utf-8").split('"')
}
SOUND = (
    "# breaks: it\n# found by: one winner per claim\n--- a/f.txt\n+++ b/f.txt\n@@ -1,2 +1,2 @@\n"
)


def test_there_are_more_than_a_dozen() -> None:
    assert len(PATCHES) >= 15


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_a_planted_fault_fits_and_leaves_python_that_reads(path: Path) -> None:
    patch = patching.read(path)
    for name, text in patching.planted(patch, ROOT).items():
        compile(text, name, "exec")
        assert text != (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_a_planted_fault_names_a_promise_the_judge_knows(path: Path) -> None:
    assert patching.read(path).found_by in PROMISES


def test_a_patch_that_does_not_fit_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "stale.patch").write_text(f"{SOUND} one\n-three\n+four\n", encoding="utf-8")
    with pytest.raises(PatchError, match=r"stale: its lines stand 0 times in f\.txt"):
        patching.apply(patching.read(tmp_path / "stale.patch"), tmp_path)


def test_a_patch_changes_only_its_lines(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("zero\none\ntwo\nthree\n", encoding="utf-8")
    (tmp_path / "good.patch").write_text(f"{SOUND} one\n-two\n+2\n", encoding="utf-8")
    patching.apply(patching.read(tmp_path / "good.patch"), tmp_path)
    assert (tmp_path / "f.txt").read_text(encoding="utf-8") == "zero\none\n2\nthree\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("--- a/f.txt\n", "its first lines must be"),
        ("# breaks: it\n# found by: x\n", "no hunk, expected one or more"),
        (f"{SOUND} one\n two\n", "0 changed lines, expected 1 to 12"),
    ],
)
def test_a_patch_that_says_too_little_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.patch").write_text(text, encoding="utf-8")
    with pytest.raises(PatchError, match=message):
        patching.read(tmp_path / "bad.patch")


def test_an_unproved_sender_is_known_by_the_name_it_claims() -> None:
    assert judge_alarms.claimed_name("?pendant-1@127.0.0.1") == "pendant-1"
    assert judge_alarms.claimed_name("pendant-1") == "pendant-1"
