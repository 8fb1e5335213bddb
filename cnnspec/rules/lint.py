"""Run lint rules on a network, and place what they report in its spec."""

from collections.abc import Iterable

from cnnspec.graph.model import Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.problems import Problem
from cnnspec.rules.registry import load_rule
from cnnspec.rules.rule import LintedNetwork
from cnnspec.spec.source import Path


def lint_graph(graph: Graph, codes: Iterable[str]) -> list[Problem]:
    """Return what the rules with the given codes find in a network.

    A finding that several calls of a block share is returned once, with the calls."""
    network, notes = LintedNetwork(graph), ProblemLog(limited=False)
    for code in codes:
        for remark in load_rule(code).check(network):
            node = remark.node
            if node.line is not None:
                path = remark_path(node, remark.keys)
                notes.add(node.line.source, path, code, remark.message, remark.hint, node.call)
    return notes.problems()


def remark_path(node: Node, keys: tuple[str, ...]) -> Path:
    """Return the path of the first of ``keys`` that a node's line has, else of its ``op``."""
    line = node.line
    assert line is not None
    part = (node.part,) if node.part in line.fields else ()
    return line.at(next((key for key in (*part, *keys) if key in line.fields), "op"))
