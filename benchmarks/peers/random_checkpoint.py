#!/usr/bin/env python3
"""Writes a BERT-base with random weights (its speed is that of trained ones): tokenizer and labels of a checkpoint.

random_checkpoint.py CHECKPOINT OUTPUT
"""

import shutil
import sys
from pathlib import Path

import torch
import transformers

source, output = map(Path, sys.argv[1:3])
labels = transformers.AutoConfig.from_pretrained(source)
torch.manual_seed(0)
# The configuration's defaults are BERT-base's: 12 layers, width 768, 12 heads, intermediate 3072.
# transformers omits position_embedding_type because only one type is left; CTranslate2's converter
# requires it.
model = transformers.BertForSequenceClassification(
    transformers.BertConfig(
        vocab_size=labels.vocab_size,
        id2label=labels.id2label,
        label2id=labels.label2id,
        position_embedding_type="absolute",
    )
)
scratch = output.with_name(output.name + ".part")
shutil.rmtree(scratch, ignore_errors=True)
model.save_pretrained(scratch)
for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
    if (source / name).exists():
        shutil.copy(source / name, scratch)
scratch.rename(output)
