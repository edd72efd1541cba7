#!/usr/bin/env python3
"""Holds the includes to the layers of docs/architecture.md.

Each folder of src/ includes only folders below it; the Python module and the examples see the public headers only,
the command line and the server also base/; oneDNN, libcurl, Boost.Beast and CUDA stay behind their seams; JSON is
read in one place, which has limits, and held by one class; folders are listed in one place; no code checks by #if
which device it was built for.
Files include each other without cycles: a header and the sources of its name count as one file.
"""

import pathlib
import re
import sys

BELOW_MODEL = {"compute", "devices", "processes", "checkpoint", "text", "batch"}

# Folder of src/: the folders it may include, besides itself, base/ and fastintent/.
ALLOWED = {
    "base": set(),
    "processes": set(),
    "hub": {"checkpoint"},
    "evaluation": set(),
    "compute": set(),
    "data": {"text"},
    "checkpoint": {"compute"},
    "text": {"checkpoint"},
    "batch": set(),
    "reference": {"compute"},
    "cpu": {"compute"},
    "cuda": {"compute", "processes"},
    "cuda_absent": {"cuda"},
    "devices": {"compute", "processes", "reference", "cpu", "cuda"},
    "model": {"compute", "batch", "checkpoint", "evaluation"},
    "train": BELOW_MODEL | {"model", "evaluation"},
    "predict": BELOW_MODEL | {"model", "evaluation"},
    "api": BELOW_MODEL | {"model", "evaluation", "train", "predict", "data", "hub"},
}
# Outside of src/: the folders of src/ that they may include besides the public headers. Files are written by one
# writer, base/file_writer.
OUTSIDE = {"cli": {"base"}, "serve": {"base"}, "python": set(), "examples": set()}
# What reads oneDNN's headers, and what may include those.
ONEDNN_FILES = {"src/cpu/onednn/functions.h", "src/cpu/onednn/library.cpp"}
ONEDNN_USERS = {"src/cpu/matmul.cpp"}
LIBCURL_FILES = {"src/hub/http_client.cpp"}
# Boost.Beast takes half a minute to compile, so two files include it: the server's end of a connection and a client's.
BEAST_FILES = {"serve/http_server.cpp", "serve/load_generator.cpp"}
# What reads JSON that others wrote, within limits; the readers of rows have those of their lines, and the command
# line, which sees the public headers only, reads nothing but lines of its own log.
JSON_FILES = {"src/base/parse_json.cpp", "src/data/json_line.cpp", "cli/json.cpp"}
# What owns JSON: the class whose destructor needs no memory, and a file that only we write.
JSON_OWNERS = {"src/base/json_tree.h", "src/cuda/algorithm_file.cpp"}
# What walks through folders without the iterators of libstdc++, which end the process when memory runs out.
FOLDER_FILES = {"src/base/folder_entries.cpp", "src/base/folder_entries.h"}
# What calls CUDA includes one of these.
CUDA_FILES = {"src/cuda/cuda_call.h", "src/cuda/device_code.h", "src/cuda/lt_library.h"}

SUFFIXES = {".h", ".cpp", ".cu", ".cuh"}
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)')
ONEDNN_HEADER = re.compile(r"(oneapi/)?dnnl")
BEAST_HEADER = re.compile(r"boost/(asio|beast)\b")
LIBCURL_HEADER = re.compile(r"curl/")
PUBLIC_HEADER_MAY_INCLUDE = re.compile(r"fastintent/.+|[a-z_0-9]+")  # ours and the standard library's
CUDA_HEADER = re.compile(r"(cuda|cublas|cudnn|nccl)\w*\.h|mma\.h|cuda/std/|cub/|thrust/")
JSON_READER = re.compile(r"\b[jJ]son::(parse|accept|sax_parse|from_\w+)\b")
JSON_VALUE = re.compile(r"\b(nlohmann::(ordered_)?json|json|ordered_json) \w+( =|;|\{)")
FOLDER_ITERATOR = re.compile(r"\b(recursive_)?directory_iterator\b|\bremove_all\b|\b(fs|filesystem)::copy\(")
DEVICE_CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif)\b.*(CUDA|GPU|DEVICE|BACKEND|DNNL)")

root = pathlib.Path(__file__).resolve().parent.parent
failures = []


def source_files(folder):
    return (path for path in sorted((root / folder).rglob("*")) if path.suffix in SUFFIXES)


def lines_of(path):
    name = path.relative_to(root).as_posix()
    for number, text in enumerate(path.read_text().splitlines(), 1):
        include = INCLUDE.match(text)
        yield name, f"{name}:{number}", text, include and include[2]


def include_cycles(base):
    """Groups of files below `base`, by name without suffix, of which each includes all others, if by way of some."""
    includes = {}
    for path in source_files(base):
        file = path.relative_to(root / base).with_suffix("")
        targets = includes.setdefault(file.as_posix(), set())
        for _, _, _, included in lines_of(path):
            if included:
                beside = file.parent / included  # in cli/ and python/src/, which include by the name alone
                target = beside if (root / base / beside).is_file() else pathlib.Path(included)
                targets.add(target.with_suffix("").as_posix())

    def reached_from(file):
        reached, waiting = set(), [file]
        while waiting:
            for target in includes.get(waiting.pop(), ()):
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
        return reached

    reached = {file: reached_from(file) for file in includes}
    cycles = {
        tuple(sorted(other for other in reached[file] if file in reached.get(other, ())))
        for file in includes
        if file in reached[file]
    }
    return sorted(cycle for cycle in cycles if len(cycle) > 1)


for path in source_files("src"):
    folder = path.relative_to(root / "src").parts[0]
    if folder not in ALLOWED:
        failures.append(f"src/{folder}: expected a folder of the table in scripts/check_layers.py")
        continue
    for name, place, text, included in lines_of(path):
        below = ALLOWED[folder] | {folder, "base"}
        target = included.split("/")[0] if included else None
        if target in ALLOWED and target not in below:
            failures.append(f"{place}: {folder}/ includes {target}/")
        if included and ONEDNN_HEADER.match(included) and name not in ONEDNN_FILES:
            failures.append(f"{place}: oneDNN header outside {', '.join(sorted(ONEDNN_FILES))}")
        if included == "cpu/onednn/functions.h" and name not in ONEDNN_USERS:
            failures.append(f"{place}: oneDNN is used outside {', '.join(ONEDNN_USERS)}")
        if included and LIBCURL_HEADER.match(included) and name not in LIBCURL_FILES:
            failures.append(f"{place}: libcurl header outside {', '.join(LIBCURL_FILES)}")
        if included and CUDA_HEADER.match(included) and name not in CUDA_FILES:
            failures.append(f"{place}: CUDA header outside {', '.join(sorted(CUDA_FILES))}")
        if folder != "cuda" and DEVICE_CONDITION.match(text):
            failures.append(f"{place}: condition on a device; make it a file (see src/cuda_absent)")

for folder, below in OUTSIDE.items():
    for path in source_files(folder):
        for _, place, _, included in lines_of(path):
            if included and included.split("/")[0] in ALLOWED.keys() - below:
                failures.append(f"{place}: {folder}/ includes {included}; only fastintent/ is public")

for folder in ["src", "cli", "serve", "python", "include"]:
    for path in source_files(folder):
        for name, place, text, included in lines_of(path):
            if included and BEAST_HEADER.match(included) and name not in BEAST_FILES:
                failures.append(f"{place}: Boost.Beast or Asio outside {', '.join(sorted(BEAST_FILES))}")
            if JSON_READER.search(text) and name not in JSON_FILES:
                failures.append(f"{place}: JSON is read outside {', '.join(sorted(JSON_FILES))}; use parse_json")
            if folder == "src" and JSON_VALUE.search(text.partition("//")[0]) and name not in JSON_OWNERS:
                failures.append(f"{place}: a value of nlohmann::json with a name; use JsonTree or a reference")
            if FOLDER_ITERATOR.search(text) and name not in FOLDER_FILES:
                failures.append(f"{place}: a folder is walked through by std::filesystem; use base/folder_entries")

for path in source_files("include"):
    for _, place, _, included in lines_of(path):
        if included and not PUBLIC_HEADER_MAY_INCLUDE.fullmatch(included):
            failures.append(f"{place}: a public header includes {included}")

for base in ["src", "cli", "serve", "python/src"]:
    for cycle in include_cycles(base):
        failures.append(f"{base}: files that include each other: {', '.join(cycle)}")

print("\n".join(failures) or "layers: ok")
sys.exit(bool(failures))
