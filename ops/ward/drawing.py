"""One made-up patient as SVG: a panel for each vital sign, the truth under the readings. Pure.

Line: what is true. Dots: readings. Crosses: artefacts. Open dots: readings of a faulty device. Grey
band: an episode; darker band: when a clinician would want to know.
"""

from collections.abc import Iterable, Sequence
from html import escape

from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.instruments import SHOWS, WORDS
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.words import Episode, FaultKind, Message, Sign
from gateway.bench.plot import COLOURS

WIDTH, PANEL, GAP = 980, 96, 22
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 46, 34
LEGEND = (
    "line: the truth; dots: readings; crosses: artefacts; rings: faulty device; "
    "dark band: a clinician would want to know"
)
STEP_D = 0.125
TICK_D = 7
# The clock does not spoil a value, nor does an outage.
SPOILING = frozenset({FaultKind.DRIFT, FaultKind.STUCK})


class Panel:
    """One sign's place on the page: from its values and days to points."""

    def __init__(self, patient: Patient, top: float, values: Iterable[float]) -> None:
        """Fit the values."""
        found = list(values)
        low, high = min(found), max(found)
        room = max((high - low) * 0.06, 0.5)
        self.low, self.high = low - room, high + room
        self.top = top
        self.first, self.days = patient.stay[0], patient.days

    def x(self, day: float) -> float:
        """Give where a day is, in points."""
        return LEFT + (day - self.first) / self.days * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Give where a value is, in points."""
        return self.top + PANEL * (self.high - value) / (self.high - self.low)


def svg(patient: Patient) -> str:
    """Draw a patient."""
    read = list(messages(patient))
    # In the order of the list of signs: a set of words has another order each time.
    shown = {sign for one in patient.kit for sign in SHOWS[one]} - WORDS
    signs = [sign for sign in Sign if sign in shown]
    height = TOP + len(signs) * (PANEL + GAP) + BOTTOM
    title = (
        f"Patient {patient.number} of seed {patient.seed}: {patient.pathway.value}, "
        f"{len(read)} messages in {patient.days} days (made up)"
    )
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f'<g font-family="sans-serif" font-size="11"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
        f'<text x="{LEFT}" y="34">{LEGEND}</text>',
    ]
    for place, sign in enumerate(signs):
        drawn += _panel(patient, read, sign, TOP + place * (PANEL + GAP), place)
    return "\n".join([*drawn, "</g></svg>"])


def _panel(
    patient: Patient, read: Sequence[Message], sign: Sign, top: float, place: int
) -> list[str]:
    truth = [
        (day, patient.body.value(sign, day))
        for step in range(int(patient.days / STEP_D))
        for day in [patient.stay[0] + step * STEP_D]
    ]
    dots = [
        (patient.day_of(one.measured_at), float(value), one)
        for one in read
        if isinstance(value := one.vitals.get(sign.value), int | float)
    ]
    panel = Panel(patient, top, [value for _, value in truth] + [value for _, value, _ in dots])
    colour = COLOURS[place % len(COLOURS)]
    path = "L".join(f"{panel.x(day):.1f},{panel.y(value):.1f}" for day, value in truth)
    return [
        *_bands(patient, panel),
        *_frame(patient, panel, sign),
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="0.7" opacity="0.6"/>',
        *(_dot((panel.x(day), panel.y(value)), one, sign, colour) for day, value, one in dots),
    ]


def _dot(at: tuple[float, float], one: Message, sign: Sign, colour: str) -> str:
    x, y = at
    why = one.artefacts.get(sign.value)
    if why is not None:
        return (
            f'<path d="M{x - 4:.1f},{y - 4:.1f}l8,8m0,-8l-8,8" stroke="#d5281b" '
            f'stroke-width="2"><title>{escape(why.value)}</title></path>'
        )
    ring = SPOILING.intersection(one.faults)
    look = f'fill="none" stroke="{colour}"' if ring else f'fill="{colour}"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" {look}/>'


def _bands(patient: Patient, panel: Panel) -> list[str]:
    drawn = []
    for episode in patient.episodes:
        for begin, end, colour in _spans(episode, patient):
            left, right = panel.x(begin), panel.x(min(end, patient.stay[1]))
            left = max(left, LEFT)
            drawn.append(
                f'<rect x="{left:.1f}" y="{panel.top:.1f}" width="{max(right - left, 0):.1f}" '
                f'height="{PANEL}" fill="{colour}">'
                f"<title>{escape(episode.kind.value)}</title></rect>"
            )
    return drawn


def _spans(episode: Episode, patient: Patient) -> Iterable[tuple[float, float, str]]:
    yield patient.day_of(episode.onset), patient.day_of(episode.resolved), "#eef0f2"
    yield patient.day_of(episode.notice_from), patient.day_of(episode.notice_until), "#cfd6dc"


def _frame(patient: Patient, panel: Panel, sign: Sign) -> list[str]:
    foot = panel.top + PANEL
    drawn = [
        f'<path d="M{LEFT},{panel.top}V{foot}H{WIDTH - RIGHT}" fill="none" stroke="#768692"/>',
        f'<text x="{LEFT + 4}" y="{panel.top + 11}">{escape(sign.value)}</text>',
    ]
    for value in (panel.high, panel.low):
        y = panel.y(value) + (9 if value == panel.high else 0)
        drawn.append(f'<text x="{LEFT - 6}" y="{y:.1f}" text-anchor="end">{value:.1f}</text>')
    for day in range(patient.stay[0], patient.stay[1] + 1, TICK_D):
        x = panel.x(day)
        drawn.append(f'<path d="M{x:.1f},{foot}v3" stroke="#768692"/>')
        drawn.append(f'<text x="{x:.1f}" y="{foot + 13}" text-anchor="middle">{day}</text>')
    return drawn
