#!/usr/bin/env python3
"""Writes one C++ program that runs the C++ blocks of Markdown files, each section a function.

write_cpp_blocks.py FILE.md ... > cpp_blocks.cpp
"""

import pathlib
import sys

from code_blocks import code_blocks, sections


def write_function(file, name, blocks, includes):
    lines = [f"static void {name}() {{"]
    for block in blocks:
        lines.append(f'#line {block.line} "{file}"')  # the compiler then reports these lines
        for line in block.code.splitlines():
            if line.startswith("#include"):
                includes.append(line)
                line = ""
            lines.append(line)
    return "\n".join([*lines, "}"])


includes = ["#include <cstdio>"]
functions = []
calls = []
for file in sys.argv[1:]:
    for title, blocks in sections(code_blocks(pathlib.Path(file), "cpp")).items():
        name = f"section_{len(functions)}"
        functions.append(write_function(file, name, blocks, includes))
        # Each section prints its name before it runs, so that a failure can be located.
        calls.append(f'  std::fputs("{pathlib.Path(file).name}: {title}\\n", stderr);\n  {name}();')

print("\n".join(dict.fromkeys(includes)))
print("\n\n".join(functions))
print("\n".join(["\nint main() {", *calls, "}"]))
