"""Parquet files: python -m fastintent predict IN.parquet OUT, and predict_file() behind it."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import time

import fastintent
import pyarrow
import pyarrow.parquet
import pytest
from conftest import TRAINED
from fastintent import parquet
from fastintent.__main__ import main

ROWS = 1_000
TEXTS = [None if i % 100 == 7 else " " if i % 100 == 8 else f"where is my card {i}" for i in range(ROWS)]
BLANK = 2 * ROWS // 100


@pytest.fixture
def file(tmp_path):
    """Ten row groups, of which each range of rows takes three."""
    table = pyarrow.table({"id": range(ROWS), "text": TEXTS, "other": [str(i % 3) for i in range(ROWS)]})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=ROWS // 10)
    return tmp_path / "in.parquet"


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_PER_FILE", 3 * ROWS // 10)
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 64)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


PARTS = [f"part-{i:05}-of-00004.parquet" for i in range(4)]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_answers_of_a_file_are_those_of_predict_batch_in_order(classifier, file, tmp_path):
    done = []
    report = parquet.predict_file(
        file,
        tmp_path / "out",
        classifier,
        keep=["other", "id"],
        top_k=2,
        on_progress=lambda now, total: done.append((now, total)),
    )
    assert report == parquet.Report(files=4, files_before=0, rows=ROWS, errors=BLANK)
    assert names(tmp_path / "out") == [parquet.RUN_FILE, *PARTS]
    assert done == sorted(done) and done[-1] == (ROWS, ROWS)
    table = pyarrow.parquet.read_table(tmp_path / "out")  # as a data set: without the file of the run
    assert table["id"].to_pylist() == list(range(ROWS))
    assert table.column_names[:3] == ["other", "id", "intent"]
    for text, row in zip(TEXTS, table.select(["intent", "confidence", "error", "alternatives"]).to_pylist()):
        if text is None or text == " ":
            assert row["intent"] is None and row["error"].startswith("predict: expected a text")
        else:
            answer = classifier.predict(text, top_k=2)
            assert (row["intent"], row["confidence"], row["error"]) == (answer.intent, answer.confidence, None)
            assert row["alternatives"] == [other._asdict() for other in answer.alternatives]


def test_a_run_that_was_stopped_continues_and_ends_as_one_that_was_not(classifier, file, tmp_path):
    parquet.predict_file(file, tmp_path / "quiet", classifier, keep=["id"])

    def stop(done, total):
        if done > ROWS // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parquet.predict_file(file, tmp_path / "out", classifier, keep=["id"], on_progress=stop)
    assert names(tmp_path / "out") == [parquet.RUN_FILE, PARTS[0]]
    first = (tmp_path / "out" / PARTS[0]).stat()
    report = parquet.predict_file(file, tmp_path / "out", classifier, keep=["id"], resume=True)
    assert report == parquet.Report(files=3, files_before=1, rows=ROWS, errors=BLANK)
    assert content(tmp_path / "out") == content(tmp_path / "quiet")
    assert (tmp_path / "out" / PARTS[0]).stat().st_mtime_ns == first.st_mtime_ns
    again = parquet.predict_file(file, tmp_path / "out", classifier, keep=["id"], resume=True)
    assert again == parquet.Report(files=0, files_before=4, rows=ROWS, errors=BLANK)


# Reads slowly, so that it can be killed midway.
PROGRAM = """
import sys, time
from fastintent import parquet
from fastintent.__main__ import main

read = parquet.batches_of
def slowly(*arguments):
    for batch in read(*arguments):
        time.sleep(0.1)
        yield batch

parquet.ROWS_PER_FILE, parquet.ROWS_AT_ONCE, parquet.batches_of = 300, 64, slowly
sys.exit(main(sys.argv[1:]))
"""


def test_a_killed_run_continues_and_ends_as_one_that_was_not(classifier, file, tmp_path):
    out = tmp_path / "out"
    parquet.predict_file(file, tmp_path / "quiet", classifier)
    arguments = ["predict", str(file), str(out), "--model", str(TRAINED)]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stderr=subprocess.DEVNULL) as running:
        while not ((out / PARTS[0]).exists() and list(out.glob(".part-*.tmp"))) and running.poll() is None:
            time.sleep(0.001)
        running.kill()
    assert running.returncode == -signal.SIGKILL
    assert list(out.glob(".part-*.tmp"))
    assert main([*arguments, "--resume"]) == 65
    assert content(out) == content(tmp_path / "quiet")


@pytest.mark.parametrize(
    "name, change",
    [("top_k", {"top_k": 1}), ("keep", {"keep": ["id"]}), ("text", {"text": "other"})],
)
def test_other_options_do_not_continue_a_run(classifier, file, tmp_path, name, change):
    parquet.predict_file(file, tmp_path / "out", classifier)
    before = content(tmp_path / "out")
    with pytest.raises(fastintent.InvalidArgumentError, match=f"found others: {name};"):
        parquet.predict_file(file, tmp_path / "out", classifier, resume=True, **change)
    assert content(tmp_path / "out") == before


def test_another_model_or_input_or_precision_does_not_continue_a_run(classifier, file, tmp_path):
    parquet.predict_file(file, tmp_path / "out", classifier)
    other = fastintent.IntentClassifier(model_path=TRAINED.parents[1] / "bert_mean/model")
    with pytest.raises(fastintent.InvalidArgumentError, match="model"):
        parquet.predict_file(file, tmp_path / "out", other, resume=True)
    pyarrow.parquet.write_table(pyarrow.table({"text": TEXTS}), file)
    with pytest.raises(fastintent.InvalidArgumentError, match="input"):
        parquet.predict_file(file, tmp_path / "out", classifier, resume=True)
    classifier.optimize_for_inference("int8")
    with pytest.raises(fastintent.InvalidArgumentError, match="precision"):
        parquet.predict_file(file, tmp_path / "out", classifier, resume=True)


def test_an_output_in_use_is_refused(classifier, file, tmp_path):
    with parquet.only_writer(tmp_path / "out"):
        with pytest.raises(fastintent.CannotCreateError, match="another run|one that writes there"):
            parquet.predict_file(file, tmp_path / "out", classifier)
    parquet.predict_file(file, tmp_path / "out", classifier)
    with pytest.raises(fastintent.CannotCreateError, match="--resume continues it"):
        parquet.predict_file(file, tmp_path / "out", classifier)
    with pytest.raises(fastintent.CannotCreateError, match="other files"):
        parquet.predict_file(file, tmp_path, classifier, resume=True)
    with pytest.raises(fastintent.CannotCreateError, match="a folder for the output"):
        parquet.predict_file(file, file, classifier)


def test_a_file_system_without_locks_of_folders_is_written(classifier, file, tmp_path, monkeypatch):
    def no_lock(descriptor, operation):
        raise OSError(errno.EBADF, "as NFS does")

    monkeypatch.setattr(parquet.fcntl, "flock", no_lock)
    parquet.predict_file(file, tmp_path / "out", classifier)
    assert list((tmp_path / "out").glob("part-*.parquet"))


def test_an_input_that_cannot_be_read_is_an_error(classifier, file, tmp_path):
    with pytest.raises(fastintent.MissingInputError, match="missing.parquet"):
        parquet.predict_file(tmp_path / "missing.parquet", tmp_path / "out", classifier)
    (tmp_path / "text.parquet").write_text("text\na card\n" * 10)
    with pytest.raises(fastintent.InvalidDataError, match="text.parquet"):
        parquet.predict_file(tmp_path / "text.parquet", tmp_path / "out", classifier)
    broken = bytearray(file.read_bytes())
    pages = pyarrow.parquet.read_metadata(file).row_group(0).column(1).dictionary_page_offset
    broken[pages : pages + 40] = bytes(40)
    (tmp_path / "broken.parquet").write_bytes(broken)
    with pytest.raises(fastintent.InvalidDataError, match="part-00000"):
        parquet.predict_file(tmp_path / "broken.parquet", tmp_path / "out", classifier)
    assert names(tmp_path / "out") == [parquet.RUN_FILE]
    broken = bytearray(file.read_bytes())
    broken[-40:-8] = b"\xff" * 32  # the end of the footer
    (tmp_path / "footer.parquet").write_bytes(broken)
    with pytest.raises(fastintent.InvalidDataError, match="footer.parquet"):
        parquet.predict_file(tmp_path / "footer.parquet", tmp_path / "out", classifier)


def test_names_that_are_not_utf_8(classifier, file, tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    file = file.rename(f"{odd}.parquet")
    report = parquet.predict_file(file, odd, classifier)
    assert report == parquet.Report(files=4, files_before=0, rows=ROWS, errors=BLANK)
    assert names(odd) == [parquet.RUN_FILE, *PARTS]


def test_columns_that_are_missing_or_in_the_answers_are_refused(classifier, file, tmp_path):
    for options in [{"text": "message"}, {"keep": ["message"]}]:
        with pytest.raises(fastintent.InvalidArgumentError, match='"message", found the columns id, text, other'):
            parquet.predict_file(file, tmp_path / "out", classifier, **options)
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a card"], "intent": ["card"]}), file)
    with pytest.raises(fastintent.InvalidArgumentError, match='found "intent" twice'):
        parquet.predict_file(file, tmp_path / "out", classifier, keep=["intent"])


def test_a_file_without_rows_has_one_file_of_answers(classifier, tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.array([], "string")}), tmp_path / "in.parquet")
    report = parquet.predict_file(tmp_path / "in.parquet", tmp_path / "out", classifier)
    assert report == parquet.Report(files=1, files_before=0, rows=0, errors=0)
    assert len(pyarrow.parquet.read_table(tmp_path / "out")) == 0


def test_the_command(file, tmp_path, capfd):
    arguments = ["predict", str(file), str(tmp_path / "out"), "--model", str(TRAINED), "--keep", "id,other"]
    assert main(arguments) == 65
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "4 files written; 1,000 rows in all" in captured.err and "20 texts are blank or null" in captured.err
    assert main([*arguments, "--resume"]) == 65
    assert "0 files written, 4 were complete before" in capfd.readouterr().err
    assert main(arguments) == 73
    assert main([*arguments[:3], "--model", str(tmp_path / "missing")]) == 66
    assert main([*arguments, "--precision", "int4"]) == 64
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--unknown"])
    assert end.value.code == 64


def test_other_commands_are_those_of_the_installed_program(tmp_path):
    program = tmp_path / "fastintent"
    program.write_text('#!/bin/sh\necho "the program: $*"\nexit 3\n')
    program.chmod(0o755)
    command = (
        "import sys, sysconfig; sysconfig.get_path = lambda name: '/missing'; from fastintent.__main__ import main"
    )
    for arguments in [["info"], ["predict", "--model", "x", "a card"], []]:
        run = subprocess.run(
            [sys.executable, "-c", f"{command}; sys.exit(main(sys.argv[1:]))", *arguments],
            env=os.environ | {"PATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert (run.returncode, run.stdout) == (3, f"the program: {' '.join(arguments)}\n")
    program.unlink()
    run = subprocess.run(
        [sys.executable, "-c", f"{command}; sys.exit(main(['info']))"],
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 64 and "expected the program fastintent" in run.stderr


def test_without_pyarrow_the_command_names_the_remedy(tmp_path):
    program = (
        "import sys; sys.modules['pyarrow'] = None; from fastintent.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, "predict", "in.parquet", "out", "--model", "x"],
        capture_output=True,
        text=True,
        cwd=pathlib.Path(tmp_path),
    )
    assert run.returncode == 69 and "pip install 'fastintent[parquet]'" in run.stderr
