#!/usr/bin/env python3
"""Writes tests/text/data/folder_rules.jsonl: variants of a tokenizer's folder and the ids of transformers.

usage: make_folder_rules.py tests/text/data/folder_rules.jsonl    (needs: pip install tokenizers transformers)

The first line has the files of the base. Every other line has a name, JSON merge patches of some files, whether the
vocabulary is a vocab.txt, and the ids of TEXTS as AutoTokenizer returns them. Written with transformers 5.24.0 and
tokenizers 0.23.3.
"""

import json
import pathlib
import sys
import tempfile

from transformers import AutoTokenizer

TEXTS = ["Where IS my Card", "caf\u00e9 CAF\u00c9 \u4f60\u597d", "my <X>card <x> is[LOST] Card", "<Y>  is [MASK]"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [
    "where",
    "is",
    "my",
    "card",
    "Card",
    "Where",
    "cafe",
    "caf\u00e9",
    "lost",
    "x",
    "<",
    ">",
    "[",
    "]",
    "\u4f60",
    "\u597d",
]
CONFIG = "tokenizer_config.json"
FILE = "tokenizer.json"
MAP = "special_tokens_map.json"
ADDED = "added_tokens.json"


def token(content, **flags):
    known = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"content": content, **known, **flags}


def base():
    vocabulary = {word: i for i, word in enumerate(SPECIAL + WORDS)}
    special = [token(word, id=i, special=True) for i, word in enumerate(SPECIAL)]
    template = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    template.append({"SpecialToken": {"id": "[SEP]", "type_id": 0}})
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                word: {"id": word, "ids": [vocabulary[word]], "tokens": [word]} for word in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64}
    return {FILE: tokenizer, CONFIG: config, "config.json": {"model_type": "bert"}}


def with_tokens(*tokens):
    listed = base()[FILE]["added_tokens"]
    first = len(SPECIAL + WORDS)
    return {FILE: {"added_tokens": listed + [{"id": first + i, **t} for i, t in enumerate(tokens)]}}


def merge(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


CASED = {FILE: {"normalizer": {"lowercase": False}}}
TRUNCATION = {"max_length": 9, "strategy": "LongestFirst", "stride": 0}
GENERIC = {CONFIG: {"tokenizer_class": "PreTrainedTokenizerFast"}}


def variants():
    """Pairs of a name and the patches."""
    yield "as it is", {}
    # Which file counts for case and accents.
    for name in ("BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast"):
        yield (
            f"{name} is not lower-cased by its configuration",
            {CONFIG: {"tokenizer_class": name, "do_lower_case": False}},
        )
    for name in ("ElectraTokenizer", "MobileBertTokenizer", "SqueezeBertTokenizer", "LayoutLMTokenizer"):
        yield f"{name}", {CONFIG: {"tokenizer_class": name, "do_lower_case": False}}
    for name in ("PreTrainedTokenizerFast", "TokenizersBackend", "PreTrainedTokenizer"):
        yield f"{name} follows tokenizer.json", {CONFIG: {"tokenizer_class": name, "do_lower_case": False}}
    yield "no class: the model's", {CONFIG: {"tokenizer_class": None, "do_lower_case": False}}
    yield (
        "no class: distilbert's",
        {CONFIG: {"tokenizer_class": None}, "config.json": {"model_type": "distilbert"}, **CASED},
    )
    yield (
        "the class in config.json",
        {
            CONFIG: {"tokenizer_class": None, "do_lower_case": False},
            "config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
        },
    )
    yield "lower-cased by its configuration", CASED
    yield "lower-cased by the class's default", {CONFIG: {"do_lower_case": None}, **CASED}
    yield "accents are kept", {CONFIG: {"strip_accents": False}}
    yield "accents are stripped, case is kept", {CONFIG: {"strip_accents": True, "do_lower_case": False}}
    yield "ideographs are not separated", {CONFIG: {"tokenize_chinese_chars": False}}
    yield "tokenizer.json keeps accents, its class does not", {FILE: {"normalizer": {"strip_accents": False}}}
    yield "tokenizer.json without a normalizer", {FILE: {"normalizer": None}}
    yield "tokenizer.json without a normalizer, followed", {FILE: {"normalizer": None}, **GENERIC}
    yield "tokenizer.json without a template", {FILE: {"post_processor": None}}
    yield "tokenizer.json without a template, followed", {FILE: {"post_processor": None}, **GENERIC}
    yield "short words", {FILE: {"model": {"max_input_chars_per_word": 3}}}
    yield "short words, followed", {FILE: {"model": {"max_input_chars_per_word": 3}}, **GENERIC}
    # Texts of more tokens than the folder's maximum.
    for name, rules in (("", {}), (", followed", GENERIC)):
        for config_side, file_side in (("left", None), ("right", None), (None, "Left"), ("right", "Left")):
            patches = {CONFIG: {"model_max_length": 5, "truncation_side": config_side}}
            if file_side is not None:
                patches[FILE] = {"truncation": {"direction": file_side, **TRUNCATION}}
            yield f"cut at {config_side} or {file_side}" + name, merge(patches, rules)
    yield "keys that are not read", {CONFIG: {"never_split": 5, "name_or_path": [1], "do_basic_tokenize": False}}
    # Every place that defines added tokens.
    for name, rules in (("", {}), (", followed", GENERIC)):

        def both(patch, rules=rules):
            return merge(patch, rules)

        x, y, lost = token("<X>"), token("<Y>"), token("[LOST]")
        yield "tokenizer.json: raw" + name, both(with_tokens(x))
        yield "tokenizer.json: normalized" + name, both(with_tokens({**x, "normalized": True}))
        yield "tokenizer.json: lstrip, rstrip" + name, both(with_tokens({**x, "lstrip": True}, {**y, "rstrip": True}))
        yield "tokenizer.json: single word" + name, both(with_tokens({**x, "single_word": True}))
        yield "decoder" + name, both({CONFIG: {"added_tokens_decoder": {"21": x}}})
        yield "decoder: normalized" + name, both({CONFIG: {"added_tokens_decoder": {"21": {**x, "normalized": True}}}})
        yield (
            "decoder: default of normalized" + name,
            both({CONFIG: {"added_tokens_decoder": {"21": {"content": "<X>"}}}}),
        )
        yield (
            "decoder: default of a special token" + name,
            both({CONFIG: {"added_tokens_decoder": {"21": {"content": "<X>", "special": True}}}}),
        )
        yield "decoder: order" + name, both({CONFIG: {"added_tokens_decoder": {"100": x, "22": lost}}})
        yield (
            "decoder beside tokenizer.json" + name,
            both({CONFIG: {"added_tokens_decoder": {"21": lost}}, **with_tokens(x)}),
        )
        yield (
            "decoder with other flags than tokenizer.json" + name,
            both({CONFIG: {"added_tokens_decoder": {"21": {**x, "normalized": True}}}, **with_tokens(x)}),
        )
        yield "additional" + name, both({CONFIG: {"additional_special_tokens": ["<X>", "[LOST]"]}})
        yield (
            "additional: flags" + name,
            both({CONFIG: {"additional_special_tokens": [{"__type": "AddedToken", **x, "lstrip": True}]}}),
        )
        yield "extra" + name, both({CONFIG: {"extra_special_tokens": ["<X>", "[LOST]"]}})
        yield "extra: by name" + name, both({CONFIG: {"extra_special_tokens": {"x_token": "<X>"}}})
        yield (
            "extra before additional" + name,
            both({CONFIG: {"extra_special_tokens": ["<X>"], "additional_special_tokens": ["[LOST]"]}}),
        )
        yield (
            "extra by name and additional" + name,
            both({CONFIG: {"extra_special_tokens": {"a": "<X>"}, "additional_special_tokens": ["[LOST]"]}}),
        )
        yield (
            "a name of the model's own" + name,
            both({CONFIG: {"image_token": "<X>", "extra_special_tokens": ["<Y>"]}}),
        )
        yield (
            "begin and end" + name,
            both({CONFIG: {"bos_token": "<X>", "eos_token": "[LOST]", "add_bos_token": False}}),
        )
        yield "map: additional" + name, both({MAP: {"additional_special_tokens": ["<X>", "[LOST]"]}})
        yield "map: extra" + name, both({MAP: {"extra_special_tokens": ["<X>", "[LOST]"]}})
        yield (
            "map: extra after the configuration's" + name,
            both({CONFIG: {"extra_special_tokens": ["<X>"]}, MAP: {"extra_special_tokens": ["[LOST]"]}}),
        )
        yield (
            "map: additional after the configuration's" + name,
            both({CONFIG: {"additional_special_tokens": ["<X>"]}, MAP: {"additional_special_tokens": ["[LOST]"]}}),
        )
        yield "map: first token" + name, both({MAP: {"cls_token": "[MASK]"}})
        yield "map: new token with flags" + name, both({MAP: {"mask_token": {**x, "lstrip": True}}})
        yield "map: a name of the model's own" + name, both({MAP: {"image_token": "<X>"}})
        yield (
            "map: not beside a decoder" + name,
            both({CONFIG: {"added_tokens_decoder": {"21": lost}}, MAP: {"cls_token": "[MASK]", "bos_token": "<X>"}}),
        )
        yield "added_tokens.json" + name, both({ADDED: {"<X>": 22, "[LOST]": 21}})
        yield (
            "added_tokens.json: special" + name,
            both({ADDED: {"<X>": 21}, CONFIG: {"additional_special_tokens": ["<X>"]}}),
        )
        yield "added_tokens.json: special by the map" + name, both({ADDED: {"<X>": 21}, MAP: {"bos_token": "<X>"}})
        yield (
            "added_tokens.json: additional by the map" + name,
            both({ADDED: {"<X>": 21}, MAP: {"additional_special_tokens": ["<X>"]}}),
        )
        yield (
            "added_tokens.json: not beside a decoder" + name,
            both({ADDED: {"<X>": 21}, CONFIG: {"added_tokens_decoder": {"21": lost}}}),
        )
        yield "added_tokens.json: a word of the vocabulary" + name, both({ADDED: {"Card": 3}})
        yield "added_tokens.json: special by the class alone" + name, both({ADDED: {"[MASK]": 27}})
        yield (
            "added_tokens.json: special by an object" + name,
            both({ADDED: {"<X>": 21}, CONFIG: {"mask_token": {"__type": "AddedToken", **x}}}),
        )
        yield (
            "decoder: default of a token with a name" + name,
            both({CONFIG: {"added_tokens_decoder": {"21": {"content": "<X>"}}, "mask_token": "<X>"}}),
        )
        yield (
            "an extra token replaces a new special one" + name,
            both(
                {
                    CONFIG: {
                        "mask_token": {"__type": "AddedToken", **x, "single_word": True, "rstrip": True},
                        "extra_special_tokens": ["<X>"],
                    }
                }
            ),
        )
        yield "first token" + name, both({CONFIG: {"cls_token": "[MASK]"}})
        yield "unknown token" + name, both({CONFIG: {"unk_token": "lost"}})
        yield (
            "last token with flags" + name,
            both({CONFIG: {"sep_token": {"__type": "AddedToken", **token("[MASK]", lstrip=True)}}}),
        )
        yield "a listed first token" + name, both({ADDED: {"<X>": 21}, CONFIG: {"cls_token": "<X>"}})
        yield (
            "a gap in the vocabulary" + name,
            both({FILE: {"model": {"vocab": {"far": 90}}}, CONFIG: {"extra_special_tokens": ["far", "<X>"]}}),
        )


# Patches of these files say nothing where the vocabulary is a vocab.txt.
def has_vocab_txt(patches):
    return FILE not in patches and patches.get(CONFIG, {}).get("tokenizer_class", "BertTokenizer") == "BertTokenizer"


def ids(patches, as_vocab_txt):
    files = base()
    for name, patch in patches.items():
        files[name] = merge(files.get(name), patch)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        if as_vocab_txt:
            vocabulary = files.pop(FILE)["model"]["vocab"]
            (root / "vocab.txt").write_text("".join(f"{word}\n" for word in vocabulary), encoding="utf-8")
        for name, document in files.items():
            (root / name).write_text(json.dumps(document), encoding="utf-8")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return [tokenizer(text, truncation=True)["input_ids"] for text in TEXTS]


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        print(json.dumps({"texts": TEXTS, "files": base()}), file=file)
        for name, patches in variants():
            for as_vocab_txt in (False, True):
                if as_vocab_txt and (not has_vocab_txt(patches) or "config.json" in patches):
                    continue
                row = {"name": name, "vocab_txt": as_vocab_txt, "patches": patches, "ids": ids(patches, as_vocab_txt)}
                print(json.dumps(row), file=file)


if __name__ == "__main__":
    main()
