"""`lifeline practice-receiver`: run a practice receiver until it is told to stop."""

import asyncio
import logging
import secrets
import signal
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from gateway.errors import SettingsError
from gateway.practice_receiver.access import Keys, read_keys
from gateway.practice_receiver.app import FHIR, TOKEN
from gateway.practice_receiver.moods import Mood, Step, read_script
from gateway.practice_receiver.receiver import PracticeReceiver, PracticeSettings

TOLD = 128
MAX_FILE = 1 << 20
MAX_SEED = 1 << 31


@dataclass(frozen=True, slots=True)
class Files:
    """What the command line names by file; None where it names none."""

    script: Path | None = None
    keys: Path | None = None
    answer_token: Path | None = None
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """The client that may have tokens: the `kid` of a PEM key, and its API key."""

    kid: str
    api_key: str | None = None


def settings_of(files: Files, client: Client, settings: PracticeSettings) -> PracticeSettings:
    """Fill settings from files.

    Raises:
        SettingsError: a file cannot be read or is wrong; says what was expected.
    """
    token = _content(files.answer_token).decode(errors="replace").strip() or None
    if token is not None and not token.isascii():
        raise SettingsError(f"{files.answer_token} holds no token: expected ASCII")
    return replace(
        settings,
        script=_script(files.script),
        keys=_keys(files.keys, client),
        answer_token=token,
        log=files.log,
    )


def mood_of(word: str) -> Step:
    """Read `--mood`.

    Raises:
        typer.BadParameter: there is no such mood; names those there are.
    """
    if word not in set(Mood):
        raise typer.BadParameter(f"no mood {word!r}; there are {', '.join(Mood)}")
    return Step(Mood(word))


async def run(settings: PracticeSettings, *, chance: bool) -> int:
    """Run until a signal; print the address first. Gives 128 + the signal's number.

    Raises:
        SettingsError: it cannot start; says what to do.
    """
    if chance and settings.seed is None:
        settings = replace(settings, seed=secrets.randbelow(MAX_SEED))
    # An answer cut off on purpose is no error of the server's.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _tell, told, number)
    receiver = PracticeReceiver(settings)
    await receiver.start()
    try:
        for line in _opening(receiver, chance=chance):
            typer.echo(line)
        return TOLD + await told
    finally:
        await receiver.stop()


def _tell(told: asyncio.Future[int], number: int) -> None:
    if not told.done():
        told.set_result(number)


def _opening(receiver: PracticeReceiver, *, chance: bool) -> Iterable[str]:
    settings, address = receiver.settings, receiver.address
    yield address
    yield f"FHIR base   {address}{FHIR}"
    yield f"list        {address}/"
    if chance:
        yield f"mood        by chance, --seed {settings.seed}"
    else:
        yield f"mood        {settings.mood.mood}"
    if settings.script:
        yield f"script      {len(settings.script)} steps first"
    if settings.keys is None or not settings.auth:
        yield "tokens      not asked for"
    else:
        yield f"tokens      {address}{TOKEN}, {len(settings.keys.by_kid)} keys registered"
    yield "Everything is kept in memory. Ctrl-C stops it."


def _content(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > MAX_FILE:
        raise SettingsError(f"{path}: {len(content)} bytes, expected at most {MAX_FILE}")
    return content


def _script(path: Path | None) -> tuple[Step, ...]:
    if path is None:
        return ()
    try:
        return read_script(_content(path), toml=path.suffix.lower() == ".toml")
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error


def _keys(path: Path | None, client: Client) -> Keys | None:
    if path is None:
        return None
    try:
        return read_keys(_content(path), client.kid, client.api_key)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
