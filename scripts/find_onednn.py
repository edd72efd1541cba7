"""oneDNN's library, which programs load by its name, so that no linker or ldd finds it for them."""

import pathlib
import re
import subprocess


def find_onednn():
    """The file of the library that the compiler would link, and the name by which programs load it."""
    file = output_of("c++", "-print-file-name=libdnnl.so")
    library = pathlib.Path(file).resolve()
    if not library.is_file():
        raise SystemExit(f"find_onednn: expected oneDNN's library, found no {file} (apt-get install libdnnl-dev)")
    return library, re.search(r"\(SONAME\).*\[(.*)\]", output_of("readelf", "--dynamic", "--wide", library))[1]


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
