"""The modules of the engines have the names of the packages that they use, and are loaded only where one is used."""

import subprocess
import sys

import duckdb
import fastintent.duckdb
import fastintent.ray
import fastintent.spark
import pytest
import ray
from test_docstrings import undocumented

MODULES = [fastintent.spark, fastintent.ray, fastintent.duckdb]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_name_has_a_docstring(module):
    assert module.__doc__
    assert list(undocumented(module)) == []


def test_a_module_does_not_shadow_the_package():
    assert fastintent.ray.ray is ray is not fastintent.ray
    assert fastintent.duckdb.duckdb is duckdb is not fastintent.duckdb
    assert ray.__file__ != fastintent.ray.__file__ and duckdb.__file__ != fastintent.duckdb.__file__


def test_the_package_loads_no_engine():
    program = """
import fastintent, sys
print(*{name.partition(".")[0] for name in sys.modules} & {"pyspark", "ray", "duckdb", "pyarrow", "pandas", "numpy"})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
