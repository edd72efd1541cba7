#!/usr/bin/env python3
"""Prints the size of the product's files, functions and includes, by folder and altogether.

The product is include/, src/, cli/ and python/ in C++, CUDA and Python, without tests and generated Unicode tables.
Functions are measured by lizard (`pip install lizard`). An optional argument names another checkout to measure.
"""

import collections
import functools
import math
import pathlib
import re
import statistics
import sys

try:
    import lizard
except ModuleNotFoundError:
    sys.exit("measure_code: expected the Python package lizard, found none (pip install lizard)")

PRODUCT = ["include", "src", "cli", "python"]
GENERATED = {"character_tables.cpp", "unicode_tables.cpp"}
CPP = {".h", ".cpp", ".cu", ".cuh"}
KERNEL_FOLDERS = {"src/cpu/kernels", "src/cuda/kernels"}
LONG_FUNCTION = 60  # lines: about what a screen shows
MANY_PARAMETERS = 8
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()


def product_files():
    for folder in PRODUCT:
        for path in sorted((root / folder).rglob("*")):
            tests = root / "python/tests" in path.parents
            if path.suffix in CPP | {".py"} and path.name not in GENERATED and not tests:
                yield path


def folder_of(path):
    """src/cpu/kernels, src/text, include, cli, python."""
    parts = path.relative_to(root).parts
    if parts[0] != "src":
        return parts[0]
    folder = "/".join(parts[:3])
    return folder if folder in KERNEL_FOLDERS else "/".join(parts[:2])


def percentile(values, share):
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def comment_lines(path, lines):
    """Lines with a comment, alone or after code."""
    comment = re.compile(r"(^|\s)#" if path.suffix == ".py" else r"(^|\s)//")
    return sum(comment.search(line) is not None for line in lines)


def print_files(name, paths):
    lines = {path: path.read_text().splitlines() for path in paths}
    sizes = {path: len(text) for path, text in lines.items()}
    longest = max(sizes, key=sizes.get)
    comments = sum(comment_lines(path, text) for path, text in lines.items())
    total = sum(sizes.values())
    print(
        f"{name:<18}{len(sizes):>6}{total:>8}{statistics.median(sizes.values()):>8.0f}"
        f"{percentile(sizes.values(), 0.9):>6}{100 * comments / total:>9.1f} %  {sizes[longest]} {longest.name}"
    )


def print_functions(paths):
    found = [(path, function) for path in paths for function in lizard.analyze_file(str(path)).function_list]
    lengths = [function.length for _, function in found]
    print(
        f"functions: {len(lengths)}, median {statistics.median(lengths):.0f} lines, "
        f"p90 {percentile(lengths, 0.9)}, p99 {percentile(lengths, 0.99)}"
    )
    too_long = sorted((f for f in found if f[1].length > LONG_FUNCTION), key=lambda f: -f[1].length)
    print(f"functions over {LONG_FUNCTION} lines: {len(too_long)}")
    for path, function in too_long:
        print(
            f"  {function.length:>4} lines, complexity {function.cyclomatic_complexity:>2}: "
            f"{function.name} ({path.relative_to(root)})"
        )
    many = [(path, function) for path, function in found if len(function.parameters) > MANY_PARAMETERS]
    outside = sum(folder_of(path) not in KERNEL_FOLDERS for path, _ in many)
    print(f"functions over {MANY_PARAMETERS} parameters: {len(many)}, outside of kernels {outside}")
    for path, function in sorted(many, key=lambda f: -len(f[1].parameters)):
        print(f"  {len(function.parameters):>4}: {function.name} ({path.relative_to(root)})")


def include_depth(paths):
    """The longest chain of own headers from any file, as their names."""

    def own_headers(path):
        for line in path.read_text().splitlines():
            if include := INCLUDE.match(line):
                for folder in (root / "src", root / "include", root / "python/src", path.parent, root / "cli"):
                    if (folder / include[1]).is_file():
                        yield (folder / include[1]).resolve()
                        break

    @functools.cache
    def chain(path):
        # A header that includes itself on purpose (Highway's foreach_target) is not followed again.
        below = [chain(header) for header in own_headers(path) if header != path]
        return (path.name, *max(below, key=len, default=()))

    chains = [chain(path) for path in paths if path.suffix in CPP]
    return max(chains, key=len)[1:]


def main():
    paths = list(product_files())
    folders = collections.defaultdict(list)
    for path in paths:
        folders[folder_of(path)].append(path)
    print(f"{'folder':<18}{'files':>6}{'lines':>8}{'median':>8}{'p90':>6}{'comments':>11}  longest")
    for name, members in sorted(folders.items()):
        print_files(name, members)
    print_files("product", paths)
    print_functions(paths)
    print(f"backend.h: {len((root / 'src/compute/backend.h').read_text().splitlines())} lines")
    chain = include_depth(paths)
    print(f"include depth: {len(chain)} ({' > '.join(chain)})")


main()
