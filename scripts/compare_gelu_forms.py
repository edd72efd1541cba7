#!/usr/bin/env python3
"""What GELU's tanh form, which the GPU computes in 16 bits, changes in a model's answers, by transformers.

  scripts/compare_gelu_forms.py MODEL_FOLDER DATA.csv

MODEL_FOLDER: a trained folder with the family's own head; DATA.csv: with a column `text`. Prints, beside the exact form in
fp32, the share of equal labels and the largest change of a logit, for both forms in fp32, bf16 and fp16: so that the tanh
form's share in the change can be distinguished from that of 16 bits. Needs torch and transformers.
"""

import argparse
import csv

import torch
import transformers

BATCH = 64


def load_model(folder, **changes):
    return transformers.AutoModelForSequenceClassification.from_pretrained(folder, **changes).eval()


def logits_of(model, folder, texts):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))  # little padding
    rows = [None] * len(texts)
    with torch.no_grad():
        for begin in range(0, len(order), BATCH):
            indices = order[begin : begin + BATCH]
            batch = tokenizer([texts[i] for i in indices], padding=True, truncation=True, return_tensors="pt")
            for index, row in zip(indices, model(**batch).logits.float()):
                rows[index] = row
    return torch.stack(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("data")
    arguments = parser.parse_args()
    with open(arguments.data, newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    exact = logits_of(load_model(arguments.folder, hidden_act="gelu"), arguments.folder, texts)
    for kind in (torch.float32, torch.bfloat16, torch.float16):
        for activation in ("gelu", "gelu_pytorch_tanh"):
            model = load_model(arguments.folder, hidden_act=activation).to(kind)
            found = logits_of(model, arguments.folder, texts)
            equal = (found.argmax(1) == exact.argmax(1)).double().mean().item()
            change = (found - exact).abs().max().item()
            print(f"{kind} {activation}: {100 * equal:.2f} % labels equal, logits changed by {change:.4f} at most")


if __name__ == "__main__":
    main()
