"""The shared libraries that this process has mapped: what an engine needs beside its own files."""

from pathlib import Path


def mapped_libraries():
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    paths = {line.split(maxsplit=5)[5] for line in lines if "/" in line}
    return sorted(path for path in paths if ".so" in Path(path).name)
