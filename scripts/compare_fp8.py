#!/usr/bin/env python3
"""What products in fp8 (e4m3, as Hopper multiplies) would change in a model's answers, by transformers.

  scripts/compare_fp8.py MODEL_FOLDER DATA.csv

MODEL_FOLDER: a trained folder with the family's own head; DATA.csv: with the columns `text` and what --label names. Factors
are rounded to e4m3 with the finest scales that the hardware's products take, one a row of activations and one a row of
weights, and multiplied in fp32: the best that fp8 can do. Prints, for different choices of layers, the share of labels
equal to fp32's and the accuracy. The head stays in fp32. Needs torch and transformers.
"""

import argparse
import csv

import torch
from compare_gelu_forms import load_model, logits_of

LARGEST = 448.0  # of e4m3


def rounded(matrix):
    scale = matrix.abs().amax(-1, keepdim=True).clamp(min=1e-12) / LARGEST
    return (matrix / scale).to(torch.float8_e4m3fn).float() * scale


class Fp8Linear(torch.nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.weight = rounded(linear.weight.detach())
        self.bias = linear.bias.detach()

    def forward(self, rows):
        return torch.nn.functional.linear(rounded(rows), self.weight, self.bias)


def replace_linears(module, wanted, path=""):
    for name, child in module.named_children():
        inner = f"{path}.{name}"
        if isinstance(child, torch.nn.Linear) and ".encoder." in inner and wanted(inner):
            setattr(module, name, Fp8Linear(child))
        else:
            replace_linears(child, wanted, inner)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("data")
    parser.add_argument("--label", default="category")
    arguments = parser.parse_args()
    with open(arguments.data, newline="", encoding="utf-8") as file:
        data = list(csv.DictReader(file))
    texts = [row["text"] for row in data]
    unchanged = load_model(arguments.folder)
    exact = logits_of(unchanged, arguments.folder, texts)
    labels = torch.tensor([unchanged.config.label2id[row[arguments.label]] for row in data])
    choices = {
        "nothing": lambda path: False,
        "all products": lambda path: True,
        "feed forward": lambda path: ".attention." not in path,
        "feed forward, first product": lambda path: ".intermediate." in path,
        "attention": lambda path: ".attention." in path,
    }
    for name, wanted in choices.items():
        model = load_model(arguments.folder)
        replace_linears(model, wanted)
        found = logits_of(model, arguments.folder, texts)
        equal = (found.argmax(1) == exact.argmax(1)).double().mean().item()
        right = (found.argmax(1) == labels).double().mean().item()
        change = (found - exact).abs().max().item()
        answers = f"{100 * equal:.2f} % labels equal, {100 * right:.2f} % right"
        print(f"fp8 in {name}: {answers}, logits changed by {change:.3f} at most", flush=True)


if __name__ == "__main__":
    main()
