#!/usr/bin/env python3
"""Writes tests/golden: tiny random models and what transformers and sentence-transformers make of them.

  scripts/make_golden.py [OUT]                     the tiny models (default OUT: tests/golden)
  scripts/make_golden.py [OUT] --base-model DIR    all-MiniLM-L6-v2 in DIR: values only, to OUT/minilm

The models are stored in f32; every value is computed from them in f64 and then rounded to f32, so that
the oracle is more exact than what is tested. tests/golden/README.md lists the tensors. Needs torch,
transformers, sentence-transformers. Same versions, same files, bit for bit.
"""

import argparse
import json
import math
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertTokenizerFast,
    CamembertConfig,
    CamembertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    ElectraModel,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    ModernBertModel,
    MPNetConfig,
    MPNetForSequenceClassification,
    MPNetModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
    XLMRobertaModel,
)
from transformers.activations import ACT2FN
from transformers.utils import logging as transformers_logging

INTENTS = ["card_lost", "card_arrival", "transfer_failed", "change_pin", "close_account"]
LABELS = {"id2label": dict(enumerate(INTENTS)), "label2id": {name: i for i, name in enumerate(INTENTS)}}
TEXTS = [
    ("I lost my card", 0),
    ("When will my new card arrive? It has been two weeks, and I am still waiting!", 1),
    ("transfer", 2),  # one piece between the special tokens
    ("My transfers aren't working: the 3rd payment failed again", 2),
    ("How do I change the PIN of my card?", 3),
    ("Please close my account - no more cards, fees or payments for me!", 4),
    ("?", 3),
]
LIMIT = 64  # tokens of the longest text
MPNET_LIMIT = 100  # tokens 91 apart and more share the last buckets of MPNet's distance bias
# RoBERTa's padding token has a position of its own, in a text, too. Only predictions are compared: torch does not train
# the padding token's rows.
SPELLED_PADDING = "my card<pad> payment failed"
# One weight a class, unequal so that a wrong normalizer shows.
CLASS_WEIGHTS = [1.0, 0.5, 2.0, 1.5, 0.25]
LABEL_SMOOTHING = 0.1
STEPS = 10
LEARNING_RATE = 3e-3  # ten steps bring the loss of the tiny models to a quarter or less
WEIGHT_DECAY = 0.01
MAX_GRADIENT_NORM = 1.0

WORDS = """i my me you we it the a an and or of to for in on is am are has been was will do does how what when why
can not no new old card account pin transfer payment bank money fee change close open lost arrive failed work wait
please help again still more week day two one three time""".split()
ENDINGS = "##s ##ed ##ing ##er ##es ##e ##rd ##th ##al ##ly".split()


def make_tokenizer():
    """A lower-casing BERT tokenizer of about 200 pieces: every letter and digit, and some words."""
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    digits = [str(d) for d in range(10)]
    pieces = (
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        + list("!'(),-.:;?")
        + digits
        + letters
        + ["##" + c for c in digits + letters]
        + ENDINGS
        + WORDS
    )
    pieces = list(dict.fromkeys(pieces))  # "a", "i" are letters and words
    return BertTokenizerFast(
        vocab={piece: i for i, piece in enumerate(pieces)}, do_lower_case=True, model_max_length=LIMIT
    )


def wrap_tokenizer(tokenizer, special):
    """Puts the texts between <s> and </s>; `special` are the special tokens in the order of their ids."""
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    return wrapped_tokenizer(tokenizer, "<unk>", LIMIT)


def wrapped_tokenizer(tokenizer, unknown, limit):
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token=unknown,
        pad_token="<pad>",
        model_max_length=limit,
    )


def spelled_merges(pieces, mark):
    """Adds to `pieces` what spells WORDS from left to right, with and without `mark` before it; returns the merges."""
    merges = []
    for word in WORDS:
        for spelling in (word, mark + word):
            for end in range(2, len(spelling) + 1):
                if spelling[:end] not in pieces:
                    merges.append((spelling[: end - 1], spelling[end - 1]))
                    pieces.append(spelling[:end])
    return merges


def make_byte_pair_tokenizer():
    """A tokenizer in the form of RoBERTa's: every byte, and the merges that spell WORDS from left to right."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = special + sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = spelled_merges(pieces, "\u0120")
    tokenizer = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return wrap_tokenizer(tokenizer, special)


def put_between(tokenizer, first, last, padding):
    """As a tokenizer of transformers, with the texts between the tokens `first` and `last`."""
    ends = [(token, tokenizer.token_to_id(token)) for token in (first, last)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} $B {last}", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token=first,
        sep_token=last,
        pad_token=padding,
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=LIMIT,
    )


def make_spaced_byte_pair_tokenizer():
    """A tokenizer in the form of ModernBERT's: NFC, bytes, and runs of spaces that are tokens of their own."""
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = spelled_merges(pieces, "\u0120")
    tokenizer = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(" " * count, normalized=True) for count in range(24, 1, -1)])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("[CLS]", "[SEP]", "[PAD]")])
    return put_between(tokenizer, "[CLS]", "[SEP]", "[PAD]")


def make_byte_fallback_tokenizer():
    """A tokenizer in the form of Gemma's, which mmBERT has: letters and marks, and bytes for all other characters."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    pieces = special + [f"<0x{byte:02X}>" for byte in range(256)] + ["\u2581"]
    pieces += [chr(c) for c in range(ord("!"), ord("~") + 1)]
    merges = spelled_merges(pieces, "\u2581")
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    model = models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return put_between(tokenizer, "<bos>", "<eos>", "<pad>")


def make_unigram_tokenizer(special):
    """A tokenizer in the form of XLM-R's: every letter, digit and mark, and WORDS behind the mark of a space."""
    marks = [chr(c) for c in range(ord("!"), ord("~") + 1)]
    words = ["\u2581" + word for word in dict.fromkeys(WORDS)]
    scores = [(piece, 0.0) for piece in special]
    scores += [("\u2581", -4.0)]
    scores += [(mark, -6.0 - i / 64) for i, mark in enumerate(marks)]
    scores += [(word, -3.0 - i / 64) for i, word in enumerate(words)]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=special.index("<unk>")))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return wrap_tokenizer(tokenizer, special)


def make_mpnet_tokenizer():
    """The word pieces of make_tokenizer behind the special tokens of MPNet, in the form of its tokenizer.json."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces += sorted(set(make_tokenizer().get_vocab()) - {"[PAD]", "[CLS]", "[SEP]", "[MASK]"}) + ["<mask>"]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    special = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", vocab["</s>"]), ("<s>", vocab["<s>"]), add_prefix_space=False
    )
    tokenizer.decoder = decoders.WordPiece()
    return wrapped_tokenizer(tokenizer, "[UNK]", MPNET_LIMIT)


def texts_to_the_limit(tokenizer):
    """Adds a text of as many tokens as the tokenizer allows."""
    limit = tokenizer.model_max_length
    marks = ["card" + "!" * count for count in range(limit)]
    longest = next(text for text in marks if len(tokenizer(text)["input_ids"]) == limit)
    return [*TEXTS, (longest, 0)]


def bert_settings(tokenizer, width, heads, inner):
    """Of a configuration of BERT's kind: two layers, no dropout, so that training and evaluation give the same values."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "num_hidden_layers": 2,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def roberta_config(tokenizer, config, width, heads, inner):
    """64 positions behind the padding token's."""
    return config(
        max_position_embeddings=tokenizer.pad_token_id + 1 + LIMIT,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **bert_settings(tokenizer, width, heads, inner),
        **LABELS,
    )


def mpnet_config(tokenizer, width, heads, inner):
    """As roberta_config; MPNet has no segments."""
    return MPNetConfig(
        max_position_embeddings=tokenizer.pad_token_id + 1 + MPNET_LIMIT,
        layer_norm_eps=1e-5,
        **bert_settings(tokenizer, width, heads, inner),
        **LABELS,
    )


def electra_config(tokenizer, embedding, width, heads, inner):
    """`embedding` is the width of the embeddings."""
    return ElectraConfig(
        embedding_size=embedding,
        max_position_embeddings=LIMIT,
        **bert_settings(tokenizer, width, heads, inner),
        **LABELS,
    )


def tiny_config(tokenizer, family, width, heads, inner, with_head=True):
    """Two layers, head width 8, no dropout, as bert_settings."""
    labels = LABELS if with_head else {}
    if family == "distilbert":
        return DistilBertConfig(
            vocab_size=len(tokenizer),
            dim=width,
            n_heads=heads,
            hidden_dim=inner,
            n_layers=2,
            max_position_embeddings=LIMIT,
            dropout=0.0,
            attention_dropout=0.0,
            seq_classif_dropout=0.0,
            **labels,
        )
    return BertConfig(max_position_embeddings=LIMIT, **bert_settings(tokenizer, width, heads, inner), **labels)


def modernbert_config(tokenizer, width, heads, inner, **settings):
    """Four layers, of which the first and the last attend to whole texts and the others to 9 tokens."""
    return ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_attention_heads=heads,
        intermediate_size=inner,
        num_hidden_layers=4,
        max_position_embeddings=LIMIT,
        local_attention=8,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **LABELS,
        **settings,
    )


def randomize(model, seed):
    """Draws every parameter far wider than a fresh model, so that no activation or gradient is trivial."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if name.lower().endswith("norm.weight"):
                parameter.copy_(1 + 0.2 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            elif "embeddings." in name:  # not ELECTRA's projection of them
                parameter.copy_(0.5 * noise)
            else:  # keeps the size of a row: outputs about as large as inputs
                parameter.copy_(noise * 1.2 / math.sqrt(parameter.shape[1]))
    return model


class Oracle:
    """A model in f64 as one function: texts in, hidden states and logits out."""

    def __init__(self, encoder, tokenizer, texts, pooling=None, head=None, classifier=None):
        """Either `classifier` (a transformers model with its head) or encoder, pooling and a linear head."""
        batch = tokenizer(texts, padding=True, return_tensors="pt")
        self.inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
        self.mask = batch["attention_mask"].bool()
        self.encoder, self.pooling, self.head, self.classifier = encoder, pooling, head, classifier
        for module in filter(None, (encoder, head, classifier)):
            module.double().eval()

    def parameters(self):
        """By the names in the saved files."""
        if self.classifier is not None:
            return dict(self.classifier.named_parameters())
        named = dict(self.encoder.named_parameters())
        if self.head is not None:
            named |= {f"linear.{name}": p for name, p in self.head.linear.named_parameters()}
        return named

    def run(self):
        """Returns (hidden states, pooled rows or None, logits or None)."""
        if self.classifier is not None:
            out = self.classifier(**self.inputs, output_hidden_states=True)
            return out.hidden_states, None, out.logits
        hidden = self.encoder(**self.inputs, output_hidden_states=True).hidden_states
        if self.pooling is None:
            return hidden, None, None
        if self.pooling == "cls":
            pooled = hidden[-1][:, 0]
        else:
            mask = self.mask.unsqueeze(-1).double()
            pooled = (hidden[-1] * mask).sum(1) / mask.sum(1)
        return hidden, pooled, None if self.head is None else self.head.linear(pooled)

    def batch_tensors(self):
        lengths = self.mask.sum(1)
        return {
            "ids": self.inputs["input_ids"][self.mask],
            "starts": torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]),
        }


def train(oracle, labels):
    """Ten AdamW steps on one batch; the loss before each."""
    parameters = oracle.parameters()
    # As transformers' Trainer: MPNet's relative_attention_bias.weight is one of them.
    bare = {name for name in parameters if "bias" in name or "norm" in name.lower()}
    groups = [
        {"params": [p for n, p in parameters.items() if n not in bare], "weight_decay": WEIGHT_DECAY},
        {"params": [p for n, p in parameters.items() if n in bare], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = cross_entropy(oracle.run()[2], labels)
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), MAX_GRADIENT_NORM)
        optimizer.step()
    return torch.tensor(losses, dtype=torch.float64)


def gradients(oracle, labels):
    """Of the plain mean loss, by saved name. A parameter the head does not use (pooler) has none."""
    for parameter in oracle.parameters().values():
        parameter.grad = None
    cross_entropy(oracle.run()[2], labels).backward()
    return {name: p.grad.clone() for name, p in oracle.parameters().items() if p.grad is not None}


def total_norm(tensors):
    return math.sqrt(sum((t**2).sum().item() for t in tensors))


def loss_tensors(logits, labels):
    weights = torch.tensor(CLASS_WEIGHTS, dtype=torch.float64)
    free = logits.detach().clone().requires_grad_()
    smoothed = cross_entropy(free, labels, weight=weights, label_smoothing=LABEL_SMOOTHING)
    smoothed.backward()
    return {
        "labels": labels,
        "loss": cross_entropy(logits, labels),
        "class_weights": weights,
        "loss_smoothed": smoothed,
        "logits_gradient_smoothed": free.grad,
    }


def write_values(folder, tensors, texts, tokenizer):
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.detach().float().contiguous().reshape(t.shape or (1,)) for name, t in tensors.items()}
    save_file(tensors, folder / "golden.safetensors")
    for file in folder.rglob("*.safetensors"):
        file.chmod(0o644)  # safetensors writes them for the owner alone
    rows = [json.dumps({"text": text, "ids": tokenizer(text)["input_ids"]}) for text in texts]
    (folder / "texts.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")


def write_case(folder, oracle, tokenizer, examples=TEXTS, extra=None):
    """Everything the README lists, as far as the model has it."""
    texts, labels = [text for text, _ in examples], torch.tensor([label for _, label in examples])
    with torch.no_grad():
        hidden, pooled, logits = oracle.run()
    tensors = oracle.batch_tensors() | (extra or {})
    tensors |= {f"hidden.{layer}": h[oracle.mask] for layer, h in enumerate(hidden)}
    if pooled is not None:
        tensors["pooled"] = pooled
    if logits is not None:
        found = gradients(oracle, labels)
        tensors |= {
            "logits": logits,
            "gradient_norm": torch.tensor(total_norm(found.values())),
            **loss_tensors(logits, labels),
            **{f"gradient.{name}": g for name, g in found.items()},
        }
        tensors["losses"] = train(oracle, labels)  # last: it changes the weights
        print(
            f"{folder.name}: losses {tensors['losses'][0]:.3f} .. {tensors['losses'][-1]:.3f}, "
            f"gradient norm {tensors['gradient_norm']:.3f}"
        )
    write_values(folder, tensors, texts, tokenizer)


def write_classifier(folder, model, tokenizer, seed, examples=TEXTS):
    randomize(model, seed)
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    oracle = Oracle(None, tokenizer, [text for text, _ in examples], classifier=model)
    extra = {}
    if tokenizer.pad_token in SPELLED_PADDING:
        ids = tokenizer(SPELLED_PADDING, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        extra = {"spelled_padding.ids": ids[0], "spelled_padding.logits": logits}
    write_case(folder, oracle, tokenizer, examples, extra)


def write_encoder(folder, tokenizer, seed):
    model = randomize(BertModel(tiny_config(tokenizer, "bert", 16, 2, 40, with_head=False)), seed)
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    write_case(folder, Oracle(model, tokenizer, [text for text, _ in TEXTS]), tokenizer)


def write_sentence_model(folder, encoder, tokenizer, seed, pooling, with_head, examples=TEXTS, attention="eager"):
    width = encoder.config.hidden_size
    with tempfile.TemporaryDirectory() as scratch:  # sentence-transformers only takes a folder
        encoder.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        transformer = Transformer(scratch)
    head = None
    randomize(transformer, seed)
    modules = [transformer, Pooling(width, pooling_mode=pooling)]
    if with_head:
        head = randomize(Dense(width, len(INTENTS), activation_function=torch.nn.Identity()), seed + 1)
        modules.append(head)
    else:
        modules.append(Normalize())
    model = SentenceTransformer(modules=modules, device="cpu")
    model.save(str(folder / "model"), create_model_card=False)

    # The oracle pools by hand (it must run in f64 and under autograd); the library's own answer agrees.
    texts = [text for text, _ in examples]
    answer = torch.from_numpy(model.encode(texts))
    encoder = AutoModel.from_pretrained(folder / "model", attn_implementation=attention, dtype=torch.float32)
    oracle = Oracle(encoder, tokenizer, texts, pooling=pooling, head=head)
    with torch.no_grad():
        _, pooled, logits = oracle.run()
        own = logits if with_head else torch.nn.functional.normalize(pooled)
    assert (own - answer).abs().max() < 1e-5, f"{folder}: sentence-transformers gives other values"
    write_case(folder, oracle, tokenizer, examples)


def write_tiny_models(out):
    tokenizer = make_tokenizer()

    def plain_bert(*sizes, with_head):
        return BertModel(tiny_config(tokenizer, "bert", *sizes, with_head))

    for case in ("bert_pooler", "distilbert", "bert_mean", "bert_cls", "bert_base", "sentence_base"):
        shutil.rmtree(out / case, ignore_errors=True)
    write_classifier(
        out / "bert_pooler", BertForSequenceClassification(tiny_config(tokenizer, "bert", 24, 3, 40)), tokenizer, seed=1
    )
    write_classifier(
        out / "distilbert",
        DistilBertForSequenceClassification(tiny_config(tokenizer, "distilbert", 32, 4, 64)),
        tokenizer,
        seed=2,
    )
    write_sentence_model(out / "bert_mean", plain_bert(32, 4, 56, with_head=True), tokenizer, 3, "mean", with_head=True)
    write_sentence_model(out / "bert_cls", plain_bert(16, 2, 48, with_head=True), tokenizer, 5, "cls", with_head=True)
    write_encoder(out / "bert_base", tokenizer, seed=7)
    write_activations(out / "activations")
    write_sentence_model(
        out / "sentence_base", plain_bert(16, 2, 40, with_head=False), tokenizer, 8, "mean", with_head=False
    )
    write_roberta_models(out)
    write_mpnet_models(out)
    write_electra_models(out, tokenizer)
    write_modernbert_models(out)


def write_modernbert_models(out):
    spaced = make_spaced_byte_pair_tokenizer()
    fallback = make_byte_fallback_tokenizer()
    spaces = ("my  card   has not\n\n        arrived", 1)
    for case in ("modernbert", "modernbert_mean", "modernbert_sentence"):
        shutil.rmtree(out / case, ignore_errors=True)
    model = ModernBertForSequenceClassification(modernbert_config(spaced, 32, 4, 24))
    write_classifier(out / "modernbert", model, spaced, 16, [*TEXTS, spaces])
    write_earlier_form(out / "modernbert" / "model" / "config.json")
    settings = {"classifier_pooling": "mean", "global_rope_theta": 1000.0, "local_rope_theta": 100.0}
    mean = ModernBertForSequenceClassification(modernbert_config(fallback, 24, 3, 40, **settings))
    write_classifier(out / "modernbert_mean", mean, fallback, 17, [*TEXTS, spaces])
    encoder = ModernBertModel(modernbert_config(spaced, 16, 2, 24))
    # Not eager, whose windows give padding rows that are no numbers in f64.
    write_sentence_model(out / "modernbert_sentence", encoder, spaced, 18, "mean", with_head=True, attention="sdpa")


def write_earlier_form(file):
    """Rewrites a configuration of ModernBERT as releases of transformers before 5 do."""
    config = json.loads(file.read_text())
    del config["layer_types"]
    thetas = config.pop("rope_parameters")
    config["global_rope_theta"] = thetas["full_attention"]["rope_theta"]
    config["local_rope_theta"] = thetas["sliding_attention"]["rope_theta"]
    config["global_attn_every_n_layers"] = 3
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def write_roberta_models(out):
    byte_pair = make_byte_pair_tokenizer()
    unigram = make_unigram_tokenizer(["<s>", "<pad>", "</s>", "<unk>"])
    later_padding = make_unigram_tokenizer(["<s>", "</s>", "<unk>", "<pad>"])
    for case in ("roberta", "xlm_roberta", "camembert", "xlm_roberta_mean"):
        shutil.rmtree(out / case, ignore_errors=True)
    roberta = RobertaForSequenceClassification(roberta_config(byte_pair, RobertaConfig, 24, 3, 40))
    write_classifier(out / "roberta", roberta, byte_pair, 12, texts_to_the_limit(byte_pair))
    xlm_roberta = XLMRobertaForSequenceClassification(roberta_config(unigram, XLMRobertaConfig, 16, 2, 40))
    write_classifier(out / "xlm_roberta", xlm_roberta, unigram, 13, texts_to_the_limit(unigram))
    camembert = CamembertForSequenceClassification(roberta_config(later_padding, CamembertConfig, 16, 2, 48))
    write_classifier(out / "camembert", camembert, later_padding, 14, texts_to_the_limit(later_padding))
    encoder = XLMRobertaModel(roberta_config(unigram, XLMRobertaConfig, 16, 2, 24))
    write_sentence_model(out / "xlm_roberta_mean", encoder, unigram, 15, "mean", True, texts_to_the_limit(unigram))


def write_mpnet_models(out):
    tokenizer = make_mpnet_tokenizer()
    for case in ("mpnet", "mpnet_mean"):
        shutil.rmtree(out / case, ignore_errors=True)
    texts = texts_to_the_limit(tokenizer)
    classifier = MPNetForSequenceClassification(mpnet_config(tokenizer, 24, 3, 40))
    write_classifier(out / "mpnet", classifier, tokenizer, 16, texts)
    encoder = MPNetModel(mpnet_config(tokenizer, 16, 2, 24))
    write_sentence_model(out / "mpnet_mean", encoder, tokenizer, 17, "mean", True, texts)


def write_electra_models(out, tokenizer):
    for case in ("electra", "electra_wide", "electra_mean"):
        shutil.rmtree(out / case, ignore_errors=True)
    # Embeddings that are narrower than the layers, and, as in the larger models, as wide.
    classifier = ElectraForSequenceClassification(electra_config(tokenizer, 16, 24, 3, 40))
    write_classifier(out / "electra", classifier, tokenizer, 18)
    classifier = ElectraForSequenceClassification(electra_config(tokenizer, 16, 16, 2, 24))
    write_classifier(out / "electra_wide", classifier, tokenizer, 19)
    encoder = ElectraModel(electra_config(tokenizer, 40, 16, 2, 24))  # and wider, as a generator's
    write_sentence_model(out / "electra_mean", encoder, tokenizer, 20, "mean", with_head=True)


# Names of transformers, several of which are one function.
ACTIVATIONS = """gelu gelu_python gelu_new gelu_fast gelu_accurate gelu_python_tanh gelu_pytorch_tanh relu silu swish
quick_gelu tanh""".split()


def write_activations(folder):
    """The values and slopes of each activation from -12 to 12, denser near 0."""
    near, far = torch.arange(0, 4, 0.125, dtype=torch.float64), torch.arange(4, 12.5, 0.5, dtype=torch.float64)
    inputs = torch.cat([near, far, -near[1:], -far]).sort().values.requires_grad_()
    tensors = {"inputs": inputs}
    for name in ACTIVATIONS:
        values = ACT2FN[name](inputs)
        tensors[f"values.{name}"] = values
        (tensors[f"slopes.{name}"],) = torch.autograd.grad(values.sum(), inputs)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "golden.safetensors"
    save_file({name: tensor.detach().float() for name, tensor in tensors.items()}, file)
    file.chmod(0o644)


MINILM_TEXTS = [
    ("I am still waiting on my card?", 0),
    ("What can I do if my card still hasn't arrived after 2 weeks?", 1),
    ("Help", 2),
    ("The exchange rate you applied to my cash withdrawal abroad is wrong", 4),
]
MINILM_SAMPLES = 64  # values kept of each gradient
MINILM_COLUMN_STRIDE = 8  # every eighth column of a hidden state is kept


def write_minilm(out, base_model):
    """Mean pooling, 5 classes, head weight[i,j] = 0.02 sin(1 + i H + j), bias 0. Values only, thinned out."""
    tokenizer = AutoTokenizer.from_pretrained(base_model)
    encoder = AutoModel.from_pretrained(base_model, attn_implementation="eager", dtype=torch.float32)
    width = encoder.config.hidden_size
    head = Dense(width, len(INTENTS), activation_function=torch.nn.Identity())
    texts, labels = [text for text, _ in MINILM_TEXTS], torch.tensor([label for _, label in MINILM_TEXTS])
    oracle = Oracle(encoder, tokenizer, texts, pooling="mean", head=head)
    with torch.no_grad():
        angles = 1 + torch.arange(len(INTENTS) * width, dtype=torch.float64)
        # Rounded to f32, as the C++ test stores it.
        head.linear.weight.copy_((0.02 * torch.sin(angles)).float().view(len(INTENTS), width))
        head.linear.bias.zero_()
        hidden, pooled, logits = oracle.run()
    tensors = oracle.batch_tensors() | {"pooled": pooled, "logits": logits} | loss_tensors(logits, labels)
    for layer, state in enumerate(hidden):
        rows = state[oracle.mask]
        tensors[f"hidden.{layer}"] = rows[:, ::MINILM_COLUMN_STRIDE]
        tensors[f"hidden_norm.{layer}"] = rows.norm(dim=1)
    found = gradients(oracle, labels)
    tensors["gradient_norm"] = torch.tensor(total_norm(found.values()))
    generator = torch.Generator().manual_seed(11)
    for name, gradient in found.items():
        flat = gradient.flatten()
        # Only among values that are not zero: of the word table almost all are.
        used = flat.nonzero().flatten()
        at = used[torch.randperm(len(used), generator=generator)[:MINILM_SAMPLES]].sort().values
        # Flat index; the largest, 30522 * 384 of the word table, is below 2^24 and so exact in f32.
        tensors[f"gradient_at.{name}"] = at
        tensors[f"gradient.{name}"] = flat[at]
    write_values(out / "minilm", tensors, texts, tokenizer)
    print(f"minilm: loss {tensors['loss']:.4f}, gradient norm {tensors['gradient_norm']:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=Path(__file__).parent.parent / "tests" / "golden")
    parser.add_argument("--base-model", type=Path, help="folder of all-MiniLM-L6-v2")
    arguments = parser.parse_args()
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(1)  # one order of sums, so one result
    if arguments.base_model:
        write_minilm(arguments.out, arguments.base_model)
    else:
        write_tiny_models(arguments.out)


if __name__ == "__main__":
    main()
