"""check_model(): the findings of `fastintent info --check`."""

import shutil

import fastintent
import pytest
from conftest import BASE, TRAINED
from fastintent import ModelCheck, check_model, quantize_model


@pytest.mark.parametrize("folder, labels", [(TRAINED, ["labels"]), (str(BASE), [])])
def test_a_whole_folder_passes_every_check(folder, labels):
    checks = check_model(folder)
    assert [check.part for check in checks] == ["configuration", "weights", *labels, "tokenizer", "one model"]
    assert all(check.passed and check.finding for check in checks)


def test_a_damaged_part_is_named(tmp_path):
    folder = tmp_path / "prepared"
    quantize_model(TRAINED, folder)
    packed = bytearray((folder / "fastintent.safetensors").read_bytes())
    packed[-100] ^= 1
    (folder / "fastintent.safetensors").write_bytes(packed)
    failed = [check for check in check_model(folder) if not check.passed]
    assert [check.part for check in failed] == ["packed weights"]
    assert "expected the checksum" in failed[0].finding
    assert repr(failed[0]).startswith("ModelCheck(part='packed weights', passed=False, finding='verify: ")


def test_a_folder_that_is_no_model_is_a_finding(tmp_path):
    shutil.copy(TRAINED / "config.json", tmp_path)
    checks = check_model(tmp_path)
    assert isinstance(checks[-1], ModelCheck) and not checks[-1].passed


def test_errors(tmp_path):
    with pytest.raises(fastintent.MissingInputError):
        check_model(tmp_path / "none")
    with pytest.raises(TypeError):
        check_model(3)
