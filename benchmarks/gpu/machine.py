"""What a reader must know of the GPU, the machine and the tree to place a figure."""

import os
import subprocess
from pathlib import Path

from peers.machine import describe_commit, describe_machine, installed_versions

ROOT = Path(__file__).resolve().parents[2]
GPU_FIELDS = (
    "name",
    "driver_version",
    "memory.total",
    "compute_cap",
    "power.limit",
    "clocks.current.sm",
    "clocks.max.sm",
    "clocks.current.memory",
    "clocks.max.memory",
    "clocks_event_reasons.active",
)
# Dense TFLOP/s of the SXM boards without sparsity, from NVIDIA's data sheets; for other boards no
# share of a peak is shown.
PEAKS = {"fp16": 989, "bf16": 989, "tf32": 494, "fp32": 67}
BOARDS_WITH_PEAKS = ("H100 80GB HBM3", "H200")


def describe_gpu():
    """What nvidia-smi says of the first GPU: {field: value}; None without one."""
    done = ask_nvidia_smi(GPU_FIELDS)
    if done is None:
        return None
    values = [value.strip() for value in done.splitlines()[0].split(",")]
    gpu = {field: value for field, value in zip(GPU_FIELDS, values) if not value.startswith("[")}
    gpu["peaks_tflops"] = PEAKS if any(gpu["name"].endswith(board) for board in BOARDS_WITH_PEAKS) else None
    return gpu


def ask_nvidia_smi(fields):
    """Its line, or None. Older drivers do not know every field; the name alone they do."""
    for query in (fields, fields[:3]):
        try:
            done = subprocess.run(
                ["nvidia-smi", "--id=0", f"--query-gpu={','.join(query)}", "--format=csv,noheader"],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout
    return None


def describe(device):
    machine = describe_machine(len(os.sched_getaffinity(0)))
    packed = ROOT / "COMMIT"
    commit = packed.read_text(encoding="utf-8").strip() if packed.is_file() else describe_commit(ROOT)
    return {
        "gpu": describe_gpu() if device == "cuda" else None,
        "processor": machine["processor"],
        "cores": machine["cores"],
        "load": machine["load"],
        "commit": commit,
        "versions": installed_versions(["torch", "transformers", "accelerate", "tokenizers", "numpy"]),
    }
