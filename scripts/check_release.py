#!/usr/bin/env python3
"""Checks a release before it is published: docs/releasing.md has the steps.

    scripts/check_release.py [--untagged] [--program PROGRAM] [DIST]

Prints a line for each check, ok or FAILED with what was found, and exits with 1 when one failed. DIST (default: dist)
is the folder with everything that is to be published. --untagged is for the run before the tag is made. PROGRAM
(default: build/release/cli/fastintent) opens the model folders of earlier releases.
"""

import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
WHEEL_FLOOR = (2, 34)  # the newest glibc that a wheel may need, as README.md promises


class Failure(Exception):
    """Why a check failed: what was expected and found."""


def require(condition, expected, found):
    if not condition:
        raise Failure(f"expected {expected}, found {found}")


def found_in(file, pattern):
    match = re.search(pattern, (ROOT / file).read_text(), flags=re.MULTILINE)
    return match[1] if match else "nothing"


def git(*arguments):
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True).stdout.strip()


def check_version(release):
    places = {
        "CITATION.cff": r"^version: (.*)",
        "packaging/conda/recipe.yaml": r'^  version: "(.*)"',
        "packaging/homebrew/fastintent.rb": r"/v([\d.]+)\.tar\.gz",
    }
    for file, pattern in places.items():
        found = found_in(file, pattern)
        require(found == release.version, f"{release.version} in {file}", found)
    return f"{release.version} in version.h, {', '.join(places)}"


def check_changelog(release):
    sections = re.findall(r"^## (.*)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    require(sections[:1] == ["Unreleased"], "an empty section Unreleased first", sections[:1])
    require(len(sections) > 1, f"the section {release.version}", "none after Unreleased")
    match = re.fullmatch(re.escape(release.version) + r" - (\d{4}-\d{2}-\d{2})", sections[1])
    require(match, f"the section {release.version} with its date", sections[1])
    unreleased = (ROOT / "CHANGELOG.md").read_text().split("## Unreleased")[1].split("\n## ")[0]
    require(not unreleased.strip(), "nothing under Unreleased", f"{len(unreleased.split())} words")
    cited = found_in("CITATION.cff", r"^date-released: (.*)")
    require(cited == match[1], f"date-released {match[1]} in CITATION.cff", cited)
    return f"{sections[1]}, nothing unreleased"


def check_tree(release):
    changed = git("status", "--porcelain")
    require(not changed, "no change that is not committed", changed.splitlines()[:3])
    if release.untagged:
        return "no change that is not committed; the tag was not checked"
    tags = git("tag", "--points-at", "HEAD").split()
    require(f"v{release.version}" in tags, f"the tag v{release.version} at HEAD", tags)
    require(git("cat-file", "-t", f"v{release.version}") == "tag", "an annotated tag", "a lightweight one")
    return f"v{release.version} is the commit"


def check_wheels(release):
    wheels = sorted(release.dist.glob("*.whl"))
    require(wheels, f"wheels in {release.dist}", "none")
    for wheel in wheels:
        name, version, python, abi, platform = wheel.stem.split("-")
        require((name, version) == ("fastintent", release.version), f"fastintent-{release.version}-…", wheel.name)
        floor = re.fullmatch(r"manylinux_(\d+)_(\d+)_.*", platform.split(".")[0])
        require(floor, "a platform tag manylinux_…", wheel.name)
        require((int(floor[1]), int(floor[2])) <= WHEEL_FLOOR, "glibc {}.{} or older".format(*WHEEL_FLOOR), wheel.name)
        check_content(wheel, release.version)
    tags = [wheel.stem.split("-")[2] for wheel in wheels]
    require("cp312" in tags, "a wheel for Python 3.12 and later", tags)
    return f"{len(wheels)}: {', '.join(tags)}"


def check_content(wheel, version):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next((name for name in names if name.endswith(".dist-info/METADATA")), None)
        require(metadata, f"METADATA in {wheel.name}", "none")
        text = archive.read(metadata).decode()
    require(f"\nVersion: {version}\n" in text, f"Version: {version} in the metadata of {wheel.name}", "another")
    for part, pattern in {
        "the program": r"(\.data/scripts|\.scripts)/fastintent$",
        "an SBOM": r"\.dist-info/sboms/.*\.json$",
        "licences": r"\.dist-info/licenses/.*LICENSE",
    }.items():
        require(any(re.search(pattern, name) for name in names), f"{part} in {wheel.name}", "none")


def check_debs(release):
    found = {}
    for package in sorted(release.dist.glob("*.deb")):
        fields = subprocess.run(
            ["dpkg-deb", "-W", "--showformat=${Package} ${Version}", str(package)], capture_output=True, text=True
        ).stdout.split()
        require(len(fields) == 2, f"a Debian package in {package.name}", "something else")
        found[fields[0]] = fields[1]
    expected = {name: f"{release.version}-1" for name in ["fastintent", "libfastintent-dev"]}
    require(found == expected, expected, found)
    return ", ".join(f"{name} {version}" for name, version in found.items())


def check_sums(release):
    """SHA256SUMS lists every other file, with its checksum."""
    sums = release.dist / "SHA256SUMS"
    require(sums.is_file(), f"{sums} (made by sha256sum)", "none")
    listed = dict(reversed(line.split("  ", 1)) for line in sums.read_text().splitlines())
    files = {path.name: path for path in release.dist.iterdir() if path != sums}
    require(set(listed) == set(files), f"lines for {sorted(files)}", sorted(listed))
    for name, path in files.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        require(listed[name] == digest, f"{digest} of {name}", listed[name])
    return f"{len(files)} files"


def check_earlier_releases(release):
    """The folders of every release, this one's included, open and answer as they did."""
    kept = sorted(path.parent.name for path in ROOT.glob("tests/releases/*/model"))
    tagged = [tag.removeprefix("v") for tag in git("tag", "--list", "v*").split()]
    missing = sorted({*tagged, release.version} - set(kept))
    require(not missing, "a folder in tests/releases for each release", f"none of {', '.join(missing)}")
    done = subprocess.run(
        [sys.executable, "-B", str(ROOT / "tests" / "releases" / "releases_test.py")],
        env=os.environ | {"FASTINTENT_TEST_PROGRAM": str(release.program)},
        capture_output=True,
        text=True,
    )
    require(done.returncode == 0, "their folders to answer the same", done.stderr.strip().splitlines()[-1:])
    return ", ".join(kept)


CHECKS = {
    "version": check_version,
    "changelog": check_changelog,
    "commit": check_tree,
    "wheels": check_wheels,
    "Debian packages": check_debs,
    "checksums": check_sums,
    "earlier releases": check_earlier_releases,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--untagged", action="store_true", help="the tag is not there yet")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build" / "release" / "cli" / "fastintent")
    parser.add_argument("dist", nargs="?", type=pathlib.Path, default=ROOT / "dist")
    release = parser.parse_args()
    release.version = found_in("include/fastintent/version.h", r'kVersion = "([\d.]+)"')
    failures = 0
    for name, check in CHECKS.items():
        try:
            print(f"ok      {name:<18}{check(release)}")
        except (Failure, OSError, ValueError, zipfile.BadZipFile) as failure:
            failures += 1
            print(f"FAILED  {name:<18}{failure}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
