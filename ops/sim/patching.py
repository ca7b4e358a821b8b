"""Applying a planted fault: a unified diff of a few lines, found by its text and not by its number.

Contract: each hunk's old lines must stand in the file exactly once. A patch that no longer fits is
an error that names it, never a fault that is quietly not planted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEAD = re.compile(r"^\+\+\+ b/(?P<path>\S+)", re.MULTILINE)
HUNK = re.compile(r"^@@.*$", re.MULTILINE)
BREAKS, FOUND_BY = "# breaks: ", "# found by: "
MAX_CHANGED_LINES = 12


class PatchError(Exception):
    """A patch cannot be read, or does not fit the tree it is meant for."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place: in which file, what stands there, and what a tired programmer wrote instead."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Patch:
    """A planted fault: its name, what it breaks, and which promise should find it."""

    name: str
    breaks: str
    found_by: str
    hunks: tuple[Hunk, ...]


def read(path: Path) -> Patch:
    """Read a patch.

    Raises:
        PatchError: it does not begin with what it breaks and what finds it, or changes nothing.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) < 2 or not (lines[0].startswith(BREAKS) and lines[1].startswith(FOUND_BY)):
        raise PatchError(f"{path.name}: its first lines must be “{BREAKS}…” and “{FOUND_BY}…”")
    hunks = tuple(_hunks(text, path.name))
    if not hunks:
        raise PatchError(f"{path.name}: no hunk, expected one or more")
    return Patch(path.stem, lines[0][len(BREAKS) :], lines[1][len(FOUND_BY) :], hunks)


def _hunks(text: str, name: str) -> Iterator[Hunk]:
    files = list(HEAD.finditer(text))
    for number, head in enumerate(files):
        end = files[number + 1].start() if number + 1 < len(files) else len(text)
        for body in HUNK.split(text[head.end() : end])[1:]:
            yield _hunk(head["path"], body, name)


def _hunk(path: str, body: str, name: str) -> Hunk:
    old: list[str] = []
    new: list[str] = []
    changed = 0
    for line in body.splitlines()[1:]:
        if line.startswith("--- a/"):
            break
        mark, rest = (line[0], line[1:]) if line else (" ", "")
        changed += mark in "+-"
        if mark in " -":
            old.append(rest)
        if mark in " +":
            new.append(rest)
    if not 0 < changed <= MAX_CHANGED_LINES:
        raise PatchError(f"{name}: {changed} changed lines, expected 1 to {MAX_CHANGED_LINES}")
    return Hunk(path, _text(old), _text(new))


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def apply(patch: Patch, root: Path) -> None:
    """Plant the fault in the tree at `root`.

    Raises:
        PatchError: a hunk's old lines do not stand in its file exactly once.
    """
    for path, text in planted(patch, root).items():
        (root / path).write_text(text, encoding="utf-8")


def planted(patch: Patch, root: Path) -> dict[str, str]:
    """Give the files of the tree with the fault in them, by path; nothing is written.

    Raises:
        PatchError: as `apply`.
    """
    files: dict[str, str] = {}
    for hunk in patch.hunks:
        where = root / hunk.path
        if not where.is_file():
            raise PatchError(f"{patch.name}: {hunk.path} is not there")
        text = files.get(hunk.path) or where.read_text(encoding="utf-8")
        times = text.count(hunk.old)
        if times != 1:
            raise PatchError(
                f"{patch.name}: its lines stand {times} times in {hunk.path}, expected once; "
                "write the patch anew for what the file says now"
            )
        files[hunk.path] = text.replace(hunk.old, hunk.new)
    return files
