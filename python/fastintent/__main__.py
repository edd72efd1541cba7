"""python -m fastintent: predicts Parquet files itself; all other commands are those of the installed program."""

import argparse
import os
import pathlib
import shutil
import sys
import sysconfig
import time

from fastintent import FastintentError, IntentClassifier

USAGE, BLANK_TEXTS, UNAVAILABLE, INPUT_OUTPUT, INTERRUPTED = 64, 65, 69, 74, 130  # docs/errors.md lists them
EXIT_CODES = {
    "invalid_argument": USAGE,
    "invalid_data": 65,
    "bad_checkpoint": 65,
    "no_model": 65,
    "missing_input": 66,
    "device_missing": UNAVAILABLE,
    "out_of_resources": 71,
    "cannot_create": 73,
    "io_error": INPUT_OUTPUT,
    "interrupted": INTERRUPTED,
}


def main(arguments: list[str]) -> int:
    """Returns the exit code, unless the installed program takes the place of this process."""
    if arguments[:1] == ["predict"] and any(argument.endswith(".parquet") for argument in arguments):
        return predict_parquet(arguments[1:])
    program = installed_program()
    if program is None:
        return fail(
            USAGE,
            "expected the program fastintent beside Python or on PATH, found none; docs/getting_started.md says how to "
            "install it. Without it there is: python -m fastintent predict IN.parquet OUT --model DIR",
        )
    os.execv(program, [program, *arguments])


def installed_program() -> str | None:
    """The path of the program fastintent: that of this Python's environment, else the first one on PATH."""
    beside = pathlib.Path(sysconfig.get_path("scripts"), "fastintent")
    if os.access(beside, os.X_OK):
        return str(beside)
    return shutil.which("fastintent")


def fail(code: int, message: str) -> int:
    print(f"fastintent: {message}", file=sys.stderr)
    return code


def predict_parquet(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    try:
        from fastintent import parquet
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        return fail(
            UNAVAILABLE,
            "predict: expected pyarrow, which reads Parquet, found none; pip install 'fastintent[parquet]'",
        )
    try:
        classifier = IntentClassifier(
            model_path=options.model,
            device=options.device,
            precision="auto" if options.precision is None else options.precision,
            threads=options.threads,
        )
        if options.precision == "auto":
            classifier.optimize_for_inference()
        report = parquet.predict_file(
            options.input,
            options.output,
            classifier,
            text=options.text,
            keep=options.keep,
            top_k=options.top_k,
            resume=options.resume,
            on_progress=Progress(),
        )
    except FastintentError as error:
        return fail(EXIT_CODES[error.code], str(error))
    except OSError as error:
        return fail(INPUT_OUTPUT, f"predict: {error}")
    except KeyboardInterrupt:
        return fail(INTERRUPTED, "predict: stopped; --resume continues")
    before = f", {report.files_before} were complete before" if report.files_before else ""
    print(f"{report.files} files written{before}; {report.rows:,} rows in all", file=sys.stderr)
    if report.errors:
        return fail(BLANK_TEXTS, f"predict: {report.errors:,} texts are blank or null; their rows have an error")
    return 0


def parser() -> argparse.ArgumentParser:
    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> None:  # type: ignore[override]
            self.exit(fail(USAGE, f"predict: {message}; see python -m fastintent predict x.parquet --help"))

    parser = Parser(
        prog="python -m fastintent predict",
        description="Predicts the texts of a Parquet file and writes a folder of Parquet files, one for about a "
        "million rows. Other inputs than *.parquet are those of the program fastintent.",
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="IN.parquet")
    parser.add_argument("output", metavar="OUT", help="folder for the answers: new, empty, or that of a run to resume")
    parser.add_argument("--model", required=True, metavar="DIR", help="trained folder")
    parser.add_argument("--text", default="text", metavar="COLUMN", help="column of the texts (default: text)")
    parser.add_argument(
        "--keep",
        default=[],
        metavar="COLUMN,...",
        type=lambda names: names.split(","),
        help="columns of the input to write in front of the answers",
    )
    parser.add_argument("--top-k", type=int, default=0, metavar="N", help="alternatives after the winner (default: 0)")
    parser.add_argument("--precision", help="as the program's (default: that of the folder)")
    parser.add_argument("--device", default="auto", help="as the program's")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="workers; 0: one for each core")
    parser.add_argument("--resume", action="store_true", help="write the files that an earlier run did not finish")
    return parser


class Progress:
    """A line on standard error every ten seconds, which a log can keep."""

    SECONDS = 10

    def __init__(self) -> None:
        self.reported = time.monotonic()
        self.start: tuple[float, int] | None = None  # time and rows after the first batch, which may be slower

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.start is None:
            self.start = now, done
        elif now - self.reported >= self.SECONDS:
            self.reported = now
            rate = (done - self.start[1]) / (now - self.start[0])
            print(f"{done:,}/{total:,} rows, {rate:,.0f}/s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
