#!/usr/bin/env python3
"""Are fastintent's logits those of transformers and sentence-transformers?

  compare_logits.py --model DIR --texts CSV --program PATH    compares; exit 1 above --tolerance
  compare_logits.py --make OUTDIR --base DIR --kind KIND      saves a model with those libraries, to be compared

A folder with modules.json is opened by SentenceTransformer, any other by AutoModelForSequenceClassification, so the
first form works for folders that either side saved. Values are f32. Needs torch, transformers, sentence-transformers.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

BATCH = 64
# These have random weights; of the base, only the tokenizer is used.
RANDOM = ["roberta", "xlm-roberta", "camembert", "electra"]
LONGEST = 512  # tokens of a text, as their published models have


def read_texts(file):
    with open(file, newline="", encoding="utf-8") as rows:
        return [row["text"] for row in csv.DictReader(rows)]


def fastintent_logits(program, model, texts, max_length):
    """Returns logits [S,C] and the winning intents, from the program's own output."""
    with tempfile.TemporaryDirectory() as scratch:
        inputs = Path(scratch) / "texts.jsonl"  # JSON, because some texts contain a newline
        inputs.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        command = [program, "predict", "--model", model, "--input", inputs, "--format", "jsonl", "--logits"]
        if max_length:
            command += ["--max-length", str(max_length)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    answers = [json.loads(line) for line in output.splitlines()]
    if [answer["text"] for answer in answers] != texts:
        raise SystemExit(f"{len(answers)} answers do not follow the {len(texts)} texts")
    return numpy.array([answer["logits"] for answer in answers], numpy.float32), [a["intent"] for a in answers]


def sentence_transformers_logits(folder, texts, max_length):
    model = SentenceTransformer(folder, device="cpu")
    if max_length:
        model.max_seq_length = max_length
    return model.encode(texts, batch_size=BATCH), model[0].auto_model.config.id2label


def transformers_logits(folder, texts, max_length):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    limit = max_length or min(tokenizer.model_max_length, model.config.max_position_embeddings)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # like lengths together: less padding
    logits = numpy.empty((len(texts), model.config.num_labels), numpy.float32)
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = tokenizer(
                [texts[i] for i in rows], padding=True, truncation=True, max_length=limit, return_tensors="pt"
            )
            logits[rows] = model(**batch).logits.numpy()
    return logits, model.config.id2label


def compare(arguments):
    texts = read_texts(arguments.texts)
    is_sentence_model = (Path(arguments.model) / "modules.json").exists()
    library = sentence_transformers_logits if is_sentence_model else transformers_logits
    expected, names = library(arguments.model, texts, arguments.max_length)
    found, intents = fastintent_logits(arguments.program, arguments.model, texts, arguments.max_length)
    if found.shape != expected.shape:
        raise SystemExit(f"logits: expected shape {expected.shape}, found {found.shape}")
    difference = numpy.abs(found - expected)
    worst = int(difference.max(axis=1).argmax())
    agreement = numpy.mean([names[int(row.argmax())] == intent for row, intent in zip(expected, intents)])
    print(
        json.dumps(
            {
                "texts": len(texts),
                "library": library.__name__.removesuffix("_logits").replace("_", "-"),
                "largest_difference": float(difference.max()),
                "mean_difference": float(difference.mean()),
                "logits_deviation": float(expected.std()),
                "label_agreement": float(agreement),
                "worst_text": texts[worst],
            },
            indent=1,
        )
    )
    # Not `>`: a NaN must fail too.
    return 0 if difference.max() <= arguments.tolerance else 1


def make(arguments):
    """A random head, large enough (logits near 1 and more) that the tolerance means something."""
    torch.manual_seed(arguments.seed)
    id2label = {i: f"intent_{i:02}" for i in range(arguments.classes)}
    labels = {"id2label": id2label, "label2id": {name: i for i, name in id2label.items()}}
    if arguments.kind in ("mean", "cls"):
        transformer = Transformer(str(arguments.base))
        for key, value in labels.items():
            setattr(transformer.auto_model.config, key, value)
        width = transformer.get_embedding_dimension()
        head = Dense(width, arguments.classes, activation_function=torch.nn.Identity())
        torch.nn.init.normal_(head.linear.weight, std=0.2)
        torch.nn.init.normal_(head.linear.bias, std=0.2)
        modules = [transformer, Pooling(width, pooling_mode=arguments.kind), head]
        SentenceTransformer(modules=modules, device="cpu").save(str(arguments.make), create_model_card=False)
        return 0
    tokenizer = AutoTokenizer.from_pretrained(arguments.base)
    if arguments.kind == "distilbert":
        # MiniLM's size; of the base, only the tokenizer is used. 0.05: deeper layers still differ between tokens.
        config = DistilBertConfig(
            vocab_size=len(tokenizer),
            dim=384,
            n_layers=6,
            n_heads=12,
            hidden_dim=1536,
            initializer_range=0.05,
            **labels,
        )
        model = DistilBertForSequenceClassification(config)
    elif arguments.kind in RANDOM:
        own = {"embedding_size": 128} if arguments.kind == "electra" else {"type_vocab_size": 1, "layer_norm_eps": 1e-5}
        config = AutoConfig.for_model(  # as for DistilBERT
            arguments.kind,
            vocab_size=len(tokenizer),
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536,
            pad_token_id=tokenizer.pad_token_id,
            max_position_embeddings=tokenizer.pad_token_id + 1 + LONGEST,
            initializer_range=0.05,
            **own,
            **labels,
        )
        model = AutoModelForSequenceClassification.from_config(config)
    elif arguments.kind == "modernbert":
        config = AutoConfig.for_model(  # as for DistilBERT; a global layer at both ends
            arguments.kind,
            vocab_size=len(tokenizer),
            hidden_size=384,
            num_hidden_layers=7,
            num_attention_heads=6,
            intermediate_size=576,
            local_attention=16,  # shorter than many texts
            classifier_pooling="mean",
            max_position_embeddings=LONGEST,
            initializer_range=0.05,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            cls_token_id=tokenizer.cls_token_id,
            sep_token_id=tokenizer.sep_token_id,
            **labels,
        )
        model = AutoModelForSequenceClassification.from_config(config)
    else:
        model = AutoModelForSequenceClassification.from_pretrained(arguments.base, **labels)
    classifier = getattr(model.classifier, "out_proj", model.classifier)
    torch.nn.init.normal_(classifier.weight, std=0.2)
    torch.nn.init.normal_(classifier.bias, std=0.2)
    model.save_pretrained(arguments.make)
    tokenizer.save_pretrained(arguments.make)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="trained folder")
    parser.add_argument("--texts", type=Path, help="CSV with a column `text`")
    parser.add_argument("--program", help="path of fastintent")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--max-length", type=int, help="default: what each side reads in the folder")
    parser.add_argument("--make", type=Path, metavar="OUTDIR")
    parser.add_argument("--base", type=Path, help="folder of the base model")
    kinds = ["bert_pooler", "mean", "cls", "distilbert", "mpnet", "modernbert", *RANDOM]
    parser.add_argument("--kind", choices=kinds)
    parser.add_argument("--classes", type=int, default=77)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.make:
        if not (arguments.base and arguments.kind):
            parser.error("--make needs --base and --kind")
        return make(arguments)
    if not (arguments.model and arguments.texts and arguments.program):
        parser.error("a comparison needs --model, --texts and --program")
    return compare(arguments)


if __name__ == "__main__":
    sys.exit(main())
