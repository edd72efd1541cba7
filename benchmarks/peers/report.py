#!/usr/bin/env python3
"""The tables of a run in Markdown, from its JSON. Pure Python.

report.py RESULTS.json > RESULTS.md
"""

import json
import sys
from pathlib import Path


def rate(value):
    return "–" if value is None else f"{value:,.0f}"


def milliseconds(result):
    if result["p50_ms"] is None:
        return "–"
    return " / ".join(f"{value:.{2 if value < 10 else 1}f}" for value in (result["p50_ms"], result["p99_ms"]))


def share(value):
    return "–" if value is None else f"{100 * value:.2f} %"


def megabytes(value):
    return "–" if value is None else f"{value / 1e6:,.0f}"


def table(header, rows):
    """A Markdown table; all columns but the first are numbers."""
    lines = ["| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def case_names(model):
    """The rates that were taken, in the order in which they were: "arrival 1", …"""
    names = {}
    for result in model["contenders"].values():
        names |= dict.fromkeys(result.get("queries_per_second", {}))
    order = lambda name: (name.split()[0], int(name.split()[1]))  # noqa: E731
    return sorted(names, key=order)


def not_measured(name, result, columns):
    return [name, f"not measured: {result['unavailable']}"] + [""] * (columns - 2)


def speed_table(model):
    names = case_names(model)
    header = ["queries a second, medians", *names, "one query p50 / p99 ms"]
    rows = []
    for name, result in model["contenders"].items():
        if result["unavailable"]:
            rows.append(not_measured(name, result, len(header)))
        else:
            rates = result["queries_per_second"]
            rows.append([name, *(rate(rates.get(case)) for case in names), milliseconds(result)])
    return table(header, rows)


def answers_table(model):
    header = [
        "answers and resources",
        "labels as f32's",
        "accuracy",
        "likeness of logits",
        "start to first answer, s",
        "resident MB",
        "installed MB",
    ]
    rows = []
    for name, result in model["contenders"].items():
        answers = result["answers"]
        if answers is None:
            rows.append(not_measured(name, result, len(header)))
            continue
        seconds = result.get("first_answer_s")
        rows.append(
            [
                name,
                share(answers["equal"]),
                share(answers["accuracy"]),
                f"{answers['similarity']:.4f}",
                "–" if seconds is None else f"{seconds:.2f}",
                megabytes(result.get("resident_bytes")),
                megabytes(result.get("installed_bytes")),
            ]
        )
    return table(header, rows)


def fastest(model, cases, is_ours):
    """(name, case, rate) of the highest rate among the cases, or None."""
    found = [
        (name, case, result["queries_per_second"][case])
        for name, result in model["contenders"].items()
        if not result["unavailable"] and is_ours(name)
        for case in cases
        if case in result["queries_per_second"]
    ]
    return max(found, key=lambda item: item[2], default=None)


def ratios(model):
    """Our best in arrival order beside the best peer in arrival order, and beside the best that sorted."""
    lines = []
    names = case_names(model)
    arrival = [name for name in names if name.startswith("arrival")]
    mine = fastest(model, arrival, is_ours=lambda name: name.startswith("fastintent"))
    for what, cases in (("in arrival order", arrival), ("sorted by length", [n for n in names if n not in arrival])):
        theirs = fastest(model, cases, is_ours=lambda name: not name.startswith("fastintent"))
        if mine and theirs:
            lines.append(
                f"- {mine[0]} ({mine[1]}: {rate(mine[2])}) is {mine[2] / theirs[2]:.2f} times the fastest "
                f"peer {what}: {theirs[0]} ({theirs[1]}: {rate(theirs[2])})."
            )
    return "\n".join(lines)


def report(results):
    machine = results["machine"]
    parts = [
        "# fastintent and its peers",
        f"{machine['processor']}, cores {', '.join(map(str, machine['cores']))} ({machine['features']}); load before "
        f"the start {machine['load']:.2f}. Commit {results['commit']}. {results['threads']} threads each, "
        "tokenising included, rounds in turn, medians. `benchmarks/peers/README.md` tells what each column means.",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in results["versions"].items()) + ".",
    ]
    for model in results["models"]:
        parts += [
            f"## {model['title']}",
            f"{model['queries']} queries, {model['rounds']} round(s).",
            speed_table(model),
            answers_table(model),
            ratios(model),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


if __name__ == "__main__":
    print(report(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")
