#!/usr/bin/env python3
"""Puts into a wheel what it needs besides the libraries that it links, which auditwheel finds by itself.

    scripts/bundle_into_wheel.py WHEEL OUTPUT_FOLDER

Those are oneDNN, which is loaded when training begins; the licences of all that is inside; a list of the parts that
auditwheel's own list lacks (a software bill of materials, CycloneDX); and, with CUDA, the places of its libraries
that come from PyPI. Runs on Debian, with the tools of wheel_requirements.txt in PATH.
"""

import importlib.metadata
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

from find_onednn import find_onednn, output_of

# Debian's packages of which the compiler read headers alone.
HEADERS = ["libcli11-dev", "nlohmann-json3-dev", "libxxhash-dev"]
# Every system has these, so no wheel brings them.
OF_THE_SYSTEM = re.compile(r"lib(c6|gcc-s1|stdc\+\+6)\b")
# Where packages of PyPI put CUDA's libraries, beside this one in site-packages: toolkit 13, and 12.
CUDA_FOLDERS = ["nvidia/cu13/lib", "nvidia/cublas/lib", "nvidia/nccl/lib"]


def programs_of(wheel):
    """The module and the command line."""
    return [*wheel.glob("fastintent/*.so"), *wheel.glob("*.data/scripts/fastintent")]


def add_onednn(wheel):
    """Into the folder of auditwheel's copies, where the module and the program look for libraries."""
    library, name = find_onednn()
    folder = wheel / "fastintent.libs"
    folder.mkdir()
    shutil.copy(library, folder / name)
    return library


def packages_of(files):
    """Debian's packages that own the libraries these files load, and the files themselves where they are Debian's."""
    owned = {str(file) for file in files if file.is_relative_to("/usr/lib")}
    for file in files:
        owned |= {str(pathlib.Path(path).resolve()) for path in re.findall(r"=> (/\S+)", output_of("ldd", str(file)))}
    # By name: Debian lists some libraries in /lib, which is a link to /usr/lib.
    lines = output_of("dpkg-query", "--search", *(f"*/{pathlib.Path(file).name}" for file in owned)).splitlines()
    found = {line.split(":")[0] for line in lines if str(pathlib.Path(line.split(": ")[1]).resolve()) in owned}
    return sorted(package for package in found if not OF_THE_SYSTEM.match(package))


def add_licences(info, packages):
    """As Debian collected them, and nanobind's; names each in the metadata (PEP 639)."""
    files = {f"{package}/copyright": pathlib.Path("/usr/share/doc", package, "copyright") for package in packages}
    for file in importlib.metadata.files("nanobind"):
        if file.name == "LICENSE" and "licenses" in file.parts:
            files["nanobind/LICENSE"] = pathlib.Path(file.locate())
    metadata = info / "METADATA"
    head, separator, description = metadata.read_text().partition("\n\n")
    for name, source in sorted(files.items()):
        target = info / "licenses" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        head += f"\nLicense-File: {name}"
    metadata.write_text(head + separator + description)


def component(package):
    version, architecture = output_of(
        "dpkg-query", "--show", "--showformat=${Version} ${Architecture}", package
    ).split()
    return {
        "type": "library",
        "name": package,
        "version": version,
        "purl": f"pkg:deb/debian/{package}@{urllib.parse.quote(version, safe='')}?arch={architecture}",
    }


def add_bill_of_materials(info, packages):
    """Beside auditwheel.cdx.json, which lists the libraries that auditwheel copies."""
    nanobind = importlib.metadata.version("nanobind")
    components = [component(package) for package in packages]
    components.append(
        {"type": "library", "name": "nanobind", "version": nanobind, "purl": f"pkg:pypi/nanobind@{nanobind}"}
    )
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1, "components": components}
    folder = info / "sboms"
    folder.mkdir()
    (folder / "fastintent.cdx.json").write_text(json.dumps(bill, indent=2) + "\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    wheel_file, output = map(pathlib.Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["wheel", "unpack", "--dest", scratch, wheel_file], check=True, stdout=subprocess.DEVNULL)
        (wheel,) = pathlib.Path(scratch).iterdir()
        (info,) = wheel.glob("*.dist-info")
        programs = programs_of(wheel)
        onednn = add_onednn(wheel)
        packages = [*packages_of([*programs, onednn]), *HEADERS]
        add_licences(info, packages)
        add_bill_of_materials(info, packages)
        for program in programs:
            if b"libcublasLt" in program.read_bytes():
                # The program is moved to fastintent.scripts/, so that both have the same way to site-packages.
                folders = ":".join(f"$ORIGIN/../{folder}" for folder in CUDA_FOLDERS)
                subprocess.run(["patchelf", "--set-rpath", folders, program], check=True)
        output.mkdir()
        subprocess.run(["wheel", "pack", "--dest-dir", output, wheel], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
