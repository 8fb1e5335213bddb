"""Style that ruff does not check: size of files, names, first lines of docstrings, plain words."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "cnnspec").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MAX_LINES = 250
FEW_LINES = 40  # a smaller file is seldom an idea of its own
MAX_SMALL_FILES = 6
ONE_THING_A_FILE = {"ops", "rules", "cli", "conventions"}  # where small files are right
WORDS = re.compile(  # of a private vocabulary, or of metaphors
    r"\b(twins?|sheets?|wings?|ledgers?|hulls?|slips?|told|misfits?|tongue|rooms?)\b"
    r"|held (against|to)\b|holds? .{0,40} to the\b|stands? at|what there is|in the words of"
    r"|speaks? (to|of)\b|lies? in one piece|of its own accord|is nothing but|nobody knows"
    r"|the way in\b|(?<!there )\b(is|are) (?-i:none)[.:;,]|\bbut for (the|a|an|its|their)\b"
    r"|\bas one (does|deploys|writes|would)\b",
    re.IGNORECASE,
)
every_file = pytest.mark.parametrize(
    "path", [*PACKAGE, *TESTS], ids=lambda p: str(p.relative_to(ROOT))
)


def read_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def find_words(path: Path) -> Iterator[str]:
    """Yield each line with a banned word, with its number."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if found := WORDS.search(line):
            yield f"{path.relative_to(ROOT)}:{number}: {found[0]!r}: {line.strip()}"


def is_nested(node: ast.AST) -> bool:
    """Whether a node is a conditional expression with another one inside."""
    return isinstance(node, ast.IfExp) and any(
        isinstance(inner, ast.IfExp) for inner in ast.walk(node) if inner is not node
    )


def count_lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_few_files_are_small() -> None:
    small = [
        str(path.relative_to(ROOT))
        for path in PACKAGE
        if path.relative_to(ROOT).parts[1] not in ONE_THING_A_FILE
        and path.name != "__init__.py"
        and count_lines(path) < FEW_LINES
    ]
    assert len(small) <= MAX_SMALL_FILES, small


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_has_at_most_250_lines(path: Path) -> None:
    assert count_lines(path) <= MAX_LINES


def test_every_class_has_a_name_of_its_own() -> None:
    files = defaultdict(list)
    for path in PACKAGE:
        for node in ast.walk(read_tree(path)):
            if isinstance(node, ast.ClassDef):
                files[node.name].append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in files.items() if len(found) > 1} == {}


@every_file
def test_conditional_expressions_are_not_nested(path: Path) -> None:
    assert [n for n in ast.walk(read_tree(path)) if is_nested(n)] == []


@every_file
def test_first_line_of_a_docstring_is_a_sentence(path: Path) -> None:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
    texts = [ast.get_docstring(n) or "" for n in ast.walk(read_tree(path)) if isinstance(n, kinds)]
    long = [text for text in texts if "\n" in text and text.split("\n")[1].strip()]
    assert long == [], "a blank line comes after the first line"


@pytest.mark.parametrize(
    "path",
    [
        *PACKAGE,
        ROOT / "README.md",
        *(ROOT / "cnnspec").rglob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
    ],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_words_are_plain(path: Path) -> None:
    assert [*find_words(path)] == []


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_small_value_classes_are_records_or_say_why_not(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    for node in ast.walk(read_tree(path)):
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base) for base in [*node.bases, *node.decorator_list]]
            if "NamedTuple" in bases or any(base.startswith("dataclass(") for base in bases):
                assert "  # " in lines[node.lineno - 1], f"{node.name} is not a Record"
