"""fastintent.spark, on a cluster of two executors that are processes of this machine."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import types
import zipfile

import fastintent.spark
import pandas as pd
import pyarrow as pa
import pytest
from cases import TEXTS, TRAINED, comparable
from fastintent import InvalidArgumentError, MissingInputError
from pyspark import cloudpickle
from pyspark.errors import PythonException
from pyspark.sql import SparkSession, functions

# The executors cannot import this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

SCHEMA = "id bigint, `a text` string"


@pytest.fixture(scope="module")
def spark():
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", False)
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.executor.memory", "512m")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture
def messages(spark):
    return spark.createDataFrame(list(enumerate(TEXTS)), SCHEMA).repartition(6)


def rows_of(answers):
    """The comparable answers of a frame with the columns of one."""
    return sorted(comparable(row["id"], row.asDict()) for row in answers.collect())


def test_the_udf_answers_as_the_classifier_does(messages, expected):
    predict = fastintent.spark.predict_udf(TRAINED)
    answers = messages.withColumn("answer", predict("a text")).select("id", "answer.*")
    assert rows_of(answers) == expected


def test_the_udf_before_spark_4_1_answers_the_same(messages, expected, monkeypatch):
    monkeypatch.delattr(functions, "arrow_udf")
    predict = fastintent.spark.predict_udf(TRAINED, top_k=2)
    answers = messages.withColumn("answer", predict("a text")).select("id", "answer.*")
    assert rows_of(answers) == expected
    assert {len(row["alternatives"] or []) for row in answers.collect()} == {0, 2}


def test_the_frame_has_the_kept_columns_and_the_answers(messages, expected):
    answers = fastintent.spark.predict(messages, TRAINED, text="a text", keep=["id"], top_k=2)
    assert answers.columns == ["id", "intent", "confidence", "needs_review", "truncated", "error", "alternatives"]
    assert rows_of(answers) == expected
    everything = fastintent.spark.predict(messages, TRAINED, text="a text")
    assert everything.columns == ["id", "a text", "intent", "confidence", "needs_review", "truncated", "error"]
    assert [row["a text"] for row in everything.sort("id").collect()] == TEXTS


@pytest.mark.parametrize("large", ["false", "true"])
def test_kept_columns_of_all_kinds_pass_through(spark, large):
    """Also where Spark exchanges texts with offsets of 64 bits."""
    frame = spark.sql("""
        SELECT 'where is my card' AS text, timestamp'2024-02-29 12:00:00' AS `at.time`, 1.25BD AS amount,
               array('a', NULL) AS tags, named_struct('a', 1, 'b', 'x') AS nested, map('k', 2) AS numbers
    """)
    spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", large)
    try:
        (row,) = fastintent.spark.predict(frame, TRAINED, top_k=1).collect()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")
    assert row[: len(frame.columns)] == frame.collect()[0]
    assert row["intent"] and len(row["alternatives"]) == 1


def test_parts_of_a_batch_have_all_of_its_rows():
    """Few rows at once, so that a worker's memory does not grow with its tasks."""
    rows = [str(i) for i in range(2 * fastintent.spark._ROWS_AT_ONCE + 1)]
    for batch in [pa.array(rows), pd.Series(rows, index=range(7, 7 + len(rows))), pa.record_batch({"text": rows})]:
        parts = list(fastintent.spark._slices(iter([batch[:0], batch])))
        assert [len(part) for part in parts] == [0, 1024, 1024, 1]
        columns = [part["text"] if isinstance(batch, pa.RecordBatch) else part for part in parts]
        assert [str(text) for column in columns for text in column] == rows


def test_the_rows_of_a_large_batch_keep_their_order(spark, monkeypatch):
    texts = [TEXTS[i % len(TEXTS)] for i in range(2500)]
    numbered = spark.createDataFrame(list(enumerate(texts)), SCHEMA).coalesce(1)
    frame = fastintent.spark.predict(numbered, TRAINED, text="a text", keep=["id"])
    arrow_udf = fastintent.spark.predict_udf(TRAINED)
    monkeypatch.delattr(functions, "arrow_udf")
    pandas_udf = fastintent.spark.predict_udf(TRAINED)
    by_udf = [numbered.withColumn("answer", udf("a text")).select("id", "answer.*") for udf in (arrow_udf, pandas_udf)]
    answer_of = {text: row[1:] for text, row in zip(texts, rows_of(frame.where(f"id < {len(TEXTS)}")))}
    for answers in [frame, *by_udf]:
        assert [row[1:] for row in rows_of(answers)] == [answer_of[text] for text in texts]


def test_an_empty_frame_has_no_answers(messages):
    assert fastintent.spark.predict(messages.limit(0), TRAINED, text="a text").collect() == []


def kill_once(marker):
    """Passes batches on, and kills the executor that is the first to come here."""

    def pass_on(batches):
        for batch in batches:
            try:
                pathlib.Path(marker).touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(executor(), signal.SIGKILL)
            yield batch

    return pass_on


def executor():
    """The process of Java that this Python worker works for."""
    pid = os.getpid()
    while b"java" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
    return pid


def test_a_killed_executor_changes_nothing(messages, expected, tmp_path):
    marker = tmp_path / "killed"
    answers = fastintent.spark.predict(messages, TRAINED, text="a text", keep=["id"])
    assert rows_of(answers.mapInArrow(kill_once(str(marker)), answers.schema)) == expected
    assert marker.exists()


class Log:
    """Writes the process of every load into a file. Equal ones are one option, as the strings of others are."""

    def __init__(self, file):
        self.file = file

    def __call__(self, message):
        with open(self.file, "a") as log:
            log.write(f"{os.getpid()}\n")

    def __eq__(self, other):
        return isinstance(other, Log) and self.file == other.file

    def __hash__(self):
        return hash(self.file)


def test_a_python_worker_loads_the_model_once(messages, tmp_path):
    log = Log(str(tmp_path / "loads"))
    for _ in range(2):
        answers = fastintent.spark.predict(messages, TRAINED, text="a text", keep=["id"], log=log)
        assert answers.rdd.getNumPartitions() == 6
        answers.collect()
    processes = pathlib.Path(log.file).read_text().split()
    assert len(processes) == len(set(processes))
    assert 1 <= len(processes) < 6


def test_the_threads_are_the_cpus_of_the_task(monkeypatch):
    monkeypatch.setattr(fastintent.spark.TaskContext, "get", lambda: types.SimpleNamespace(cpus=lambda: 3))
    assert fastintent.spark._Recipe(str(TRAINED), None, ()).load().threads == 3
    assert fastintent.spark._Recipe(str(TRAINED), None, (("threads", 2),)).load().threads == 2


def test_an_archive_is_named_by_its_content(tmp_path):
    copy = shutil.copytree(TRAINED, tmp_path / "model")
    (copy / "more").mkdir()
    (copy / "more" / "file").symlink_to(TRAINED / "config.json")  # as in the hub's cache
    odd = copy / os.fsdecode(b"notes\xff.txt")  # an archive cannot have this name
    odd.touch()
    first = fastintent.spark._archive(copy)
    assert fastintent.spark._archive(copy) == first != fastintent.spark._archive(TRAINED)
    with zipfile.ZipFile(first) as archive:
        files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file() and path != odd}
        assert set(archive.namelist()) == files
        assert archive.read("more/file") == (TRAINED / "config.json").read_bytes()
        # Hadoop sets these permissions on the unpacked file, and executors run as other users.
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}


def test_a_folder_of_the_executors_is_read_in_place(messages, expected):
    answers = fastintent.spark.predict(messages, TRAINED.as_uri(), text="a text", keep=["id"])
    assert rows_of(answers) == expected


def test_retries_can_repeat_their_bits(spark, messages):
    """The instruction set and the precision are those of the caller, not the best of the executor."""

    def bits_with(**options):
        answers = fastintent.spark.predict(messages, TRAINED, text="a text", keep=["id"], **options)
        return rows_of(answers)

    assert bits_with(precision="fp32") != bits_with(precision="bf16")
    with pytest.raises(PythonException, match="FASTINTENT_FORCE_ISA"):
        bits_with(instruction_set="none such")
    bits_with(precision="fp32")  # an error leaves nothing behind


def test_a_wrong_call_is_refused_before_the_query_runs(spark, messages):
    with pytest.raises(MissingInputError, match="config.json"):
        fastintent.spark.predict_udf(TRAINED / "none")
    with pytest.raises(InvalidArgumentError, match="column 'text', found id, a text"):
        fastintent.spark.predict(messages, TRAINED)
    with pytest.raises(InvalidArgumentError, match="strings in 'id', found bigint"):
        fastintent.spark.predict(messages, TRAINED, text="id")
    for name in ["intent", "Intent"]:  # Spark does not tell them apart
        labelled = messages.withColumnRenamed("id", name)
        with pytest.raises(InvalidArgumentError, match=f"no column '{name}'"):
            fastintent.spark.predict(labelled, TRAINED, text="a text")


def test_through_spark_connect(tmp_path):
    """In a process of its own: one has either a session of its own or one of a server."""
    program = pathlib.Path(__file__).with_name("connect_program.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
