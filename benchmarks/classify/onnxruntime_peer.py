#!/usr/bin/env python3
"""The peer of `fastintent predict`: ONNX Runtime in f32 on the same folder. Prints one JSON object.

Queries in arrival order, batches padded to their longest, text in and label out: tokenising (tokenizers) is inside the
clock. The exported graph goes through ONNX Runtime's own BERT fusions first. Nothing is printed when a label differs
from that of PyTorch. Needs torch, transformers, tokenizers, onnx, onnxruntime.
"""

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="trained folder with a head of the family's own (pooler)")
    parser.add_argument("--texts", required=True, help="CSV with a column `text`")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="passes over the texts; the median counts")
    parser.add_argument("--limit", type=int, help="only the first N texts")
    return parser.parse_args()


ARGUMENTS = parse_arguments()
# Before the libraries load: their pools are sized then.
os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = str(ARGUMENTS.threads)
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import numpy  # noqa: E402
import onnxruntime  # noqa: E402
import tokenizers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from onnxruntime.transformers.optimizer import optimize_model  # noqa: E402

TIE = 1e-4  # two logits closer than this may change places by rounding alone


class Logits(torch.nn.Module):
    """ids and mask in, the bare logits out: what the exporter can trace."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def export(model, folder):
    """Returns the path of the fused graph."""
    plain, fused = Path(folder) / "plain.onnx", Path(folder) / "fused.onnx"
    ids = torch.ones(2, 8, dtype=torch.long)
    axes = {0: "batch", 1: "length"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes; the answers are checked below
        torch.onnx.export(Logits(model), (ids, torch.ones_like(ids)), plain, dynamo=False, opset_version=17,
                          input_names=["input_ids", "attention_mask"], output_names=["logits"],
                          dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}})
    config = model.config
    graph = optimize_model(str(plain), model_type="bert", num_heads=config.num_attention_heads,
                           hidden_size=config.hidden_size, opt_level=1)
    graph.save_model_to_file(str(fused))
    return fused, graph.get_fused_operator_statistics()


def torch_logits(model, encodings, batch_size):
    """The definition, with like lengths together."""
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i].ids))
    logits = numpy.empty((len(encodings), model.config.num_labels), numpy.float32)
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            rows = order[start:start + batch_size]
            longest = len(encodings[rows[-1]].ids)
            ids, mask = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(2))
            for at, row in enumerate(rows):
                found = encodings[row].ids
                ids[at, :len(found)] = torch.tensor(found)
                mask[at, :len(found)] = 1
            logits[rows] = model(input_ids=ids, attention_mask=mask).logits.numpy()
    return logits


def main():
    torch.set_num_threads(ARGUMENTS.threads)
    with open(ARGUMENTS.texts, newline="", encoding="utf-8") as rows:
        texts = [row["text"] for row in csv.DictReader(rows)][:ARGUMENTS.limit]
    # Eager attention: the form that ONNX Runtime's fusions know.
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        ARGUMENTS.model, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = tokenizers.Tokenizer.from_file(str(Path(ARGUMENTS.model) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(model.config.max_position_embeddings)
    expected = torch_logits(model, tokenizer.encode_batch_fast(texts), ARGUMENTS.batch_size)

    with tempfile.TemporaryDirectory() as scratch:
        path, fusions = export(model, scratch)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = ARGUMENTS.threads
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tokenizer.enable_padding()

    def classify():
        labels = []
        for start in range(0, len(texts), ARGUMENTS.batch_size):
            batch = tokenizer.encode_batch_fast(texts[start:start + ARGUMENTS.batch_size])
            logits, = session.run(None, {"input_ids": numpy.array([row.ids for row in batch], numpy.int64),
                                         "attention_mask": numpy.array([row.attention_mask for row in batch],
                                                                       numpy.int64)})
            labels.extend(logits.argmax(axis=1).tolist())
        return numpy.array(labels)

    labels = classify()  # also the warm-up
    margin = expected.max(axis=1) - expected[numpy.arange(len(texts)), labels]
    if margin.max() > TIE:
        sys.exit(f"labels differ from PyTorch's for {int((margin > TIE).sum())} of {len(texts)} texts")
    seconds = []
    for _ in range(ARGUMENTS.rounds):
        start = time.perf_counter()
        classify()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"program": "onnxruntime", "version": onnxruntime.__version__, "precision": "fp32",
                      "threads": ARGUMENTS.threads, "batch_size": ARGUMENTS.batch_size, "texts": len(texts),
                      "fusions": {name: count for name, count in fusions.items() if count},
                      "queries_per_second": round(len(texts) / statistics.median(seconds), 1)}))


if __name__ == "__main__":
    main()
