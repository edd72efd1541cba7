"""Many trainings at once, by the examples for Spark and Ray, with a tiny random model that learns hardly anything."""

import csv
import os
import pathlib
import re
import subprocess
import sys

import pytest
from fastintent import IntentClassifier

ROOT = pathlib.Path(__file__).resolve().parents[3]
BASE = ROOT / "tests/golden/bert_base/model"
LABELS = ["card", "refund", "weather"]


def write_rows(file, count):
    with open(file, "w", newline="") as rows:
        writer = csv.writer(rows)
        writer.writerow(["text", "label"])
        writer.writerows((f"{label} number {i}", label) for i in range(count) for label in LABELS)


def run(name, *arguments):
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "RAY_memory_monitor_refresh_ms": "0"}
    command = [sys.executable, ROOT / "examples" / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def test_spark_trains_a_model_per_tenant(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for i, tenant in enumerate(["north", "south", "west"]):
        write_rows(data / f"{tenant}.csv", 10 + i)
    done = run("train_tenants_spark.py", BASE, data, tmp_path / "models", 1)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(\w+)  (\d+) texts", done.stdout) == [("north", "30"), ("south", "33"), ("west", "36")]
    for tenant in ["north", "south", "west"]:
        assert IntentClassifier(model_path=tmp_path / "models" / tenant).intents == LABELS
    assert run("train_tenants_spark.py", BASE, tmp_path, tmp_path / "none").returncode == 66


def test_ray_trains_a_model_per_fold(tmp_path):
    write_rows(tmp_path / "rows.csv", 10)
    done = run("train_folds_ray.py", BASE, tmp_path / "rows.csv", tmp_path / "models", 3, 1)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"fold \d  accuracy [\d.]+ %", done.stdout)) == 3
    assert "mean" in done.stdout
    for fold in range(3):
        assert IntentClassifier(model_path=tmp_path / "models" / f"fold-{fold}").intents == LABELS
    done = run("train_folds_ray.py", BASE, tmp_path / "rows.csv", tmp_path / "none", 11, 1)
    assert done.returncode == 65 and "found 10 of " in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["train_tenants_spark.py", "train_folds_ray.py"])
def test_a_wrong_call_shows_the_usage(name):
    done = run(name)
    assert done.returncode == 64
    assert done.stderr.startswith("usage: ")
