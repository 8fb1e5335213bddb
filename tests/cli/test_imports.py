"""What commands import: none waits for a library that it does not need."""

import subprocess
import sys

import pytest

from tests.benchmarks.startup import CASES

HEAVY = ("torch", "numpy", "pandas", "fvcore", "torchvision", "timm")
CODE = """
import sys
from cnnspec.__main__ import main
try:
    main()
finally:
    names = sorted({name.partition(".")[0] for name in sys.modules})
    print("\\n" + " ".join(names), file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    """The top-level modules that a command leaves in sys.modules."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert done.stdout
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("table", "vgg16", "--format", "json"),
        ("table", "vgg16", "--format", "csv"),
        ("list", "lenet", "--format", "json"),
        ("list", "lenet", "--format", "csv"),
        ("table", "vgg16"),
        ("list", "lenet"),
        ("explain", "lenet5"),
        ("explain", "lenet5", "--vs", "fvcore"),
        ("compare", "lenet5", "alexnet", "--convention", "thop", "--batch", "8"),
        ("schema",),
        ("audit", "note_003"),
        ("audit", "note_003", "--format", "json"),
        ("draw", "resnet50"),
        ("memory", "resnet50", "--optimizer", "adam"),
        ("memory", "lenet5", "--fit", "1GiB"),
        ("docs", "language"),
        ("docs", "conv"),
        ("docs", "S001"),
    ],
)
def test_text_json_csv_and_formulas_need_neither_heavy_libraries_nor_tabulate(
    arguments: tuple[str, ...],
) -> None:
    modules = imported(*arguments)
    assert "cnnspec" in modules
    assert not modules & {*HEAVY, "tabulate"}


@pytest.mark.parametrize("command", CASES)
def test_the_base_of_a_start_up_ratio_imports_only_what_the_command_needs(command: str) -> None:
    base = CASES[command][0].removeprefix("import ").split(", ")
    assert set(base) <= imported(*command.split()[1:])


@pytest.mark.parametrize("format", ["markdown", "latex", "html"])
def test_tables_for_pages_need_no_heavy_libraries(format: str) -> None:
    modules = imported("table", "vgg16", "--format", format)
    assert not modules & {*HEAVY, "tabulate"}


def test_the_package_itself_imports_nothing_heavy() -> None:
    code = (
        "import sys, cnnspec; cnnspec.load('lenet5'); print(*{n.partition('.')[0] for n in"
        " sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert not set(done.stdout.split()) & {*HEAVY, "click", "tabulate"}
