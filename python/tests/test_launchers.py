"""Several processes train one model together only on GPUs; without one, how a launcher starts them can be tested."""

import os
import pathlib
import re
import subprocess

import pytest
from conftest import BASE, ROOT
from fastintent import IntentClassifier, InvalidArgumentError

# Stand-ins for Slurm's programs: a job of two machines with two tasks each.
SRUN = """#!/bin/sh
export SLURM_NTASKS=4 SLURM_NTASKS_PER_NODE=2
for SLURM_PROCID in 0 1 2 3; do
  SLURM_LOCALID=$((SLURM_PROCID % 2))
  export SLURM_PROCID SLURM_LOCALID
  "$@"
done
"""
SCONTROL = """#!/bin/sh
[ "$*" = "show hostnames node-[0-1]" ] && printf 'node-0\\nnode-1\\n'
"""
FASTINTENT = """#!/bin/sh
echo "$1 $RANK/$WORLD_SIZE $LOCAL_RANK/$LOCAL_WORLD_SIZE $MASTER_ADDR ${#FASTINTENT_LAUNCH_SECRET}"
"""


def test_the_script_for_slurm_translates_its_names(tmp_path):
    (script,) = re.findall(r"^```sh\n(#!/bin/sh\n#SBATCH.*?)^```", (ROOT / "docs/training.md").read_text(), re.M | re.S)
    for name, text in {"srun": SRUN, "scontrol": SCONTROL, "fastintent": FASTINTENT, "job": script}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "node-[0-1]"}
    done = subprocess.run([tmp_path / "job"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"train {rank}/4 {rank % 2}/2 node-0 64" for rank in range(4)]


def test_train_reads_the_variables_of_a_launcher(monkeypatch, tmp_path):
    for name, value in {
        "RANK": "1",
        "WORLD_SIZE": "2",
        "LOCAL_RANK": "1",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "node-0",
    }.items():
        monkeypatch.setenv(name, value)
    classifier = IntentClassifier(BASE, device="cpu")
    with pytest.raises(InvalidArgumentError, match="expected the device cuda for 2 processes"):
        classifier.train(["a", "b"], ["a", "b"], output=tmp_path / "model")
    monkeypatch.setenv("RANK", "2")
    with pytest.raises(InvalidArgumentError, match="RANK: expected a whole number from 0 to 1, found 2"):
        classifier.train(["a", "b"], ["a", "b"], output=tmp_path / "model")
    assert list(pathlib.Path(tmp_path).iterdir()) == []
