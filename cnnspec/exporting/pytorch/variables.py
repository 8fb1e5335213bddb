"""The names of the variables in a forward method."""

from cnnspec.exporting.pytorch.python_text import free_name
from cnnspec.exporting.pytorch.statements import ClassBody, Reference

CHAIN = ("x", "y")  # the names of what the next layer reads


def name_variables(body: ClassBody, inputs: list[str]) -> dict[Reference, str]:
    """Return the name of each value of a body that is read; ``inputs`` are those of its inputs.

    A chain of layers passes ``x`` on, or ``y`` beside an ``x`` that is read later. What is read
    after other layers keeps the name of its own.
    """
    last = find_last_reads(body)
    names = {Reference(-1, i): name for i, name in enumerate(inputs)}
    for k, statement in enumerate(body.statements):
        live = {ref for ref in names if last.get(ref, -1) >= k}
        ends = [ref for ref in statement.reads if ref in live and last[ref] == k]
        busy = {names[ref] for ref in live if last[ref] > k}
        outputs = [Reference(k, i) for i in range(statement.outputs)]
        used = [ref for ref in outputs if ref in last]
        for ref in used:
            chosen = chain_name(ref, k, last, [names[e] for e in ends], busy)
            if len(outputs) > 1 or statement.training_only or not chosen:
                parts = "".join(c if c.isalnum() else "_" for c in statement.name)
                own = parts if parts.isidentifier() and parts.isascii() else f"x{parts}"
                chosen = free_name(own if ref.output == 0 else f"{own}_{ref.output}", busy)
            names[ref] = chosen
            busy.add(chosen)
    return names


def find_last_reads(body: ClassBody) -> dict[Reference, int]:
    """Return the last statement that reads each value; what the block gives is read after all."""
    last = {ref: k for k, statement in enumerate(body.statements) for ref in statement.reads}
    return last | dict.fromkeys(body.gives, len(body.statements))


def chain_name(
    ref: Reference, k: int, last: dict[Reference, int], ends: list[str], busy: set[str]
) -> str:
    """Return a name of a chain for the output of statement ``k``, or "" where it needs its own.

    ``ends`` are the names of values that are read for the last time there.
    """
    for name in (*ends, "x"):
        if name in CHAIN and name not in busy:
            return name
    return "y" if last[ref] == k + 1 and "y" not in busy else ""
