"""train(), evaluate() and save()."""

import json
import re

import fastintent
import pytest
from conftest import BASE, DATA, ROOT, TRAINED
from fastintent import IntentClassifier, read_labelled_texts

INTENTS = 4
EPOCHS = 2


@pytest.fixture(scope="module")
def rows():
    """The messages of a few intents."""
    data = read_labelled_texts(DATA / "train.csv")
    kept = set(data.label_names[:INTENTS])
    chosen = [row for row in zip(data.texts, data.labels) if row[1] in kept]
    return [text for text, _ in chosen], [label for _, label in chosen]


def train(classifier, rows, **options):
    return classifier.train(*rows, **{"epochs": EPOCHS, "precision": "fp32"} | options)


def test_trains_and_uses_the_trained_model(rows):
    classifier = IntentClassifier(model_name=BASE)
    report = train(classifier, rows)
    assert classifier.is_loaded
    assert classifier.intents == sorted(set(rows[1]))
    assert classifier.predict(rows[0][0]).intent in classifier.intents
    assert report.epochs == EPOCHS
    assert 1 <= report.best_epoch <= EPOCHS
    assert report.steps > 0 and report.seconds > 0
    assert report.validation.examples == len(report.held_out_rows) > 0
    assert report.temperature == classifier.temperature > 0
    assert report.review_threshold == classifier.review_threshold
    assert 0 <= report.review_share <= 1
    assert set(report.label_agreement) == {"bf16", "int8"}
    assert all(0 <= share <= 1 for share in report.label_agreement.values())


def test_every_documented_setting_is_a_keyword_with_its_meaning(rows):
    table = (ROOT / "docs/training.md").read_text().split("| setting | default | meaning |")[1]
    names = re.findall(r"^\| `([a-z_]+)` \|", table.split("\n\n")[0], re.MULTILINE)
    names.remove("threads")  # of the classifier, as the device
    assert len(names) > 15
    for name in names:
        assert re.search(rf"^{name}: \S", IntentClassifier.train.__doc__, re.MULTILINE), name
        with pytest.raises(TypeError, match=f"expected {name} to be"):
            IntentClassifier(model_name=BASE).train(*rows, **{name: object()})


def test_callbacks_are_told_of_steps_and_epochs(rows, capsys):
    steps, epochs, sentences = [], [], []
    classifier = IntentClassifier(model_name=BASE)
    report = train(
        classifier,
        rows,
        on_step=steps.append,
        on_epoch=epochs.append,
        on_message=sentences.append,
        should_stop=lambda: False,
    )
    assert [step.step for step in steps] == list(range(1, report.steps + 1))
    assert steps[0].total_steps >= report.steps
    assert steps[0].loss > 0
    assert [epoch.epoch for epoch in epochs] == [1, 2]
    assert [epoch.best for epoch in epochs].count(True) >= 1
    assert epochs[0].validation.accuracy >= 0
    assert any("holding out" in sentence for sentence in sentences)
    assert capsys.readouterr() == ("", "")


def test_a_validation_set_of_ones_own(rows):
    texts, labels = rows
    classifier = IntentClassifier(model_name=BASE)
    report = train(classifier, rows, validation_texts=texts[::9], validation_labels=labels[::9])
    assert report.validation.examples == len(texts[::9])
    with pytest.raises(fastintent.InvalidArgumentError, match="both"):
        train(classifier, rows, validation_texts=texts)


def test_training_empties_the_cache(rows):
    classifier = IntentClassifier(model_path=TRAINED)
    classifier.predict("a card")
    train(classifier, rows)
    assert classifier.get_cache_stats()["cache_size"] == 0
    assert classifier.predict("a card").intent in set(rows[1])


def test_output_save_and_load_give_the_same_model(rows, tmp_path):
    classifier = IntentClassifier(model_name=str(BASE))
    train(classifier, rows, output=tmp_path / "output")
    classifier.save(tmp_path / "saved")
    expected = classifier.predict_batch(rows[0], with_logits=True)
    for folder in ["output", "saved"]:
        again = IntentClassifier(model_path=tmp_path / folder)
        assert again.predict_batch(rows[0], with_logits=True) == expected
    with pytest.raises(fastintent.CannotCreateError):
        classifier.save(tmp_path / "saved")
    classifier.save(tmp_path / "saved", overwrite=True)
    with pytest.raises(fastintent.CannotCreateError):
        train(classifier, rows, output=tmp_path / "output")


def test_labels_that_cannot_be_saved_are_refused_before_the_first_step(rows, tmp_path):
    texts, labels = rows
    steps = []
    for label in ["\ud800", "caf\udce9"]:  # lone surrogates, as os.fsdecode and json.loads return them
        with pytest.raises(fastintent.InvalidDataError, match="labels: .* index 1, found a lone surrogate"):
            train(
                IntentClassifier(model_name=BASE),
                (texts, [labels[0], label, *labels[2:]]),
                output=tmp_path / "model",
                on_step=steps.append,
            )
    assert not steps and not (tmp_path / "model").exists()


def test_files_of_others_in_the_output_stay(rows, tmp_path):
    classifier = IntentClassifier(model_name=BASE)
    train(classifier, rows, output=tmp_path / "model")
    (tmp_path / "model" / "notes.md").write_text("mine")
    train(classifier, rows, output=tmp_path / "model", overwrite=True)
    classifier.save(tmp_path / "model", overwrite=True)
    assert (tmp_path / "model" / "notes.md").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_same_seed_gives_the_same_model(rows):
    def logits(seed):
        classifier = IntentClassifier(model_name=BASE)
        train(classifier, rows, seed=seed)
        return classifier.predict(rows[0][0], with_logits=True).logits

    assert logits(1) == logits(1) != logits(2)


def test_what_a_callback_raises_comes_out_and_the_run_can_go_on(rows, tmp_path):
    output = tmp_path / "model"

    class Enough(Exception):
        pass

    def stop_in_the_second_epoch(step):
        if step.epoch > 1:
            raise Enough

    classifier = IntentClassifier(model_name=BASE)
    with pytest.raises(Enough):
        train(classifier, rows, output=output, on_step=stop_in_the_second_epoch)
    assert not classifier.is_loaded and not output.exists()

    train(classifier, rows, output=output, resume=True)
    uninterrupted = IntentClassifier(model_name=BASE)
    train(uninterrupted, rows)
    assert classifier.predict_batch(rows[0]) == uninterrupted.predict_batch(rows[0])


def test_labels_that_look_alike_are_named(rows):
    classifier = IntentClassifier(model_path=TRAINED)
    labels = ["card", "card", "Card ", "money"]
    with pytest.warns(UserWarning, match=r'"card" \(2 rows\) and "Card " \(1 rows\) differ only'):
        classifier.evaluate(["a"] * 4, labels)


def test_should_stop(rows):
    classifier = IntentClassifier(model_path=TRAINED)
    before = classifier.predict("a card", with_logits=True)
    with pytest.raises(fastintent.StoppedError):
        train(classifier, rows, should_stop=lambda: True)
    assert classifier.predict("a card", with_logits=True) == before


def test_should_stop_ends_a_validation(rows):
    steps, epochs, polls = [], [], []

    def should_stop():
        # The first poll after the last step of the first epoch is between the step and the validation.
        if steps and steps[-1].step * EPOCHS == steps[-1].total_steps:
            polls.append(1)
        return len(polls) > 1

    with pytest.raises(fastintent.StoppedError):
        train(
            IntentClassifier(model_name=BASE),
            rows,
            on_step=steps.append,
            on_epoch=epochs.append,
            should_stop=should_stop,
        )
    assert not epochs


def test_the_last_epochs_callback_may_raise_too(rows):
    def fail_at_the_end(epoch):
        if epoch.epoch == EPOCHS:
            raise LookupError("late")

    with pytest.raises(LookupError, match="late"):
        train(IntentClassifier(model_name=BASE), rows, on_epoch=fail_at_the_end)


def test_all_options_are_taken(rows):
    report = train(
        IntentClassifier(),
        rows,
        base_model=BASE,
        overwrite=True,
        epochs=1,
        batch_size=16,
        learning_rate=1,
        head_learning_rate=1e-3,
        weight_decay=0,
        warmup_share=0.2,
        gradient_clip=0.5,
        label_smoothing=0.1,
        dropout=0.0,
        layer_decay=0.9,
        balance_classes=True,
        max_length=32,
        pooling="mean",
        precision="bf16",
        validation_share=0.2,
        patience=1,
        refit=True,
        review_accuracy=0.9,
    )
    assert report.epochs == 2  # the refit's, too


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"epoch": 3}, TypeError, "unexpected keyword argument 'epoch'"),
        ({"epochs": "3"}, TypeError, "expected epochs to be int, found str"),
        ({"learning_rate": "fast"}, TypeError, "expected learning_rate to be float, found str"),
        ({"output": 3}, TypeError, "expected output to be str or os.PathLike, found int"),
        ({"refit": 3}, TypeError, "expected refit to be bool"),
        ({"pooling": "max"}, fastintent.InvalidArgumentError, '"pooler"'),
        ({"epochs": -1}, fastintent.InvalidArgumentError, None),
    ],
)
def test_impossible_options(rows, options, error, message):
    with pytest.raises(error, match=message):
        train(IntentClassifier(model_name=BASE), rows, **options)


@pytest.mark.parametrize(
    "texts, labels, error, message",
    [
        (["a", "b"], ["x"], fastintent.InvalidDataError, "each of 2 texts, found 1"),
        (["a", " "], ["x", "y"], fastintent.InvalidDataError, "texts: .* index 1"),
        (["a", "b"], ["x", ""], fastintent.InvalidDataError, "labels: .* index 1"),
        (["a", "b"], ["x", "x"], fastintent.InvalidDataError, "two different labels"),
        (["a", "b"], [0, 1], TypeError, "labels: expected a str at index 0, found int"),
        ("ab", ["x", "y"], TypeError, "one str"),
    ],
)
def test_impossible_rows(texts, labels, error, message):
    with pytest.raises(error, match=message):
        IntentClassifier(model_name=BASE).train(texts, labels)


def test_progress_of_training(rows, capsys):
    train(IntentClassifier(model_name=BASE), rows, show_progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "steps" in captured.err and "loss" in captured.err


def test_evaluate(rows):
    texts, labels = rows
    classifier = IntentClassifier(model_name=BASE)
    train(classifier, rows)
    evaluation = classifier.evaluate(texts, labels)
    answers = classifier.predict_batch(texts)
    right = sum(answer.intent == label for answer, label in zip(answers, labels))
    assert evaluation.accuracy == pytest.approx(right / len(texts))
    assert evaluation.examples == len(texts)
    assert evaluation.top_5_accuracy == 1
    assert [each.label for each in evaluation.classes] == classifier.intents
    assert sum(cell.count for cell in evaluation.confusion_cells) == len(texts)
    matrix = evaluation.confusion_matrix()
    for cell in evaluation.confusion_cells:
        assert matrix[cell.label][cell.predicted] == cell.count > 0
    assert sum(map(sum, matrix)) == len(texts)
    assert len(evaluation.worst_classes(2)) == 2
    for confusion in evaluation.most_confused(3):
        assert confusion.label != confusion.predicted and confusion.count > 0
    assert len(evaluation.reliability) == len(evaluation.uncalibrated_reliability) == 15
    assert sum(each.examples for each in evaluation.reliability) == len(texts)
    assert len(evaluation.mistakes) == len(texts) - right
    for mistake in evaluation.mistakes:
        assert mistake.label == labels[mistake.example] != mistake.predicted
    figures = evaluation.to_dict()
    assert figures["accuracy"] == evaluation.accuracy
    assert json.dumps(figures)
    assert repr(evaluation).startswith(f"Evaluation(examples={len(texts)}, accuracy=")


def test_evaluate_counts_labels_it_does_not_know(classifier):
    evaluation = classifier.evaluate(["a card", "a letter"], ["no such label"] * 2)
    assert evaluation.unseen_label_examples == 2
    assert evaluation.unseen_labels == [("no such label", 2)]
    assert evaluation.accuracy == 0


def test_read_labelled_texts(tmp_path):
    path = tmp_path / "rows.data"
    path.write_text("message,kind\nhello,greet\nbye,part\nHELLO,part\n ,greet\n")
    data = read_labelled_texts(path, format="csv", text_column="message", label_column="kind")
    assert data.texts == ["hello", "bye", "HELLO"]
    assert data.labels == ["greet", "part", "part"]
    assert len(data) == 3
    assert (data.label_names, data.label_counts) == (["greet", "part"], [1, 2])
    assert (data.duplicates, data.conflicting_duplicates, data.blank_texts) == (1, 1, 1)
    with pytest.raises(fastintent.MissingInputError):
        read_labelled_texts(tmp_path / "absent.csv")
    with pytest.raises(fastintent.InvalidDataError, match="rows.data"):
        read_labelled_texts(path, format="jsonl")
