"""The plot: rate offered against p99 of the acknowledgement, both logarithmic, as SVG. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

Point = tuple[float, float]

WIDTH, HEIGHT = 860, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 30, 50
# Told apart without colour too: each line has a mark of its own (a fresh one for each system).
COLOURS = ("#005eb8", "#d5281b", "#007f3b", "#7c2855", "#b25f00", "#41506c", "#00776b")
MARKS = (
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0",
    "M-4,-4h8v8h-8z",
    "M0,-5L5,4H-5z",
    "M0,-5L5,0L0,5L-5,0z",
    "M-5,-4H5L0,5z",
    "M-5,-1h4v-4h2v4h4v2h-4v4h-2v-4h-4z",
    "M-5,-2h10v4h-10z",
)


def svg(title: str, lines: Mapping[str, Sequence[Point]]) -> str:
    """Draw one line a system.

    Args:
        lines: Name -> (messages a second, milliseconds), both above 0, rising in the first.
    """
    points = [point for line in lines.values() for point in line]
    rates = _decades([rate for rate, _ in points])
    waits = _decades([wait for _, wait in points])

    def place(point: Point) -> Point:
        across = _share(point[0], rates) * (WIDTH - LEFT - RIGHT)
        up = _share(point[1], waits) * (HEIGHT - TOP - BOTTOM)
        return LEFT + across, HEIGHT - BOTTOM - up

    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f'<g font-family="sans-serif" font-size="12"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
        *_grid(rates, waits, place),
        *_lines(lines, place),
        "</g></svg>",
    ]
    return "\n".join(body) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Give the powers of ten around the values."""
    if not values:
        return 0, 1
    low = math.floor(math.log10(min(values)))
    return low, max(low + 1, math.ceil(math.log10(max(values))))


def _share(value: float, decades: tuple[int, int]) -> float:
    return (math.log10(value) - decades[0]) / (decades[1] - decades[0])


def _grid(
    rates: tuple[int, int], waits: tuple[int, int], place: Callable[[Point], Point]
) -> list[str]:
    drawn = []
    foot, left = HEIGHT - BOTTOM, LEFT
    for power in range(rates[0], rates[1] + 1):
        x, _ = place((10.0**power, 10.0 ** waits[0]))
        drawn.append(f'<path d="M{x:.1f},{TOP}V{foot}" stroke="#d8dde0"/>')
        drawn.append(
            f'<text x="{x:.1f}" y="{foot + 18}" text-anchor="middle">{10.0**power:,.10g}</text>'
        )
    for power in range(waits[0], waits[1] + 1):
        _, y = place((10.0 ** rates[0], 10.0**power))
        drawn.append(f'<path d="M{left},{y:.1f}H{WIDTH - RIGHT}" stroke="#d8dde0"/>')
        drawn.append(
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:,.10g}</text>'
        )
    drawn.append(f'<text x="{left}" y="{HEIGHT - 10}">messages offered a second</text>')
    drawn.append(
        f'<text transform="translate(16,{foot}) rotate(-90)">p99 until acknowledged, ms</text>'
    )
    return drawn


def _lines(lines: Mapping[str, Sequence[Point]], place: Callable[[Point], Point]) -> list[str]:
    drawn = []
    for number, (name, points) in enumerate(lines.items()):
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        placed = [place(point) for point in points]
        path = "L".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        if path:
            drawn.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        key = (WIDTH - RIGHT + 20.0, TOP + 10.0 + 22 * number)
        drawn += [
            f'<path d="{mark}" transform="translate({x:.1f},{y:.1f})" fill="{colour}"/>'
            for x, y in (*placed, key)
        ]
        drawn.append(f'<text x="{key[0] + 12}" y="{key[1] + 4}">{escape(name)}</text>')
    return drawn
