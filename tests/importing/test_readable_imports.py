"""Imports of torchvision's models are as readable as the zoo's own specs of them."""

import re
import tomllib
from pathlib import Path

import pytest

from cnnspec.graph.build import load_graph
from cnnspec.spec.zoo import zoo_folder
from tests.importing.test_zoo_models import MODELS, import_graph
from tests.importing.zoo_imports import folded_text
from tests.importing.zoo_imports import import_graph as import_zoo_graph

ZOO = Path(zoo_folder())
LARGEST = 1.3  # times the lines of the zoo's own file
MEANINGLESS = re.compile(r"\w+_\d+|has_\d+|\w*\d{3,}|arg\d*|x\d*")


def count_lines(text: str) -> int:
    """Count the lines that are neither empty nor a comment."""
    return sum(bool(line.strip()) and not line.startswith("#") for line in text.split("\n"))


def count_zoo_lines(family: str) -> int:
    """Count the lines of a family without variants, references and claims.

    The blocks that it includes from other files count, too, with the blocks that these call."""
    text = (ZOO / f"{family}.toml").read_text()
    kept = re.split(r"\n(?=\[\[?(?:variants|reference|claims|budget)\b)", text)[0]
    total = count_lines(kept)
    for name in tomllib.loads(text).get("include", []):
        blocks = re.split(r"\n(?=\[blocks\.)", (ZOO / name).read_text())[1:]
        by_name = {re.match(r"\[blocks\.(\w+)", block)[1]: block for block in blocks}  # type: ignore[index]
        reached: set[str] = set()
        open_ = [kept]
        while open_:
            read = open_.pop()
            new = {n for n in by_name if f'"{n}"' in read} - reached
            reached |= new
            open_ += [by_name[n] for n in new]
        total += sum(count_lines(by_name[n]) for n in reached)
    return total


@pytest.mark.parametrize("model", MODELS)
def test_the_zoo_without_its_blocks_is_as_short_again(model: str) -> None:
    graph = load_graph(MODELS[model])
    check_text(folded_text(import_zoo_graph(graph)), graph.family, graph.title)


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_a_model_of_torchvision_is_readable(model: str) -> None:
    expected = load_graph(MODELS[model])
    graph = import_graph("torchvision", model, expected.inputs[0].output)
    text = folded_text(graph)
    check_text(text, expected.family, graph.title)
    modules = {part for node in graph.nodes for call in node.calls for part in call.path.split(".")}
    spec = tomllib.loads(text)
    lines = [*spec["layers"], *(x for b in spec["blocks"].values() for x in b.get("layers", []))]
    numbers = {line["name"] for line in lines if line["name"].isdecimal()}
    assert numbers <= modules, "numbers are names only where the model has them"


def check_text(text: str, family: str, title: str) -> None:
    """Check that a text is short, and that its arguments have names that mean something."""
    assert count_lines(text) <= LARGEST * count_zoo_lines(family), text
    spec = tomllib.loads(text)
    arguments = {*spec.get("args", {})}
    arguments |= {arg for block in spec["blocks"].values() for arg in block.get("args", [])}
    assert [arg for arg in arguments if MEANINGLESS.fullmatch(arg)] == []
    assert re.findall(r"\d\.\d{7,}", text) == [], "floats with the error of a calculation"
    assert text.startswith(f"# {title}: ")
