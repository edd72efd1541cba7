#!/usr/bin/env python3
"""Writes the seeds of corpus/ that follow a format's rules, or break them by depth or size.

Findings, and seeds written by hand, are not touched. Seeds stay small: libFuzzer makes its inputs about as long as
the longest of them.
"""

import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# One level more than src/base/limits.h allows, and enough to be slow in a parser that recurses.
DEEP = 101
DEEPER = 4000


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def nested(levels):
    return "[" * levels + "]" * levels


def safetensors(tensors, metadata=None):
    """A file of {name: (dtype, shape, bytes)}."""
    header = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tables_of(seed):
    """The tensors of a file of prepared tables, and its metadata."""
    content = (CORPUS / "prepared_tokenizer" / seed).read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    data = content[8 + size :]
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        tensors[name] = (tensor["dtype"], tensor["shape"], data[begin:end])
    return tensors, metadata


def fnv_1a(*values):
    """src/base/fingerprint.h"""
    number = 0xCBF29CE484222325
    for value in values:
        for byte in value + b"\xff":
            number = (number ^ byte) * 0x100000001B3 % 2**64
    return f"{number:016x}"


def json_seeds():
    for target, name in [("json", "value"), ("calibration", "temperature"), ("model_config", "id2label")]:
        write(target, "deep", f'{{"{name}": {nested(DEEP)}}}')
        write(target, "deeper", f'{{"{name}": ' + "[" * DEEPER)
    write("json", "large", json.dumps({f"key {i}": [i, -i / 3, None, f"\u00e9{i}"] for i in range(100)}))
    write("json", "numbers", '{"a": 18446744073709551616, "b": -9223372036854775809, "c": 1e308, "d": 1e-400}')


def hub_seeds():
    files = ["config.json", "model.safetensors", "1_Pooling/config.json", "model-00001-of-00002.safetensors"]

    def listing(siblings):
        return f'{{"sha": "{COMMIT}", "siblings": {siblings}}}'

    write("hub_listing", "plain", listing(json.dumps([{"rfilename": name, "size": 7} for name in files])))
    write("hub_listing", "large", listing(json.dumps([{"rfilename": f"{i}_Dense/config.json"} for i in range(100)])))
    write("hub_listing", "outside", listing('[{"rfilename": "../config.json"}]'))
    write("hub_listing", "deep", listing(nested(DEEP)))
    write("hub_listing", "deeper", listing("[" * DEEPER))


def model_files_seeds():
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
    ]
    index = {"metadata": {"total_size": 8}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "b"}}
    write("model_files", "plain", json.dumps(modules) + "\0" + json.dumps(index))
    write("model_files", "outside", '[{"type": "Dense", "path": "../.."}]\0{"weight_map": {"a": "../b", "c": 7}}')
    write("model_files", "deep", nested(DEEP) + '\0{"weight_map": ' + nested(DEEP) + "}")
    many = {f"layer.{i}.weight": f"model-{i:05}.safetensors" for i in range(30)}
    write("model_files", "large", json.dumps(modules * 5) + "\0" + json.dumps({"weight_map": many}))


def model_config_seeds():
    bert = {
        "model_type": "bert",
        "hidden_size": 24,
        "num_attention_heads": 3,
        "num_hidden_layers": 2,
        "intermediate_size": 40,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        "vocab_size": 154,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "id2label": {"0": "card", "1": "money"},
        "label2id": {"card": 0, "money": 1},
    }
    distilbert = {
        "model_type": "distilbert",
        "dim": 24,
        "n_heads": 3,
        "n_layers": 2,
        "hidden_dim": 40,
        "max_position_embeddings": 64,
        "vocab_size": 154,
        "activation": "gelu",
        "dropout": 0.1,
        "attention_dropout": 0.1,
        "seq_classif_dropout": 0.2,
        "sinusoidal_pos_embds": False,
    }
    roberta = bert | {"model_type": "roberta", "pad_token_id": 1, "type_vocab_size": 1, "classifier_dropout": 0.1}
    write("model_config", "roberta", json.dumps(roberta))
    mpnet = bert | {"model_type": "mpnet", "relative_attention_num_buckets": 32}
    write("model_config", "mpnet", json.dumps(mpnet))
    electra = bert | {"model_type": "electra", "embedding_size": 16}
    write("model_config", "electra", json.dumps(electra))
    write("model_config", "bert", json.dumps(bert))
    write("model_config", "distilbert", json.dumps(distilbert))
    write("model_config", "large", json.dumps(bert | {"id2label": {str(i): f"intent {i}" for i in range(200)}}))
    write("model_config", "overflow", json.dumps(bert | {"hidden_size": 2**62, "num_hidden_layers": -1}))


def vocabulary_seeds():
    words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\nab\n\u4f60\n"
    settings = {
        "do_lower_case": True,
        "model_max_length": 64,
        "tokenizer_class": "BertTokenizer",
        "added_tokens_decoder": {"4": {"content": "[MASK]", "lstrip": True, "special": True}},
        "unk_token": "[UNK]",
    }
    special = {"mask_token": {"content": "[MASK]", "single_word": False}, "sep_token": "[SEP]"}
    files = [words, json.dumps(settings), json.dumps(special), '{"<new>": 9}', '{"max_seq_length": 32}']
    write("vocabulary", "plain", "\0".join([*files, '{"max_position_embeddings": 64}']))
    write("vocabulary", "words", words)
    write("vocabulary", "windows", words.replace("\n", "\r\n"))
    write("vocabulary", "not_utf8", words.encode() + b"\xff\xfe\n")
    write("vocabulary", "large", words + "".join(f"word{i}\n##piece{i}\n" for i in range(200)))
    write("vocabulary", "deep", words + '\0{"added_tokens_decoder": ' + nested(DEEP) + "}")


def weights_seeds():
    write("safetensors", "deep", struct.pack("<Q", 2 * DEEP) + nested(DEEP).encode())
    write("safetensors", "overflow", safetensors({"a": ("F32", [2**40, 2**40, 0], b"")}))
    write("safetensors", "large", safetensors({f"tensor {i}": ("F16", [1], b"ab") for i in range(50)}))
    made_of = fnv_1a(b"embeddings.word_embeddings.weight", b"F32", b"1,1", bytes(4), bytes(4))
    metadata = {"format_version": "1", "precision": "int8", "layout": "panels64-int8", "made_of": made_of}
    packed = safetensors({"a": ("U8", [8], bytes(8))}, metadata)
    write("packed_weights", "int8", packed)
    write("packed_weights", "of_another_model", packed.replace(made_of.encode(), b"0" * 16))
    write("packed_weights", "deep", struct.pack("<Q", 2 * DEEP) + nested(DEEP).encode())


def prepared_tokenizer_seeds():
    """Of the tables `unigram`, `byte_level` and `byte_pair`, which `fastintent quantize` writes."""

    def damaged(name, seed, **changes):
        tensors, metadata = tables_of(seed)
        changed = {table: ("U8", [len(content)], content) for table, content in changes.items()}
        write("prepared_tokenizer", name, safetensors(tensors | changed, metadata))

    tables = {seed: tables_of(seed)[0] for seed in ("unigram", "byte_level", "byte_pair")}

    def table(seed, name):
        return tables[seed][name][2]

    damaged("wrong_size", "unigram", trie=table("unigram", "trie")[:-1])
    damaged("half", "byte_level", words=table("byte_level", "words")[: len(table("byte_level", "words")) // 8 * 4])
    damaged("of_another", "unigram", trie=table("byte_level", "words"))
    damaged("merges_of_another", "byte_pair", merges=table("byte_level", "merges"))
    damaged("counts", "byte_pair", counts=struct.pack("<ii", 2**31 - 1, 2**31 - 1))
    damaged("not_finite", "unigram", scores=struct.pack("<d", float("nan")) * (len(table("unigram", "scores")) // 8))
    damaged("deep", "unigram", tokenizer_json=nested(DEEP).encode())
    content = (CORPUS / "prepared_tokenizer" / "byte_pair").read_bytes()
    outside = content.replace(b'"data_offsets":[', b'"data_offsets":[9', 1)
    size = struct.unpack("<Q", content[:8])[0] + len(outside) - len(content)
    write("prepared_tokenizer", "offsets_outside", struct.pack("<Q", size) + outside[8:])


def training_state_seeds():
    progress = {
        "format_version": 2,
        "fingerprint": "fuzz",
        "refitting": False,
        "refit_epochs": 0,
        "epoch": 1,
        "step": 7,
        "step_in_epoch": 3,
        "epoch_loss": 0.5,
        "epoch_seconds": 1.5,
        "seconds": 2.5,
        "examples": 70,
        "best_epoch": 1,
        "best_accuracy": 0.5,
        "best_loss": 0.25,
        "loss_scale": 1,
        "loss_scale_steps": 0,
        "overflows": 0,
        "word_steps": [7, 0],
    }
    names = ["weights", "words", "first_moment", "second_moment", "word_first_moment", "word_second_moment"]
    tensors = safetensors({name: ("F32", [16], bytes(64)) for name in names})

    def state(changes):
        return json.dumps(progress | changes).encode() + b"\0" + tensors

    write("training_state", "plain", state({}))
    write("training_state", "negative", state({"step": -1, "epoch": 2**40}))
    write("training_state", "steps_ahead", state({"word_steps": [8, 2**33]}))
    write("training_state", "deep", state({"word_steps": json.loads(nested(DEEP))}))


def resumed_answers_seeds():
    answer = '{"text":"%s","intent":"card","confidence":0.5,"needs_review":true,"alternatives":[]}\n'
    write("resumed_answers", "answers", answer % "a" + answer % "b" + '{"text":"c","error":"blank"}\n{"text":"d"')
    write("resumed_answers", "another_text", answer % "z")
    step = {"event": "step", "refitting": False, "step": 1, "epoch": 0.5, "loss": 1.5, "learning_rate": 1e-5}
    epoch = {"event": "epoch", "refitting": True, "epoch": 1, "training_loss": 1, "examples_per_second": 9}
    measured = epoch | {"accuracy": 0.5, "macro_f1": 0.5, "loss": 1}
    log = "".join(json.dumps(event) + "\n" for event in [step, epoch, measured])
    write("resumed_answers", "log", log)
    write("resumed_answers", "deep", "[" * DEEPER + "\n" + log + nested(DEEP))
    write("resumed_answers", "long_line", '{"event":"' + "x" * 5000 + '"}\n' + log)


def text_seeds():
    text = "abc ABC caf\u00e9 \u00c9 \u4f60\u597d \uac01 \u1100\u1161\u11a8 a\u0301\u0323 \u0130 \U0001f600 don't ##a"
    for options in [0, 5, 15]:
        write("slow_tokenizer", f"options_{options}", bytes([options]) + text.encode())
    for name, text_of_pieces in (
        ("spaces", "  a b   ab \t\n ba "),
        ("contractions", "I'll 's don't'S a's"),
        ("merges", "aaaaaaaaa baba a \u00e9a 1212 !!!! " + "ba" * 60),
        ("unknown", "x\u4f60\u00e9 \u4f60\u4f60a\u2581\u2581b<unk>"),
        ("kinds", "a1\u0660\u00bd\u0301\u3000 \u00a0b\u200b"),
    ):
        write("slow_pieces", name, text_of_pieces.encode())
    write("slow_tokenizer", "long", b"\x0f" + ("abcab " * 400 + text).encode())
    write("slow_tokenizer", "not_utf8", b"\x0fa\xff\xe4\xbd b\xc0\x80")
    for operation in range(4):
        write("kernels", f"operation_{operation}", bytes([operation, 0, *range(1, 24)]))


def arrow_seeds():
    """The choices of the target: of strings, of a dictionary, of a batch; the rest is their numbers."""
    for kind in range(5):
        write("arrow_texts", f"strings_{kind}", bytes([kind, 5, 0, 1, 0, 1, 0b10110, *range(3, 60)]))
    write("arrow_texts", "zeros", bytes(64))
    write("arrow_texts", "large", bytes([0, 120, *([7, 3, 1] * 300)]))
    write("arrow_texts", "rare", bytes([2, 9, 255, 128, 255, *([255, 0, 13] * 100)]))


def request(route, body, **headers):
    lines = [f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items()]
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return (route + "\n" + "".join(lines) + "\n").encode() + content


def serve_request_seeds():
    def seed(name, route, body=b"", **headers):
        write("serve_request", name, request(route, body, **headers))

    infer = "POST /v2/models/{model}/infer"
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES"}
    everything = ["label", "score", "index", "output-0", "logits", "probabilities"]
    outputs = [{"name": name, "parameters": {"binary_data": i % 2 == 0}} for i, name in enumerate(everything)]
    outputs.append({"name": "score", "parameters": {"classification": 2}})
    elements = b"".join(struct.pack("<I", len(text)) + text for text in (b"a", "\u00e9\u4f60".encode()))

    def binary(name, shape, data, **changes):
        parameters = {"binary_data_size": len(data)} | changes
        header = {"inputs": [tensor | {"shape": shape, "parameters": parameters}]}
        header["parameters"] = {"binary_data_output": True, "timeout": 5000}
        text = json.dumps(header).encode()
        seed(name, infer, text + data, Inference_Header_Content_Length=len(text))

    seed("native", "POST /v1/predict", {"texts": ["a", ""], "top_k": 2, "logits": True, "echo": True, "model": "m"})
    seed("native_lone", "POST /v1/predict", {"text": "a"}, Content_Type="application/json; charset=utf-8")
    seed("not_utf8", "POST /v1/predict", b'{"text": "a\xff\xe4\xbd", "echo": true}')
    seed("twice", "POST /v1/predict", b'{"text": "a", "text": "b"}')
    seed("deep", "POST /v1/predict", ('{"texts": ' + nested(DEEP) + "}").encode())
    seed("tei", "POST /predict", {"inputs": [["a"], ["b"]], "truncate": None, "truncation_direction": "right"})
    seed("tei_raw", "POST /", {"inputs": ["a"], "raw_scores": True, "truncate": False})
    seed("hub", "POST /", {"inputs": "a", "parameters": {}})
    parameters = {"top_k": 2, "function_to_apply": "sigmoid"}
    seed("hub_model", "POST /models/{model}", {"inputs": ["a", "b"], "parameters": parameters})
    data = {"id": "1", "inputs": [tensor | {"data": ["a", "b"]}], "outputs": outputs}
    seed("tensors", infer, data)
    seed("rows", infer, {"inputs": [tensor | {"shape": [2, 1], "data": [["a"], ["b"]]}]})
    seed("shapes", infer, {"inputs": [tensor | {"shape": [2**63, -1, 1, 1], "data": []}]})
    binary("binary", [2], elements)
    binary("binary_outside", [2], elements[:-1] + struct.pack("<I", 2**32 - 1))
    binary("binary_size", [1, 1], elements, binary_data_size=2**63)
    seed("binary_header", infer, b"{}", Inference_Header_Content_Length=-1)
    seed("index", "POST /v2/repository/index", {"ready": True})
    for path in ("/info", "/v1/models", "/v2", "/v2/models/{model}", "/v2/models/{model}/config", "/v2/models/stats"):
        seed("get" + path.translate(str.maketrans("/{}", "___")), "GET " + path)
    seed("classify", "POST /classify", {"model": None, "input": ["a", "b"]})
    instances = ["a", {"inputs": "b"}, {"text": "c"}]
    seed("instances", "POST /v1/models/{model}:predict", {"instances": instances, "parameters": {"top_k": 2}})
    seed("vertex", "POST /vertex", {"instances": ["a"]})
    seed("split", "POST /invocations", {"dataframe_split": {"columns": ["id", "text"], "data": [[1, "a"]]}})
    seed("records", "POST /invocations", {"dataframe_records": [{"text": "a"}, {"text": "b"}]})
    seed("lines", "POST /invocations", b'a, b\r\n"say ""a""\nb"\n"open\n', Content_Type="text/csv")
    seed("plain", "POST /endpoints/{model}/invocations", b"a\nb", Content_Type="text/plain")
    seed("rasa", "POST /model/parse", {"text": "a", "message_id": "1"})
    item = {"id": "1", "participantId": "1", "text": "a"}
    task = {"kind": "Conversation", "analysisInput": {"conversationItem": item}, "parameters": {"projectName": "m"}}
    seed("azure", "POST /language/:analyze-conversations", task)


serve_request_seeds()
arrow_seeds()
json_seeds()
hub_seeds()
model_files_seeds()
model_config_seeds()
vocabulary_seeds()
weights_seeds()
prepared_tokenizer_seeds()
training_state_seeds()
resumed_answers_seeds()
text_seeds()
