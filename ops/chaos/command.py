"""The command line of the torture: what to do, a table of what came of it, an exit code."""

import argparse
import logging
import secrets
import sys
from collections.abc import Sequence

import uvloop

from gateway.errors import StoreError
from ops.chaos import freeze, outage
from ops.chaos.count import Count, at
from ops.chaos.house import HouseError
from ops.chaos.kills import Order, Story, Victim, torture

SHORT_PRESSES, SHORT_KILLS = 200, 20
SHOWN = 20
Line = tuple[str, object]


def main(arguments: Sequence[str]) -> int:
    """Run one kind of torture; 0 when nothing was lost or doubled and every bound was kept."""
    options = _parser().parse_args(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    _hush()
    try:
        if options.outage is not None:
            return uvloop.run(outage.command(options.outage, seed, _say))
        if options.freeze:
            return uvloop.run(freeze.command(seed, _say))
        return uvloop.run(_kills(options, seed))
    except (HouseError, StoreError) as error:
        print(f"torture: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _hush() -> None:
    """What the devices' MQTT library says of cut connections is what this is about, not news."""
    logging.getLogger("mqtt").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    text = logging.Formatter().format(record)
    return not any(word in text for word in ("aiomqtt", "add_writer", "add_reader"))


def _say(text: str) -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torture.py",
        description="Kill, stop or freeze parts of the gateway while pendants are pressed; count.",
    )
    add = parser.add_argument
    add("--presses", type=int, default=2_000)
    add("--kills", type=int, default=200)
    add(
        "--victim",
        type=Victim,
        choices=list(Victim),
        default=Victim.BOTH,
        help="both: every fifth kill is the database's",
    )
    add("--short", action="store_true", help=f"{SHORT_PRESSES} presses, {SHORT_KILLS} kills: CI")
    add("--seed", type=int, help="repeats a run's choices; printed when not given")
    add("--minutes", type=float, default=20.0, help="give up after so long")
    add(
        "--outage",
        type=float,
        metavar="SECONDS",
        help="instead: the database stops answering, then is shut down",
    )
    add(
        "--freeze",
        action="store_true",
        help="instead: a process frozen at each step of a transaction",
    )
    return parser


async def _kills(options: argparse.Namespace, seed: int) -> int:
    presses, kills = options.presses, options.kills
    if options.short:
        presses, kills = SHORT_PRESSES, SHORT_KILLS
    order = Order(presses, kills, options.victim, seed, options.minutes * 60)
    count, story = await torture(order, _say)
    print(table(lines(order, count, story)))
    for word, found in (("LOST", count.lost), ("DOUBLE", count.double)):
        for one in found[:SHOWN]:
            print(f"{word}: {one}")
    if story.trouble:
        print(f"NOT SETTLED: {story.trouble}")
    good = count.good and not story.trouble and len(story.kills) == kills
    print("passed" if good else "FAILED")
    return 0 if good else 1


def lines(order: Order, count: Count, story: Story) -> list[Line]:
    """What the table shows of a run of kills."""
    killed = ", ".join(f"{number} {who}" for who, number in sorted(story.killed.items()))
    return [
        ("presses made", count.presses),
        ("presses acknowledged", count.acknowledged),
        ("acknowledged and lost", len(count.lost)),
        ("people who pressed", count.people),
        ("referrals at the receiver", count.referrals),
        ("second referrals, presses counted twice", len(count.double)),
        (f"kills (seed {order.seed})", f"{len(story.kills)}: {killed}"),
        ("  while presses were waiting", story.with_presses),
        ("  while starting or recovering", story.while_starting),
        ("  presses on a live connection just then", story.in_flight),
        ("committed before a kill, told after it", count.answered_after_a_kill),
        ("presses published more than once", count.repeated),
        ("deliveries repeated and absorbed", count.absorbed),
        ("outbox leases taken again", count.retaken),
        ("gateway ended by itself, started again", len(story.own_exits)),
        ("wait for the receipt p50 / p99 / most, s", _three(count.wait_s)),
        ("killed to ready again p50 / p99 / most, s", _three(sorted(story.starts_s))),
        ("minutes", f"{story.took_s / 60:.1f}"),
    ]


def _three(figures: Sequence[float]) -> str:
    return " / ".join(f"{at(figures, share):.2f}" for share in (0.5, 0.99, 1.0))


def table(rows: Sequence[Line]) -> str:
    """Two columns of text."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
