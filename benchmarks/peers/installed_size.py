"""What an engine takes on disk: its distributions, all that pip installed for them, and libraries of the system."""

from importlib import metadata
from pathlib import Path

from mapped_libraries import mapped_libraries
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def installed_bytes(distributions, libraries):
    """libraries: what the engine's process had mapped. Those that every Python maps do not count."""
    everything = {
        Path(file.locate()).resolve() for name in dependencies(distributions) for file in metadata.files(name) or []
    }
    environment = Path(metadata.distribution("numpy").locate_file("")).resolve()
    for library in set(libraries) - set(mapped_libraries()):
        path = Path(library).resolve()
        if environment not in path.parents:
            everything.add(path)
    return sum(path.stat().st_size for path in everything if path.is_file())


def dependencies(distributions):
    """The names of the distributions and of everything pip installs for them here."""
    found, waiting = set(), [Requirement(name) for name in distributions]
    while waiting:
        requirement = waiting.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key not in found:
            found.add(key)
            waiting += requirements(*key)
    return {name for name, _ in found}


def requirements(name, extras):
    """What a distribution with these extras needs on this system."""
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield requirement
