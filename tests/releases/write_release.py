#!/usr/bin/env python3
"""Keeps a model of a release for the tests of later ones.

tests/releases/write_release.py PROGRAM

Makes the folder tests/releases/VERSION of the program's version: see README.md. Refuses to overwrite one.
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BASE = HERE.parent / "golden" / "bert_base" / "model"
MESSAGES = {
    "track_order": ["where is my parcel", "when does the parcel come", "track my order", "is the parcel here"],
    "refund": ["i want my money back", "refund the money", "money back please", "give back the money"],
    "account": ["i cannot open my account", "my account is locked", "open the account", "help with the account"],
}
QUESTIONS = [
    "where is my parcel?",
    "I want my money back",
    "the account was locked",
    "help",
    "Do you speak Français? 漢字",
]
# Enough for answers that are far from a tie, so that processors of every kind agree on them.
TRAINING = ["--epochs", "10", "--learning-rate", "0.001", "--batch-size", "8", "--precision", "fp32"]


def main(program):
    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout

    folder = HERE / run("--version").split()[-1]
    folder.mkdir()
    questions = folder / "questions.txt"
    questions.write_text("".join(question + "\n" for question in QUESTIONS))
    with tempfile.TemporaryDirectory() as work:
        data = pathlib.Path(work, "rows.csv")
        starts = ["", "hello ", "please ", "hi there ", "so "]
        rows = [f"{start}{text},{intent}" for intent, texts in MESSAGES.items() for text in texts for start in starts]
        data.write_text("\n".join(["text,intent", *rows]) + "\n")
        plain = pathlib.Path(work, "model")
        run("train", "--model", BASE, "--train", data, "--validation", data, "--output", plain, *TRAINING)
        run("quantize", "--model", plain, "--output", folder / "model")
    for precision in ["fp32", "int8"]:
        answers = run(
            "predict", "--model", folder / "model", "--input", questions, "--precision", precision, "--logits"
        )
        (folder / f"{precision}.jsonl").write_text(answers)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
