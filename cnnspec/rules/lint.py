"""Rules at work: what they remark becomes problems at places in the spec, equal instances
folded."""

from collections.abc import Iterable

from cnnspec.graph.model import Graph, Node
from cnnspec.graph.notes import Notes
from cnnspec.problems import Problem
from cnnspec.rules.registry import rule
from cnnspec.rules.rule import Remark
from cnnspec.rules.subject import Subject
from cnnspec.spec.source import Path


def problems(graph: Graph, codes: Iterable[str]) -> list[Problem]:
    """What the rules with the given codes find in a network."""
    subject, notes = Subject(graph), Notes(limited=False)
    for code in codes:
        for remark in rule(code).check(subject):
            note(notes, code, remark)
    return notes.problems()


def note(notes: Notes, code: str, remark: Remark) -> None:
    """Note a remark at its place in the node's line."""
    node = remark.node
    if node.line is not None:
        notes.add(
            node.line.source,
            path_of(node, remark.keys),
            code,
            remark.message,
            remark.hint,
            node.call,
        )


def path_of(node: Node, keys: tuple[str, ...]) -> Path:
    """The path of the first of ``keys`` that the line of a node has; else that of what it calls."""
    line = node.line
    assert line is not None
    part = (node.part,) if node.part in line.fields else ()
    return line.at(next((key for key in (*part, *keys) if key in line.fields), "op"))
