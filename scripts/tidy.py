#!/usr/bin/env python3
"""Runs clang-tidy on src/ and cli/, from the compilation database of the preset dev: nothing is compiled for it.
scripts/format.sh installs it.

  scripts/tidy.py          what changed (scripts/changed_files.sh): each source file, and one that reads each header
  scripts/tidy.py --all    every source file

Of a change of more than 20 source files it checks 20, drawn by the commit's hash; the nightly run checks all.
The files of src/cuda that need the toolkit are checked where the preset cuda is configured; no clang-tidy reads .cu.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src/", "cli/")
CLANG_TIDY = ROOT / "build/format/bin/clang-tidy"
MOST_SOURCES = 20  # a source file takes about three seconds of a core, so that the answer comes within a minute


def databases():
    """Source file, relative to the root: the build folder whose database has it."""
    found = {}
    for build in (ROOT / "build/cuda", ROOT / "build/dev"):  # dev wins where both have a file
        database = build / "compile_commands.json"
        if database.exists():
            for entry in json.loads(database.read_text()):
                source = Path(entry["file"])
                if source.suffix == ".cpp" and ROOT in source.parents and source.exists():
                    found[source.relative_to(ROOT).as_posix()] = build
    return {source: build for source, build in sorted(found.items()) if source.startswith(FOLDERS)}


def headers_read(source, cache):
    """The headers of the tree that a file includes, directly or through others."""
    if source in cache:
        return cache[source]
    cache[source] = set()  # ends a circle of includes
    headers = set()
    for name in re.findall(r'^#include "([^"]+)"', (ROOT / source).read_text(), re.M):
        for folder in ("src", "include", "cli", Path(source).parent):
            if (ROOT / folder / name).exists():
                header = (Path(folder) / name).as_posix()
                headers |= {header} | headers_read(header, cache)
                break
    cache[source] = headers
    return headers


def sources_for(changed, sources):
    """The changed sources, and for each changed header that none of them reads the first source that does."""
    cache = {}
    chosen = [source for source in sources if source in changed]
    covered = set().union(*(headers_read(source, cache) for source in chosen))
    for header in sorted(file for file in changed if file.endswith(".h")):
        if header in covered:
            continue
        own = header.removesuffix(".h") + ".cpp"
        reader = next((s for s in [own, *sources] if s in sources and header in headers_read(s, cache)), None)
        if reader:
            chosen.append(reader)
            covered |= headers_read(reader, cache)
    return chosen


def draw(sources):
    """At most MOST_SOURCES of them; another commit draws others."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(sources, key=lambda source: hashlib.sha1((head + source).encode()).digest())[:MOST_SOURCES]


def tidy(source, build):
    # The database is of GCC, some of whose flags clang does not know. The compiler's own warnings are GCC's business.
    command = [CLANG_TIDY, "-p", build, "--quiet", "--warnings-as-errors=*", "--extra-arg=-w", source]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def main():
    if sys.argv[1:] not in ([], ["--all"]):
        sys.exit(__doc__)
    if not CLANG_TIDY.exists():
        sys.exit(f"tidy: expected {CLANG_TIDY.relative_to(ROOT)}, found none; run scripts/format.sh, which installs it")
    sources = databases()
    if not sources:
        sys.exit("tidy: expected build/dev/compile_commands.json, found none; run `cmake --preset dev`")
    if sys.argv[1:]:
        chosen = list(sources)
    else:
        listed = subprocess.run([ROOT / "scripts/changed_files.sh"], check=True, capture_output=True, text=True).stdout
        changed = sources_for(set(listed.splitlines()), sources)
        chosen = draw(changed)
        if len(chosen) < len(changed):
            print(
                f"clang-tidy: {len(changed)} source files changed, {len(chosen)} of them are checked (--all: every one)"
            )
    print(f"clang-tidy: {len(chosen)} of {len(sources)} source files", flush=True)
    failed = False
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, output in pool.map(lambda source: tidy(source, sources[source]), chosen):
            failed |= code != 0
            print(output, end="", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
