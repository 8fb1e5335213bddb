"""Finds blocks by structure alone, for sources without modules such as ONNX or Darknet files.

A block ends with a join, and one value enters it: a residual unit, an inception module, a dense
layer, a squeeze-and-excitation. Nothing else reads what is inside."""

from collections import Counter, defaultdict

from cnnspec.importing.folding.bodies import Body, FoldedLine
from cnnspec.ops.registry import load_operator

FEWEST_LINES = 3  # of a block
MOST_LINES = 40


def group_by_structure(lines: list[FoldedLine], readers: list[list[int]]) -> list[FoldedLine]:
    """Return the lines with each block in a body of its own.

    ``readers`` are by node those that read it. Blocks inside of others end before these."""
    result: list[FoldedLine] = []
    for line in lines:
        if line.shared:
            line.shared.is_shared = line.is_shared = True
    for line in lines:
        result.append(line)
        if line.kind and load_operator(line.kind).role == "join":
            recent = result[-MOST_LINES:]
            start = find_start(recent, readers)
            if start is not None:
                result[-len(recent) + start :] = [make_block(recent[start:])]
    number_blocks(result)
    return result


def find_start(lines: list[FoldedLine], readers: list[list[int]]) -> int | None:
    """Return where the block begins that ends with the last line; None if there is none."""
    owners = {node: i for i, line in enumerate(lines) for node in line.nodes}
    start = len(lines) - 1
    while True:
        piece = lines[start:]
        inside = {node for line in piece for node in line.nodes}
        entering = {i for line in piece for i in reads_of(line)} - inside
        if len(entering) == 1:
            return start if is_block(piece, inside, readers) else None
        before = max((owners.get(i, -1) for i in entering), default=-1)
        if not 0 <= before < start:
            return None
        start = before


def is_block(piece: list[FoldedLine], inside: set[int], readers: list[list[int]]) -> bool:
    """Tell whether only the last line of a piece is read outside, and it is long enough."""
    closed = all(
        reader in inside
        for node in inside
        if node != piece[-1].output
        for reader in readers[node] or [-1]
    )
    return (
        closed
        and len(piece) >= FEWEST_LINES
        and len({line.training_only for line in piece}) == 1
        and not any(line.is_shared for line in piece)
    )


def reads_of(line: FoldedLine) -> list[int]:
    """Return the nodes that a line reads, with those that its body reads from outside."""
    if line.body is None:
        return list(line.reads)
    inside = set(line.nodes)
    return [i for inner in line.body.lines for i in reads_of(inner) if i not in inside]


def make_block(piece: list[FoldedLine]) -> FoldedLine:
    """Return the line that calls a block of some lines."""
    kind = name_block(piece)
    number_blocks(piece)
    block = FoldedLine("", [i for line in piece for i in line.nodes], Body(kind, kind, piece))
    block.training_only = piece[0].training_only
    return block


def number_blocks(lines: list[FoldedLine]) -> None:
    """Number the lines of each kind, from 1, where there are several; blocks always."""
    kinds = [line.body.class_name if line.body else line.kind for line in lines]
    total, seen = Counter(kinds), defaultdict[str, int](int)
    for line, kind in zip(lines, kinds, strict=True):
        seen[kind] += 1
        single = total[kind] == 1
        line.name = kind if single else f"{kind}{seen[kind]}"


def name_block(piece: list[FoldedLine]) -> str:
    """Return what a block is called, by the way it begins and ends."""
    first, end = piece[0], load_operator(piece[-1].kind)
    inside = {i for line in piece for i in line.nodes}
    reads_input = any(i not in inside for i in piece[-1].reads)
    if not end.is_commutative:
        return "dense" if reads_input else "branches"
    pooled = first.kind and load_operator(first.kind).pools == "map"
    return "gate" if pooled and end.takes_gates else "residual"
