#!/usr/bin/env python3
"""Compares the ids of `fastintent tokenize` with those of Hugging Face `tokenizers`, all of them.

usage: compare_tokenizer.py FASTINTENT MODEL_FOLDER [BANKING77_FOLDER]

FASTINTENT is the program, MODEL_FOLDER holds tokenizer.json (and vocab.txt, for WordPiece). The data
and more than 300,000 generated lines (every code point, graphemes, 40 scripts, long words) go through
variants of the tokenizer. WordPiece: uncased, cased, accents kept or stripped, CJK unspaced,
uncleaned, from vocab.txt alone. Unigram and BPE: the folder's own rules, and chains of normalizers and
pre-tokenizers over a vocabulary of all characters. All: with added tokens of every kind, and with
truncation. Exits with 1 when an id differs. (needs: pip install tokenizers transformers)
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


# The letters and marks of forty scripts.
SCRIPTS = [
    (0x61, 0x7A), (0x370, 0x3FF), (0x400, 0x4FF), (0x531, 0x587), (0x590, 0x5F4), (0x600, 0x6FF), (0x700, 0x74F),
    (0x780, 0x7B1), (0x7C0, 0x7FA), (0x900, 0x97F), (0x980, 0x9FE), (0xA00, 0xA76), (0xA80, 0xAFF), (0xB00, 0xB77),
    (0xB80, 0xBFA), (0xC00, 0xC7F), (0xC80, 0xCF2), (0xD00, 0xD7F), (0xD80, 0xDF4), (0xE01, 0xE5B), (0xE80, 0xEDF),
    (0xF00, 0xFDA), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x139F), (0x13A0, 0x13FD),
    (0x1400, 0x167F), (0x1780, 0x17F9), (0x1800, 0x18AA), (0x1B00, 0x1B7C), (0x2C00, 0x2C7F), (0x2D30, 0x2D7F),
    (0x3041, 0x309F), (0x30A0, 0x30FF), (0x3105, 0x312F), (0x4E00, 0x9FFF), (0xA000, 0xA48C), (0xAC00, 0xD7A3),
    (0x10330, 0x1034A), (0x1E900, 0x1E95F),
]  # fmt: skip


def script_texts(count):
    rng = random.Random(79)
    letters = []
    for first, last in SCRIPTS:
        every = [chr(c) for c in range(first, last + 1)]
        letters.append([c for c in every if unicodedata.category(c)[0] in "LMN"])
    for i in range(count):
        own = letters[i % len(letters)]
        words = ["".join(rng.choices(own, k=rng.randint(1, 9))) for _ in range(rng.randint(1, 8))]
        yield rng.choice((" ", " ", "", "  ", "\u3000")).join(words) + rng.choice(("", ".", "?", " "))


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
    """As changed(), with other values of settings, and in a folder that names no class."""

    def change(settings):
        settings["normalizer"].update(normalizer or {})
        settings["model"].update(model or {})

    return changed(base, folder, change, added, config=None)


FAST = '{"tokenizer_class": "PreTrainedTokenizerFast"}'


def changed(base, folder, change, added=(), config=FAST):
    """Writes a tokenizer.json that `change` has changed, beside `config`; returns the package's tokenizer of it."""
    folder.mkdir()
    settings = json.loads(base.read_text(encoding="utf-8"))
    change(settings)
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
    next_id = len(settings["model"]["vocab"])
    for i, token in enumerate(added):
        settings["added_tokens"].append({"id": next_id + i, **flags, **token})
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    if config is not None:
        (folder / "tokenizer_config.json").write_text(config)
    oracle = Tokenizer.from_file(str(path))
    oracle.no_padding()
    oracle.no_truncation()
    return oracle


def chain(*steps):
    return dict(type="Sequence", normalizers=list(steps))


def find_charsmap(normalizer):
    """The character map of a model's normalizer, or None."""
    if not normalizer or normalizer["type"] == "Precompiled":
        return normalizer
    return next(filter(None, map(find_charsmap, normalizer.get("normalizers", []))), None)


def character_model(settings, normalizer, pre_tokenizer):
    """A Unigram model with a token for each assigned character: ids that show every detail."""
    characters = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cs", "Co", "Cn")]
    vocab = [["<unk>", 0.0], *([c, -1.0] for c in characters)]
    settings.update(normalizer=normalizer, pre_tokenizer=pre_tokenizer, post_processor=None, added_tokens=[])
    settings["model"] = dict(type="Unigram", unk_id=0, vocab=vocab, byte_fallback=False)


def compare_chains(comparison, base, root, generated):
    """Each normalizer and pre-tokenizer of Unigram models."""
    charsmap = find_charsmap(json.loads(base.read_text(encoding="utf-8"))["normalizer"])
    forms = [dict(type=name) for name in ("NFC", "NFD", "NFKC", "NFKD")]
    strip = dict(type="Strip", strip_left=True, strip_right=True)
    spaces = dict(type="Replace", pattern=dict(Regex=" {2,}"), content=" ")
    quotes = dict(type="Replace", pattern=dict(String="``"), content='"')
    bert = dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=False)
    marks, lower = dict(type="StripAccents"), dict(type="Lowercase")
    normalizers = [
        *forms,
        chain(strip, forms[1], marks, lower, *([charsmap] if charsmap else []), spaces),
        chain(quotes, forms[3], marks, lower, forms[0], bert),
        *([charsmap] if charsmap else []),
    ]
    always = dict(type="Metaspace", replacement="\u2581", prepend_scheme="always", split=True)
    never = dict(type="Metaspace", replacement="_", prepend_scheme="never", split=False)
    splitters = [
        always,
        dict(type="Sequence", pretokenizers=[dict(type="WhitespaceSplit"), always]),
        dict(type="Sequence", pretokenizers=[dict(type="BertPreTokenizer"), never]),
    ]
    for i, normalizer in enumerate(normalizers):
        folder = root / f"chain {i}"
        splitter = splitters[i % len(splitters)]
        oracle = changed(base, folder, lambda settings: character_model(settings, normalizer, splitter))
        comparison.check(f"{folder.name}, {normalizer['type']}, a token for each character", folder, oracle, generated)


def byte_level_variants(settings):
    """Changes of a byte-level tokenizer, by name."""
    steps = settings["pre_tokenizer"]
    return {
        "a space in front": lambda s: s.update(pre_tokenizer={**steps, "add_prefix_space": True}),
        "no space in front": lambda s: s.update(pre_tokenizer={**steps, "add_prefix_space": False}),
        "ignore_merges": lambda s: s["model"].update(ignore_merges=True),
        "NFC": lambda s: s.update(normalizer=dict(type="NFC")),
    }


def compare_pieces(comparison, model, queries):
    """A Unigram or BPE tokenizer."""
    base = model / "tokenizer.json"
    settings = json.loads(base.read_text(encoding="utf-8"))
    generated = [*code_points(), *nasty_texts(60_000), *script_texts(20_000), *long_texts()]
    short = [*nasty_texts(20_000), *script_texts(5_000), *long_texts(), *queries]
    invalid = list(invalid_lines(10_000))
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        folder = root / "own rules"
        oracle = changed(base, folder, lambda settings: None)
        comparison.check("own rules, queries", folder, oracle, queries)
        comparison.check("own rules, generated", folder, oracle, generated)
        replaced = [line.decode("utf-8", "replace") for line in invalid]
        comparison.check("own rules, invalid UTF-8", folder, oracle, replaced, invalid)
        folder = root / "added tokens"
        oracle = changed(base, folder, lambda settings: None, ADDED_TOKENS)
        comparison.check(folder.name, folder, oracle, short)
        for length in (3, 8, 128):
            oracle.enable_truncation(length)
            comparison.check(f"{folder.name}, truncated to {length}", folder, oracle, short, max_length=length)
        if settings["model"]["type"] == "Unigram":
            compare_chains(comparison, base, root, generated)
            return
        for name, change in byte_level_variants(settings).items():
            folder = root / name
            comparison.check(name, folder, changed(base, folder, change), short)


def compare_wordpiece(comparison, model, queries):
    base = model / "tokenizer.json"
    characters = character_vocabulary()
    generated = [*code_points(), *nasty_texts(60_000), *long_texts()]
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


def main():
    comparison = Comparison(sys.argv[1])
    model = pathlib.Path(sys.argv[2])
    queries = list(banking77(pathlib.Path(sys.argv[3]))) if len(sys.argv) > 3 else []
    settings = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    compare = compare_wordpiece if settings["model"].get("type", "WordPiece") == "WordPiece" else compare_pieces
    compare(comparison, model, queries)
    print(f"{comparison.total} texts compared, {comparison.different} differ")
    sys.exit(comparison.different != 0)


if __name__ == "__main__":
    main()
