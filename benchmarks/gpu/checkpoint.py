#!/usr/bin/env python3
"""Writes a BertForSequenceClassification with random weights (its speed is that of trained ones).

  checkpoint.py SIZE TEXTS.json TOKENIZER|- OUTPUT

SIZE: base (BERT-base's) or tiny (to try the drivers). TEXTS.json: {"texts": […], "labels": […]}. TOKENIZER: a folder
with tokenizer.json; `-` makes a vocabulary of the texts.
"""

import json
import shutil
import sys
from pathlib import Path

# The configuration's defaults are BERT-base's. So narrow a model needs larger weights for texts to differ.
SIZES = {
    "base": {},
    "tiny": {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "initializer_range": 0.1,
    },
}
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
VOCABULARY = 30522  # BERT's


def copy_tokenizer(source, output):
    for name in TOKENIZER_FILES:
        if (source / name).exists():
            shutil.copy(source / name, output)
    return len(json.loads((output / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"])


def make_tokenizer(texts, output):
    import tokenizers

    tokenizer = tokenizers.BertWordPieceTokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=VOCABULARY, show_progress=False)
    tokenizer.post_processor = tokenizers.processors.BertProcessing(
        ("[SEP]", tokenizer.token_to_id("[SEP]")), ("[CLS]", tokenizer.token_to_id("[CLS]"))
    )
    tokenizer.save(str(output / "tokenizer.json"))
    tokenizer.save_model(str(output))
    (output / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512})
    )
    # All of BERT's tokens, so that the word table has BERT's size.
    return VOCABULARY


def main():
    import torch
    import transformers

    size, texts, tokenizer, output = sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    data = json.loads(texts.read_text(encoding="utf-8"))
    scratch = output.with_name(output.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    if tokenizer == "-":
        vocabulary = make_tokenizer(data["texts"], scratch)
    else:
        vocabulary = copy_tokenizer(Path(tokenizer), scratch)
    torch.manual_seed(0)
    labels = dict(enumerate(data["labels"]))
    model = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=vocabulary, id2label=labels, label2id={name: i for i, name in labels.items()}, **SIZES[size]
        )
    )
    model.save_pretrained(scratch)
    scratch.rename(output)


if __name__ == "__main__":
    main()
