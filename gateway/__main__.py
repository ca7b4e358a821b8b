"""`lifeline`: the command line. What fails exits non-zero and says what to do next."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from gateway import __version__
from gateway.demo.ways import PRESSED, Receiver, Via, Ways
from gateway.embedded import EmbeddedError
from gateway.errors import GatewayError
from gateway.operations_app import add_operations
from gateway.roles import ApiRole, Role
from gateway.rules_app import add_why

FAILED = 1
INTERRUPTED = 130

app = typer.Typer(
    name="lifeline",
    help="The open lifeline gateway: from a press to an acknowledged urgent community response "
    "referral.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
token_app = typer.Typer(help="Tokens for programs that use the HTTP side.", no_args_is_help=True)
config_app = typer.Typer(help="Settings.", no_args_is_help=True)
score_app = typer.Typer(help="Clinical scores, from JSON lines; no database.", no_args_is_help=True)
app.add_typer(score_app, name="score")
app.add_typer(token_app, name="token")
app.add_typer(config_app, name="config")

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; lifeline.toml when it exists.")
]


def _run(work: Callable[[], Any]) -> None:
    """Run a command's coroutine; turn what went wrong into one line and an exit code."""
    try:
        code = uvloop.run(work())
    except (GatewayError, EmbeddedError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or 'see the log above'}")
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if code:
        raise typer.Exit(int(code))


def _fail(text: str) -> None:
    typer.echo(f"lifeline: {text}", err=True)
    raise typer.Exit(FAILED)


add_why(app, _run)
add_operations(app, _run)


async def _serve(toml: Path | None, roles: tuple[Role, ...]) -> int:
    from gateway.log import configure  # noqa: PLC0415 - a pure command must not wait for these
    from gateway.serve import serve  # noqa: PLC0415
    from gateway.settings import load  # noqa: PLC0415

    settings = load(toml)
    configure(settings.log_level)
    return await serve(settings, roles)


@app.command()
def up(settings: SettingsFile = None) -> None:
    """Run the gateway, all roles; embedded database unless the settings name one."""
    _run(lambda: _serve(settings, tuple(Role)))


@app.command()
def run(role: Annotated[Role, typer.Argument(help="Which role.")],
        settings: SettingsFile = None) -> None:  # fmt: skip
    """Run one role in the foreground, for systemd and compose; needs a database by DSN."""
    _run(lambda: _serve(settings, (role,)))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON file: services, places, persons, devices.")],
    secrets_to: Annotated[
        Path | None, typer.Option(help="New device secrets are written here, once, mode 600.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Enrol people, places, devices and services; checked first, all or nothing."""
    from gateway.commands import enrol_file  # noqa: PLC0415

    _run(lambda: enrol_file(file, secrets_to, settings))


@token_app.command("add")
def token_add(
    name: Annotated[str, typer.Option(help="What the token is for; no person's name.")],
    role: Annotated[ApiRole, typer.Option(help="What its bearer may do.")],
    to: Annotated[Path, typer.Option(help="The token is written here, once, mode 600.")],
    service: Annotated[str | None, typer.Option(help="A responder's service.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Make a token for the HTTP side; only its SHA-256 is kept."""
    from gateway.commands import add_token  # noqa: PLC0415

    _run(lambda: add_token(name, role, service, to, settings))


@config_app.command("check")
def config_check(settings: SettingsFile = None) -> None:
    """Read settings and rules; say what is wrong, or what holds."""
    from gateway.commands import check_config  # noqa: PLC0415

    _run(lambda: check_config(settings))


@app.command()
def decide(
    *,
    vocabulary: Annotated[
        bool, typer.Option("--vocabulary", help="Print the closed lists and end.")
    ] = False,
) -> None:
    """Decide stories: one JSON line in, one out; needs no database (shipped rules)."""
    from gateway.pure import decide_lines  # noqa: PLC0415

    # A closed pipe at the other end is no error of a filter. Only here: where devices and people
    # are connected, this would let whoever hangs up at the wrong moment end the whole process.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    raise typer.Exit(decide_lines(sys.stdin.buffer, sys.stdout, vocabulary_only=vocabulary))


@app.command()
def decode() -> None:
    """Decode what devices send: one JSON line in, its signals in one line out; no database."""
    from gateway.decode_lines import decode_lines  # noqa: PLC0415

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    raise typer.Exit(decode_lines(sys.stdin.buffer, sys.stdout))


@score_app.command("news2")
def score_news2() -> None:
    """Score one set of readings a line with NEWS2; an incomplete set gives a lower bound."""
    from gateway.score import score_lines  # noqa: PLC0415

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    raise typer.Exit(score_lines(sys.stdin.buffer, sys.stdout))


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    story: Annotated[int, typer.Option(help="Case study 1, 2 or 3.", min=1, max=3)] = 2,
    speed: Annotated[
        float, typer.Option(help="Story seconds a second while nothing happens.", min=1)
    ] = 600,
    via: Annotated[Via, typer.Option(help="How the press comes in; story 2.")] = Via.ENDPOINT,
    receiver: Annotated[
        Receiver, typer.Option(help="Who takes the referral: the built-in desk, or a BaRS system.")
    ] = Receiver.DESK,
) -> None:
    """Play a case study through the real thing, with nothing else installed or configured."""
    from gateway.demo.play import play  # noqa: PLC0415

    ways = Ways(via, receiver)
    if not ways.are_usual and story != PRESSED:
        raise typer.BadParameter(
            f"--via and --receiver are for story {PRESSED}: others have no press"
        )
    _run(lambda: play(story, speed=speed, once=once, ways=ways))


@app.command("practice-receiver")
def practice_receiver(  # noqa: PLR0913 - as many options as there are ways to practise
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 0,
    mood: Annotated[
        str,
        typer.Option(
            help="planned, in-progress, cancelled, finished, 409, 400, 408, 422, 429, 503, "
            "kept-but-failed, slow, cut-off, silence or broken."
        ),
    ] = "planned",
    script: Annotated[
        Path | None, typer.Option(help="TOML or JSON: a step for each message, from the first.")
    ] = None,
    by_chance: Annotated[
        bool, typer.Option("--random", help="Chance decides each mood, after any script.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same chance again; means --random.")
    ] = None,
    answer_to: Annotated[
        str | None, typer.Option(help="URL later answers are posted to, whoever referred.")
    ] = None,
    answer_token: Annotated[
        Path | None, typer.Option(help="File with the bearer token that goes with them.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Append one JSON line a message.")] = None,
    keys: Annotated[
        Path | None, typer.Option(help="JWKS or PEM: public keys of clients; FHIR asks a token.")
    ] = None,
    kid: Annotated[str, typer.Option(help="The key's id, when --keys is a PEM.")] = "practice-1",
    client_id: Annotated[
        str | None, typer.Option(help="The one API key (iss, sub) that may have tokens.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="aud to sign for; else the token endpoint's address.")
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Ask no token, even with --keys.")
    ] = False,
) -> None:
    """Run a UCR service to practise against: it takes BaRS messages, and has moods."""
    from gateway.practice_receiver.command import Client, Files, mood_of, run, settings_of  # noqa: PLC0415, I001
    from gateway.practice_receiver.receiver import PracticeSettings  # noqa: PLC0415

    plain = PracticeSettings(
        port=port, mood=mood_of(mood), seed=seed, answer_to=answer_to, auth=not no_auth,
        audience=audience,
    )  # fmt: skip
    files = Files(script=script, keys=keys, answer_token=answer_token, log=log)

    async def work() -> int:
        settings = settings_of(files, Client(kid, client_id), plain)
        return await run(settings, chance=by_chance or seed is not None)

    _run(work)


@app.command()
def bench(  # noqa: PLR0913 - as many options as a run has sides
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Short form for CI: two systems, a few seconds.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="How long each rate is offered; 2.")
    ] = None,
    rates: Annotated[
        str | None, typer.Option(help="Messages a second, rising: 100,200,400.")
    ] = None,
    systems: Annotated[
        str | None, typer.Option(help="Which ones: lifeline,copy,...; all when left out.")
    ] = None,
    commit_ms: Annotated[
        int | None,
        typer.Option(min=0, max=100, help="Second table: this much slower a commit; 0: none."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="How often all is repeated; 5, quick 2.")
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option(min=1, max=5_000, help="Devices, each on its own connection; 200, quick 20."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for result, plots and samples.")] = Path(
        "lifeline-bench"
    ),
    compare: Annotated[
        Path | None, typer.Option(help="result.json of an earlier run: do the figures agree?")
    ] = None,
    peers: Annotated[Path, typer.Option(help="What ops/bench/prepare.py has filled.")] = Path(
        ".bench"
    ),
) -> None:
    """Measure what this gateway holds, beside what others would run; refuses rates with a loss."""
    from gateway.bench.command import Asked, bench  # noqa: PLC0415

    asked = Asked(
        quick=quick, seconds=seconds, rates=rates, systems=systems, commit_ms=commit_ms,
        rounds=rounds, connections=connections, out=out, compare=compare, peers=peers,
    )  # fmt: skip
    _run(lambda: bench(asked))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Start the program."""
    app()


if __name__ == "__main__":
    main()
