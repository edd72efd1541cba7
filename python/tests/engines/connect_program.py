"""Runs fastintent.spark through Spark Connect: exits 0 when its answers are those of the classifier."""

import os
import platform
import sys

import fastintent.spark
from cases import TEXTS, TRAINED, answers_without_an_engine, comparable
from pyspark.sql import SparkSession

ISA = {"instruction_set": "sse4" if platform.machine() == "x86_64" else "neon"}  # not the best one

os.environ["PYSPARK_PYTHON"] = sys.executable
spark = SparkSession.builder.remote("local[2]").config("spark.ui.enabled", False).getOrCreate()
assert type(spark).__module__ == "pyspark.sql.connect.session"
messages = spark.createDataFrame(list(enumerate(TEXTS)), "id bigint, text string")
os.environ["FASTINTENT_FORCE_ISA"] = ISA["instruction_set"]  # for this process, after the server has started
wanted = answers_without_an_engine()

for _ in range(2):  # the second time the archive is there
    answers = fastintent.spark.predict(messages, TRAINED, keep=["id"], **ISA)
    assert sorted(comparable(row["id"], row.asDict()) for row in answers.collect()) == wanted
predict = fastintent.spark.predict_udf(TRAINED, **ISA)
answers = messages.select("id", predict("text").alias("answer")).select("id", "answer.*")
assert sorted(comparable(row["id"], row.asDict()) for row in answers.collect()) == wanted
spark.stop()
