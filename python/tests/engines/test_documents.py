"""The blocks of docs/engines.md, and of README.md's section about engines: each section a program of its own."""

import json
import os
import pathlib
import subprocess
import sys

import cases
import pyarrow as pa
import pyarrow.parquet
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tests/docs"))

from code_blocks import ENGINES_IN_README, code_blocks, sections  # noqa: E402
from reader import make_folder  # noqa: E402

ENGINES = sections(code_blocks(ROOT / "docs/engines.md", "python"))

# What a section leaves in `answers`: 36 rows of three questions, all of them answered.
CHECKS = {
    "Spark": "assert answers.count() == 36 and answers.where('intent IS NULL').count() == 0",
    "Ray": "assert answers.count() == 36 and all(row['intent'] for row in answers.take_all())",
    "DuckDB": "assert sum(count for _, count, _ in answers.fetchall()) == 36",
    "Polars, pandas, pyarrow": "assert len(answers) == 36 and answers['intent'].null_count() == 0\n"
    "assert lazy.unnest('text').collect()['confidence'].equals(answers['confidence'])",
    "Dask": "assert len(answers) == 36 and answers['intent'].isna().sum().compute() == 0",
}


def run(folder, program):
    file = folder / "program.py"
    file.write_text(program)
    environment = {**os.environ, **make_folder(folder), "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(
        [sys.executable, file], capture_output=True, text=True, timeout=300, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("section", CHECKS)
def test_a_section_runs(section, tmp_path):
    run(tmp_path, "\n".join([*(block.code for block in ENGINES[section]), CHECKS[section]]))


CLICKHOUSE = """
import chdb
answered = chdb.query(
    "SELECT id, intent({text}) AS answer FROM file('texts.parquet') ORDER BY id", "JSONEachRow", udf_path="functions"
)
print(answered.data().strip())
"""


def ask_clickhouse(folder, page, script_name, script, text="text"):
    """The rows of a query that calls the function that a page declares and this script computes."""
    functions = folder / "functions"
    functions.mkdir()
    (functions / script_name).write_text(script)
    (functions / script_name).chmod(0o755)
    (declaration,) = (block for block in code_blocks(page, "xml") if block.section == "ClickHouse")
    (functions / "udf_config.xml").write_text(declaration.code.replace("/srv/models/support", str(cases.TRAINED)))
    texts = pa.table({"id": range(len(cases.TEXTS)), "text": pa.array(cases.TEXTS)})
    pyarrow.parquet.write_table(texts, folder / "texts.parquet")
    return [json.loads(line) for line in run(folder, CLICKHOUSE.format(text=text)).splitlines()]


def test_clickhouse_answers_as_the_classifier_does(tmp_path, expected):
    (block,) = ENGINES["ClickHouse"]
    script = f"#!{sys.executable}\n{block.code}"
    rows = ask_clickhouse(tmp_path, ROOT / "docs/engines.md", "intent_function.py", script)
    assert [(row["id"], row["answer"]["intent"] or None, bool(row["answer"]["error"])) for row in rows] == [
        (i, intent, failed) for i, intent, *_, failed in expected
    ]


def test_clickhouse_answers_with_the_program(tmp_path, expected):
    program = ROOT / "build/dev/cli/fastintent"
    if not program.is_file():
        pytest.skip(f"needs the program of the preset dev, {program}")
    page = ROOT / "docs/scale.md"
    (script,) = (block.code for block in code_blocks(page, "sh") if block.section == "ClickHouse")
    script = script.replace("fastintent", str(program)).replace("/models/intents", str(cases.TRAINED))
    rows = ask_clickhouse(tmp_path, page, "intents.sh", script, text="ifNull(text, '')")
    assert [(row["id"], row["answer"] or None) for row in rows] == [(i, intent) for i, intent, *_ in expected]


README = """
import duckdb
import ray
from pyspark.sql import SparkSession

frame = SparkSession.builder.master("local[1]").getOrCreate().createDataFrame([(1, "Where is my card?")], "id int, text string")
dataset = ray.data.from_items([{"text": "Where is my card?"}])
connection = duckdb.connect()
"""


def test_the_block_of_the_readme_runs(tmp_path):
    (block,) = sections(code_blocks(ROOT / "README.md", "python"))[ENGINES_IN_README][1:]
    check = "assert connection.sql(\"SELECT intent('Where is my card?').error\").fetchall() == [(None,)]"
    run(tmp_path, README + block.code + check)


def test_every_section_is_run():
    assert set(ENGINES) == {*CHECKS, "ClickHouse"}
