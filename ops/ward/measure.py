"""Hold the default vitals rules against plain fixed limits on a made-up ward.

`python ops/ward/measure.py --help`. Prints a table; with --svg draws it. What the figures mean, and
what they do not: firmware_stubs/patients/README.md.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from statistics import median

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from alerts.ruleset import Rules, parse_rules
from firmware_stubs.patients.figures import Figures, figures
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import Episode, Pathway
from ops.ward.bars import svg
from ops.ward.playing import Ring, plain, play

RULES = Path(__file__).resolve().parent.parent.parent / "alerts" / "rules"
MIX: Mapping[Pathway, float] = {
    Pathway.HEART_FAILURE: 0.2,
    Pathway.COPD: 0.15,
    Pathway.COVID: 0.3,
    Pathway.FRAILTY: 0.15,
    Pathway.REHABILITATION: 0.2,
}
"""More of Covid and rehabilitation than a ward has: their stays are short, their episodes few."""
PLAIN, SEEN, DEFAULT = "plain fixed limits", "default rules", "... and missing readings"
ARMS = (PLAIN, SEEN, DEFAULT)
HALF = 0.5
HEAD = (
    "| pathway | patient-days | episodes | arm | sensitivity | moved by half a stay "
    "| delay h: median (9 of 10) | alerts a patient-day | false a patient-day |"
)


@dataclass(slots=True)
class Tally:
    """What was gathered about one pathway."""

    patients: int = 0
    patient_days: float = 0
    episodes: list[Episode] = field(default_factory=list)
    rings: dict[str, dict[str, list[Ring]]] = field(
        default_factory=lambda: {arm: {} for arm in ARMS}
    )
    stays: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    opened: int = 0
    asked: int = 0

    def figures(self, arm: str) -> Figures:
        """Hold one arm's alerts against the truth."""
        return figures(self.episodes, self._alerts(arm), self.patient_days)

    def by_chance(self, arm: str) -> Figures:
        """Hold as many alerts against the truth, each moved by half of its person's stay.

        What they catch then, they catch by ringing often.
        """
        moved: dict[str, Sequence[datetime]] = {
            person: [_moved(at, *self.stays[person]) for at in times]
            for person, times in self._alerts(arm).items()
        }
        return figures(self.episodes, moved, self.patient_days)

    def _alerts(self, arm: str) -> dict[str, Sequence[datetime]]:
        return {person: [ring.at for ring in rings] for person, rings in self.rings[arm].items()}


def _moved(at: datetime, begun: datetime, ended: datetime) -> datetime:
    stay = ended - begun
    return begun + (at - begun + stay / 2) % stay


def shipped_rules() -> Rules:
    """Read the rules of this checkout; the newest version of each row holds."""
    return parse_rules({path.name: path.read_bytes() for path in sorted(RULES.glob("*.toml"))})


def measure(ward: Ward, rules: Rules) -> dict[Pathway, Tally]:
    """Play the whole ward under both."""
    found = {pathway: Tally() for pathway in Pathway}
    for patient in ward:
        tally = found[patient.pathway]
        played = play(patient, rules)
        tally.patients += 1
        tally.patient_days += patient.days
        tally.stays[patient.id] = (patient.admitted, patient.discharged)
        tally.episodes += patient.episodes
        tally.opened += played.opened
        tally.asked += played.asked
        tally.rings[PLAIN][patient.id] = plain(patient, rules)
        tally.rings[DEFAULT][patient.id] = played.rings
        tally.rings[SEEN][patient.id] = [ring for ring in played.rings if not ring.missing]
    return {pathway: tally for pathway, tally in found.items() if tally.patients}


def table(found: Mapping[Pathway, Tally]) -> list[str]:
    """Give the table, as lines of Markdown."""
    lines = [HEAD, "|" + "---|" * 9]
    for pathway, tally in found.items():
        for arm in ARMS:
            one = tally.figures(arm)
            first = arm == ARMS[0]
            about = (
                f"{pathway.value} | {tally.patient_days:.0f} | {one.episodes}" if first else " | | "
            )
            chance = tally.by_chance(arm)
            lines.append(
                f"| {about} | {arm} | {_share_of(one)} | {_share_of(chance)} | {_delay(one)} |"
                f" {one.alerts_a_day:.4f} | {one.false_a_day:.4f} |"
            )
    return lines


def _share_of(one: Figures) -> str:
    return "-" if one.sensitivity is None else f"{one.sensitivity:.3f}"


def _delay(one: Figures) -> str:
    if not one.delays_h:
        return "-"
    late = one.delays_h[min(int(0.9 * len(one.delays_h)), len(one.delays_h) - 1)]
    return f"{median(one.delays_h):.0f} ({late:.0f})"


def verdicts(found: Mapping[Pathway, Tally]) -> list[str]:
    """Say of each pathway whether the claim holds: not worse in sensitivity, half the alerts.

    Like is held against like: alerts on readings and answers, since plain limits ask for nothing.
    The share with those about missing readings stands behind it.
    """
    lines = []
    for pathway, tally in found.items():
        fixed, ours, seen = (tally.figures(arm) for arm in (PLAIN, DEFAULT, SEEN))
        share, whole = _share(seen, fixed), _share(ours, fixed)
        holds = "holds" if seen.caught >= fixed.caught and share <= HALF else "DOES NOT HOLD"
        lines.append(
            f"{pathway.value}: {holds}: caught {seen.caught} against {fixed.caught} of "
            f"{fixed.episodes}; {seen.alerts} alerts against {fixed.alerts} ({share:.2f}; "
            f"{whole:.2f} with missing readings); {tally.opened} shown on the board, "
            f"{tally.asked} re-checks asked"
        )
    return lines


def _share(ours: Figures, fixed: Figures) -> float:
    return ours.alerts / fixed.alerts if fixed.alerts else float("inf")


def causes(found: Mapping[Pathway, Tally]) -> list[str]:
    """Say what rang how often, for tuning."""
    lines = []
    for pathway, tally in found.items():
        for arm in (PLAIN, DEFAULT):
            count: dict[str, int] = {}
            for rings in tally.rings[arm].values():
                for ring in rings:
                    key = " + ".join(sorted(ring.why))
                    count[key] = count.get(key, 0) + 1
            top = sorted(count.items(), key=lambda one: -one[1])[:12]
            said = ", ".join(f"{name} {number}" for name, number in top)
            lines.append(f"{pathway.value}, {arm}: {said}")
    return lines


def main(words: list[str]) -> int:
    """Run; exit status 1 when the claim does not hold for a pathway."""
    parser = argparse.ArgumentParser(description="Default rules against plain fixed limits.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--svg", type=Path, help="file to draw to")
    parser.add_argument("--causes", action="store_true", help="also say what rang how often")
    said = parser.parse_args(words)
    ward = Ward(said.seed, said.patients, said.days, mix=MIX)
    found = measure(ward, shipped_rules())
    title = (
        f"seed {said.seed}, {said.patients} patients, {said.days} days, "
        f"{date.today().isoformat()} (made-up patients)"  # noqa: DTZ011 - the day it was run
    )
    judged = verdicts(found)
    print(title, "", *table(found), "", *judged, sep="\n")
    if said.causes:
        print("", *causes(found), sep="\n")
    if said.svg is not None:
        shown = {p.value: {a: t.figures(a) for a in ARMS} for p, t in found.items()}
        said.svg.write_text(svg(title, shown))
    return int(any("DOES NOT HOLD" in line for line in judged))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
