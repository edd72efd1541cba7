"""The type stubs say what a program may do, and what not."""

import pathlib
import subprocess
import sys


def test_a_type_checker_agrees(tmp_path):
    program = pathlib.Path(__file__).with_name("typed_program.py")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path, program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
