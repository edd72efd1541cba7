"""Predicts the texts of a Parquet file into a folder of Parquet files, in constant memory.

Needs pyarrow (pip install 'fastintent[parquet]'). `python -m fastintent predict IN.parquet OUT` is its command.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import re
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from fastintent import (
    CannotCreateError,
    IntentClassifier,
    InvalidArgumentError,
    InvalidDataError,
    IoError,
    MissingInputError,
)

RUN_FILE = "_fastintent.json"  # Spark, DuckDB and pyarrow leave out names that begin with _ when they read a folder
ROWS_PER_FILE = 1_000_000  # rows of whole row groups: about 20 MB of answers, or minutes of work to do again
ROWS_AT_ONCE = 16_384  # keep the workers busy for seconds, in a few MB


@dataclasses.dataclass(frozen=True)
class Report:
    """What predict_file did."""

    files: int  #: written by this call
    files_before: int  #: complete before, kept
    rows: int  #: of all files
    errors: int  #: rows of all files without a prediction: blank or null texts


def predict_file(
    input: str | os.PathLike[str],
    output: str | os.PathLike[str],
    classifier: IntentClassifier,
    *,
    text: str = "text",
    keep: list[str] | None = None,
    top_k: int = 0,
    resume: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Predicts the column `text` of a Parquet file and writes a folder of Parquet files, one for each range of rows.

    A file has the columns of IntentClassifier.predict_arrow, behind those that `keep` names, and the rows of its range
    of row groups (about a million rows) in their order. It gets its name when it is whole and on disk, so a run that
    was killed leaves whole files alone; with `resume` the next run writes the missing ones.

    on_progress: called with the number of rows done and of all rows, after each batch.

    Raises CannotCreateError when the output holds a run and `resume` is off, or when another run writes it;
    InvalidArgumentError when the run there has another input, model or options, and for columns that are not there or
    that an answer has, too; MissingInputError, InvalidDataError and IoError for an input that cannot be read.
    """
    input, output, keep = pathlib.Path(input), pathlib.Path(output), list(keep or [])
    with opened(input) as file, only_writer(output):
        answers = pa.schema(classifier.predict_arrow(pa.array([], pa.string()), top_k=top_k))
        schema = output_schema(file.schema_arrow, text, keep, answers)
        run = {
            "input": fingerprint(input),
            "model": classifier.fingerprint(),
            "device": re.split("[ :]", classifier.device_name)[0],
            "precision": classifier.precision,
            "max_length": classifier.max_length,
            "review_threshold": classifier.review_threshold,
            "text": text,
            "keep": keep,
            "top_k": top_k,
            "rows_per_file": ROWS_PER_FILE,
        }
        begin(output, run, resume)
        parts = row_group_ranges(file, output)
        missing = [part for part in parts if not part.path.exists()]
        done = sum(part.rows for part in parts) - sum(part.rows for part in missing)
        for part in missing:
            with written_table(part.path, schema) as writer:
                for batch in batches_of(file, part, [text, *keep]):
                    found = pa.record_batch(classifier.predict_arrow(batch, text, top_k=top_k))
                    kept = [batch.column(column) for column in keep]
                    writer.write_batch(pa.record_batch([*kept, *found.columns], schema=schema))
                    done += len(batch)
                    if on_progress is not None:
                        on_progress(done, file.metadata.num_rows)
        return Report(len(missing), len(parts) - len(missing), done, sum(errors_in(part.path) for part in parts))


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[pq.ParquetFile]:
    try:
        source = pa.OSFile(os.fsencode(path))  # as bytes, which need not be UTF-8
    except OSError as error:
        raise MissingInputError(f"predict: expected a Parquet file, found: {error} ({path})") from error
    with source:
        with read_errors(str(path)):
            file = pq.ParquetFile(source)
        yield file


@contextlib.contextmanager
def read_errors(where: str) -> Iterator[None]:
    """Raises the errors of reading a Parquet file as IoError, where the system has a number for them, and as
    InvalidDataError: pyarrow raises ValueError and OSError for malformed content."""
    try:
        yield
    except (ValueError, OSError, pa.ArrowNotImplementedError) as error:
        kind = IoError if getattr(error, "errno", None) else InvalidDataError
        raise kind(f"predict: expected a Parquet file, found: {error} ({where})") from error


def output_schema(input: pa.Schema, text: str, keep: list[str], answers: pa.Schema) -> pa.Schema:
    for column in [text, *keep]:
        if len(input.get_all_field_indices(column)) != 1:
            raise InvalidArgumentError(
                f'predict: expected one column "{column}", found the columns {", ".join(input.names)}; name that of '
                "the texts by --text"
            )
    for column in keep:
        if column in answers.names or keep.count(column) > 1:
            raise InvalidArgumentError(
                f'predict: expected columns of distinct names in --keep, found "{column}" twice in the output, whose '
                f"answers are {', '.join(answers.names)}; rename it in the input"
            )
    return pa.schema([*(input.field(column) for column in keep), *answers])


@dataclasses.dataclass(frozen=True)
class Part:
    path: pathlib.Path  #: of its answers
    row_groups: list[int]
    rows: int


def row_group_ranges(file: pq.ParquetFile, output: pathlib.Path) -> list[Part]:
    """Consecutive row groups of ROWS_PER_FILE rows or a little more; one empty range for a file without any."""
    ranges: list[list[int]] = [[]]
    rows = [0]
    for group in range(file.metadata.num_row_groups):
        if rows[-1] >= ROWS_PER_FILE:
            ranges.append([])
            rows.append(0)
        ranges[-1].append(group)
        rows[-1] += file.metadata.row_group(group).num_rows
    names = [f"part-{i:05}-of-{len(ranges):05}.parquet" for i in range(len(ranges))]
    return [Part(output / name, *part) for name, *part in zip(names, ranges, rows)]


def batches_of(file: pq.ParquetFile, part: Part, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with read_errors(f"for {part.path}"):
        yield from file.iter_batches(ROWS_AT_ONCE, part.row_groups, list(dict.fromkeys(columns)))


def fingerprint(path: pathlib.Path) -> str:
    """Identifies a Parquet file by its size and its footer, which has the place and statistics of every row group."""
    with path.open("rb") as bytes_of:
        bytes_of.seek(-8, os.SEEK_END)  # the length of the footer and the mark PAR1
        length = int.from_bytes(bytes_of.read(4), "little")
        bytes_of.seek(-8 - length, os.SEEK_END)
        digest = hashlib.sha256(bytes_of.read())
    digest.update(str(path.stat().st_size).encode())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def only_writer(output: pathlib.Path) -> Iterator[None]:
    """Makes the folder and holds it against other runs; the lock ends with the process.

    File systems that cannot lock a folder (NFS) hold nobody back.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        folder = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise CannotCreateError(
            f"predict: expected a folder for the output, found {error.strerror} ({output})"
        ) from error
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotCreateError(
                f"predict: expected no other run, found one that writes there ({output})"
            ) from error
        except OSError:
            pass  # such as EBADF and ENOLCK: this file system has no locks of folders
        yield
    finally:
        os.close(folder)


def begin(output: pathlib.Path, run: dict[str, object], resume: bool) -> None:
    """Leaves in the folder the description of this run and nothing of it that is incomplete."""
    for rest in [*output.glob(".part-*.tmp"), *output.glob(f".{RUN_FILE}.tmp")]:
        rest.unlink()
    file = output / RUN_FILE
    if not file.exists():
        if any(output.iterdir()):
            raise CannotCreateError(f"predict: expected an empty folder, found other files ({output})")
        with written_file(file) as descriptor:
            os.write(descriptor, json.dumps(run, indent=2).encode())
        return
    if not resume:
        raise CannotCreateError(f"predict: expected an empty folder, found a run; --resume continues it ({output})")
    before = json.loads(file.read_text())
    different = [key for key, value in run.items() if before.get(key) != value]
    if different:
        raise InvalidArgumentError(
            "predict: expected the input, model and options of the run to be resumed, found others: "
            f"{', '.join(different)}; choose another output ({file})"
        )


@contextlib.contextmanager
def written_file(name: pathlib.Path) -> Iterator[int]:
    """A descriptor of a file that gets its name when it is whole and on disk, and is removed otherwise."""
    temporary = name.with_name(f".{name.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        yield descriptor
        os.fsync(descriptor)
        os.rename(temporary, name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    folder = os.open(name.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def written_table(name: pathlib.Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    with written_file(name) as descriptor, os.fdopen(descriptor, "wb", closefd=False) as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            yield writer
        file.flush()


def errors_in(name: pathlib.Path) -> int:
    """Rows with an error, by the file's statistics."""
    with name.open("rb") as file:
        metadata = pq.read_metadata(file)
    column = [metadata.schema.column(i).path for i in range(metadata.num_columns)].index("error")
    groups = [metadata.row_group(i).column(column) for i in range(metadata.num_row_groups)]
    return sum(group.num_values - group.statistics.null_count for group in groups)
