#!/usr/bin/env python3
"""Checks that built programs and modules are hardened, as cmake/harden.cmake requires.

    scripts/check_hardening.py FILE...          all of it: a build of Release, in its build tree
    scripts/check_hardening.py --linked FILE... what the linker does: any build

Prints each file with what it lacks, and ends with 1 where something is lacking. Needs binutils.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

MARKS_OF_OTHERS = 100  # the start-up code of the C library has a few; ours is thousands of functions


def readelf(*arguments):
    return subprocess.run(["readelf", "--wide", *arguments], check=True, capture_output=True, text=True).stdout


def missing_of_linker(file):
    header = readelf("--file-header", file)
    segments = readelf("--program-headers", file)
    dynamic = readelf("--dynamic", file)
    stack = re.search(r"GNU_STACK.*", segments)
    checks = {
        "position independent (PIE)": re.search(r"Type:\s+DYN", header),
        "read-only relocations (RELRO)": "GNU_RELRO" in segments,
        "all symbols bound at the start (BIND_NOW)": re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic),
        "a stack without code": stack and not re.search(r"\bRWE\b", stack.group()),
        "no relocations of code (TEXTREL)": "TEXTREL" not in dynamic,
    }
    return [what for what, found in checks.items() if not found]


def is_compiled_with_fortify(file):
    """By the compilation database of its build tree: where no size is in doubt, a program shows no such check."""
    for folder in pathlib.Path(file).resolve().parents:
        database = folder / "compile_commands.json"
        if database.exists():
            commands = [entry["command"] for entry in json.loads(database.read_text())]
            return all(re.search(r"-D_FORTIFY_SOURCE=[23]\b", command) for command in commands)
    return False


def missing_of_compiler(file):
    symbols = readelf("--dyn-syms", file)
    machine = re.search(r"Machine:\s+(.*)", readelf("--file-header", file)).group(1)
    code = subprocess.run(["objdump", "--disassemble", "--no-show-raw-insn", file], capture_output=True, text=True)
    marks = code.stdout.count("endbr64")
    checks = {
        "checks of stacks (-fstack-protector-strong)": "__stack_chk_fail" in symbols,
        "checks of buffers (_FORTIFY_SOURCE)": re.search(r"__\w+_chk\b", symbols) or is_compiled_with_fortify(file),
        "marked targets of jumps (-fcf-protection)": "X86-64" not in machine or marks > MARKS_OF_OTHERS,
    }
    return [what for what, found in checks.items() if not found]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--linked", action="store_true", help="check what the linker does alone")
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    lacking = 0
    for file in arguments.files:
        missing = missing_of_linker(file) + ([] if arguments.linked else missing_of_compiler(file))
        for what in missing:
            print(f"{file}: lacks {what}")
        if not missing:
            print(f"{file}: hardened")
        lacking += bool(missing)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
