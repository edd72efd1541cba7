#!/usr/bin/env python3
"""Ends the program, or lets it fail, at every place where it writes or reads files or needs memory.

Each operation runs once to count its places, then once for each of them and each fault, in a folder of
its own. Every time the script checks

- that the old result or the new one is there, complete;
- that the exit code says what happened;
- that the next run ends well with the result of a run without a fault;
- that this run leaves nothing behind that a run without a fault does not leave.

It prints a table and every fault that did damage, and exits with 1 if there was any. The build needs
tests/faults (the preset dev). Operations, kinds of faults and the number of places can be chosen:

    scripts/sweep_faults.py                             # 8 places of each operation and fault
    scripts/sweep_faults.py --points all                # every place
    scripts/sweep_faults.py --kinds kill save predict   # what to end, what to do
"""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from hub_server import REPOSITORY, Hub  # noqa: E402

GOLDEN = ROOT / "tests" / "golden"
SECONDS = 120  # of a run that takes one; longer is a hang

OK, BAD_DATA, MISSING_INPUT, OUT_OF_RESOURCES, CANNOT_CREATE, IO_ERROR = 0, 65, 66, 71, 73, 74
INTERRUPTED = 130

WORDS = [
    *["where is my card", "the card has not come", "card please", "has the card been sent"],
    *["i want my money back", "give me my money", "the money was taken", "refund the money"],
]


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens at a place, and how the program may end then."""

    kind: str
    name: str
    variables: dict
    codes: tuple  # besides 0
    always_works: bool = False  # the program must end with 0

    def at(self, place):
        """The variables of a run in which it happens at a place, from 1; 0: nowhere."""
        number = "FAULTS_ALLOCATION" if self.kind == "memory" else "FAULTS_CALL"
        return self.variables | {number: str(place)}


FILE_ERRORS = (MISSING_INPUT, CANNOT_CREATE, IO_ERROR)
FOREVER = {"FAULTS_FROM_THEN_ON": "1"}
NO_EXCHANGE = {"FAULTS_NO_EXCHANGE": "1"}
FAULTS = [
    Fault("kill", "kill", {"FAULTS_MODE": "kill"}, (-signal.SIGKILL,)),
    Fault("kill", "kill, no exchange", {"FAULTS_MODE": "kill"} | NO_EXCHANGE, (-signal.SIGKILL,)),
    Fault("io", "ENOSPC", {"FAULTS_MODE": "enospc"}, FILE_ERRORS),
    Fault("io", "ENOSPC from then on", {"FAULTS_MODE": "enospc"} | FOREVER, FILE_ERRORS),
    Fault("io", "EIO", {"FAULTS_MODE": "eio"}, FILE_ERRORS),
    Fault("io", "EIO from then on", {"FAULTS_MODE": "eio"} | FOREVER, FILE_ERRORS),
    Fault("io", "EIO, no exchange", {"FAULTS_MODE": "eio"} | NO_EXCHANGE, FILE_ERRORS),
    Fault("io", "EINTR", {"FAULTS_MODE": "eintr"}, (), always_works=True),
    Fault("io", "short", {"FAULTS_MODE": "short"}, (), always_works=True),
    Fault("io", "SIGTERM", {"FAULTS_MODE": "term"}, (INTERRUPTED, -signal.SIGTERM)),
    Fault("memory", "allocation", {}, (OUT_OF_RESOURCES, *FILE_ERRORS)),
    Fault("memory", "allocations from then on", FOREVER, (OUT_OF_RESOURCES, *FILE_ERRORS)),
]


def snapshot(place):
    """Content of a file, of every file below a folder, or None. Where a model is put in place file by
    file, the folder inside that the program reads meanwhile counts (replace_folder.h)."""
    if not place.is_dir():
        return place.read_bytes() if place.exists() else None
    complete = place / ".fastintent.complete"
    folder = complete if complete.is_dir() else place
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(".fastintent.")}


def names_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class Operation:
    """A command in a folder `box` with what it needs, and its result there."""

    name = ""
    result = "out"  # in the box
    spared = ""  # libraries that may end the process when memory runs out in them
    faulty_part = "."  # of the box: only its files meet faults

    def prepare(self, box):
        """Fills the box."""

    def arguments(self):
        raise NotImplementedError

    def arguments_of_next_run(self):
        """The runs that a user tries after a failure, until one does not end with 66."""
        return [self.arguments()]

    def environment(self, box):
        return {}

    def is_whole(self, box, old, new):
        return snapshot(box / self.result) in (old, new)


def data(box):
    labels = ["card"] * 4 + ["money"] * 4
    rows = [f"{text},{label}\n" for text, label in zip(WORDS, labels)]
    (box / "rows.csv").write_text("text,intent\n" + "".join(rows))


def model(box, name, case):
    shutil.copytree(GOLDEN / case / "model", box / name)


class Train(Operation):
    spared = "libdnnl libgomp"
    epochs = 2
    case = "sentence_base"

    def prepare(self, box):
        data(box)

    def arguments(self):
        # The base is outside the box: a run is resumed only with the same one.
        return [
            *["train", "--model", str(GOLDEN / self.case / "model"), "--train", "rows.csv"],
            *["--output", "out", "--force", "--epochs", str(self.epochs), "--batch-size", "4", "--threads", "1"],
        ]

    def arguments_of_next_run(self):
        return [[*self.arguments(), "--resume"], self.arguments()]


class TrainNew(Train):
    name = "train"


class Save(Train):
    """One epoch, so that most places are those of saving; over a model that is there."""

    name = "save"
    epochs = 1
    case = "bert_base"

    def prepare(self, box):
        super().prepare(box)
        model(box, "out", "bert_pooler")


class Resume(Train):
    """Continues a run that was stopped after a step."""

    name = "train --resume"

    def __init__(self, sweep):
        self.sweep = sweep

    def prepare(self, box):
        super().prepare(box)
        # At a call of the first epoch: the log is written after each step.
        variables = {"FAULTS_MODE": "term", "FAULTS_CALL": "12"}
        done = self.sweep.run(TrainNew(), box, variables, TrainNew().arguments())
        if done.code != INTERRUPTED:
            raise RuntimeError(f"train: expected to be stopped, found {done}")

    def arguments(self):
        return [*super().arguments(), "--resume"]

    def arguments_of_next_run(self):
        return [self.arguments(), super().arguments()]


class Quantize(Operation):
    name = "quantize"

    def prepare(self, box):
        data(box)
        model(box, "model", "bert_pooler")

    def arguments(self):
        return [
            *["quantize", "--model", "model", "--output", "out", "--force"],
            *["--data", "rows.csv", "--threads", "1"],
        ]


class QuantizeOver(Quantize):
    name = "quantize --force"

    def prepare(self, box):
        super().prepare(box)
        model(box, "out", "distilbert")


class Predict(Operation):
    name = "predict"
    result = "answers.jsonl"

    def prepare(self, box):
        model(box, "model", "bert_pooler")
        (box / "texts.txt").write_text("\n".join(WORDS * 3) + "\n")
        (box / self.result).write_text("the answers of yesterday\n")

    def arguments(self):
        return [
            *["predict", "--model", "model", "--input", "texts.txt", "--batch-size", "4"],
            *["--output", self.result, "--threads", "1"],
        ]

    def arguments_of_next_run(self):
        return [[*self.arguments(), "--resume"]]


class ResumePredict(Predict):
    """Continues after ten answers and a piece of the next."""

    name = "predict --resume"

    def __init__(self, sweep):
        self.sweep = sweep

    def prepare(self, box):
        super().prepare(box)
        variables = {"FAULTS_MODE": "kill", "FAULTS_CALL": "6"}
        self.sweep.run(Predict(), box, variables, Predict().arguments())

    def arguments(self):
        return [*super().arguments(), "--resume"]

    def arguments_of_next_run(self):
        return [self.arguments()]


class Evaluate(Operation):
    name = "evaluate"
    result = "metrics.json"

    def prepare(self, box):
        data(box)
        model(box, "model", "bert_pooler")
        (box / self.result).write_text("the measures of yesterday\n")

    def arguments(self):
        return [
            *["evaluate", "--model", "model", "--data", "rows.csv", "--output", self.result],
            *["--report", "page.html", "--threads", "1"],
        ]


class Download(Operation):
    """Training with a model from a hub; only the hub's cache meets faults."""

    name = "download"
    result = "home/hub"
    spared = "libdnnl libgomp"
    faulty_part = "home"

    def __init__(self, sweep):
        self.hub = sweep.hub

    def prepare(self, box):
        data(box)
        (box / "home").mkdir()

    def arguments(self):
        return [
            *["train", "--model", REPOSITORY, "--train", "rows.csv", "--output", "out", "--force"],
            *["--epochs", "1", "--batch-size", "4", "--threads", "1"],
        ]

    def environment(self, box):
        return {
            "HF_HOME": str(box / "home"),
            "HF_ENDPOINT": self.hub.address,
            "no_proxy": "127.0.0.1",
        }

    def is_whole(self, box, old, new):
        """What has its final name is complete, whatever is missing."""
        cache = box / self.result
        files = cache.rglob("*") if cache.exists() else []
        blobs = {path: path.read_bytes() for path in files if path.parent.name == "blobs"}
        whole = all(path.suffix == ".incomplete" or path.name in checksums(content) for path, content in blobs.items())
        has_name = any(cache.rglob("refs/main"))
        return whole and (not has_name or snapshot(cache) == new)


def checksums(content):
    blob = b"blob %d\0" % len(content) + content
    return hashlib.sha256(content).hexdigest(), hashlib.sha1(blob).hexdigest()


@dataclasses.dataclass
class Done:
    """A run that ended; code None: it did not end in time."""

    code: int | None
    said: str


@dataclasses.dataclass
class Expected:
    """An operation without a fault: what was there, what is there then."""

    template: pathlib.Path
    old: object
    new: object
    names: list


class Sweep:
    def __init__(self, build, work, hub):
        self.program = build / "cli" / "fastintent"
        libraries = build / "tests" / "faults"
        self.file_calls = libraries / "libfastintent_fail_file_calls.so"
        self.allocations = libraries / "libfastintent_fail_allocations.so"
        self.work = work
        self.hub = hub
        for path in [self.program, self.file_calls, self.allocations]:
            if not path.exists():
                raise SystemExit(f"expected {path}: build the preset dev")

    def run(self, operation, box, variables, arguments):
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FASTINTENT_", "FAULTS_", "HF_", "HUGGING"))
        }
        library = self.file_calls if "FAULTS_MODE" in variables else self.allocations
        if variables:
            environment["LD_PRELOAD"] = str(library)
            environment["FAULTS_UNDER"] = str(box / operation.faulty_part)
            environment["FAULTS_SPARED"] = operation.spared
        environment |= variables | operation.environment(box)
        try:
            done = subprocess.run(
                [self.program, *arguments],
                cwd=box,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return Done(None, "")
        return Done(done.returncode, done.stderr.decode(errors="replace").strip())

    def box_of(self, template):
        box = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        shutil.copytree(template, box, dirs_exist_ok=True, symlinks=True)
        return box

    def expected(self, operation):
        template = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        operation.prepare(template)
        box = self.box_of(template)
        done = self.run(operation, box, {}, operation.arguments())
        if done.code != OK:
            raise RuntimeError(f"{operation.name}: expected to work without a fault, found {done}")
        result = operation.result
        return Expected(template, snapshot(template / result), snapshot(box / result), names_in(box))

    def count(self, operation, fault, expected):
        box = self.box_of(expected.template)
        count = box.parent / f"{box.name}.count"
        variables = fault.at(0) | {"FAULTS_COUNT": str(count)}
        self.run(operation, box, variables, operation.arguments())
        return int(count.read_text())

    def try_place(self, operation, fault, expected, place):
        """The complaints about one run, and whether it ended otherwise than without a fault."""
        box = self.box_of(expected.template)
        done = self.run(operation, box, fault.at(place), operation.arguments())
        complaints = [*self.complaints(operation, fault, expected, box, done)]
        complaints += self.complaints_of_next_run(operation, expected, box)
        shutil.rmtree(box)
        if complaints:
            said = done.said.splitlines()[-1:] or [""]
            complaints.append(f"it said: {said[0]}")
        return complaints, done.code != OK

    def complaints(self, operation, fault, expected, box, done):
        if done.code is None:
            yield f"did not end in {SECONDS} s"
        elif done.code != OK and fault.always_works:
            yield f"exit code {done.code} instead of 0"
        elif done.code != OK and done.code not in fault.codes:
            yield f"exit code {done.code}"
        elif done.code > 0 and not done.said:
            yield f"exit code {done.code} without a word"
        if done.code == OK and snapshot(box / operation.result) != expected.new:
            yield "exit code 0 without the new result"
        if not operation.is_whole(box, expected.old, expected.new):
            yield "neither the old result nor the new one"

    def complaints_of_next_run(self, operation, expected, box):
        for arguments in operation.arguments_of_next_run():
            done = self.run(operation, box, {}, arguments)
            if done.code != MISSING_INPUT:
                break
        if done.code != OK:
            yield f"the next run ended with {done.code}: {done.said}"
        elif snapshot(box / operation.result) != expected.new:
            yield "the next run has another result"
        elif names_in(box) != expected.names:
            left = sorted(set(names_in(box)) - set(expected.names))
            gone = sorted(set(expected.names) - set(names_in(box)))
            yield f"the next run leaves {left} and lacks {gone}"


def places_to_try(count, points, shift):
    """All of them, or some in equal distances; `shift` distinguishes the faults, so that a small
    sample does not try the same places with each of them."""
    if points is None or points >= count:
        return list(range(1, count + 1))
    distance = count / points
    return [1 + int((i + shift) * distance) for i in range(points)]


def sweep_operation(sweep, operation, faults, points, executor):
    """Prints a line for each fault; returns (tried, damaged) for each kind."""
    expected = sweep.expected(operation)
    totals = {}
    for number, fault in enumerate(faults):
        count = sweep.count(operation, fault, expected)
        places = places_to_try(count, points, number / len(faults))
        tries = [executor.submit(sweep.try_place, operation, fault, expected, place) for place in places]
        damaged = otherwise = 0
        for place, tried in zip(places, tries):
            complaints, changed = tried.result()
            otherwise += changed
            damaged += bool(complaints)
            if complaints:
                print(f"DAMAGE  {operation.name}, {fault.name}, place {place}: {'; '.join(complaints)}")
        print(
            f"{operation.name:<18} {fault.name:<26} {count:>7} {len(places):>7} {otherwise:>7} {damaged:>7}",
            flush=True,
        )
        tried_before, damaged_before = totals.get(fault.kind, (0, 0))
        totals[fault.kind] = (tried_before + len(places), damaged_before + damaged)
    return totals


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("operations", nargs="*", metavar="OPERATION", help="default: all of them")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "dev")
    parser.add_argument("--kinds", default="kill,io,memory", help="kill, io and memory, with commas")
    parser.add_argument(
        "--points",
        default=os.environ.get("FASTINTENT_FAULT_POINTS", "8"),
        help='places of each operation and fault, or "all"; FASTINTENT_FAULT_POINTS changes the default',
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    faults = [fault for fault in FAULTS if fault.kind in kinds]
    points = None if options.points == "all" else max(1, int(options.points))

    hub = Hub(snapshot(GOLDEN / "bert_base" / "model"))
    with tempfile.TemporaryDirectory() as work:
        sweep = Sweep(options.build.resolve(), pathlib.Path(work).resolve(), hub)
        operations = [
            *[Save(), TrainNew(), Resume(sweep), Quantize(), QuantizeOver(), Predict()],
            *[ResumePredict(sweep), Evaluate(), Download(sweep)],
        ]
        known = [operation.name for operation in operations]
        for name in options.operations:
            if name not in known:
                parser.error(f"expected an operation of {', '.join(known)}; found {name}")
        print(f"{'operation':<18} {'fault':<26}  places   tried  failed damaged")
        totals = {}
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as executor:
            for operation in operations:
                if options.operations and operation.name not in options.operations:
                    continue
                found = sweep_operation(sweep, operation, faults, points, executor)
                for kind, (tried, damaged) in found.items():
                    before = totals.get(kind, (0, 0))
                    totals[kind] = (before[0] + tried, before[1] + damaged)
    hub.close()
    for kind, (tried, damaged) in totals.items():
        print(f"{kind}: {tried} tried, {damaged} damaged")
    sys.exit(any(damaged for _, damaged in totals.values()))


if __name__ == "__main__":
    main()
