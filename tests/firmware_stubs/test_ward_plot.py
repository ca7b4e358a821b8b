"""The plot of a patient is SVG that a browser can open, with every artefact crossed."""

from pathlib import Path
from xml.etree import ElementTree as ET

from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import EpisodeKind, Pathway
from ops.ward.drawing import svg
from ops.ward.plot import find, main

NAME = "{http://www.w3.org/2000/svg}"


def test_every_reading_is_drawn_and_every_artefact_crossed() -> None:
    patient = Ward(7, 30, 60, mix={Pathway.HEART_FAILURE: 1}).patient(3)
    some = list(messages(patient))
    tree = ET.fromstring(svg(patient))  # noqa: S314 - we have just written it
    shown = sum(
        value is not None and not isinstance(value, bool | str)
        for one in some
        for value in one.vitals.values()
    )
    spoilt = sum(one.vitals[name] is not None for one in some for name in one.artefacts)
    crosses = [one for one in tree.iter(f"{NAME}path") if one.find(f"{NAME}title") is not None]

    assert spoilt > 0
    assert len(crosses) == spoilt
    assert len(list(tree.iter(f"{NAME}circle"))) == shown - spoilt


def test_episodes_are_bands() -> None:
    ward = Ward(7, 200, 90)
    patient = find(ward, None, EpisodeKind.COPD_EXACERBATION)
    assert patient is not None
    tree = ET.fromstring(svg(patient))  # noqa: S314 - we have just written it
    titles = [one.text for rect in tree.iter(f"{NAME}rect") for one in rect.iter(f"{NAME}title")]

    assert "copd_exacerbation" in titles


def test_the_command_writes_a_file_or_says_that_nobody_is_so(tmp_path: Path) -> None:
    out = tmp_path / "one.svg"

    assert main(["--patients", "3", "--number", "1", "--out", str(out)]) == 0
    assert out.read_text().startswith("<svg")
    assert main(["--patients", "1", "--kind", "covid_decline"]) == 1
