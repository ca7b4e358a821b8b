"""Draw one made-up patient: `python ops/ward/plot.py --help`. SVG to a file or to stdout."""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    # The checkout this file stands in, not a wheel that is installed beside it.
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import EpisodeKind
from ops.ward.drawing import svg


def find(ward: Ward, number: int | None, kind: EpisodeKind | None) -> Patient | None:
    """Give the patient with this number, else the first one to whom this happens."""
    if number is not None:
        return ward.patient(number)
    for patient in ward:
        if kind is None or any(episode.kind is kind for episode in patient.episodes):
            return patient
    return None


def main(words: list[str]) -> int:
    """Run; exit status 1 when nobody in the ward is as asked."""
    parser = argparse.ArgumentParser(description="Draw one patient of a made-up ward as SVG.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--patients", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--number", type=int, help="which patient")
    parser.add_argument(
        "--kind",
        type=EpisodeKind,
        help=f"the first one with this: {', '.join(EpisodeKind)}",
    )
    parser.add_argument("--out", type=Path, help="file to write; stdout without")
    said = parser.parse_args(words)
    patient = find(Ward(said.seed, said.patients, said.days), said.number, said.kind)
    if patient is None:
        print(f"no patient of {said.patients} has {said.kind}: ask for more", file=sys.stderr)
        return 1
    drawn = svg(patient)
    if said.out is None:
        print(drawn)
    else:
        said.out.write_text(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
