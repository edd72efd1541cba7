"""What must be done before anything can be measured: conversion, each in a process of its own."""

import hashlib
import subprocess
import sys
from pathlib import Path

from measure import progress
from worker_process import describe_end

HERE = Path(__file__).resolve().parent


def run_script(name, *arguments):
    """Runs a script of this folder; why it failed, or None."""
    done = subprocess.run([sys.executable, "-B", HERE / name, *arguments], capture_output=True, text=True, check=False)
    return describe_end(done.returncode, done.stderr) if done.returncode != 0 else None


def make_random_checkpoint(trained, folder):
    """A BERT-base with random weights; an earlier one is kept."""
    checkpoint = folder / f"bert-base-random-{digest(trained / 'config.json', HERE / 'random_checkpoint.py')}"
    if not checkpoint.exists():
        progress("making a BERT-base with random weights")
        reason = run_script("random_checkpoint.py", trained, checkpoint)
        if reason:
            sys.exit(f"random_checkpoint.py: {reason}")
    return checkpoint


def folder_of_models(checkpoint, folder):
    """Where the converted models of this checkpoint stand, by these versions of the peers and converters."""
    return folder / digest(
        checkpoint / "model.safetensors",
        HERE / "requirements.txt",
        HERE / "convert.py",
        *sorted(HERE.glob("converters/*.py")),
    )


def digest(*paths):
    sha = hashlib.sha256()
    for path in paths:
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


def convert_all(contenders, checkpoint, models, calibration, failures):
    """Converts for all contenders; {contender: why it cannot take part}. failures: see not_installed."""
    unavailable = {}
    for contender in contenders:
        reason = not_installed(contender, failures)
        if reason:
            unavailable[contender] = reason
    converted = [c for c in contenders if c.stored and c not in unavailable]
    failed = {}
    # fp32 is before int8, which is made from it.
    for module, precision in sorted({(c.module, p) for c in converted for p in ("fp32", c.stored)}):
        if not (models / module / precision).exists():
            progress(f"converting for {module}, {precision}")
            failed[module, precision] = run_script("convert.py", module, precision, checkpoint, calibration, models)
    for contender in converted:
        reason = failed.get((contender.module, "fp32")) or failed.get((contender.module, contender.stored))
        if reason:
            unavailable[contender] = f"not converted: {reason}"
    return unavailable


def not_installed(contender, failures):
    """pip's reason, which run.sh leaves in a file of the distribution's name, or None."""
    for name in contender.distributions:
        path = failures / name
        if path.exists():
            return f"{name} was not installed: {path.read_text(encoding='utf-8').strip()}"
    return None
