"""Layers in a row that one line with ``repeat`` or ``each`` makes, as one statement with a loop."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from cnnspec.exporting.pytorch.instances import BlockInstance, BlockTree, Instance, ValueKey
from cnnspec.records import Record

SHORTEST_LOOP = 3  # shorter ones are written line by line, where all calls of a block are alike
NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)

LineKey = tuple[str, Any]  # a block, and the place of a line in its file


class StepValues(tuple[Any, ...]):
    """The values of one hole in the steps of a loop."""


class Loop(Record):
    """The names of a loop's layers, ``stem`` and a number from ``start``, and its own holes.

    The hole ``count`` is the number of steps, and ``inputs`` are the channels that each reads."""

    stem: str
    start: int
    count: Any
    inputs: Any


def find_repeated_lines(trees: Sequence[BlockTree]) -> set[LineKey]:
    """Return the lines to write as loops: by the number of layers that they make in each call."""
    counts: dict[LineKey, set[int]] = {}
    for tree in trees:
        for instance in tree.root.blocks():
            for run in split_runs(instance.children):
                if key := line_key(instance, run[0]):
                    counts.setdefault(key, set()).add(len(run))
    return {
        key
        for key, found in counts.items()
        if max(found) >= SHORTEST_LOOP or (len(found) > 1 and key[0])
    }


def line_key(instance: BlockInstance, child: Instance) -> LineKey | None:
    """Return the key of the line that makes a child, if the line has ``repeat`` or ``each``."""
    line = child.line
    if line is None or (line.repeat is None and line.each is None):
        return None
    return instance.block, line.path


def split_runs(children: Sequence[Instance]) -> Iterator[list[Instance]]:
    """Yield the children of each line that repeats one in a row, and each other child alone."""
    run: list[Instance] = []
    for child in children:
        line = child.line
        repeats = line is not None and (line.repeat is not None or line.each is not None)
        if run and not (repeats and run[-1].line is line):
            yield run
            run = []
        run.append(child)
    if run:
        yield run


def is_chain_of_steps(tree: BlockTree, instance: BlockInstance, run: Sequence[Instance]) -> bool:
    """Tell whether each child of a run reads what the one before gives, and nothing else does."""
    given: set[ValueKey] = {*instance.gives, *tree.results, *tree.training_results}
    for child, following in pairwise(run):
        (key, *more) = child.gives
        if more or key in given or following.reads != (key,):
            return False
        if tree.readers.get(key, set()) - following.members:
            return False
    plain = len(run[0].reads) == 1 and len(run[-1].gives) == 1
    return plain and not any(c.training_only or shares_parameters(tree, c) for c in run)


def shares_parameters(tree: BlockTree, child: Instance) -> bool:
    """Tell whether a child uses the parameters of other layers, or others use its own."""
    owners = {node.shares.index for node in tree.nodes.values() if node.shares}
    return any(i in owners or tree.nodes[i].shares for i in child.members)


def find_numbering(run: Sequence[Instance]) -> tuple[str, int] | None:
    """Return the stem of the names and the first number, where they count up from it."""
    found = NUMBERED.fullmatch(run[0].name)
    if found is None:
        return None
    stem, start = found[1], int(found[2])
    if [child.name for child in run] != [f"{stem}{start + k}" for k in range(len(run))]:
        return None
    if "." in stem and (start or stem.index(".") < len(stem) - 1):
        return None
    return stem, start
