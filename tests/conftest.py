"""Options of the test run, and how hypothesis draws: anew each time at a desk, the same each time
in CI."""

import os

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("agreement")  # of operators and PyTorch: say what differs
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-expected",
        action="store_true",
        help=(
            "write what bad specs print now into tests/spec/bad/*.expected; read the difference as"
            " prose"
        ),
    )
