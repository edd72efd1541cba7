#!/usr/bin/env python3
"""Tells what ctest and pytest found in the build folders given: what was skipped and why, then the counts.

GoogleTest's skips are inside tests that passed, where ctest does not show them; and ctest counts a
test whose executable is missing among the skipped ones, here it has failed.
"""

import collections
import pathlib
import re
import sys
import xml.etree.ElementTree


def has_failed(test):
    """As pytest reports it."""
    return any(test.find(outcome) is not None for outcome in ("failure", "error"))


passed = failed = skipped = 0
reasons = collections.Counter()
for folder in map(pathlib.Path, sys.argv[1:]):
    try:
        suite = xml.etree.ElementTree.parse(folder / "tests.xml").getroot()
    except FileNotFoundError:
        print(f"{folder}: no test was run")
        continue
    for test in suite.iter("testcase"):
        unrun = test.find("skipped")
        if unrun is not None and unrun.get("message").startswith("SKIP_"):
            skipped += 1
            print(f"skipped: {folder}: {test.get('name')} (its output says why)")
        elif unrun is not None and unrun.get("type") == "pytest.skip":
            skipped += 1
            print(f"skipped: {folder}: {test.get('name')} ({unrun.get('message')})")
        elif unrun is not None or test.get("status") == "fail" or has_failed(test):
            failed += 1
        else:
            passed += 1
    log = folder / "Testing/Temporary/LastTest.log"  # ctest's
    if log.exists():
        reasons.update(re.findall(r": Skipped\n(.+)", log.read_text(errors="replace")))

for reason, count in sorted(reasons.items()):
    print(f"skipped inside tests, {count} x: {reason}")
print(f"{passed} passed, {failed} failed, {skipped} skipped")
