"""Hold the default vitals rules against plain fixed limits on made-up wards.

`python ops/ward/measure.py --help`. Prints a table and a verdict for each pathway; with --svg draws
them. What the figures mean, and what they do not: README.md beside this file.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import median

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from firmware_stubs.patients.figures import Figures
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import Pathway
from ops.ward.bars import svg
from ops.ward.gather import ARMS, DEFAULT, PLAIN, Tally, gather
from ops.ward.judging import Judgement, Range, judge

LOOKED_AT = frozenset({7, 8, 41, 97, 101, 102, 103, 104, 105})
"""Seeds whose wards were looked at while the rules were chosen: never to be judged by."""
HELD_OUT = (201, 202, 203, 204, 205)
"""Seeds that nobody looked at before the rules were what they are."""
PATIENTS, DAYS = 2_400, 90
MIX: Mapping[Pathway, float] = {
    Pathway.HEART_FAILURE: 0.06,
    Pathway.COPD: 0.14,
    Pathway.COVID: 0.27,
    Pathway.FRAILTY: 0.08,
    Pathway.REHABILITATION: 0.45,
}
"""Not a ward's: so that every pathway has some hundreds of episodes, whose stays are short too.

Of COPD there are more, since hardly an episode tells its two arms apart.
"""
LATE_SHARE = 0.9
HEAD = (
    "| pathway | patients, patient-days | episodes | arm | sensitivity | moved by half a stay "
    "| delay h: median (9 of 10) | alerts a patient-day | false a patient-day |"
)
TOP_CAUSES = 12


def table(found: Mapping[Pathway, Tally]) -> list[str]:
    """Give the table, as lines of Markdown."""
    lines = [HEAD, "|" + "---|" * HEAD.count(" |")]
    for pathway, tally in found.items():
        stays = f"{len(tally.outcomes)}, {tally.patient_days}"
        for arm in ARMS:
            one = tally.figures(arm)
            about = f"{pathway.value} | {stays} | {one.episodes}" if arm == ARMS[0] else " | | "
            lines.append(
                f"| {about} | {arm} | {_share(one)} | {_share(tally.by_chance(arm))} |"
                f" {_delay(one)} | {one.alerts_a_day:.4f} | {one.false_a_day:.4f} |"
            )
    return lines


def _share(one: Figures) -> str:
    return "-" if one.sensitivity is None else f"{one.sensitivity:.3f}"


def _delay(one: Figures) -> str:
    if not one.delays_h:
        return "-"
    late = one.delays_h[min(int(LATE_SHARE * len(one.delays_h)), len(one.delays_h) - 1)]
    return f"{round(median(one.delays_h))} ({round(late)})"


def verdict(pathway: Pathway, tally: Tally, found: Judgement) -> str:
    """Say of a pathway whether the claim holds: not worse in sensitivity, half the alerts.

    Like is held against like: alerts on readings and answers, since plain limits ask for nothing.
    The figures with those about missing readings stand beside it.
    """
    opened = sum(one.opened for one in tally.outcomes)
    asked = sum(one.asked for one in tally.outcomes)
    return (
        f"{pathway.value}: {found.held}: sensitivity {_range(found.difference, '+.3f')}; "
        f"of {found.episodes} episodes {found.both} caught by both, {found.ours} by the default "
        f"rules only, {found.fixed} by plain limits only; alerts {_range(found.share, '.3f')} of "
        f"plain limits'; with missing readings: sensitivity "
        f"{_range(found.whole_difference, '+.3f')}, alerts {_range(found.whole_share, '.2f')}; "
        f"{opened} shown on the board, {asked} re-checks asked"
    )


def _range(one: Range, form: str) -> str:
    return f"{one.value:{form}} ({one.low:{form}} to {one.high:{form}})"


def causes(found: Mapping[Pathway, Tally]) -> list[str]:
    """Say what rang how often, for tuning."""
    lines = []
    for pathway, tally in found.items():
        for arm in (PLAIN, DEFAULT):
            rings = (ring for one in tally.outcomes for ring in one.rings[arm])
            top = Counter(" + ".join(sorted(ring.why)) for ring in rings).most_common(TOP_CAUSES)
            said = ", ".join(f"{name} {number}" for name, number in top)
            lines.append(f"{pathway.value}, {arm}: {said}")
    return lines


def title_of(seeds: Sequence[int], patients: int, days: int, day: date) -> str:
    """Say what was measured."""
    looked_at = sorted(LOOKED_AT & set(seeds))
    after = f"; rules were chosen on {looked_at}: no judgement" if looked_at else ""
    return (
        f"made-up patients: {len(seeds) * patients} in {len(seeds)} wards (seeds "
        f"{', '.join(map(str, seeds))}), {days} days, {day.isoformat()}{after}"
    )


def _drawn(title: str, found: Mapping[Pathway, Tally], judged: Mapping[Pathway, Judgement]) -> str:
    shown = {p.value: {arm: t.figures(arm) for arm in ARMS} for p, t in found.items()}
    gained = {p.value: f"gain {_range(one.difference, '+.3f')}" for p, one in judged.items()}
    shares = {p.value: f"share {_range(one.share, '.2f')}" for p, one in judged.items()}
    return svg(title, shown, gained, shares)


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Default rules against plain fixed limits.")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(HELD_OUT))
    parser.add_argument("--patients", type=int, default=PATIENTS, help="of each seed's ward")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--svg", type=Path, help="file to draw to")
    parser.add_argument("--causes", action="store_true", help="also say what rang how often")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Run; exit status 1 when the claim is not shown to hold for a pathway."""
    said = _asked(words)
    wards = [
        Ward(seed, said.patients, said.days, mix=MIX, prefix=f"ward-{seed}") for seed in said.seeds
    ]
    found = gather(wards, said.processes)
    today = date.today()  # noqa: DTZ011 - the day it was run
    title = title_of(said.seeds, said.patients, said.days, today)
    judged = {pathway: judge(tally) for pathway, tally in found.items()}
    verdicts = [verdict(pathway, found[pathway], one) for pathway, one in judged.items()]
    print(title, "", *table(found), "", *verdicts, sep="\n")
    if said.causes:
        print("", *causes(found), sep="\n")
    if said.svg is not None:
        said.svg.write_text(_drawn(title, found, judged))
    return int(not all(one.held.is_held for one in judged.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
