"""The head of a loop: over numbers, or over the rows of a table."""

from typing import Any

from cnnspec.exporting.pytorch.layout import WIDTH, lay_out
from cnnspec.exporting.pytorch.parameters import LoopText
from cnnspec.exporting.pytorch.python_text import free_name, write_literal


def write_head(
    loop: LoopText, count: str, shapes: list[str], taken: set[str], indent: int = 8
) -> tuple[str, list[str]]:
    """Return the head of a loop, and the lines of the table before it.

    ``shapes`` are the comments on the rows of the table, and ``taken`` the names that it must not
    have, to which its name is added."""
    if not loop.tables:
        return f"for i in range({count}):", []
    steps = int(count)
    columns = [column[:steps] for column in loop.tables.values()]
    if len(columns) == 1 and not shapes:
        (name,) = loop.tables
        return f"for i, {name} in enumerate({write_row(columns[0])}):", []
    table = free_name("table", taken)
    taken.add(table)
    lines = [f"{' ' * indent}{table} = ("]
    for k, row in enumerate(zip(*columns, strict=True)):
        text = write_row(row) if len(row) > 1 else write_literal(row[0])
        made = lay_out(text, indent + 4, 1)
        made[-1] += ","
        if shapes and len(made) == 1 and len(f"{made[0]}  # {shapes[k]}") <= WIDTH:
            made[0] += f"  # {shapes[k]}"
        lines += made
    names = ", ".join(loop.tables)
    target = f"({names})" if len(columns) > 1 else names
    return f"for i, {target} in enumerate({table}):", [*lines, f"{' ' * indent})"]


def write_row(values: Any) -> str:
    """Return a tuple of values as Python writes it."""
    texts = [
        write_row(v) if isinstance(v, tuple) else write_literal(v).replace("'", '"') for v in values
    ]
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
