"""Every public name has a docstring, for help(), editors and the API pages."""

import inspect
import types

import fastintent
import fastintent.errors
import pytest

MODULES = [fastintent, fastintent.errors]


def docstrings(value):
    """The docstrings written for a value, one for each overload of a native function.

    Where nobody wrote one, nanobind fills in `__doc__` with the signature of a native function, and a property takes
    the `__doc__` of its getter.
    """
    if isinstance(value, property):
        value = value.fget
    if not inspect.isclass(value) and hasattr(value, "__nb_signature__"):
        return [doc for _, doc, *_ in value.__nb_signature__]
    return [value.__doc__]


def is_documented(value):
    return all(
        doc and doc.strip() and not doc.startswith("Alias for field number")  # what namedtuple writes
        for doc in docstrings(value)
    )


def public_members(owner):
    """The functions and properties that a class defines itself, its constructor included."""
    for name, member in vars(owner).items():
        is_public = name == "__init__" or not name.startswith("_")
        # An attribute of a plain type, such as the code of an error, cannot carry a docstring.
        if is_public and (callable(member) or inspect.isdatadescriptor(member)):
            yield name, member


def undocumented(module):
    """The public names of a module, and the members of its classes, that lack a docstring."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    for name in names:
        value = getattr(module, name)
        is_class = inspect.isclass(value)
        if not (is_class or callable(value)) or not value.__module__.startswith("fastintent"):
            continue
        if not is_documented(value):
            yield name
        for member_name, member in public_members(value) if is_class else ():
            if not is_documented(member):
                yield f"{name}.{member_name}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_name_has_a_docstring(module):
    assert module.__doc__
    assert list(undocumented(module)) == []


def test_a_missing_docstring_is_found():
    class Bare:
        def method(self):
            pass

        @property
        def value(self):
            pass

    Bare.__module__ = "fastintent"
    module = types.ModuleType("module")
    module.Bare = Bare
    assert list(undocumented(module)) == ["Bare", "Bare.method", "Bare.value"]
