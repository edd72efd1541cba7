#!/usr/bin/env python3
"""The tables of a run in Markdown, from its JSON. Pure Python.

table.py RESULTS.json
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from figures import median, ratio  # noqa: E402
from goals import best_packed, mean  # noqa: E402
from peers.report import table  # noqa: E402

FLOPS_A_TOKEN = 170e6  # of BERT-base: 12 layers of 4 · 768² and 2 · 768 · 3072 weights, twice; attention adds 1 %


def number(value, digits=3):
    """At most `digits` significant places below a thousand."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def yes(reached):
    return {None: "–", True: "yes", False: "no"}[reached]


def tables(results):
    parts = [heading(results), goals_table(results)]
    if results.get("prediction"):
        parts += [prediction_table(results), products_table(results)]
    if results.get("training"):
        parts.append(training_table(results["training"]))
    parts += [accuracy_table(results), labels_table(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def heading(results):
    gpu = results["gpu"]
    where = f"{gpu['name']}, driver {gpu['driver_version']}" if gpu else "No GPU"
    lines = [
        f"{where}; {results['processor']}, {results['cores']} cores; commit {results['commit']}; "
        + ", ".join(f"{name} {version}" for name, version in results["versions"].items())
        + f". Texts: {results['texts']}."
    ]
    if results["tiny"]:
        lines.append("A tiny model, to try the drivers: the figures mean nothing.")
    tests = results.get("tests")
    if tests:
        failed = f": {', '.join(tests['failed'])}" if tests["failed"] else ""
        lines.append(
            f"Tests: {tests['passed']} passed, {len(tests['failed'])} failed{failed}, {len(tests['skipped'])} skipped."
        )
    if results.get("accuracy_missing"):
        lines.append(f"Accuracy was not measured: {results['accuracy_missing']}.")
    return "\n\n".join(lines)


def goals_table(results):
    rows = [
        [
            goal["what"],
            number(goal["found"]),
            goal["unit"],
            number(goal["floor"]),
            yes(goal["floor_reached"]),
            number(goal["goal"]),
            yes(goal["goal_reached"]),
        ]
        for goal in results["goals"]
    ]
    return table(["", "found", "unit", "floor", "reached", "goal", "reached"], rows)


def prediction_table(results):
    """Rates of every contender, and the share of the GPU's peak that tokens in, labels out comes to."""
    prediction = results["prediction"]
    contenders = prediction["contenders"]
    main = contenders[prediction["main"]]
    rows = []
    for name, found in contenders.items():
        if found["unavailable"]:
            rows.append([name, f"not measured: {found['unavailable']}", "", "", "", "", "", ""])
            continue
        rates = found["rates"]
        tokens = best_packed(found) or rates.get("tokens sorted 128")
        rows.append(
            [
                name,
                number(median(tokens)),
                number(median(rates.get("tokens arrival 32"))),
                number(median(rates.get("texts streaming") or rates.get("texts sorted 128"))),
                number(median(rates.get("texts arrival 32"))),
                f"{number(median(found['p50_ms']))} / {number(median(found['p99_ms']))}",
                number(ratio(best_packed(main), tokens)),
                share_of_peak(results, name, tokens),
            ]
        )
    header = [
        "queries a second, medians",
        "tokens in (packed, or sorted 128)",
        "tokens in, arrival 32",
        "text in (streaming, or sorted 128)",
        "text in, arrival 32",
        "one query p50 / p99 ms",
        f"{prediction['main']} is faster, times",
        "of the peak",
    ]
    return table(header, rows)


def share_of_peak(results, name, tokens):
    """Of products alone; torch's padding is not work that was asked for."""
    peaks = (results["gpu"] or {}).get("peaks_tflops")
    precision = name.removeprefix("fastintent ").removeprefix("torch ").split(",")[0]
    if not peaks or name.endswith("processor") or results["tiny"] or median(tokens) is None or precision not in peaks:
        return "–"
    prediction = results["prediction"]
    flops = median(tokens) * prediction["tokens"] / prediction["queries"] * FLOPS_A_TOKEN
    return f"{100 * flops / (peaks[precision] * 1e12):.0f} %"


def products_table(results):
    products = results["prediction"]["products"]
    peaks = (results["gpu"] or {}).get("peaks_tflops") or {}
    ceiling = results["prediction"]["product_ceiling_tflops"]
    if not products:
        return ""
    rows = [
        [
            f"{product['product']} [{product['M']}, {product['N']}, {product['K']}]",
            product["precision"],
            number(product["tflops"]),
            f"{100 * product['tflops'] / peaks[product['precision']]:.0f} %" if product["precision"] in peaks else "–",
        ]
        for product in products
    ]
    rows.append(["torch, 8192 x 8192 x 8192", "fp16", number(ceiling), ""])
    return table(["products of BERT-base [M, N, K]", "precision", "TFLOP/s", "of the peak"], rows)


def training_table(training):
    rows = []
    for precision, sides in training["precisions"].items():
        ours, theirs = sides["fastintent"], sides["Trainer"]
        for name, side in ((f"fastintent {precision}", ours), (f"transformers' Trainer {precision}", theirs)):
            if side["unavailable"]:
                rows.append([name, f"not measured: {side['unavailable']}", "", ""])
            else:
                rows.append(
                    [
                        name,
                        number(median(side.get("seconds"))),
                        number(median(side["steps_seconds"])),
                        number(ratio(theirs["steps_seconds"], side["steps_seconds"])),
                    ]
                )
    header = [
        f"{training['epochs']} epochs of {training['rows']:,} rows, batch {training['batch']}",
        "whole command, s",
        f"its {training['steps']:,} steps, s",
        "faster than the Trainer, times",
    ]
    return table(header, rows) + (f"\n\nThe Trainer ran {training['peer_steps']} steps; its time is extrapolated.")


def accuracy_table(results):
    accuracy = results.get("accuracy")
    if not accuracy:
        return ""
    rows = []
    for name, place in accuracy["places"].items():
        found = place["accuracy"]
        seeds = ", ".join(f"{100 * value:.2f}" for value in found["rounds"]) if found else "–"
        average = f"{100 * mean(found):.2f} %" if found else f"not measured: {place['unavailable']}"
        rows.append([name, seeds, average])
    return table([f"all-MiniLM-L6-v2, seeds {', '.join(map(str, accuracy['seeds']))}", "accuracies, %", "mean"], rows)


def labels_table(results):
    labels = results.get("labels")
    if not labels:
        return ""
    if labels["unavailable"]:
        return f"Labels were not compared: {labels['unavailable']}."
    rows = [[name, "–" if share is None else f"{100 * share:.2f} %"] for name, share in labels["equal"].items()]
    return table([f"labels of {labels['texts']:,} texts", "as the processor's in fp32"], rows)


if __name__ == "__main__":
    print(tables(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")
