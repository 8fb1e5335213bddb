"""Lint the spec in a text."""

from cnnspec.graph.build import build_graph
from cnnspec.problems import Problem
from cnnspec.rules.registry import RULES, lint_graph
from cnnspec.spec.source import Source


def lint_text(text: str, *codes: str) -> list[Problem]:
    """Return what the given rules find, or all rules; a name is added if the spec has none."""
    text = text.lstrip("\n")
    if not text.startswith("name"):
        text = f'name = "net"\n{text}'
    return lint_graph(build_graph(Source("net.toml", text)), codes or RULES)


def lint_layers(layers: str, shape: list[int], *codes: str) -> list[Problem]:
    """Return what rules find in a network of the given lines."""
    return lint_text(f"input = {shape}\nlayers = [\n{layers}\n]\n", *codes)
