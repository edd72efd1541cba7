#!/usr/bin/env python3
"""The peer of `fastintent train`: transformers' own Trainer on the same rows. Prints one JSON object.

Dynamic padding, AdamW, pooler head, linear decay after 10 % warm-up. Speed is that of training steps alone, from the
start of the first step after --skip-steps to the end of the last: tokenising, loading and evaluation are outside.
"""

import argparse
import contextlib
import csv
import json
import os
import sys
import tempfile
import time


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the base model")
    parser.add_argument("--train", required=True, help="CSV with the columns text, category")
    parser.add_argument("--test", help="CSV to measure the accuracy on, at the end")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--max-steps", type=int, default=-1, help="stop after this many: to measure speed")
    parser.add_argument("--skip-steps", type=int, default=5, help="not counted: first use of every code path")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument("--bf16", action="store_true")
    precision.add_argument("--fp16", action="store_true", help="with dynamic loss scaling")
    return parser.parse_args()


ARGUMENTS = parse_arguments()
# Set before torch loads, which sizes its pools then.
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(ARGUMENTS.threads)
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch  # noqa: E402
import transformers  # noqa: E402


def read_rows(file):
    with open(file, newline="", encoding="utf-8") as rows:
        return [(row["text"], row["category"]) for row in csv.DictReader(rows)]


def wait_for_device():
    if ARGUMENTS.device == "cuda":
        torch.cuda.synchronize()


class StepClock(transformers.TrainerCallback):
    """Time from the start of the first counted step to the end of the last."""

    def __init__(self, skip):
        self.skip, self.start, self.end, self.steps = skip, None, None, 0

    def on_step_begin(self, args, state, control, **_):
        if state.global_step == self.skip:
            wait_for_device()
            self.start = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        if self.start is not None:
            self.steps += 1
            if state.global_step == state.max_steps:
                wait_for_device()
            self.end = time.perf_counter()


def main():
    torch.set_num_threads(ARGUMENTS.threads)
    train_rows = read_rows(ARGUMENTS.train)
    names = sorted({label for _, label in train_rows})
    index = {name: i for i, name in enumerate(names)}
    tokenizer = transformers.AutoTokenizer.from_pretrained(ARGUMENTS.model)

    def encode(rows):
        batch = tokenizer([text for text, _ in rows], truncation=True, max_length=ARGUMENTS.max_length)
        return [
            {"input_ids": ids, "attention_mask": mask, "labels": index[label]}
            for ids, mask, (_, label) in zip(batch["input_ids"], batch["attention_mask"], rows)
        ]

    transformers.set_seed(ARGUMENTS.seed)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        ARGUMENTS.model, num_labels=len(names), id2label=dict(enumerate(names)), label2id=index, dtype=torch.float32
    )
    train_set = encode(train_rows)
    steps = ARGUMENTS.max_steps
    if steps < 0:
        steps = ARGUMENTS.epochs * -(-len(train_set) // ARGUMENTS.batch_size)
    clock = StepClock(ARGUMENTS.skip_steps)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = transformers.Trainer(
            model=model,
            args=transformers.TrainingArguments(
                output_dir=scratch,
                num_train_epochs=ARGUMENTS.epochs,
                max_steps=ARGUMENTS.max_steps,
                per_device_train_batch_size=ARGUMENTS.batch_size,
                learning_rate=ARGUMENTS.learning_rate,
                warmup_steps=steps // 10,
                lr_scheduler_type="linear",
                optim="adamw_torch",
                weight_decay=0.01,
                bf16=ARGUMENTS.bf16,
                fp16=ARGUMENTS.fp16,
                use_cpu=ARGUMENTS.device == "cpu",
                seed=ARGUMENTS.seed,
                save_strategy="no",
                eval_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
                per_device_eval_batch_size=64,
            ),
            train_dataset=train_set,
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            callbacks=[clock],
        )
        started = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):  # the Trainer prints its own summary; stdout is ours
            trainer.train()
        seconds = time.perf_counter() - started
        result = {
            "program": "transformers.Trainer",
            "version": transformers.__version__,
            "torch": torch.__version__,
            "precision": "bf16" if ARGUMENTS.bf16 else "fp16" if ARGUMENTS.fp16 else "fp32",
            "device": ARGUMENTS.device,
            "threads": ARGUMENTS.threads,
            "steps": clock.steps,
            "train_seconds": round(seconds, 2),
        }
        if clock.steps:
            # The last batch of an epoch may be smaller; that is below one part in 600 of BANKING77.
            examples = clock.steps * ARGUMENTS.batch_size
            result["examples_per_second"] = round(examples / (clock.end - clock.start), 2)
        if ARGUMENTS.test:
            test_set = encode(read_rows(ARGUMENTS.test))
            with contextlib.redirect_stdout(sys.stderr):
                answers = trainer.predict(test_set).predictions.argmax(axis=1)
            result["accuracy"] = sum(int(a) == row["labels"] for a, row in zip(answers, test_set)) / len(test_set)
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
