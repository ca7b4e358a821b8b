"""Figures of arms side by side as bars: a panel for each figure, in it a group for each pathway.

SVG. Pure. Arms are told apart by hatching as well as by colour, and every bar has its number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from firmware_stubs.patients.figures import Figures
from gateway.bench.plot import COLOURS

WIDTH, PANEL, GAP = 980, 130, 66
LEFT, RIGHT, TOP = 24, 16, 78
BAR_SHARE = 0.8
ROOM_SHARE = 0.16
"""Of the span of the values, what is left free above and below them for their numbers."""
HATCHES = (
    "",
    "M0,8L8,0M-2,2L2,-2M6,10L10,6",
    "M4,0V8",
    "M0,4H8",
)
"""Lines drawn over a bar's colour, in a tile of 8; the first arm's bars are plain."""
Shown = Mapping[str, Mapping[str, Figures]]
"""Pathway -> arm -> figures."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of every arm; `notes` stand below the names of the pathways."""

    name: str
    form: str
    value_of: Callable[[Figures], float]
    notes: Mapping[str, str] = field(default_factory=dict)


def svg(
    title: str,
    shown: Shown,
    differences: Mapping[str, str] | None = None,
    shares: Mapping[str, str] | None = None,
) -> str:
    """Draw the figures of every pathway and arm.

    Args:
        title: What was measured.
        shown: The figures.
        differences: For each pathway, what is said below its sensitivities.
        shares: For each pathway, what is said below its alerts.
    """
    arms = list(next(iter(shown.values()), {}))
    panels = (
        Panel("sensitivity: share of the episodes told in time", "{:.3f}", _sensitivity,
              differences or {}),
        Panel("median delay from when a clinician would want to know, hours (below 0: before that)",
              "{:.0f}", _delay_h),
        Panel("alerts per patient-day", "{:.3f}", lambda one: one.alerts_a_day, shares or {}),
        Panel("false alerts per patient-day", "{:.3f}", lambda one: one.false_a_day),
    )  # fmt: skip
    height = TOP + len(panels) * (PANEL + GAP)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f'<g font-family="sans-serif" font-size="11"><title>{escape(title)}</title>',
        *_hatches(len(arms)),
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="13">{escape(title)}</text>',
        *(line for place, arm in enumerate(arms) for line in _key(place, arm)),
    ]
    for place, panel in enumerate(panels):
        drawn += _panel(TOP + place * (PANEL + GAP), panel, shown)
    return "\n".join([*drawn, "</g></svg>"]) + "\n"


def _sensitivity(one: Figures) -> float:
    return one.sensitivity or 0.0


def _delay_h(one: Figures) -> float:
    return one.delays_h[len(one.delays_h) // 2] if one.delays_h else 0.0


def _hatches(arms: int) -> list[str]:
    tiles = [
        f'<pattern id="arm{place}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path d="M0,0h8v8h-8z" fill="{COLOURS[place % len(COLOURS)]}"/>'
        f'<path d="{HATCHES[place % len(HATCHES)]}" stroke="#fff" stroke-width="1.5"/></pattern>'
        for place in range(arms)
    ]
    return ["<defs>", *tiles, "</defs>"]


def _key(place: int, arm: str) -> tuple[str, str]:
    x = LEFT + place * 240
    return (
        f'<rect x="{x}" y="30" width="24" height="14" fill="url(#arm{place})"/>',
        f'<text x="{x + 30}" y="41">{escape(arm)}</text>',
    )


def _panel(top: float, panel: Panel, shown: Shown) -> list[str]:
    values = {
        name: [panel.value_of(one) for one in figures.values()] for name, figures in shown.items()
    }
    every = [value for of_group in values.values() for value in of_group]
    high, low = max([0.0, *every]), min([0.0, *every])
    room = (high - low or 1.0) * ROOM_SHARE
    scale = PANEL / (high - low + 2 * room)

    def y(value: float) -> float:
        return top + (high + room - value) * scale

    drawn = [
        f'<text x="{LEFT}" y="{top - 6}" font-weight="bold">{escape(panel.name)}</text>',
        f'<path d="M{LEFT},{y(0):.1f}H{WIDTH - RIGHT}" stroke="#768692"/>',
    ]
    wide = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    for group, (name, of_group) in enumerate(values.items()):
        x = LEFT + group * wide
        foot = top + PANEL + 12
        drawn.append(f'<text x="{x:.1f}" y="{foot:.1f}">{escape(_heading(name, shown))}</text>')
        if note := panel.notes.get(name):
            drawn.append(
                f'<text x="{x:.1f}" y="{foot + 14:.1f}" font-size="10">{escape(note)}</text>'
            )
        bar = wide * BAR_SHARE / max(len(of_group), 1)
        for place, value in enumerate(of_group):
            drawn += _bar(place, (x + place * bar, bar - 3), (y(value), y(0)), panel.form, value)
    return drawn


def _heading(name: str, shown: Shown) -> str:
    episodes = max((one.episodes for one in shown[name].values()), default=0)
    return f"{name.replace('_', ' ')}, {episodes} episodes"


def _bar(
    place: int, across: tuple[float, float], ends: tuple[float, float], form: str, value: float
) -> tuple[str, str]:
    (left, wide), (y, zero) = across, ends
    up, tall = min(y, zero), abs(y - zero)
    said_y = up - 3 if value >= 0 else up + tall + 11
    return (
        (
            f'<rect x="{left:.1f}" y="{up:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
            f'fill="url(#arm{place})"/>'
        ),
        f'<text x="{left:.1f}" y="{said_y:.1f}" font-size="10">{form.format(value)}</text>',
    )
