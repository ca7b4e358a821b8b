"""Write the lock files: every package the project stands on, by exact version and digest.

    requirements-dev.txt     what runs, builds and checks the gateway
    requirements.txt         what the gateway runs on
    requirements-build.txt   what builds its wheel

The three agree: the two small ones are compiled under the constraints of the large one. They hold
for CPython 3.11 to 3.14 on every platform (markers tell them apart) and name no index, so that
whoever installs chooses where packages come from. Needs `uv`, which the dev lock brings:

    .venv/bin/python ops/lock/update.py [--upgrade]

Without --upgrade the present versions stay wherever pyproject.toml still allows them.
"""

import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent
ROOT = LOCK.parent.parent
DEV = "ops/lock/requirements-dev.txt"
# In this order: the later ones are held to the first.
TARGETS = {
    DEV: ("pyproject.toml", "--group", "dev"),
    "ops/lock/requirements.txt": ("pyproject.toml", "--constraints", DEV),
    "ops/lock/requirements-build.txt": ("--group", "build", "--constraints", DEV),
}
FLAGS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-annotate",
    "--custom-compile-command=python ops/lock/update.py",
    "--quiet",
)


def main(arguments: list[str]) -> int:
    """Compile each lock file; the first failure ends the run.

    Returns:
        0, or 2 for an argument that is not --upgrade.

    Raises:
        subprocess.CalledProcessError: when uv finds no set of versions; uv has said why.
    """
    if arguments not in ([], ["--upgrade"]):
        print(f"update.py takes nothing or --upgrade, found {arguments}", file=sys.stderr)
        return 2
    for target, what in TARGETS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", *what, *FLAGS, *arguments]
        subprocess.run(
            [*command, "--output-file", target],
            check=True,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
