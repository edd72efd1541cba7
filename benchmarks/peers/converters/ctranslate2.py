"""CTranslate2: its converter of transformers models, and the classifier that its Encoder leaves out."""

import ctranslate2
import numpy
from safetensors.numpy import load_file


def convert(checkpoint, precision, output, made, calibration):
    del made, calibration
    converter = ctranslate2.converters.TransformersConverter(str(checkpoint))
    converter.convert(str(output), quantization="int8" if precision == "int8" else None, force=True)
    weights = load_file(checkpoint / "model.safetensors")
    numpy.savez(output / "classifier.npz", weight=weights["classifier.weight"], bias=weights["classifier.bias"])
