#!/usr/bin/env python3
"""Writes tests/text/data: two small tokenizer folders and the ids that Hugging Face gives texts.

usage: make_golden.py tests/text/data    (needs: pip install tokenizers transformers)
"""

import json
import pathlib
import string
import sys

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = (
    string.ascii_letters + string.digits + "\u00e9\u00df\u03c3\u4f60\u597d\u1112\u1161\u11ab\u0e01\u0307\u302e\u1b44"
)
WORDS = [
    "card",
    "my",
    "lost",
    "want",
    "un",
    "able",
    "##able",
    "##aff",
    "##ed",
    "##ing",
    "Card",
    "caf\u00e9",
    "?",
    "!",
    "-",
    ",",
    ".",
]
LONG_WORDS = ["internationalisations", "##internationalisations"]  # more than two 64-bit loads

TEXTS = [
    "",
    " ",
    "My card is LOST!",
    "unaffable wanted",
    "cafe\u0301 Caf\u00e9 CAF\u00c9",
    "stra\u00dfe",
    "\u0130stanbul",
    "\u03a3\u03a3 \u03c3\u03c2",
    "\u4f60\u597d my\u4f60",
    "\ud55c\uae00 \ud55c",
    "\u0e01\u0e01",
    "a\x00b\x01c\ufffdd\u200be",
    "tab\tnew\nline\r\n",
    "a\u00a0b\u2028c\u3000d\x0be\x85f",
    "[MASK] my[MASK]card [mask]",
    "[CLS][SEP]",
    "x" * 100,
    "x" * 101,
    "y" * 10_000,
    "internationalisations",
    "cardinternationalisations",
    "cardinternationalisation",
    "\U0001f600 a\U0001f600b",
    "\u05e9\u05dc\u05d5\u05dd",
    "<left> my  <left>card",
    "<right>  my",
    "my  <both>  card",
    "solo soloist (solo)",
    "\u00c9t\u00e9 Long \u00e9t\u00e9 long ete long",
    "a\u302e\u0315\u1b44b",
    "a\u302e\x01\u1b44 \u302e \u1b44",
    "\u212b \u2126 \ufb01 \uf900",
    "don't-stop, 3.50",
    "\u00bfqu\u00e9? \u2014 \u201cq\u201d",
    "my " * 50,
]


def uncased(folder):
    folder.mkdir(parents=True, exist_ok=True)
    pieces = SPECIAL + list(LETTERS) + ["##" + c for c in LETTERS] + WORDS + LONG_WORDS
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.add_tokens(
        [
            AddedToken("<left>", lstrip=True, normalized=False),
            AddedToken("<right>", rstrip=True, normalized=False),
            AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
            AddedToken("solo", single_word=True, normalized=False),
            AddedToken("\u00c9t\u00e9 Long", normalized=True),
        ]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def cased(folder):
    folder.mkdir(parents=True, exist_ok=True)
    special = ["<pad>", "[UNK]", "<s>", "</s>", "<mask>"]
    pieces = special + list(LETTERS) + ["##" + c for c in LETTERS] + WORDS
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    config = dict(
        tokenizer_class="BertTokenizer",
        do_lower_case=False,
        tokenize_chinese_chars=False,
        strip_accents=True,
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_max_length=1e30,
    )
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return AutoTokenizer.from_pretrained(folder).backend_tokenizer


def main():
    root = pathlib.Path(sys.argv[1])
    with open(root / "golden.jsonl", "w", encoding="utf-8") as file:
        for make in (uncased, cased):
            folder = root / make.__name__
            tokenizer = make(folder)
            for length in (20_000, 12, 3):
                tokenizer.enable_truncation(length)
                for text in TEXTS:
                    whole = len(tokenizer.encode(text).ids) + sum(
                        len(e.ids) for e in tokenizer.encode(text).overflowing
                    )
                    row = dict(
                        folder=make.__name__,
                        max_length=length,
                        text=text,
                        ids=tokenizer.encode(text).ids,
                        truncated=whole > len(tokenizer.encode(text).ids),
                    )
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
