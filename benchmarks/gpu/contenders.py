"""Who takes part: fastintent in each precision, on the GPU and on the processor, and torch."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where fastintent runs and in which precision."""

    device: str
    precision: str

    @property
    def name(self):
        return f"fastintent {self.precision}" + (", processor" if self.device == "cpu" else "")

    @property
    def replicas(self):
        """Of encode_tokens: two streams on a GPU, so that one fills its batch while the other computes."""
        return 2 if self.device == "cuda" else len(os.sched_getaffinity(0))

    def flags(self, threads=True):
        flags = ["--device", self.device, "--precision", self.precision]
        return [*flags, "--threads", "0"] if threads and self.device == "cpu" else flags


@dataclass(frozen=True)
class Torch:
    device: str
    precision: str
    compiled: bool = False

    @property
    def name(self):
        return f"torch {self.precision}" + (", compiled" if self.compiled else "")

    def start(self, checkpoint):
        return {
            "checkpoint": str(checkpoint),
            "device": self.device,
            "precision": self.precision,
            "compiled": self.compiled,
        }


def contenders(device):
    """(ours, torch's); the first of each is what the issue's table speaks of. Torch's last is the definition."""
    if device == "cuda":
        return (
            [Place("cuda", precision) for precision in ("fp16", "bf16", "tf32", "fp32")]
            + [Place("cpu", precision) for precision in ("fp32", "bf16", "int8")],
            [Torch("cuda", "fp16"), Torch("cuda", "fp16", compiled=True), Torch("cuda", "bf16"), Torch("cuda", "fp32")],
        )
    return [Place("cpu", "bf16"), Place("cpu", "fp32")], [Torch("cpu", "bf16"), Torch("cpu", "fp32")]
