"""OpenVINO: its own reader of torch models; int8 by NNCF's post-training quantisation."""

import nncf
import numpy
import openvino
import tokenizers

from converters.traced import Traced


def convert(checkpoint, precision, output, made, calibration):
    if precision == "int8":
        model = quantise(openvino.Core().read_model(made / "model.xml"), checkpoint, calibration)
    else:
        unknown = ([-1, -1], openvino.Type.i64)
        model = openvino.convert_model(
            Traced(checkpoint, attention="sdpa"),
            example_input=Traced.example(),
            input=[(name, *unknown) for name in Traced.INPUTS],
        )
    # The default would store f32 weights in 16 bits.
    openvino.save_model(model, output / "model.xml", compress_to_fp16=False)


def quantise(model, checkpoint, calibration):
    tokenizer = tokenizers.Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.no_padding()

    def inputs(text):
        row = tokenizer.encode(text)
        return {"input_ids": numpy.array([row.ids]), "attention_mask": numpy.array([row.attention_mask])}

    return nncf.quantize(
        model, nncf.Dataset(calibration, inputs), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(calibration)
    )
