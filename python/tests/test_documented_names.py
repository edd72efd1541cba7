"""The names that the guide's reference and the README promise are those of the module."""

import re

import fastintent
import pytest
from conftest import ROOT
from fastintent import IntentClassifier, IntentPrediction

REFERENCE = (ROOT / "docs/guide.md").read_text().partition("\n## API reference\n")[2]


def reference(heading):
    """The text of a heading of level 3."""
    return re.split(r"^### ", REFERENCE.partition(f"\n### {heading}\n")[2], flags=re.MULTILINE)[0]


def items(text):
    """The items of its lists, one line each."""
    return [" ".join(item.split()) for item in re.findall(r"^- (.*(?:\n  .*)*)", text, re.MULTILINE)]


def quoted(text):
    return re.findall(r"`(\w+)`", text)


def signature(method):
    return method.__nb_signature__[0][0]


def arguments(method):
    """The names of a method's arguments in order, without self."""
    return re.findall(r"(\w+): ", signature(method))


def properties(owner):
    return {name for name, member in vars(owner).items() if isinstance(member, property)}


def test_the_arguments_of_the_constructor():
    documented = [quoted(item)[0] for item in items(reference("`IntentClassifier(...)`"))]
    assert documented == arguments(IntentClassifier.__init__)
    by_name_only = signature(IntentClassifier.__init__).partition("*, ")[2]
    assert re.findall(r"(\w+): ", by_name_only) == documented[documented.index("max_length") :]


def test_the_methods_and_their_arguments():
    documented = re.findall(r"^- `(\w+)\((.*?)\)`", reference("Calls"), re.MULTILINE)
    methods = {name for name, member in vars(IntentClassifier).items() if name[0] != "_" and callable(member)}
    assert {name for name, _ in documented} == methods
    for name, listed in documented:
        names = [argument.partition("=")[0] for argument in listed.split(", ") if argument not in ("", "...")]
        found = arguments(getattr(IntentClassifier, name))
        assert found[: len(names)] == names, name


@pytest.mark.parametrize(
    "name, options",
    [
        ("optimize_for_inference", {}),
        ("benchmark_performance", {"num_iterations": 1}),
        ("get_gpu_memory_stats", {}),
        ("get_prediction_counters", {}),
        ("get_cache_stats", {}),
    ],
)
def test_the_keys_of_a_report(classifier, name, options):
    (item,) = [item for item in items(reference("Calls")) if item.startswith(f"`{name}(")]
    keys = quoted(item.partition("dict): ")[2].partition(";")[0])
    assert keys == list(getattr(classifier, name)(**options))


def test_the_attributes_of_the_classifier():
    text = reference("Calls").partition("Attributes in Python")[2]
    names = {name for item in items(text) for name in quoted(item.partition(" (C++")[0])}
    assert names == properties(IntentClassifier)


def test_the_attributes_of_a_prediction():
    rows = re.findall(r"^\| `(\w+)` \|", reference("`IntentPrediction`"), re.MULTILINE)
    assert set(rows) == properties(IntentPrediction)


def test_what_python_replaces():
    readme = " ".join((ROOT / "README.md").read_text().split())
    replaced = re.findall(r"replaces? `(\w+)`", readme)
    assert replaced == ["Trainer", "TextReader"]
    headers = "\n".join(header.read_text() for header in (ROOT / "include/fastintent").glob("*.h"))
    for name in replaced:
        assert f"class {name} " in headers
        assert not hasattr(fastintent, name)
