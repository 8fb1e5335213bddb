"""Options of the test run: worker processes, threads, and how hypothesis draws examples."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

FEW_FILES = 4  # run faster in one process than two workers start

# Each worker has a core of its own. This must be set before torch is imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest.register_assert_rewrite("tests.ops.agreement")  # shows how an operator and PyTorch differ
# No deadline: the time of one example says nothing on a machine under load.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-expected",
        action="store_true",
        help="write what bad specs print now to tests/spec/bad/*.expected; read the difference",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Return 0 (no workers) if only a few test files are named, else None (all cores)."""
    files = [Path(argument.partition("::")[0]) for argument in config.args]
    return 0 if len(files) <= FEW_FILES and all(file.is_file() for file in files) else None
