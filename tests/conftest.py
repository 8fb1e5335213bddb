"""Options of the test run."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-expected", action="store_true",
                     help="write what bad specs print now into tests/spec/bad/*.expected; read the difference as prose")
