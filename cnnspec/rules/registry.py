"""The lint rules: each code with the file in this folder that defines it.

S is about the geometry of windows, A about architecture. Files are imported on first use."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module

from cnnspec.graph.model import Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.problems import Problem
from cnnspec.rules.rule import LintedNetwork, LintRule
from cnnspec.spec.source import Path

RULES = {
    "S001": "unread_pixels",
    "S002": "kernel_smaller_than_stride",
    "S003": "even_kernel",
    "S004": "small_receptive_field",
    "S005": "average_counts_padding",
    "S006": "input_layout",
    "A001": "bias_before_norm",
    "A002": "large_kernel",
    "A003": "heavy_linear_head",
    "A004": "channels_not_divisible_by_8",
    "A005": "depthwise_without_pointwise",
    "A006": "repeated_activation",
    "A007": "missing_activation",
    "A008": "dropout_before_norm",
    "A009": "abrupt_shrinking",
    "A010": "inplace_overwrite",
    "A011": "same_input_twice",
}


@cache
def load_rule(code: str) -> LintRule:
    """Return the rule with a code. Raises KeyError for an unknown code."""
    rule: LintRule = import_module(f"cnnspec.rules.{RULES[code]}").rule
    return rule


def lint_graph(graph: Graph, codes: Iterable[str]) -> list[Problem]:
    """Return what the rules with the given codes find in a network.

    A finding that several calls of a block share is returned once, with the calls."""
    network, notes = LintedNetwork(graph), ProblemLog(limited=False)
    for code in codes:
        for remark in load_rule(code).check(network):
            node = remark.node
            place = graph.input_places.get(node.name)
            if node.line is not None:
                place = node.line.source, remark_path(node, remark.keys)
            if place is not None:
                change = None if node.part else remark.change  # a part has no keys of the line
                notes.add(*place, code, remark.message, remark.hint, node.call, change)
    return notes.problems()


def remark_path(node: Node, keys: tuple[str, ...]) -> Path:
    """Return the path of the first of ``keys`` that a node's line has, else of its ``op``."""
    line = node.line
    assert line is not None
    given = {*line.fields, *(["from"] if line.sources is not None else [])}
    part = (node.part,) if node.part in line.fields else ()
    return line.at(next((key for key in (*part, *keys) if key in given), "op"))
