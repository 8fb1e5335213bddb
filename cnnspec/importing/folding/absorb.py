"""Puts norms and activations into the line before them, and a concat into the module before it."""

from cnnspec.importing.folding.bodies import Body, FoldedLine, LinePart
from cnnspec.ops.registry import load_operator


def absorb_parts(lines: list[FoldedLine], readers: list[int]) -> list[FoldedLine]:
    """Return the lines with each norm and activation in the line before it, where that is clear.

    That line is the only one that it reads, comes directly before it, and nothing else reads it.
    A norm goes into a layer with weights, an activation also into a norm or a join."""
    result: list[FoldedLine] = []
    for line in lines:
        before = result[-1] if result else None
        if before is not None and can_absorb(before, line, readers):
            parts = {role_of(line): LinePart(line.kind, line.fields), **line.parts}
            before.parts |= parts
            before.nodes = before.nodes + line.nodes
        else:
            result.append(line)
    return result


def can_absorb(before: FoldedLine, line: FoldedLine, readers: list[int]) -> bool:
    """Tell whether ``line`` is a norm or an activation that becomes a part of ``before``."""
    role = role_of(line)
    if (
        role not in ("norm", "activation")
        or not before.kind
        or line.reads != (before.nodes[-1],)
        or readers[before.nodes[-1]] != 1
        or line.nodes[0] != before.nodes[-1] + 1
        or line.training_only != before.training_only
        or "activation" in before.parts
        or role in before.parts
    ):
        return False
    op = load_operator(before.kind)
    if role == "norm":
        return bool(op.weight_layout)
    return bool(op.weight_layout) or op.role in ("norm", "join")


def role_of(line: FoldedLine) -> str:
    """Return the role of a line's operator, "" for the call of a body."""
    return load_operator(line.kind).role if line.kind else ""


def split_parts(line: FoldedLine) -> list[FoldedLine]:
    """Return the lines of an operator, its norm and its activation, each of its own."""
    lines = []
    reads = line.reads
    steps = [("", LinePart(line.kind, line.fields)), *line.parts.items()]
    for i, (role, part) in zip(line.nodes, steps, strict=True):
        made = FoldedLine(f"{line.name}_{role}" if role else line.name, [i])
        made.kind, made.fields, made.reads = part.kind, part.fields, reads
        made.named, made.training_only = line.named, line.training_only
        lines.append(made)
        reads = (i,)
    return lines


def move_concats_back(body: Body) -> None:
    """Let a module end with the concat of its input and its output that the next one begins with.

    DenseNet's layers concatenate all features before them when they begin; the last line of a
    layer then gives what the next one reads."""
    for inner in body.bodies():
        move_in_lines(inner.lines)


def move_in_lines(lines: list[FoldedLine]) -> None:
    """Move the concats in one list of lines."""
    i = 1
    while i < len(lines):
        line, before = lines[i], lines[i - 1]
        inside = line.body.lines if line.body else []
        concat = inside[0] if len(inside) > 1 else line
        if before.body and is_concat_of(concat, before.body):
            if concat is line:
                del lines[i]
                i -= 1
            else:
                del inside[0]
                line.nodes = line.nodes[len(concat.nodes) :]
            concat.name, concat.named = "concat", False
            before.body.lines.append(concat)
            before.nodes = before.nodes + concat.nodes
        i += 1


def is_concat_of(line: FoldedLine, body: Body) -> bool:
    """Tell whether a line concatenates what a body reads with what it gives."""
    if line.kind == "" or line.parts or len(line.reads) != 2:
        return False
    op = load_operator(line.kind)
    before, made = line.reads
    nodes = {i for inner in body.lines for i in inner.nodes}
    read = {i for inner in body.bodies() for each in inner.lines for i in each.reads} - nodes
    return (
        op.role == "join"
        and not op.is_commutative
        and before in read
        and made in nodes
        and not any(each.kind == line.kind for each in body.lines[-1:])
    )
