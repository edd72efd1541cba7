"""A worker's end of the pipe: JSON lines, a command on standard input, its answer on standard output."""

import json
import os
import sys


def serve(make_worker):
    """Calls the method that a command names, of the worker that make_worker(start) gave for the first argument of the
    process. What fails is answered {"error": …} and ends the process."""
    # The output of a library must not be mixed with the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            worker = worker or make_worker(json.loads(sys.argv[1]))
            answer = getattr(worker, command.pop("command"))(**command)
        except Exception as error:  # any error: it is the peer's and is shown in the table
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
        if isinstance(answer, dict) and "error" in answer:
            sys.exit(1)
