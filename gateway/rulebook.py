"""Read the rules: the shipped ones from the package, or an approved folder in their place.

Shipped rows hold as they were released, whatever the clock says. Rows of a folder hold by their
effective date; `rollbacks.toml` in it names the versions that people took back.
"""

import json
import os
from datetime import UTC, date
from importlib import resources
from pathlib import Path

from alerts.rule_versions import Book, Rollback
from alerts.ruleset import RuleError, Rules, parse_rules, read_book
from gateway.clock import Clock
from gateway.errors import SettingsError

ROLLBACKS = "rollbacks.toml"
HEAD = "# Versions of rules that were taken back: written by `lifeline rules rollback`.\n"
MAX_FILE_BYTES = 4 * 1024 * 1024


def rule_files(folder: Path | None) -> dict[str, bytes]:
    """Read the files of a folder, or the shipped ones.

    Raises:
        SettingsError: a file cannot be read, or is far too big for rules.
    """
    source = folder if folder is not None else resources.files("alerts").joinpath("rules")
    try:
        files = {
            entry.name: entry.read_bytes()
            for entry in sorted(source.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".toml")
        }
    except OSError as error:
        raise SettingsError(f"the rules cannot be read: {error}") from error
    for name, content in files.items():
        if len(content) > MAX_FILE_BYTES:
            raise SettingsError(
                f"the rules cannot be used: {name} has {len(content)} bytes, "
                f"expected at most {MAX_FILE_BYTES}"
            )
    return files


def proposed_files(proposed: Path, in_force: dict[str, bytes]) -> dict[str, bytes]:
    """Read proposed rules: a whole folder, or one file that is laid over what is in force.

    What people took back stays taken back, whatever a folder says.

    Raises:
        SettingsError: it cannot be read, or is no rule file.
    """
    if proposed.is_dir():
        files = rule_files(proposed)
    elif proposed.suffix == ".toml":
        try:
            files = {**in_force, proposed.name: proposed.read_bytes()}
        except OSError as error:
            raise SettingsError(f"the proposed rules cannot be read: {error}") from error
    else:
        raise SettingsError(
            f"{proposed} is neither a folder of rules nor a .toml file: name one, such as a copy "
            "made by `lifeline rules copy`"
        )
    kept = {ROLLBACKS: in_force[ROLLBACKS]} if ROLLBACKS in in_force else {}
    return {**files, **kept}


def read_rules(folder: Path | None = None, today: date | None = None) -> Rules:
    """Parse all rule files into what holds: of a folder, from `today` on (the machine's, if None).

    Raises:
        SettingsError: names the file, the row and the key that is wrong; the start stops.
    """
    if folder is not None and today is None:
        today = Clock().now().date()
    try:
        return parse_rules(rule_files(folder), None if folder is None else today)
    except RuleError as error:
        raise SettingsError(f"the rules cannot be used: {error}") from error


def book_of(folder: Path | None) -> Book:
    """Parse all rule files into every version of every row.

    Raises:
        SettingsError: names the file, the row and the key that is wrong.
    """
    try:
        return read_book(rule_files(folder))
    except RuleError as error:
        raise SettingsError(f"the rules cannot be used: {error}") from error


def with_rollback(folder: Path, rollback: Rollback, today: date) -> bytes:
    """Give the content of rollbacks.toml with one more, once the rules hold with it.

    Raises:
        SettingsError: the rules could not be used with it.
    """
    files = rule_files(folder)
    content = files.get(ROLLBACKS, HEAD.encode()) + _written(rollback).encode()
    try:
        parse_rules({**files, ROLLBACKS: content}, today)
    except RuleError as error:
        raise SettingsError(f"nothing was taken back: {error}") from error
    return content


def make_folder(folder: Path) -> None:
    """Make a new folder.

    Raises:
        SettingsError: it exists, or cannot be made.
    """
    try:
        folder.mkdir(mode=0o755)
    except OSError as error:
        raise SettingsError(f"{folder}: {error.strerror}; name a folder to be made") from error


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place of another one, whole or not at all, and on disk.

    Raises:
        SettingsError: it cannot be written; the former one stands.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def _written(rollback: Rollback) -> str:
    """Write a rollback as TOML; its strings are JSON's without control characters."""
    at = f"{rollback.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    words = {name: _string(getattr(rollback, name)) for name in ("id", "version", "by", "reason")}
    lines = [f"{name} = {word}" for name, word in words.items()]
    return "\n".join(["", "[[rollback]]", *lines, f"at = {at}", ""])


def _string(text: str) -> str:
    if not text.isprintable():
        raise SettingsError(f"{text!r} has characters that cannot be printed; leave them out")
    return json.dumps(text, ensure_ascii=False)
