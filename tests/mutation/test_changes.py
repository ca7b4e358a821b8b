"""What ops/mutation.py changes, where, and that the changed module is what runs."""

import importlib
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ops import mutation_code, mutation_judge, mutation_run
from ops.mutation_trees import Change, change, places

PACKAGE = "changed_for_a_test"


def changes(source: str) -> list[Change]:
    text = textwrap.dedent(source)
    return [change(text, place) for place in places(text)]


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("a < b", ["a <= b"]),
        ("a is not b", ["a is b"]),
        ("a and b", ["a or b", "a", "b"]),
        ("not a", ["a"]),
        ("a + b", ["a - b"]),
        ("a if b else c", ["c if b else a"]),
        ("True", ["False"]),
        ("7", ["8"]),
        ("'text'", []),
        ("f(a)", []),
    ],
)
def test_an_expression_is_changed_in_these_ways(was: str, became: list[str]) -> None:
    assert [one.became for one in changes(f"x = {was}\n")] == became


def test_a_condition_is_made_true_and_false() -> None:
    became = [one.became for one in changes("if a:\n    f()\n")]

    assert became == ["if True:\n    f()", "if False:\n    f()"]


def test_a_step_that_is_taken_is_left_out() -> None:
    source = """
        def go(step):
            step = first(step)
            return second(step, 'x')
    """

    assert [one.became for one in changes(source)] == ["pass", "return step"]


def test_what_says_and_does_not_do_is_left_alone() -> None:
    source = '''
        """Text."""
        import os
        def go(a: 1 = 2) -> 3:
            """Text."""
            assert a == 4
            b: 5
    '''

    assert changes(source) == []


def test_a_change_tells_the_lines_of_its_statement_and_not_of_those_within_it() -> None:
    source = """\
        class House:
            def go(self):
                if (a <
                        b):
                    f(
                        1
                    )
                elif c == d:
                    g()
    """

    found = [(one.line, one.was.partition("\n")[0], one.lines) for one in changes(source)]

    assert found == [
        (3, "if a < b:", range(3, 5)),
        (3, "if a < b:", range(3, 5)),
        (3, "a < b", range(3, 5)),
        (6, "1", range(5, 8)),
        (8, "if c == d:", range(8, 9)),
        (8, "if c == d:", range(8, 9)),
        (8, "c == d", range(8, 9)),
    ]


def test_a_change_tells_the_outermost_function_around_it() -> None:
    source = """\
        LIMIT = 1
        class House:
            limit: int = 2
            def go(self):
                def inner():
                    return 3
                return inner
    """

    functions = [one.function for one in changes(source)]

    assert functions[:2] == [None, None]
    assert functions[2] is not None
    assert (functions[2].name, functions[2].body) == ("House.go", range(5, 8))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two modules: `rule` and `user`, which holds on to what `rule` gave it."""
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "rule.py").write_text(
        "from functools import cache\n\nLIMIT = 1\n\n\n@cache\ndef limit():\n    return LIMIT + 4\n"
    )
    (folder / "user.py").write_text(f"from {PACKAGE}.rule import limit\n\nHELD = [limit]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = list(sys.meta_path)
    yield folder
    sys.meta_path[:] = before
    for name in [one for one in sys.modules if one.startswith(PACKAGE)]:
        del sys.modules[name]


def user() -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.user")


def made(path: Path, was: str) -> Change:
    return next(one for one in changes(path.read_text()) if one.was == was)


def test_a_change_before_the_import_is_what_is_imported(package: Path) -> None:
    path = package / "rule.py"
    text = path.read_text()
    code = compile(made(path, "1").tree, str(path), "exec")

    mutation_code.before_import(f"{PACKAGE}.rule", path, code)

    assert user().HELD[0]() == 2 + 4
    assert path.read_text() == text


def test_a_function_is_changed_wherever_it_is_held(package: Path) -> None:
    path, held = package / "rule.py", user().HELD
    change_of_it = made(path, "LIMIT + 4")
    old, new = (compile(one, str(path), "exec") for one in (path.read_text(), change_of_it.tree))

    assert mutation_code.fits(old, new, "limit")
    mutation_code.Functions().take(path, "limit", new)

    assert held[0]() == 1 - 4


def test_a_name_that_two_functions_have_is_imported_anew() -> None:
    source = "def f():\n    return 1\n\n\ndef f():\n    return 2\n"
    old = compile(source, "twice.py", "exec")
    new = compile(changes(source)[0].tree, "twice.py", "exec")

    assert not mutation_code.fits(old, new, "f")


def test_a_sample_gives_every_file_its_share() -> None:
    spots = mutation_run.everywhere(["alerts/telecare"])
    sample = mutation_run.drawn(spots, len(spots) // 4, seed=7)

    assert len(set(sample)) == len(sample) == len(spots) // 4
    for path in {spot.path for spot in spots}:
        all_of_it = sum(spot.path == path for spot in spots)
        assert abs(sum(spot.path == path for spot in sample) - all_of_it / 4) <= 1
    assert sample == mutation_run.drawn(spots, len(spots) // 4, seed=7)


def test_the_interval_of_a_sample_is_wilsons() -> None:
    """Nine of ten: 59.6 to 98.2 % (Wilson 1927, 95 %)."""
    low, high = mutation_run.interval(9, 10)

    assert (round(low, 1), round(high, 1)) == (59.6, 98.2)


def test_the_command_kills_what_a_test_notices_and_lists_what_none_reaches(tmp_path: Path) -> None:
    to = tmp_path / "verdicts"
    command = [sys.executable, str(mutation_judge.ROOT / "ops" / "mutation.py"), "--to", str(to)]
    command += ["--packages", "alerts/hours.py", "alerts/telecare/closing.py", "--sample", "12"]
    command += ["--tests", "tests/alerts/test_hours.py"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)
    verdicts = [json.loads(line) for line in to.read_text().splitlines()]
    killed = [one for one in verdicts if one["verdict"] == "killed"]
    others = [one for one in verdicts if one["path"] == "alerts/telecare/closing.py"]

    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert len(verdicts) == 12
    assert f"killed or late: {len(killed)} of 12" in done.stdout
    assert {one["path"] for one in killed} == {"alerts/hours.py"}
    assert all(one["by"].startswith("tests/alerts/test_hours.py::") for one in killed)
    assert others
    assert all(one["verdict"] == "survived" for one in others)
    assert done.stdout.count("survived alerts/telecare/closing.py") == len(others)
