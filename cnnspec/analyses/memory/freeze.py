"""Layers that are not trained: which a pattern such as ``layer1.*`` means."""

from collections.abc import Sequence

from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, did_you_mean, visible


def frozen_layers(graph: Graph, patterns: Sequence[str]) -> frozenset[str]:
    """The layers that patterns match, by their names or that of the line that made them, with its
    norm.

    ``*`` stands for any characters, ``?`` for one. Raises RequestError for a pattern that matches
    no layer with parameters, and where nothing is left to train."""
    if not patterns:
        return frozenset()
    from fnmatch import fnmatchcase  # wanted here only

    owners = [n for n in graph.layers(training=True) if not n.shares and n.op.parameters(*n.shapes)]
    found: set[str] = set()
    for pattern in patterns:
        names = {
            n.name for n in owners if fnmatchcase(n.name, pattern) or fnmatchcase(n.row, pattern)
        }
        if not names:
            known = [
                *dict.fromkeys(
                    part for n in owners for part in (n.row, n.name.partition(".")[0] + ".*")
                )
            ]
            hint = did_you_mean(
                pattern,
                known,
                "cnnspec table shows the layers' names; 'layer1.*' means all below one",
            )
            raise RequestError(f"{visible(pattern, 60)!r} matches no layer with parameters; {hint}")
        found |= names
    if len(found) == len(owners):
        raise RequestError("every layer with parameters is frozen: there is nothing left to train")
    return frozenset(found)
