"""Who takes part: every program in every precision it has, each in its best settings (the reasons: README.md)."""

from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)  # compared by identity
class Contender:
    name: str
    module: str  # engines/MODULE.py, and converters/MODULE.py where there is one
    precision: str  # of its computations: fp32, bf16, int8
    settings: dict = field(default_factory=dict)
    stored: str | None = None  # precision of its converted model; None: it opens the checkpoint itself
    distributions: tuple[str, ...] = ()  # packages that pip must install for it
    may_sort: bool = True  # whether its queries may be sorted by length first


def peer(name, module, precision, stored=None, distributions=(), **settings):
    return Contender(name, module, precision, settings, stored, (*distributions, "tokenizers", "numpy"))


def ours(precision):
    return Contender(
        f"fastintent {precision}",
        "fastintent",
        precision,
        {"precision": precision},
        distributions=("fastintent",),
        may_sort=False,
    )


REFERENCE = peer("torch fp32", "torch", "fp32", distributions=("torch", "transformers"), dtype="float32")

CONTENDERS = (
    REFERENCE,
    peer("torch bf16", "torch", "bf16", distributions=("torch", "transformers"), dtype="bfloat16"),
    peer("ONNX Runtime fp32", "onnxruntime", "fp32", "fp32", ("onnxruntime",)),
    peer("ONNX Runtime int8", "onnxruntime", "int8", "int8", ("onnxruntime",)),
    peer("OpenVINO fp32", "openvino", "fp32", "fp32", ("openvino",), streams=2, inference_precision="f32"),
    peer("OpenVINO bf16", "openvino", "bf16", "fp32", ("openvino",), streams=2, inference_precision="bf16"),
    peer("OpenVINO int8, 1 stream", "openvino", "int8", "int8", ("openvino",), streams=1, inference_precision=None),
    peer("OpenVINO int8, 2 streams", "openvino", "int8", "int8", ("openvino",), streams=2, inference_precision=None),
    peer("CTranslate2 fp32", "ctranslate2", "fp32", "fp32", ("ctranslate2",), compute_type="float32", replicas=2),
    peer("CTranslate2 int8", "ctranslate2", "int8", "int8", ("ctranslate2",), compute_type="int8", replicas=2),
    ours("fp32"),
    ours("bf16"),
    ours("int8"),
)
