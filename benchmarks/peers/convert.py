#!/usr/bin/env python3
"""Converts one checkpoint for one peer, in a process of its own, so that one that crashes costs only its own rows.

  convert.py PEER PRECISION CHECKPOINT CALIBRATION.json MODELS

MODELS/PEER/PRECISION appears when it is complete; what an earlier run made is kept.
"""

import importlib
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path

peer, precision, checkpoint, calibration, models = sys.argv[1:6]
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.simplefilter("ignore")  # the tracers' warnings about shapes; the answers are checked later

folder = Path(models) / peer
folder.mkdir(parents=True, exist_ok=True)
texts = json.loads(Path(calibration).read_text(encoding="utf-8"))
with tempfile.TemporaryDirectory(dir=folder) as scratch:
    output = Path(scratch) / precision
    output.mkdir()
    converter = importlib.import_module(f"converters.{peer}")
    converter.convert(Path(checkpoint), precision, output, folder / "fp32", texts)
    output.rename(folder / precision)
