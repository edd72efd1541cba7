#!/usr/bin/env python3
"""torch with transformers in a process of its own; peers/serve.py tells how it is spoken to.

torch_worker.py '{"checkpoint": …, "device": …, "precision": …, "compiled": …}'

load FILE                         the queries, {"arrival": […], "sorted": […]}
logits order batch_size           of all queries
rate what order batch_size        seconds for all queries; what: `texts`, or `tokens` padded before the clock starts
latency count                     seconds for each of the first queries, one at a time, text in
product_rate                      FLOP a second of a product of 8192 x 8192 matrices: a ceiling of this machine
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))

import torch  # noqa: E402
import transformers  # noqa: E402
from engines.batches import BatchEngine, split  # noqa: E402

from serve import serve  # noqa: E402

DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
CEILING = {"cuda": 8192, "cpu": 512}  # large enough to fill the device, and done in a moment


class Engine(BatchEngine):
    """Fused attention (SDPA), weights cast once. Batches are given to the GPU without waiting for their answers."""

    def __init__(self, checkpoint, device, precision, compiled):
        super().__init__(Path(checkpoint))
        self.device, self.dtype = device, DTYPES[precision]
        self.model = (
            transformers.AutoModelForSequenceClassification.from_pretrained(
                checkpoint, dtype=self.dtype, attn_implementation="sdpa"
            )
            .eval()
            .to(device)
        )
        if compiled:
            self.model = torch.compile(self.model, dynamic=True)  # lengths differ from batch to batch

    def inputs(self, texts):
        """Ids and mask in memory that the GPU can copy from by itself."""
        tensors = [torch.from_numpy(array) for array in self.tokenize(texts)]
        return [tensor.pin_memory() if self.device == "cuda" else tensor for tensor in tensors]

    def forward(self, inputs):
        ids, mask = (tensor.to(self.device, non_blocking=True) for tensor in inputs)
        return self.model(input_ids=ids, attention_mask=mask).logits


class Worker:
    def __init__(self, start):
        self.engine = Engine(**start)
        self.texts, self.warm = {}, set()

    def load(self, texts):
        self.texts = json.loads(Path(texts).read_text(encoding="utf-8"))
        return len(self.texts["arrival"])

    @torch.inference_mode()
    def logits(self, order, batch_size):
        batches = split(self.texts[order], batch_size)
        return torch.cat([self.engine.forward(self.engine.inputs(batch)).float().cpu() for batch in batches]).tolist()

    @torch.inference_mode()
    def rate(self, what, order, batch_size):
        batches = split(self.texts[order], batch_size)
        work = [self.engine.inputs(batch) for batch in batches] if what == "tokens" else batches
        case = (what, order, batch_size)
        if case not in self.warm:
            self.labels(work, what)
            self.warm.add(case)
        start = time.perf_counter()
        labels = self.labels(work, what)
        seconds = time.perf_counter() - start
        if len(labels) != len(self.texts[order]):
            raise RuntimeError(f"rate: expected {len(self.texts[order])} labels, found {len(labels)}")
        return seconds

    def labels(self, work, what):
        inputs = work if what == "tokens" else map(self.engine.inputs, work)
        return torch.cat([self.engine.forward(batch).argmax(dim=1) for batch in inputs]).tolist()

    @torch.inference_mode()
    def latency(self, count):
        texts = self.texts["arrival"][:count]
        if "latency" not in self.warm:
            self.labels([[text] for text in texts], "texts")  # compiled models recompile for one text
            self.warm.add("latency")
        seconds = []
        for text in texts:
            start = time.perf_counter()
            self.labels([[text]], "texts")
            seconds.append(time.perf_counter() - start)
        return seconds

    @torch.inference_mode()
    def product_rate(self):
        size = CEILING[self.engine.device]
        left, right = (torch.randn(size, size, device=self.engine.device, dtype=self.engine.dtype) for _ in range(2))
        best = float("inf")
        for _ in range(20):
            self.wait()
            start = time.perf_counter()
            left @ right
            self.wait()
            best = min(best, time.perf_counter() - start)
        return 2 * size**3 / best

    def wait(self):
        if self.engine.device == "cuda":
            torch.cuda.synchronize()


if __name__ == "__main__":
    serve(Worker)
