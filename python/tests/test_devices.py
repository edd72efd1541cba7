"""Devices and precisions by name."""

import fastintent
import pytest
from fastintent import InvalidArgumentError


def test_names_of_devices():
    assert fastintent.parse_device("auto") == ("auto", None)
    assert fastintent.parse_device("cuda") == ("cuda", None)
    assert fastintent.parse_device("cuda:1") == ("cuda", 1)
    with pytest.raises(InvalidArgumentError, match='found "gpu"'):
        fastintent.parse_device("gpu")


def test_gpus_are_the_first_devices():
    names = fastintent.device_names()
    assert sum(name.startswith("cuda:") for name in names) == fastintent.gpu_count()


def test_precisions_of_a_device():
    names = fastintent.precisions("cpu")
    assert names[0] == "fp32"
    precision, reason = fastintent.fastest_precision("cpu")
    assert precision in names
    assert reason
    with pytest.raises(InvalidArgumentError):
        fastintent.precisions("tpu")
