"""The order in which tests are handed out."""

from pathlib import Path

from tests.order import LONGEST, ROOT, rank


def test_every_long_file_is_there() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_a_long_file_comes_before_any_other() -> None:
    assert rank(ROOT / LONGEST[-1]) < rank(Path(__file__)) == rank(Path("/elsewhere.py"))
