"""The two commands of the README; they need Python 3.11 or newer and nothing else.

    python3 ops/run.py demo [arguments]   set up what is missing, then play `lifeline demo`
    python3 ops/run.py test [arguments]   set up what is missing, then lint, types and tests

Both keep one virtual environment, `.venv` beside pyproject.toml, filled from the lock files of
ops/lock (exact versions, checked digests) and with the project as a wheel, so that what is played
is what would be shipped. The file `.venv/lifeline.json` says what was installed; a later run does
only what has changed since. Nothing outside the project folder is written except pip's own cache.

Exit codes: 0 all went well, 1 a step failed, 2 wrong usage or a machine that lacks something,
130 stopped with Ctrl-C, 143 terminated. `demo` becomes `lifeline demo`, whose exit code holds.

Theory of operation: this file runs before anything is installed. It keeps to the standard library
and to syntax that older Pythons can still read, so that they can say which version is missing.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NEEDED = (3, 11)
if sys.version_info < NEEDED:  # noqa: UP036 - the check that pyproject.toml cannot make here
    print(
        "This is Python {}.{}; the lifeline gateway needs 3.11 or newer.\n"
        "Run the same command with a newer one, for example: python3.11 ops/run.py demo".format(
            *sys.version_info[:2],
        ),
        file=sys.stderr,
    )
    sys.exit(2)

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "lifeline.json"
LOCKS = ROOT / "ops" / "lock"
PACKAGES = ("alerts", "devices", "firmware_stubs", "gateway")
RUNTIME = ("requirements.txt", "requirements-build.txt")
# By many workers (tests/order.py), a file's tests by one of them: what they set up serves them all.
TESTS = "pytest -n auto --dist loadfile --no-loadscope-reorder --durations=25 --cov --cov-branch"
DEV = ("requirements-dev.txt",)  # holds all that RUNTIME holds, in the same versions
# How long a stopped step may clean up before it is told once more, and before it is ended.
GRACE_S = 15.0
SHOWN_LINES = 15
USAGE = (
    "usage: python3 ops/run.py demo [arguments of `lifeline demo`, for example --once]\n"
    "       python3 ops/run.py test [arguments of pytest, for example -k press]"
)
# What pip said -> what to do next; the first that fits is shown.
HINTS = {
    "DO NOT MATCH THE HASHES": """\
A package is not what ops/lock expects: it was changed on the way, or the index rebuilt it.
Nothing of it was installed. Try another index before you trust this one.""",
    "No space left on device": """\
The disk is full: about 1 GB is needed beside pyproject.toml and in the temporary folder
(TMPDIR names another). Then run the same command again.""",
    "resolution|Connection|timed? ?out|Proxy|SSL|CERTIFICATE|Max retries|versions: none": """\
The package index could not be reached. Check the network and the proxy, or name an index you
can reach (python3 -m pip config set global.index-url ADDRESS); then run the same command again.""",
    "No matching distribution": """\
The index has no ready-made package for this machine. Linux (x86_64, aarch64) and macOS on Apple
silicon with CPython 3.11 to 3.14 are served; a mirror may lag behind.""",
}


class Trouble(Exception):  # noqa: N818 - it is told to a person, not handled
    """Setting up failed; the text says what was found and what to do next."""


def main(arguments: list[str]) -> int:
    """Run one of the two commands and return its exit code."""
    if not arguments or arguments[0] not in ("demo", "test"):
        wanted_help = bool(arguments) and arguments[0] in ("-h", "--help")
        print(USAGE, file=sys.stdout if wanted_help else sys.stderr)
        return 0 if wanted_help else 2
    command, rest = arguments[0], arguments[1:]
    signal.signal(signal.SIGTERM, _terminate)
    try:
        prepare(dev=command == "test")
        return play(rest) if command == "demo" else check(rest)
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


def _terminate(_number: int, _frame: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def prepare(*, dev: bool) -> None:
    """Bring .venv up to date: environment, locked packages, wheel; only what has changed.

    Raises:
        Trouble: when a part is missing on this machine or cannot be fetched.
    """
    with (ROOT / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another run that is setting up .venv ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = _environment()
        _install_locked(stamp, dev=dev)
        _install_wheel(stamp)


def _environment() -> dict[str, str]:
    """Make .venv where it is missing, unfinished or of another Python; return what it holds."""
    made_by = f"{sys.version.split()[0]} {VENV}"
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        stamp = {}
    if stamp.get("python") == made_by and PYTHON.exists():
        return stamp
    if VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
        message = f"{VENV} is no virtual environment. Move it away, then try again."
        raise Trouble(message)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if importlib.util.find_spec("pip") is not None:
        command.append("--without-pip")  # ours can serve .venv too, and that saves 6 s
    elif importlib.util.find_spec("ensurepip") is None:
        message = """This Python has neither pip nor the means to set one up.
On Debian or Ubuntu: apt-get install python3-venv; elsewhere: the package of that name, or any
Python from python.org. Then run the same command again."""
        raise Trouble(message)
    _do("virtual environment", command)
    return {"python": made_by}


def _install_locked(stamp: dict[str, str], *, dev: bool) -> None:
    digest = _digest(sorted(LOCKS.glob("*.txt")))
    enough = ["dev " + digest] if dev else ["dev " + digest, "runtime " + digest]
    if stamp.get("locked") in enough:
        return
    files = [word for name in (DEV if dev else RUNTIME) for word in ("-r", str(LOCKS / name))]
    _install(
        "locked packages (a minute or two on a slow line)",
        ["--require-hashes", "--no-deps", "--only-binary=:all:", *files],
    )
    stamp["locked"] = enough[0] if dev else enough[1]
    _write(stamp)


def _install_wheel(stamp: dict[str, str]) -> None:
    files = [ROOT / name for name in ("LICENSE", "README.md", "pyproject.toml")]
    for package in (*PACKAGES, "ops/web"):  # of which the build makes the folder vendor
        # Caches are written by the tools while they look; they are never part of the wheel.
        for folder, below, names in os.walk(ROOT / package):
            below[:] = [one for one in below if not one.startswith((".", "__pycache__", "vendor"))]
            files += (Path(folder, name) for name in names)
    digest = _digest(sorted(files))
    if stamp.get("wheel") == digest:
        return
    with tempfile.TemporaryDirectory(prefix="lifeline-wheel-") as folder:
        _do("wheel built", [str(PYTHON), "-m", "hatchling", "build", "-t", "wheel", "-d", folder])
        wheels = [str(path) for path in Path(folder).glob("*.whl")]
        _install("wheel installed", ["--no-deps", "--no-index", "--force-reinstall", *wheels])
    stamp["wheel"] = digest
    _write(stamp)


def _install(what: str, arguments: list[str]) -> None:
    """Install into .venv, by its own pip or else by that of the Python running this.

    The stamp is away meanwhile: a run that is killed here leaves an environment nobody trusts,
    and the next run makes it anew.
    """
    own = any(VENV.glob("lib/python3*/site-packages/pip"))
    pip = [str(PYTHON), "-m", "pip"] if own else [sys.executable, "-m", "pip"]
    aim = [] if own else ["--python", str(PYTHON)]
    flags = ["--quiet", "--no-input", "--disable-pip-version-check"]
    STAMP.unlink(missing_ok=True)
    _do(what, [*pip, *aim, "install", *flags, *arguments])


def _do(what: str, command: list[str]) -> None:
    """Run one step of setting up in the project folder, silent unless it fails.

    Raises:
        Trouble: with the end of its output and what to do next, when it fails.
    """
    print(f"{what} ...", end="", flush=True)
    begin = time.monotonic()
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=_surroundings(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    print(f" {time.monotonic() - begin:.1f} s", flush=True)
    if done.returncode != 0:
        end = "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
        hints = (HINTS[said] for said in HINTS if re.search(said, done.stdout))
        message = f"{end}\n\nSetting up stopped at: {what} (exit {done.returncode})."
        raise Trouble(f"{message}\n{next(hints, '')}".rstrip())


def _surroundings() -> dict[str, str]:
    """Return the environment without what would lead Python or pip past .venv."""
    astray = ("PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_TARGET", "PIP_ROOT", "PIP_USER")
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    # A user-wide `user = true` would stop pip here; for CONSOLE_FILES see ops/web/files.py.
    return kept | {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "CONSOLE_FILES": "optional"}


def _digest(files: list[Path]) -> str:
    """Return one digest over names and contents, in the order given."""
    whole = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        whole.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _write(stamp: dict[str, str]) -> None:
    """Put the stamp in place in one step, so that a killed run leaves the old one or the new."""
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamp, indent=1))
    fresh.replace(STAMP)


def play(arguments: list[str]) -> int:
    """Become `lifeline demo`: signals, output and exit code are then its own.

    Raises:
        Trouble: when the wheel brought no `lifeline` command.
    """
    program = VENV / "bin" / "lifeline"
    if not program.exists():
        message = f"{program} is missing. Remove {VENV} and run the same command again."
        raise Trouble(message)
    sys.stdout.flush()
    os.execve(program, [str(program), "demo", *arguments], _surroundings())  # noqa: S606 - no shell


def check(arguments: list[str]) -> int:
    """Run linter, formatter, types and tests; print one closing line per step; 1 if any failed."""
    steps = {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy"],
        "pytest": TESTS.split(),
    }
    steps = {"pytest": ["pytest", *arguments]} if arguments else steps
    results = []
    for name, words in steps.items():
        print(f"\n--- {name} ---", flush=True)
        begin = time.monotonic()
        code = _attend([str(PYTHON), "-m", *words])
        verdict = "passed" if code == 0 else f"FAILED (exit {code})"
        results.append((name, verdict, time.monotonic() - begin))
    print()
    for name, verdict, took_s in results:
        print(f"{name:<12} {verdict:<16} {took_s:6.1f} s")
    if arguments:
        print("skipped: ruff check, ruff format, mypy, coverage (arguments go to pytest alone)")
    return int(any(verdict != "passed" for _name, verdict, _took_s in results))


def _attend(command: list[str]) -> int:
    """Run a step to its end; when this program is stopped, let the step clean up first."""
    child = subprocess.Popen(command, cwd=ROOT, env=_surroundings())
    try:
        return child.wait()
    except BaseException as stop:
        # Ctrl-C reached the child too; a signal to this process alone did not.
        if not isinstance(stop, KeyboardInterrupt):
            child.send_signal(signal.SIGINT)
        for last in (signal.SIGINT, signal.SIGKILL):
            try:
                child.wait(GRACE_S)
                break
            except subprocess.TimeoutExpired:
                child.send_signal(last)
        child.wait()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
