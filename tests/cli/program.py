"""Runs the program as a user would; shared by the tests beside it."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["FASTINTENT_TEST_PROGRAM"]
MODELS = pathlib.Path(os.environ["FASTINTENT_TEST_MODELS"])
TRAINED = str(MODELS / "bert_pooler" / "model")  # tiny, with random weights and a trained head
BASE = str(MODELS / "bert_base" / "model")  # the same without a head


def environment(**variables):
    """The caller's environment without flags in disguise, and with `variables`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FASTINTENT_") or name == "FASTINTENT_FORCE_ISA"
    }
    return kept | variables


def start(*arguments, **options):
    # Where the tests run in the background SIGINT is ignored, and the program would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options.setdefault("env", environment())
    return subprocess.Popen([PROGRAM, *arguments], **options)


def interrupt(arguments, log, after_lines, stop=signal.SIGINT):
    """Starts a training run and stops it once its log has so many lines; exit code, stderr."""
    process = start(*arguments, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if log.exists() and log.read_bytes().count(b"\n") >= after_lines:
            break
        time.sleep(0.01)
    process.send_signal(stop)
    said = process.stderr.read().decode()
    process.stderr.close()
    return process.wait(timeout=60), said


class ProgramTest(unittest.TestCase):
    """A test case with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run_program(self, *arguments, code=0, stdin=b"", stdout=subprocess.PIPE, **variables):
        """Runs, checks the exit code, and gives the finished process."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=environment(**variables),
            timeout=120,
        )
        self.assertEqual(done.returncode, code, done.stderr.decode(errors="replace"))
        if code not in (0, 130):
            self.assertTrue(done.stderr.strip(), "a failure says why")
        return done

    def lines(self, *arguments, **options):
        """The JSON lines a run writes."""
        output = self.run_program(*arguments, **options).stdout
        return [json.loads(line) for line in output.decode().splitlines()]
