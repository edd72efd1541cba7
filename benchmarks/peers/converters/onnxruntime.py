"""ONNX Runtime: torch's exporter, then its own fusions for BERT; int8 by its own dynamic quantisation."""

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model

from converters.traced import Traced


def convert(checkpoint, precision, output, made, calibration):
    del calibration  # dynamic: ranges are taken from each batch
    if precision == "int8":
        quantise(made / "model.onnx", output / "model.onnx")
    else:
        export(checkpoint, output)


def export(checkpoint, output):
    # Eager attention, and the older exporter: the form that the fusions recognise.
    model = Traced(checkpoint, attention="eager")
    axes = {0: "batch", 1: "length"}
    plain = output / "plain.onnx"
    torch.onnx.export(
        model,
        tuple(Traced.example().values()),
        plain,
        dynamo=False,
        opset_version=17,
        input_names=list(Traced.INPUTS),
        output_names=["logits"],
        dynamic_axes={**{name: axes for name in Traced.INPUTS}, "logits": {0: "batch"}},
    )
    fused = optimize_model(
        str(plain),
        model_type="bert",
        num_heads=model.config.num_attention_heads,
        hidden_size=model.config.hidden_size,
        opt_level=1,
    )
    fused.save_model_to_file(str(output / "model.onnx"))
    plain.unlink()
    expected = model.config.num_hidden_layers
    found = fused.get_fused_operator_statistics()
    if found["Attention"] != expected:
        raise RuntimeError(f"fusions: expected {expected} of Attention, found {found}")


def quantise(source, target):
    # A range for each output channel; all eight bits, which VNNI adds up exactly. The fused operators are ONNX
    # Runtime's own, whose results' type the quantiser cannot infer.
    quantize_dynamic(
        str(source),
        str(target),
        per_channel=True,
        reduce_range=not has_vnni(),
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def has_vnni():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        flags = next(line for line in lines if line.startswith("flags"))
    return "avx512_vnni" in flags or "avx_vnni" in flags
