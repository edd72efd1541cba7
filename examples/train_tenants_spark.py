#!/usr/bin/env python3
"""Trains a model for each tenant over Spark: one task per file of labelled texts, as many at once as there are CPUs.

train_tenants_spark.py BASE FOLDER_OF_FILES OUTPUT [EPOCHS]

Every executor must see the folders at the same paths. Each model is written to OUTPUT/TENANT, where TENANT is the name
of its file without the ending.
"""

import pathlib
import sys

from pyspark import TaskContext
from pyspark.sql import SparkSession


def train_tenant(base, file, output, epochs):
    """Runs in a task, that is, in another process and perhaps on another machine."""
    import fastintent

    data = fastintent.read_labelled_texts(file)
    # Tasks run side by side, so each uses the CPUs that Spark assigned to it and no more.
    classifier = fastintent.IntentClassifier(base, threads=TaskContext.get().cpus())
    # Spark repeats a task whose executor died. A model appears in its folder when it is complete, so the second run
    # finds nothing, or a complete model to replace.
    report = classifier.train(data.texts, data.labels, output=output, epochs=epochs, overwrite=True)
    return len(data.texts), report.validation.accuracy


def main(arguments):
    if len(arguments) not in (3, 4) or not all(a.isdigit() and int(a) for a in arguments[3:]):
        print(f"usage: {sys.argv[0]} BASE FOLDER_OF_FILES OUTPUT [EPOCHS]", file=sys.stderr)
        return 64
    base, output = (str(pathlib.Path(argument).absolute()) for argument in (arguments[0], arguments[2]))
    epochs = int(arguments[3]) if arguments[3:] else None
    files = sorted(pathlib.Path(arguments[1]).absolute().glob("*.csv"))
    if not files:
        print(f"train_tenants_spark: expected CSV files in {arguments[1]}, found none", file=sys.stderr)
        return 66

    def train(file):
        return file.stem, *train_tenant(base, file, f"{output}/{file.stem}", epochs)

    spark = SparkSession.builder.getOrCreate()
    pathlib.Path(output).mkdir(parents=True, exist_ok=True)
    # One partition per file; otherwise a task would train several, one after the other.
    for tenant, rows, accuracy in spark.sparkContext.parallelize(files, len(files)).map(train).collect():
        print(f"{tenant}  {rows} texts  validation accuracy {100 * accuracy:.1f} %")
    spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
