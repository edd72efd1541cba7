"""What an engine takes on disk: its distributions, all that pip installed for them, and libraries of the system."""

import re
from importlib import metadata
from pathlib import Path

from mapped_libraries import mapped_libraries


def installed_bytes(distributions, libraries):
    """libraries: what the engine's process had mapped. Those that every Python maps do not count."""
    everything = {Path(file.locate()).resolve() for name in dependencies(distributions)
                  for file in metadata.files(name) or []}
    environment = Path(metadata.distribution("numpy").locate_file("")).resolve()
    for library in set(libraries) - set(mapped_libraries()):
        path = Path(library).resolve()
        if environment not in path.parents:
            everything.add(path)
    return sum(path.stat().st_size for path in everything if path.is_file())


def dependencies(distributions):
    """The names of the distributions and of everything they need, as far as it is installed."""
    found, waiting = set(), list(distributions)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system
        found.add(name)
        waiting += [re.match(r"[\w.-]+", line).group() for line in required if "extra ==" not in line]
    return found
