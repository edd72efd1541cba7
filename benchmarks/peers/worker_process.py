"""The other end of worker.py's standard input and output."""

import json
import signal
import subprocess
import sys
from pathlib import Path


class WorkerError(Exception):
    """What the worker said, or how it ended."""


class WorkerProcess:
    """A running worker; ends with its `with` block."""

    def __init__(self, start, log, script=Path(__file__).with_name("worker.py")):
        self.log = Path(log)
        with self.log.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-B", script, json.dumps(start)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )

    def ask(self, command, **arguments):
        """The answer to one command. Throws WorkerError."""
        try:
            self.process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerError(describe_end(self.process.wait(), self.log.read_text(encoding="utf-8")))
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def describe_end(code, log):
    """A sentence for a process that is gone: its signal or exit status, and the last line it wrote."""
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    lines = log.strip().splitlines()
    return f"{how}: {lines[-1].strip()}" if lines else how
