#!/usr/bin/env python3
"""Writes tests/text/data: small tokenizer folders and the ids that Hugging Face gives texts.

usage: make_golden.py tests/text/data    (needs: pip install tokenizers transformers)
"""

import json
import pathlib
import string
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))

from charsmap import charsmap
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
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


# What a model of SentencePiece maps, in small: white space, controls, composed and compatible characters, and
# characters that are removed.
CHARSMAP = {
    "\t": " ",
    "\n": " ",
    "\r": " ",
    "\u00a0": " ",
    "\u3000": " ",
    "\u2028": " ",
    "\u200b": " ",
    "\x01": "",
    "\u00ad": "",
    "\ufb01": "fi",
    "\u2460": "1",
    "\u212b": "\u00e5",
    "\u1112\u1161\u11ab": "\ud55c",
    "e\u0301": "\u00e9",
    "\u0e33": "\u0e4d\u0e32",
    "\uff21": "A",
    "\uff1f": "?",
    "\u00b4": " \u0301",
    "\ufdfa": "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647",
}

# Texts whose graphemes, spaces or unknown characters matter to a Unigram model.
PIECE_TEXTS = [
    "e\u0301 caf e\u0301\u0302 \u00e9\u0301 a\u0301",
    "\ufb01\u0301 \ufb01x \uff21\u0301\uff1f",
    "\u1112\u1161\u11ab \ud55c",
    "\r\n \n\r a\r\nb",
    "\u0e19\u0e49\u0e33 \u0e01\u0e33",
    "\u2581 a\u2581b \u2581\u2581 \u2581c",
    "  two  spaces   three    ",
    "\u00a9\u200d\u00a9\u0301 \u0915\u094d\u0915\u0301",
    "\U0001f600\U0001f600 x\U0001f600\U0001f600y",
    "<unk>x <unk> <0x41>",
    "<mask>my <mask> card  <mask>",
    "mycard lostcard unableable",
    "card" * 70,
    "\u4f60\u597d" * 50,
    "my card is lost " * 150,
    "\x01\u00ad",
    "\ufdfa.",
]

SCORED = [
    ("\u2581", -2.5),
    ("\u2581my", -4.25),
    ("\u2581card", -5.0),
    ("card", -6.5),
    ("\u2581lost", -6.0),
    ("lost", -6.125),
    ("\u2581want", -7.0),
    ("\u2581un", -5.5),
    ("able", -5.25),
    ("ab", -3.0),
    ("le", -2.0),
    ("\u00e9", -4.0),
    ("\u2581caf", -7.5),
    ("\u2581a", -3.5),
    ("aa", -30.0),
    ("\u4f60\u597d", -8.0),
    ("\u2581\u4f60", -8.5),
    ("\u0e4d\u0e32", -9.0),
    ("\u2581two", -9.25),
    ("\u2581unableable", -40.0),
]


def unigram_model(byte_fallback, special):
    pieces = [(token, 0.0) for token in special]
    pieces += [(f"<0x{byte:02X}>", 0.0) for byte in range(256)] if byte_fallback else []
    pieces += [(f"{char}", -9.5 - i / 7) for i, char in enumerate("abcdefilmnorstuwy?.,\u597d\ud55c\u0301")]
    return models.Unigram(pieces + SCORED, unk_id=special.index("<unk>"), byte_fallback=byte_fallback)


def unigram(folder):
    """As XLM-R's and the multilingual E5's."""
    folder.mkdir(parents=True, exist_ok=True)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(unigram_model(False, special))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(charsmap(CHARSMAP)), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in special])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    return save(tokenizer, folder)


def unigram_bytes(folder):
    """Strip, Unicode forms, byte fallback, a normalized added token, words by white space first."""
    folder.mkdir(parents=True, exist_ok=True)
    special = ["[CLS]", "[SEP]", "<unk>"]
    tokenizer = Tokenizer(unigram_model(True, special))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Strip(),
            normalizers.Replace("``", '"'),
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.NFC(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.post_processor = processors.Sequence(
        [processors.ByteLevel(), processors.BertProcessing(("[SEP]", 1), ("[CLS]", 0))]
    )
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in special])
    tokenizer.add_tokens([AddedToken("Lost Card", normalized=True)])
    return save(tokenizer, folder)


def unigram_first(folder):
    """A prefix at the start alone, and spaces inside of words."""
    folder.mkdir(parents=True, exist_ok=True)
    special = ["<s>", "</s>", "<unk>"]
    tokenizer = Tokenizer(unigram_model(False, special))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in special])
    return save(tokenizer, folder)


# Texts that the regular expression of ByteLevel divides in special places.
BYTE_TEXTS = [
    "don't can't DON'T we'll they've 'tis I'd're 's's",
    "a  b   c \t\n d\n",
    "\u00a0\u2003x \u0085y\u200bz\x1c",
    "abc123\u0660\u00bd\u2167 \u4f60\u597d\u0301",
    "card lost  card   lost",
    "\U0001f600 \u0e01\u0e33 \u200d",
    "lowestlowestlowestlowestlowestlowestlowestlowestlowest",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]

BYTE_LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())


def merged(merges, tokens):
    """The vocabulary of some tokens and what the merges make."""
    vocabulary = {token: i for i, token in enumerate(tokens)}
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    return vocabulary


MERGES = [
    ("l", "o"),
    ("\u0120", "lo"),
    ("e", "s"),
    ("es", "t"),
    ("\u0120", "c"),
    ("a", "r"),
    ("\u0120c", "ar"),
    ("\u0120car", "d"),
    ("c", "ar"),
    ("car", "d"),
    ("a", "a"),
    ("aa", "aa"),
    ("aa", "a"),
    ("\u00c3", "\u00a9"),
    ("s", "t"),
    ("\u0120lo", "st"),
    ("\u0120", "\u0120"),
    ("w", "est"),
    ("lo", "west"),
    ("'", "t"),
]


def byte_level(folder):
    """As RoBERTa's."""
    folder.mkdir(parents=True, exist_ok=True)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = merged(MERGES, special + BYTE_LETTERS)
    vocabulary["\u0120my"] = len(vocabulary)  # a word that no merge makes
    tokenizer = Tokenizer(models.BPE(vocabulary, MERGES))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in special])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    return save(tokenizer, folder)


def byte_level_space(folder):
    """A space in front, NFC, ignore_merges, added tokens of spaces, bytes without token."""
    folder.mkdir(parents=True, exist_ok=True)
    special = ["[CLS]", "[SEP]"]
    vocabulary = merged(MERGES, special + [c for c in BYTE_LETTERS if not "\u00c8" <= c <= "\u00ef"])
    vocabulary["\u0120my"] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocabulary, MERGES, ignore_merges=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in special])
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in (2, 3, 4)])
    return save(tokenizer, folder)


CHARACTER_MERGES = [
    ("l", "o"),
    ("\u2581", "lo"),
    ("s", "t"),
    ("\u2581lo", "st"),
    ("a", "a"),
    ("\u2581", "\u2581"),
    ("c", "a"),
]


def byte_pair(fuse_unk, byte_fallback, folder):
    folder.mkdir(parents=True, exist_ok=True)
    letters = list("\u2581abcdefilmnorstuwy?.\u597d")
    some_bytes = [f"<0x{byte:02X}>" for byte in range(256) if byte != 0xE4] if byte_fallback else []
    vocabulary = merged(CHARACTER_MERGES, ["<unk>", *some_bytes, *letters])
    tokenizer = Tokenizer(
        models.BPE(vocabulary, CHARACTER_MERGES, unk_token="<unk>", fuse_unk=fuse_unk, byte_fallback=byte_fallback)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens([AddedToken("<unk>", normalized=False)])
    return save(tokenizer, folder)


def byte_pair_fused(folder):
    """Characters instead of bytes; unknown ones are fused or their bytes."""
    return byte_pair(True, True, folder)


def byte_pair_unknown(folder):
    """Each unknown character is a token."""
    return byte_pair(False, False, folder)


def byte_pair_replaced(folder, more_merges=()):
    """As Gemma's: spaces become marks before words are split, so that a text is one word."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = list("\u2581abcdefilmnorstuwy?.\u597d")
    some_bytes = [f"<0x{byte:02X}>" for byte in range(256) if byte != 0xE4]
    merges = [*CHARACTER_MERGES, *more_merges]
    vocabulary = merged(merges, ["<bos>", "<eos>", "<unk>", *some_bytes, *letters])
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 0), ("<eos>", 1)]
    )
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in ("<bos>", "<eos>", "<unk>")])
    return save(tokenizer, folder)


def byte_pair_across(folder):
    """The same with tokens over the boundary of words."""
    return byte_pair_replaced(folder, [("t", "\u2581"), ("st", "\u2581"), ("t\u2581", "\u2581\u2581")])


def save(tokenizer, folder):
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = dict(tokenizer_class="PreTrainedTokenizerFast", model_max_length=20_000)
    (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")
    return tokenizer


def main():
    root = pathlib.Path(sys.argv[1])
    piece_texts = [text for text in TEXTS if len(text) < 1_000] + PIECE_TEXTS
    makers = {
        uncased: (TEXTS, (20_000, 12, 3)),
        cased: (TEXTS, (20_000, 12, 3)),
        unigram: (piece_texts, (20_000, 12)),
        unigram_bytes: (piece_texts, (20_000, 7)),
        byte_level: (piece_texts + BYTE_TEXTS, (20_000, 12)),
        byte_level_space: (piece_texts + BYTE_TEXTS, (20_000, 7)),
        byte_pair_fused: (piece_texts + BYTE_TEXTS, (20_000,)),
        byte_pair_unknown: (piece_texts + BYTE_TEXTS, (20_000,)),
        unigram_first: (piece_texts, (20_000,)),
        byte_pair_replaced: (piece_texts + BYTE_TEXTS, (20_000, 12)),
        byte_pair_across: (piece_texts + BYTE_TEXTS, (20_000,)),
    }
    with open(root / "golden.jsonl", "w", encoding="utf-8") as file:
        for make, (texts, lengths) in makers.items():
            folder = root / make.__name__
            tokenizer = make(folder)
            for length in lengths:
                tokenizer.enable_truncation(length)
                for text in texts:
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
