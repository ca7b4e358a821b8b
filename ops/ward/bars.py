"""Sensitivity, delay and alerts per patient-day as bars, a group for each pathway. SVG. Pure."""

from collections.abc import Mapping
from html import escape

from firmware_stubs.patients.figures import Figures
from gateway.bench.plot import COLOURS

WIDTH, PANEL, GAP = 980, 170, 44
LEFT, RIGHT, TOP = 64, 16, 66
BAR_SHARE = 0.8
Shown = Mapping[str, Mapping[str, Figures]]
"""Pathway -> arm -> figures."""


def svg(title: str, shown: Shown) -> str:
    """Draw the figures of every pathway and arm in three panels."""
    arms = list(next(iter(shown.values()), {}))
    panels = (
        ("sensitivity (share of the episodes told in time)", "{:.2f}", _sensitivity),
        ("delay from when a clinician would want to know, median, hours", "{:.0f}", _delay_h),
        ("alerts per patient-day", "{:.3f}", lambda one: one.alerts_a_day),
    )
    height = TOP + len(panels) * (PANEL + GAP)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f'<g font-family="sans-serif" font-size="11"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
        *(_key(place, arm) for place, arm in enumerate(arms)),
    ]
    for place, (name, form, value_of) in enumerate(panels):
        values = {p: {a: value_of(one) for a, one in found.items()} for p, found in shown.items()}
        drawn += _panel(TOP + place * (PANEL + GAP), name, form, values)
    return "\n".join([*drawn, "</g></svg>"])


def _sensitivity(one: Figures) -> float:
    return one.sensitivity or 0.0


def _delay_h(one: Figures) -> float:
    return one.delays_h[len(one.delays_h) // 2] if one.delays_h else 0.0


def _key(place: int, arm: str) -> str:
    x = LEFT + place * 220
    return (
        f'<rect x="{x}" y="30" width="10" height="10" fill="{COLOURS[place % len(COLOURS)]}"/>'
        f'<text x="{x + 15}" y="39">{escape(arm)}</text>'
    )


def _panel(
    top: float, name: str, form: str, values: Mapping[str, Mapping[str, float]]
) -> list[str]:
    every = [value for found in values.values() for value in found.values()]
    high, low = max([0.0, *every]) or 1.0, min([0.0, *every])
    room = (high - low) * 0.12
    scale = PANEL / (high - low + 2 * room)

    def y(value: float) -> float:
        return top + (high + room - value) * scale

    drawn = [
        f'<text x="{LEFT}" y="{top - 6}">{escape(name)}</text>',
        f'<path d="M{LEFT},{y(0):.1f}H{WIDTH - RIGHT}" stroke="#768692"/>',
    ]
    wide = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    for group, (pathway, found) in enumerate(values.items()):
        x = LEFT + group * wide
        bar = wide * BAR_SHARE / max(len(found), 1)
        foot = top + PANEL + 14
        drawn.append(f'<text x="{x + 4:.1f}" y="{foot:.1f}">{escape(pathway)}</text>')
        for place, value in enumerate(found.values()):
            up, left = min(y(value), y(0)), x + place * bar
            tall = abs(y(value) - y(0))
            colour = COLOURS[place % len(COLOURS)]
            said_y = up - 3 if value >= 0 else up + tall + 11
            drawn.append(
                f'<rect x="{left:.1f}" y="{up:.1f}" width="{bar - 3:.1f}" height="{tall:.1f}" '
                f'fill="{colour}"/><text x="{left:.1f}" y="{said_y:.1f}" font-size="10">'
                f"{form.format(value)}</text>"
            )
    return drawn
