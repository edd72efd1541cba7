#!/usr/bin/env python3
"""Writes tests/model/data/folder_rules.jsonl: variants of golden models and what the Python libraries compute.

usage: make_folder_rules.py tests/model/data/folder_rules.jsonl
       (in the root of the checkout; needs: pip install torch transformers sentence-transformers)

Every line has the golden model, a name, the values set in and dropped from some of its JSON files, the labels in the
order of their ids, and the logits of TEXT: of AutoModelForSequenceClassification or, where there is a modules.json,
of SentenceTransformer. Written with torch 2.15.0, transformers 5.24.0 and sentence-transformers 6.2.0.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

TEXT = "Where is my new Card?"
CONFIG = "config.json"
TOKENIZER = "tokenizer_config.json"
PROMPTS = "config_sentence_transformers.json"
TRANSFORMER = "sentence_bert_config.json"
POOLING = "1_Pooling/config.json"
DENSE = "2_Dense/config.json"


def config(name, drop=(), file=CONFIG, **values):
    return name, [{"file": file, "set": values, "drop": list(drop)}]


def of_bert():
    yield config("as it is")
    yield config("labels are numbers", id2label={str(i): i for i in range(5)})
    yield config("some labels are numbers", id2label={"0": "a", "1": 7, "2": "c", "3": -1, "4": "e"})
    yield config("ids as Python reads them", id2label={" 0": "a", "01": "b", "+2": "c", "3 ": "d", "4": "e"})
    yield config("num_labels alone", drop=["id2label", "label2id"], num_labels=5)
    yield config("num_labels beside null", id2label=None, label2id=None, num_labels=5)
    yield config("num_labels counts before id2label", id2label={"0": "a", "1": "b"}, num_labels=5)
    yield config("both say the same", num_labels=5)
    yield config("label2id is not read", label2id={"x": "y"})
    for value in (None, [], "BertForSequenceClassification", ["BertModel"]):
        yield config(f"architectures {value}", architectures=value)
    yield config("problem_type null", problem_type=None)
    yield config("problem_type of one label", problem_type="single_label_classification")
    yield config("chunks", chunk_size_feed_forward=1)
    yield config("epsilon", layer_norm_eps=0.5)
    yield config("a decoder's settings, off", is_decoder=False, add_cross_attention=False, pruned_heads={})
    yield config("an encoder beside a decoder", is_encoder_decoder=True)
    yield config("defaults of sizes", drop=["num_attention_heads", "type_vocab_size", "layer_norm_eps", "hidden_act"])
    yield config("a wide initializer", initializer_range=3.0)
    yield config("dropout", hidden_dropout_prob=0, classifier_dropout=0.3)
    yield config("padding", pad_token_id=None)
    yield config("code of its own", auto_map={"AutoModel": "modeling.X", "AutoConfig": "configuration.X"})
    yield config("keys of other programs", finetuning_task=[1], torchscript="no", gradient_checkpointing={}, x=None)
    yield config("case is kept", file=TOKENIZER, do_lower_case=False)


def of_distilbert():
    yield config("as it is")
    yield config("defaults", drop=["activation", "dropout", "attention_dropout", "seq_classif_dropout"])
    yield config("the common name of a size", num_attention_heads=8)
    yield config("only the common name of a size", drop=["n_heads"], num_attention_heads=4)
    yield config("positions by formula", sinusoidal_pos_embds=True)
    yield config("a decoder's setting, which it does not read", is_decoder=True)


def of_sentences():
    yield config("as it is")
    yield config("a default prompt", file=PROMPTS, prompts={"query": "my card is "}, default_prompt_name="query")
    yield config("prompts without a default", file=PROMPTS, prompts={"query": "my card is "})
    yield config("an empty default prompt", file=PROMPTS, prompts={}, default_prompt_name="document")
    yield (
        "lower case before the tokenizer",
        [
            {"file": TOKENIZER, "set": {"do_lower_case": False}, "drop": []},
            {"file": TRANSFORMER, "set": {"do_lower_case": True}, "drop": []},
        ],
    )
    yield config("case is kept", file=TOKENIZER, do_lower_case=False)
    yield config("maximum length", file=TRANSFORMER, max_seq_length=4)
    yield config("no prompt to exclude", file=POOLING, include_prompt=False)
    old = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    yield config("pooling by flags", drop=["pooling_mode"], file=POOLING, **old)
    none = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": False}
    yield config("pooling by no flag", drop=["pooling_mode"], file=POOLING, **none)
    yield config("pooling by default", drop=["pooling_mode"], file=POOLING)
    yield config("pooling in a list", file=POOLING, pooling_mode=["cls"])
    yield config("pooling by name before flags", file=POOLING, pooling_mode="cls", pooling_mode_mean_tokens=True)
    yield config("the short name of a class", file=DENSE, activation_function="torch.nn.Identity")
    yield config("keys that are not read", file=DENSE, in_features=32, other=[1])
    yield config("the encoder's architecture", architectures=["BertForMaskedLM"], problem_type="regression")


def change(folder, edits):
    for edit in edits:
        file = folder / edit["file"]
        document = json.loads(file.read_text())
        for key in edit["drop"]:
            document.pop(key, None)
        document.update(edit["set"])
        file.write_text(json.dumps(document))


def compute(folder):
    settings = json.loads((folder / CONFIG).read_text())
    if (folder / "modules.json").exists():
        labels = [settings["id2label"][str(i)] for i in range(5)]
        return labels, SentenceTransformer(str(folder), device="cpu").encode(TEXT).tolist()
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = model(**AutoTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt")).logits[0]
    return [str(model.config.id2label[i]) for i in range(5)], logits.tolist()


def main():
    root = pathlib.Path("tests/golden")
    cases = [("bert_pooler", of_bert), ("distilbert", of_distilbert), ("bert_mean", of_sentences)]
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        print(json.dumps({"text": TEXT}), file=out)
        for case, variants in cases:
            for name, edits in variants():
                with tempfile.TemporaryDirectory() as temporary:
                    folder = pathlib.Path(temporary) / "model"
                    shutil.copytree(root / case / "model", folder)
                    change(folder, edits)
                    labels, logits = compute(folder)
                row = {"model": case, "name": name, "edits": edits, "labels": labels}
                print(json.dumps({**row, "logits": [round(value, 6) for value in logits]}), file=out)


if __name__ == "__main__":
    main()
