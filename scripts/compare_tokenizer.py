#!/usr/bin/env python3
"""Compares the ids of `fastintent tokenize` with those of Hugging Face `tokenizers`, all of them.

usage: compare_tokenizer.py FASTINTENT MODEL_FOLDER [BANKING77_FOLDER]

FASTINTENT is the program, MODEL_FOLDER holds tokenizer.json and vocab.txt. The data and more than
200,000 generated lines go through variants of the tokenizer: uncased, cased, accents kept or
stripped, CJK unspaced, uncleaned, with added tokens of every kind, with truncation, and from
vocab.txt alone. Exits with 1 when an id differs. (needs: pip install tokenizers transformers)
"""

import csv
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata

from tokenizers import Tokenizer
from transformers import AutoTokenizer

WHOLE = 1_000_000  # a maximum length that no line reaches
MAX_SHOWN = 5

ADDED_TOKENS = [
    dict(content="[NEW]", special=True, normalized=False),
    dict(content="<left>", special=True, normalized=False, lstrip=True),
    dict(content="<right>", special=True, normalized=False, rstrip=True),
    dict(content="<both>", special=False, normalized=False, lstrip=True, rstrip=True),
    dict(content="word", special=False, normalized=False, single_word=True),
    dict(content="<le", special=False, normalized=False),
    dict(content="\u00c9t\u00e9 Long", special=False, normalized=True),
    dict(content="Caf\u00e9", special=False, normalized=True, single_word=True, rstrip=True),
    dict(content="\u4f60\u597d", special=False, normalized=True),
]


def banking77(folder):
    for name in ("train.csv", "test.csv"):
        with open(folder / name, newline="", encoding="utf-8") as file:
            yield from (row["text"] for row in csv.DictReader(file))


def code_points():
    """Every assigned code point alone and between letters, and some of the others."""
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        char = chr(code)
        category = unicodedata.category(char)
        # Private use and unassigned planes behave alike: a sample of each.
        if category in ("Co", "Cn") and code % 16:
            continue
        yield char
        yield f"a{char}b"


def nasty_texts(count):
    rng = random.Random(77)
    every = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cs", "Co", "Cn")]
    marks = [c for c in every if unicodedata.category(c)[0] == "M"]
    pools = [
        every,
        marks + ["a", "e", "\u05d0", "\x01", "\u200d"],
        [c for c in every if unicodedata.combining(c)] + ["a"],
        [chr(c) for c in range(0x20, 0x7F)],
        [chr(c) for c in range(0x180)],
        [chr(c) for c in range(0x1F300, 0x1FAFF)] + ["\u200d", "\ufe0f", "\U0001f3fb"],
        [chr(c) for c in range(0x4E00, 0x5000)] + [chr(c) for c in range(0x3040, 0x3100)],
        [chr(c) for c in range(0xAC00, 0xAE00)] + [chr(c) for c in range(0x1100, 0x1200)],
        [chr(c) for c in range(0xE00, 0xE80)],
        [chr(c) for c in range(0x590, 0x700)] + ["\u200f", "\u202e"],
        [chr(c) for c in range(0x20)] + ["\x7f", "\x80", "\x85", "\xa0", "\xad", "\u2028", "\u3000"],
    ]
    pieces = ["[MASK]", "[CLS]", "[SEP]", "[UNK]", "[PAD]", "[mask]", "[MASK", "[[MASK]]", " ", "  "]
    pieces += [t["content"] for t in ADDED_TOKENS] + ["\t", "\n", "\r\n", "word", "wording", "\u00e9t\u00e9 long"]
    pieces += ["CAFE\u0301", "cafe", "\u0130", "\u1e9e", "\u03a3", "##ing", "\ufffd", "\u00c9T\u00c9  LONG", "x" * 99]
    pieces += ["\u4f60", "\u597d", "\u200bword", "word\u0301", "un", "aff", "able", "A", "\u00c5"]
    for i in range(count):
        parts = []
        for _ in range(rng.randint(1, 4)):
            if rng.random() < 0.4:
                parts.append("".join(rng.choice(pieces) for _ in range(rng.randint(1, 5))))
            else:
                parts.append("".join(rng.choices(rng.choice(pools), k=rng.randint(1, 25))))
        yield "".join(parts)


def long_texts():
    for unit in ("x", "ab", "\u00e9", "e\u0301", "\u0e01", "\uac01", "\u4e00", "\U0001f600", "-", "\x00", "\u0898"):
        for length in (98, 99, 100, 101, 102, 10_000):
            yield unit * (length // len(unit))
            yield "a " + unit * (length // len(unit)) + " b"
    yield "word, " * 20_000
    yield "a\u0301 [MASK] " * 3_000
    yield " " * 5_000 + "end"
    yield "\u0315\u0300\u05ae" * 3_000


def invalid_lines(count):
    rng = random.Random(78)
    bad = [b"\x80", b"\xc0\xaf", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x9f\x98"]
    bad += [b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xff", b"\xfe", b"\xe0\x80\x80", b"\xf0\x80\x80\x80"]
    good = [b"a", b" ", b"hello", "\u00e9".encode(), "\u20ac".encode(), "\U0001f600".encode(), b"[MASK]", b"\0"]
    for _ in range(count):
        yield b"".join(rng.choice(rng.choice((bad, good))) for _ in range(rng.randint(1, 12)))
    for _ in range(count):
        yield bytes(rng.randrange(256) for _ in range(rng.randint(1, 30))).replace(b"\n", b"").replace(b"\r", b"")


def run(program, folder, lines, form, max_length):
    command = [program, "tokenize", "--model", folder, "--input", "-", "--format", form]
    command += ["--max-length", str(max_length)] if max_length else []
    data = b"".join(line + b"\n" for line in lines)
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"{program} exited with {done.returncode} on {folder}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Comparison:
    def __init__(self, program):
        self.program = program
        self.total = 0
        self.different = 0

    def check(self, name, folder, oracle, texts, lines=None, max_length=WHOLE):
        """Texts go as JSON lines; raw `lines` that no JSON can hold go as plain text."""
        if lines is None:
            form, lines = "jsonl", [json.dumps({"text": t}).encode() for t in texts]
        else:
            form = "text"
        found = run(self.program, folder, lines, form, max_length)
        expected = [e.ids for e in oracle.encode_batch_fast(texts)]
        if len(found) != len(expected):
            sys.exit(f"{name}: {len(expected)} texts in, {len(found)} lines out")
        wrong = [i for i, (a, b) in enumerate(zip(found, expected)) if a != b]
        for i in wrong[:MAX_SHOWN]:
            print(f"  {ascii(texts[i])[:200]}\n    expected {expected[i][:40]}\n    found    {found[i][:40]}")
        self.total += len(texts)
        self.different += len(wrong)
        print(f"{name}: {len(texts) - len(wrong)} of {len(texts)} equal", flush=True)


def character_vocabulary():
    """Each assigned character and its continuation: ids that show every detail of normalization."""
    characters = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cs", "Co", "Cn")]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = special + characters + ["##" + c for c in characters]
    return dict(vocab={piece: i for i, piece in enumerate(pieces)})


def variant(base, folder, normalizer=None, added=(), model=None):
    """Writes tokenizer.json with other settings; returns the package's tokenizer of it."""
    folder.mkdir()
    settings = json.loads(base.read_text(encoding="utf-8"))
    settings["normalizer"].update(normalizer or {})
    settings["model"].update(model or {})
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
    next_id = len(settings["model"]["vocab"])
    for i, token in enumerate(added):
        settings["added_tokens"].append({"id": next_id + i, **flags, **token})
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    oracle = Tokenizer.from_file(str(path))
    oracle.no_padding()
    oracle.no_truncation()
    return oracle


def main():
    program, model = sys.argv[1], pathlib.Path(sys.argv[2])
    base = model / "tokenizer.json"
    comparison = Comparison(program)
    characters = character_vocabulary()
    generated = [*code_points(), *nasty_texts(60_000), *long_texts()]
    queries = list(banking77(pathlib.Path(sys.argv[3]))) if len(sys.argv) > 3 else []
    short = list(nasty_texts(20_000)) + list(long_texts()) + queries
    invalid = list(invalid_lines(10_000))
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        settings = {
            "uncased": {},
            "cased": dict(lowercase=False),
            "cased, accents stripped": dict(lowercase=False, strip_accents=True),
            "uncased, accents kept": dict(strip_accents=False),
            "cjk unspaced": dict(handle_chinese_chars=False),
            "uncleaned": dict(clean_text=False),
        }
        for name, normalizer in settings.items():
            folder = root / name
            oracle = variant(base, folder, normalizer)
            comparison.check(f"{name}, queries", folder, oracle, queries)
            comparison.check(f"{name}, generated", folder, oracle, generated)
            replaced = [line.decode("utf-8", "replace") for line in invalid]
            comparison.check(f"{name}, invalid UTF-8", folder, oracle, replaced, invalid)
            folder = root / (name + ", a token for each character")
            oracle = variant(base, folder, normalizer, model=characters)
            comparison.check(folder.name, folder, oracle, generated)
            folder = root / (name + ", added tokens")
            oracle = variant(base, folder, normalizer, ADDED_TOKENS, dict(max_input_chars_per_word=30))
            comparison.check(folder.name, folder, oracle, generated if name == "uncased" else short)
            for length in (3, 4, 8, 128):
                oracle.enable_truncation(length)
                comparison.check(f"{folder.name}, truncated to {length}", folder, oracle, short, max_length=length)
        for do_lower_case in (True, False):
            folder = root / f"vocab.txt, do_lower_case {do_lower_case}"
            folder.mkdir()
            shutil.copy(model / "vocab.txt", folder)
            config = dict(tokenizer_class="BertTokenizer", do_lower_case=do_lower_case)
            (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
            oracle = AutoTokenizer.from_pretrained(folder).backend_tokenizer
            comparison.check(folder.name, folder, oracle, short)
    print(f"{comparison.total} texts compared, {comparison.different} differ")
    sys.exit(comparison.different != 0)


if __name__ == "__main__":
    main()
