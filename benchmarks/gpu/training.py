"""Training: BERT-base's size on BANKING77, fastintent's whole command beside steps of transformers' Trainer."""

import json
import subprocess
import sys
from pathlib import Path

from contenders import Place
from figures import figure
from prediction import progress
from program import ProgramError

TRAINER = Path(__file__).resolve().parents[1] / "train" / "huggingface_trainer.py"
BATCH, EPOCHS = 32, 5
SKIP = 5  # steps that are not counted, as in huggingface_trainer.py
# Random weights gain little from an epoch: patience must not end the training early.
SCHEDULE = ("--epochs", EPOCHS, "--batch-size", BATCH, "--patience", EPOCHS, "--learning-rate", "5e-5")


def measure_training(programs, checkpoint, files, device, effort, scratch):
    """files: (training, validation) as CSV. Rounds of each precision, ours and theirs in turn."""
    rows = effort.rows_of(files[0])
    steps = EPOCHS * -(-rows // BATCH)
    precisions = ("fp16", "bf16") if device == "cuda" else ("bf16", "fp32")
    result = {
        "rows": rows,
        "epochs": EPOCHS,
        "batch": BATCH,
        "steps": steps,
        "main": precisions[0],
        "peer_steps": effort.peer_steps,
        "precisions": {},
    }
    for precision in precisions:
        ours = {"seconds": [], "steps_seconds": [], "unavailable": None}
        theirs = {"steps_seconds": [], "unavailable": None}
        for number in range(effort.training_rounds):
            progress(f"training {precision}, round {number + 1} of {effort.training_rounds}")
            if ours["unavailable"] is None:
                train_ours(programs, checkpoint, files, Place(device, precision), steps, scratch, ours)
            if theirs["unavailable"] is None:
                train_theirs(checkpoint, files[0], device, precision, steps, effort.peer_steps, theirs)
        for side in (ours, theirs):
            side |= {name: figure(side[name]) for name in ("seconds", "steps_seconds") if name in side}
        result["precisions"][precision] = {"fastintent": ours, "Trainer": theirs}
    return result


def train_ours(programs, checkpoint, files, place, steps, scratch, found):
    try:
        seconds, rates = programs.train(checkpoint, *files, scratch / "trained", place, *SCHEDULE)
    except ProgramError as error:
        found["unavailable"] = str(error)
        progress(str(error))
        return
    found["seconds"].append(seconds)
    found["steps_seconds"].append(seconds_of_steps(rates, steps))


def seconds_of_steps(rates, steps):
    """Seconds of all steps of BATCH examples, at the mean time of those after the first SKIP; rates: examples/s."""
    counted = rates[SKIP:] or rates
    return steps * BATCH * sum(1 / rate for rate in counted) / len(counted)


def train_theirs(checkpoint, training, device, precision, steps, peer_steps, found):
    """Few steps, from which the whole is extrapolated."""
    command = [
        sys.executable,
        "-B",
        TRAINER,
        "--model",
        checkpoint,
        "--train",
        training,
        "--device",
        device,
        "--max-steps",
        peer_steps,
        "--epochs",
        EPOCHS,
        "--batch-size",
        BATCH,
        "--learning-rate",
        "5e-5",
    ]
    if precision != "fp32":
        command.append(f"--{precision}")
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        found["unavailable"] = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        progress(f"transformers' Trainer, {precision}: {found['unavailable']}")
        return
    found["steps_seconds"].append(steps * BATCH / json.loads(done.stdout)["examples_per_second"])
