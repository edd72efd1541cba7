"""How the tests went, from ctest's JUnit file. Pure Python."""

import xml.etree.ElementTree


def read_test_results(file):
    """{"passed": count, "failed": [names], "skipped": [names]}"""
    results = {"passed": 0, "failed": [], "skipped": []}
    for case in xml.etree.ElementTree.parse(file).getroot().iter("testcase"):
        if case.find("failure") is not None or case.get("status") == "fail":
            results["failed"].append(case.get("name"))
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            results["skipped"].append(case.get("name"))
        else:
            results["passed"] += 1
    return results
