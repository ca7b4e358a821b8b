"""Fetches and builds what `lifeline bench` runs beside the gateway; nothing is fetched later.

    python ops/bench/prepare.py                    all, into .bench/
    python ops/bench/prepare.py --only c-client    only the C client
    python ops/bench/prepare.py --into FOLDER      then: lifeline bench --peers FOLDER

The C client is compiled from gateway/bench/peers/drain.c against Debian's libmosquitto-dev.
Node-RED and the PostgreSQL driver come from npm as the lock file beside this file pins them, each
checked by its hash; scripts of packages do not run. Ends with 1 when something is missing, and says
what to install; what could be made is there all the same.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INTO = ROOT / ".bench"
SOURCE = ROOT / "gateway/bench/peers/drain.c"
FLAGS = ("-O2", "-Wall", "-Wextra")
LIBRARIES = ("-lmosquitto", "-lpthread")
PINS = ("package.json", "package-lock.json")
COMPILE_S = 120
FETCH_S = 900


class Missing(Exception):  # noqa: N818 - a state
    """Something is not on this machine; the text says what to do."""


def c_client(into: Path) -> str:
    """Compile the C client.

    Raises:
        Missing: no compiler, no header, or a source it refuses.
    """
    compiler = shutil.which("gcc")
    if compiler is None:
        raise Missing("gcc is not installed: apt-get install gcc libc6-dev libmosquitto-dev")
    made, fresh = into / "drain", into / "drain.new"
    words = [compiler, *FLAGS, "-o", str(fresh), str(SOURCE), *LIBRARIES]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=COMPILE_S)
    if done.returncode:
        if "mosquitto.h: No such file" in done.stderr:
            raise Missing("mosquitto.h is not installed: apt-get install libmosquitto-dev")
        raise Missing(f"gcc refuses {SOURCE}: {done.stderr.strip()}")
    fresh.replace(made)
    return str(made)


def node_red(into: Path) -> str:
    """Install Node-RED and the driver of its flows.

    Raises:
        Missing: no Node.js, or npm cannot fetch.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Missing("node and npm are not installed: apt-get install nodejs npm")
    for name in PINS:
        shutil.copyfile(HERE / name, into / name)
    words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        words, cwd=into, capture_output=True, text=True, check=False, timeout=FETCH_S
    )
    if done.returncode:
        raise Missing(f"npm ci in {into} ended with {done.returncode}: {done.stderr.strip()}")
    return str(into / "node_modules/node-red")


PARTS: dict[str, Callable[[Path], str]] = {"c-client": c_client, "node-red": node_red}


def prepare(into: Path, names: Sequence[str]) -> int:
    """Make the named parts; give how many are missing."""
    into.mkdir(parents=True, exist_ok=True)
    (into / ".gitignore").write_text("*\n")
    missing = 0
    for name in names:
        try:
            print(f"{name}: {PARTS[name](into)}", flush=True)
        except (Missing, OSError, subprocess.TimeoutExpired) as error:
            missing += 1
            print(f"{name}: MISSING: {error}", file=sys.stderr, flush=True)
    return missing


def main(arguments: Sequence[str]) -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=INTO, help="default: .bench in the checkout")
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given twice")
    given = parser.parse_args(arguments)
    return 1 if prepare(given.into.resolve(), given.only or list(PARTS)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
