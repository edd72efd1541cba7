"""quantize_model(): folders whose weights are packed."""

import fastintent
import pytest
from conftest import BASE, TRAINED
from fastintent import IntentClassifier, quantize_model


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_a_prepared_folder_runs_in_its_precision(tmp_path, texts, precision):
    report = quantize_model(TRAINED, tmp_path / "prepared", precision=precision)
    assert report.precision == precision
    assert report.packed_bytes > 0 and report.fp32_bytes > 0
    assert report.agreement is None
    prepared = IntentClassifier(model_path=tmp_path / "prepared")
    assert prepared.precision == precision
    packed_now = IntentClassifier(model_path=TRAINED, precision=precision)
    assert prepared.predict_batch(texts) == packed_now.predict_batch(texts)


def test_agreement(tmp_path, classifier, texts, capfd):
    labels = [answer.intent for answer in classifier.predict_batch(texts)]
    report = quantize_model(TRAINED, str(tmp_path / "prepared"), texts=iter(texts), labels=labels, show_progress=True)
    assert report.agreement.texts == 100
    assert report.agreement.fp32_accuracy == 1
    assert report.agreement.accuracy == report.agreement.label_agreement
    assert 0 < report.agreement.largest_confidence_change < 0.05
    assert "texts" in capfd.readouterr().err
    report = quantize_model(TRAINED, tmp_path / "prepared", overwrite=True, texts=texts)
    assert report.agreement.accuracy is None


def test_errors(tmp_path):
    with pytest.raises(fastintent.InvalidArgumentError, match="int8 or bf16, found fp32"):
        quantize_model(TRAINED, tmp_path / "prepared", precision="fp32")
    with pytest.raises(fastintent.InvalidArgumentError, match="apart"):
        quantize_model(TRAINED, TRAINED)
    with pytest.raises(fastintent.BadCheckpointError, match="train it first"):
        quantize_model(BASE, tmp_path / "prepared")
    with pytest.raises(TypeError, match="index 1"):
        quantize_model(TRAINED, tmp_path / "prepared", texts=["a", 1])
    (tmp_path / "file").write_text("mine")
    with pytest.raises(fastintent.CannotCreateError):
        quantize_model(TRAINED, tmp_path)
