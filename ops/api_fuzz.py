"""Send thousands of cases made of the API's own document, as each role, and judge the answers.

    python ops/api_fuzz.py --cases 10000 --role operator
    python ops/api_fuzz.py --cases 10000 --role all    # and nobody, who is not signed in

Exits with 1 when an answer was 500 or above, or was not as the document promises, or when the audit
is not whole afterwards. A whole gateway runs for it on this machine, in a folder of its own.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ops.fuzz.cases import EVERYBODY, Outcome, fuzz
from ops.fuzz.town import town

SEED = 11


def said(outcome: Outcome, took_s: float) -> list[str]:
    """Say what came of a run."""
    counted = ", ".join(f"{status}: {n}" for status, n in sorted(outcome.statuses.items()))
    found = len(outcome.findings)
    waits = ", ".join(
        f"{name} {outcome.quantile_s(share) * 1_000:.0f} ms"
        for name, share in (("p50", 0.5), ("p99", 0.99), ("slowest", 1.0))
    )
    lines = [
        f"{outcome.role}: {outcome.cases} cases in {took_s:.0f} s, {found} found ({counted})",
        f"  answers: {waits}",
    ]
    for key, how in sorted(outcome.findings.items()):
        lines += [f"  FOUND {key}", *(f"    {line}" for line in how.splitlines())]
    return lines


def main() -> int:
    """Run it; give the exit status."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    asked.add_argument("--cases", type=int, default=10_000, help="for each role")
    asked.add_argument("--role", default="all", choices=["all", *EVERYBODY])
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--dsn", help="a PostgreSQL of yours, empty; the embedded one when left out")
    given = asked.parse_args()
    roles = EVERYBODY if given.role == "all" else (given.role,)
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with town(Path(folder), given.dsn) as place:
            for role in roles:
                began_s = time.monotonic()
                outcome = fuzz(place, role, given.cases, given.seed)
                found += len(outcome.findings)
                print("\n".join(said(outcome, time.monotonic() - began_s)), flush=True)
        if place.verdict is None or not place.verdict.is_whole:
            problems = place.verdict.problems if place.verdict else ["it was not verified"]
            print("\n".join(f"AUDIT: {one}" for one in problems))
            found += 1
        else:
            print(f"audit: whole, {place.verdict.sealed} sealed rows")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
