"""The tests of the engines: scripts/engines_tests.sh runs them, in the environment of engines_environment.sh."""

import cases
import pytest


@pytest.fixture(scope="session")
def expected():
    return cases.answers_without_an_engine()
