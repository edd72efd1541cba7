"""Draws lines over logarithmic axes as SVG. Pure Python."""

import math
from html import escape

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 260, 64, 40  # the names of the lines are on the right
SPAN = 12  # the highest value shown, by the lowest: what costs more needs no exact place

# Colours that the colour-blind can distinguish, on both backgrounds.
COLOURS = ("#6f7c8c", "#d9570a", "#b58900", "#2a7ab0", "#1f8a5f", "#a0459b")
STYLE = """
  svg { --page: #ffffff; --ink: #1c1f24; --soft: #5c6570; --line: #e2e5e9; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #e8ebef; --soft: #9aa4b0; --line: #2a313a; } }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 16px; font-weight: 600; } .soft { fill: var(--soft); font-size: 12px; }
  .page { fill: var(--page); } .line { stroke: var(--line); } .tick { text-anchor: middle; }
  .side { text-anchor: end; } polyline { fill: none; stroke-width: 2; }
"""


def text(x, y, words, kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def figure(lines: dict[str, dict[int, float]], processor: str) -> str:
    """Core-seconds per 10^6 texts by number of texts, a line for each plan. All numbers are positive."""
    sizes = list(next(iter(lines.values())))
    values = [value for points in lines.values() for value in points.values()]
    lowest = math.log10(min(values) / 1.1)
    highest = math.log10(min(values) * SPAN)
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size):
        return LEFT + (math.log10(size) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(value):
        return HEIGHT - BOTTOM - (math.log10(value) - lowest) / (highest - lowest) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Core-seconds per million texts by number of texts"><style>{STYLE}</style>',
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<clipPath id="area"><rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{HEIGHT - TOP - BOTTOM}"/></clipPath>',
        text(20, 30, "Core-seconds per 10^6 texts, by number of texts (simulated)", "title"),
        text(20, 50, f"from rates of one core: {processor}", "soft"),
    ]
    for tick in (digit * 10**power for power in range(12) for digit in (1, 2, 5)):
        if lowest <= math.log10(tick) <= highest:
            at = y(tick)
            parts.append(f'<line class="line" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
            parts.append(text(LEFT - 8, at + 4, f"{tick:,}", "soft side"))
    parts += [text(x(size), HEIGHT - 16, f"10^{round(math.log10(size))}", "soft tick") for size in sizes]
    for i, ((name, points), colour) in enumerate(zip(lines.items(), COLOURS, strict=False)):
        path = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in points.items())
        parts.append(f'<polyline clip-path="url(#area)" points="{path}" stroke="{colour}"/>')
        row = TOP + 20 + 22 * i
        start = WIDTH - RIGHT + 16
        parts.append(f'<polyline points="{start},{row} {start + 18},{row}" stroke="{colour}"/>')
        parts.append(text(start + 26, row + 4, name, "soft"))
    return "\n".join([*parts, "</svg>\n"])
