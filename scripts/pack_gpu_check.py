#!/usr/bin/env python3
"""Copies what scripts/gpu_check.sh --packed needs into a folder that a machine without network can use.

  pack_gpu_check.py BUILD DIR

DIR is a small copy of the tree: programs and libraries in one archive, at the places where they were built; the tests
labelled gpu as ctest knows them; golden files, drivers, BANKING77 and a tokenizer where there are such. CUDA's own
libraries, the C++ run time and the C library are that machine's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from find_onednn import find_onednn

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("cli/fastintent", "benchmarks/gpu/encode_tokens", "benchmarks/gpu/product_rates")
# Python and text, small; the rest of a checkout is not needed there.
FOLDERS = ("benchmarks/gpu", "benchmarks/peers", "benchmarks/train", "tests/golden", "tests/cli")
SOURCES = ("*.cpp", "*.h", "CMakeLists.txt", "__pycache__")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
# What the machine has: the C library, the compiler's run time, the driver, CUDA's own libraries.
THEIRS = re.compile(
    r"(ld-linux|lib(c|m|dl|rt|pthread|resolv|stdc\+\+|gcc_s|cuda|cudart|cublas\w*|cudnn\w*|nccl|nv\w*)\.so)"
)
MOST_BYTES = 64 * 2**20  # so that the folder travels easily


def gpu_tests(build):
    """Those with the label gpu, as `ctest --show-only` describes them."""
    listing = subprocess.run(
        ["ctest", "--test-dir", build, "-L", "^gpu$", "--show-only=json-v1"], check=True, capture_output=True, text=True
    ).stdout
    tests = json.loads(listing)["tests"]
    if not tests:
        sys.exit(f"pack_gpu_check: expected tests with the label gpu, found none ({build})")
    return tests


def programs_of(tests, build):
    """Programs of the build that commands or environments name."""
    texts = [text for test in tests for text in (*test["command"], *map(str, property_of(test, "ENVIRONMENT", [])))]
    named = {Path(text.split("=", 1)[-1]) for text in texts}
    return sorted(
        {path for path in named if path.is_file() and build in path.parents}
        | {build / name for name in PROGRAMS if (build / name).is_file()}
    )


def property_of(test, name, otherwise):
    return next((item["value"] for item in test["properties"] if item["name"] == name), otherwise)


def libraries_of(programs):
    """Shared libraries that the programs need or load and a bare machine may lack: {name: file}."""
    onednn, name = find_onednn()
    found = {name: onednn}
    for program in [*programs, onednn]:
        lines = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout.splitlines()
        for name, file in (match.groups() for match in map(re.compile(r"\s*(\S+) => (/\S+)").match, lines) if match):
            if not THEIRS.match(name):
                found[name] = Path(file)
    return found


def ctest_file(tests):
    """The tests at their new place: each file of this tree is named from the folder's root."""
    # ctest does not pass such a file the path of its folder.
    lines = ["# Written by scripts/pack_gpu_check.py; gpu_check.sh sets the variable.", 'set(root "$ENV{PACKED_ROOT}")']
    for test in tests:
        words = " ".join(quoted(word) for word in test["command"])
        lines.append(f"add_test({quoted(test['name'])} {words})")
        properties = {"LABELS": "gpu", "WORKING_DIRECTORY": property_of(test, "WORKING_DIRECTORY", str(ROOT))}
        environment = property_of(test, "ENVIRONMENT", [])
        if environment:
            properties["ENVIRONMENT"] = ";".join(environment)
        words = " ".join(f"{name} {quoted(value)}" for name, value in properties.items())
        lines.append(f"set_tests_properties({quoted(test['name'])} PROPERTIES {words})")
    return "\n".join(lines) + "\n"


def quoted(word):
    """A CMake argument; python3 is that machine's."""
    if re.fullmatch(r"/.*/python3[.\d]*", word):
        return "python3"
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + escaped.replace(str(ROOT), "${root}") + '"'


def pack_binaries(programs, archive):
    """Programs, stripped, at their places in the tree, and libraries in lib/."""
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive, "w:xz", preset=6) as tar:
        for program in programs:
            stripped = Path(scratch, "program")
            subprocess.run(["strip", "-o", stripped, program], check=True)
            tar.add(stripped, program.relative_to(ROOT))
        for name, file in sorted(libraries_of(programs).items()):
            tar.add(file.resolve(), f"lib/{name}")


def copy_texts(output):
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, output / folder, ignore=shutil.ignore_patterns(*SOURCES))
    shutil.copy(ROOT / "scripts" / "gpu_check.sh", output)
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=7"],
        capture_output=True,
        text=True,
        check=False,
    )
    (output / "COMMIT").write_text((commit.stdout.strip() or "unknown") + "\n")
    data = Path(os.environ.get("FASTINTENT_DATA", ROOT.parent / "shared" / "data")) / "banking77"
    if data.is_dir():
        (output / "data" / "banking77").mkdir(parents=True)
        for name in ("train.csv", "test.csv"):
            shutil.copy(data / name, output / "data" / "banking77")
    base = os.environ.get("FASTINTENT_BASE_MODEL")
    if base:
        (output / "tokenizer").mkdir()
        for name in TOKENIZER_FILES:
            if (Path(base) / name).is_file():
                shutil.copy(Path(base) / name, output / "tokenizer")
    return [
        what
        for what, there in (
            ("BANKING77 (FASTINTENT_DATA)", data.is_dir()),
            ("a tokenizer (FASTINTENT_BASE_MODEL)", bool(base)),
        )
        if not there
    ]


def main():
    build, output = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    if output.exists() and any(output.iterdir()):
        sys.exit(f"pack_gpu_check: expected a new or empty folder, found files ({output})")
    output.mkdir(parents=True, exist_ok=True)
    tests = gpu_tests(build)
    missing = copy_texts(output)
    pack_binaries(programs_of(tests, build), output / "binaries.tar.xz")
    place = output / build.relative_to(ROOT)
    place.mkdir(parents=True)
    (place / "CTestTestfile.cmake").write_text(ctest_file(tests))
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    print(f"{output}: {len(tests)} tests, {size / 2**20:.1f} MB" + "".join(f"; without {what}" for what in missing))
    if size > MOST_BYTES:
        sys.exit(f"pack_gpu_check: expected at most {MOST_BYTES >> 20} MB, found {size / 2**20:.1f}")


if __name__ == "__main__":
    main()
