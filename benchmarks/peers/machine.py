"""What a reader must know of the machine and the tree to place a figure."""

import os
import subprocess
from importlib import metadata
from pathlib import Path

# The features that decide which precision is worthwhile.
FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def describe_machine(cores):
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    fields = {line.split(":", 1)[0].strip(): line.split(":", 1)[1].strip() for line in lines if ":" in line}
    flags = fields.get("flags", "").split()
    return {
        "processor": fields.get("model name", "unknown processor"),
        "cores": cores,
        "load": os.getloadavg()[0],
        "features": ", ".join(name for name in FEATURES if name in flags) or "no features known here",
    }


def describe_commit(tree):
    """The commit of the tree, with "-dirty" where files differ from it."""
    command = ["git", "-C", tree, "describe", "--always", "--dirty", "--abbrev=7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def installed_versions(names):
    """{name: version} of what is installed."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
