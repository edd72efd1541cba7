#!/usr/bin/env python3
"""The picture of a run as SVG, from its JSON: queries a second in batches of 32, by contender. Pure Python.

plot.py RESULTS.json > RESULTS.svg
"""

import json
import math
import sys
from html import escape
from pathlib import Path

WIDTH, LEFT, RIGHT, TOP = 860, 215, 70, 92
BAR, GAP, ROW = 11, 2, 36  # a row has two bars and the space to the next
CASES = (("arrival 32", "arrival"), ("sorted 32", "sorted"))

# Colours that the colour-blind can distinguish, on both backgrounds.
STYLE = """
  svg { --page: #ffffff; --ink: #1c1f24; --soft: #5c6570; --line: #e2e5e9;
        --arrival: #6f7c8c; --sorted: #c3cad3; --ours: #d9570a; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #e8ebef; --soft: #9aa4b0; --line: #2a313a;
          --arrival: #95a2b3; --sorted: #4b5765; --ours: #ff8a3d; } }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 16px; font-weight: 600; } .soft { fill: var(--soft); font-size: 12px; }
  .page { fill: var(--page); } .line { stroke: var(--line); }
  .arrival { fill: var(--arrival); } .sorted { fill: var(--sorted); } .ours { fill: var(--ours); }
  .name { text-anchor: end; } .name.ours { font-weight: 600; } .tick { text-anchor: middle; }
"""


def round_step(largest, steps=5):
    """A step of 1, 2 or 5 times a power of ten, so that about `steps` of them hold the largest."""
    raw = largest / steps
    power = 10 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)


def text(x, y, words, kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def bar(x, y, width, kind):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" rx="2" class="{kind}"/>'


def plot(results):
    model = results["models"][0]
    rows = [(name, result) for name, result in model["contenders"].items() if not result["unavailable"]]
    largest = max(result["queries_per_second"].get(case, 0) for _, result in rows for case, _ in CASES)
    step = round_step(largest)
    scale = (WIDTH - LEFT - RIGHT) / (step * math.ceil(largest / step))
    height = TOP + ROW * len(rows) + 34
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="Queries a second by engine"><style>{STYLE}</style>',
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
            *heading(results, model),
            *grid(step, largest, scale, height),
            *bars(rows, scale),
            "</svg>\n",
        ]
    )


def heading(results, model):
    legend = (
        ("ours", "fastintent, arrival order"),
        ("arrival", "peer, arrival order"),
        ("sorted", "peer, sorted by length"),
    )
    lines = [
        text(20, 30, "Queries a second, batches of 32, text in and label out", "title"),
        text(20, 50, f"{model['title']}; {results['machine']['processor']}, {results['threads']} threads", "soft"),
    ]
    for i, (kind, words) in enumerate(legend):
        lines += [bar(20 + 200 * i, 64, BAR, kind), text(38 + 200 * i, 74, words, "soft")]
    return lines


def grid(step, largest, scale, height):
    lines = []
    for i in range(math.ceil(largest / step) + 1):
        x = LEFT + i * step * scale
        lines += [
            f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - 30}"/>',
            text(x, height - 12, f"{i * step:,.0f}", "soft tick"),
        ]
    return lines


def bars(rows, scale):
    lines = []
    for i, (name, result) in enumerate(rows):
        ours = name.startswith("fastintent")
        rates = result["queries_per_second"]
        taken = [(rates[case], kind) for case, kind in CASES if case in rates]
        y = TOP + ROW * i + (ROW - len(taken) * (BAR + GAP)) / 2
        lines.append(text(LEFT - 10, TOP + ROW * i + ROW / 2 + 4, name, "name ours" if ours else "name"))
        for value, kind in taken:
            lines += [
                bar(LEFT, y, value * scale, "ours" if ours else kind),
                text(LEFT + value * scale + 6, y + BAR - 1, f"{value:,.0f}", "soft"),
            ]
            y += BAR + GAP
    return lines


if __name__ == "__main__":
    print(plot(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")
