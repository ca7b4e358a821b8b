"""Break the wire between a console and its gateway, and see that no alarm is missed.

    .venv/bin/python ops/console_torture.py [--disconnects 500] [--alarms 100] [--seed 7]

A real gateway, a database of its own, a real browser, and a relay between them that drops every
connection it holds, at random moments, while alarms open, ring again and end. At the end the
console must show exactly what is open, without having been loaded again. Exit code 1 when not.
"""

import argparse
import asyncio
import sys

from ops.console.browser import NoBrowserError, launched
from ops.console.disconnects import Told, torture
from ops.console.house import House


async def run(disconnects: int, alarms: int, seed: int) -> Told:
    """Set everything up, torture, and take it down."""
    async with launched() as browser, House(browser) as house:
        return await torture(house, disconnects=disconnects, alarms=alarms, seed=seed)


def main(arguments: list[str]) -> int:
    """Read the arguments, run, say what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--disconnects", type=int, default=500)
    parser.add_argument("--alarms", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    try:
        told = asyncio.run(run(given.disconnects, given.alarms, given.seed))
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{told.disconnects} disconnects, {told.alarms} alarms: {len(told.missed)} not as it is")
    for one in told.missed:
        print(f"  alarm {one}")
    return int(bool(told.missed))
