"""Formats the tables of a spec in columns; only blanks change, and comments stay.

Three kinds of tables are aligned, as the importer writes them: the lines of a list of layers (names
and operators), the rows of a list of lists (each column at the right), and the equals signs of keys
that follow each other. Tables that are in columns already are left as they are."""

from collections.abc import Iterator

from cnnspec.editor.document import Document, is_line
from cnnspec.editor.positions import TextEdit
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.importing.writing.spec_text import align_lines, align_rows
from cnnspec.problems import SpecError

Replaced = tuple[int, int, str]  # the offsets of a text, and what replaces it


def format_document(document: Document) -> list[TextEdit]:
    """Return the edits that put the tables of a text in columns; none where it is not TOML."""
    if isinstance(document.source, SpecError):
        return []
    changes: list[Replaced] = []
    lists: dict[tuple[str | int, ...], list[SyntaxItem]] = {}
    for item in document.syntax.items:
        if item.path and isinstance(item.path[-1], int) and item.key is None:
            lists.setdefault(item.path[:-1], []).append(item)
    for path, items in lists.items():
        if all(is_line(item.path) for item in items):
            changes += format_lines(document, items)
        elif len(items) > 1 and path[0] in ("args", "variants", "layers", "blocks"):
            changes += format_rows(document, items)
    changes += format_keys(document)
    return [
        TextEdit(document.lines.range((start, end)), new)
        for start, end, new in sorted(changes)
        if document.text[start:end] != new
    ]


def stands_alone(document: Document, item: SyntaxItem) -> bool:
    """Tell whether an item is on one line of text, on which nothing precedes it."""
    lines = document.lines
    line = lines.position(item.span[0]).line
    before = document.text[lines.starts[line] : item.span[0]]
    return not before.strip() and item.span[1] <= lines.end(line)


def format_lines(document: Document, items: list[SyntaxItem]) -> Iterator[Replaced]:
    """Yield the lines of a list of layers with names and operators in columns.

    Lines that begin with other keys than name and op, or name and share, are left alone."""
    syntax, text = document.syntax, document.text
    found, names, calls, rest, columns = list[SyntaxItem](), [], [], [], list[list[int]]()
    for item in items:
        values = [*syntax.values(item.path)]
        keys = [value.path[-1] for value in values]
        plain = keys[:1] == ["name"] and keys[1:2] in (["op"], ["share"])
        if item.kind != "inline" or not plain or not stands_alone(document, item):
            continue
        first, second = values[0].key or (0, 0), values[1].key or (0, 0)
        before = text[item.span[0] : first[0]] + text[values[0].span[1] : second[0]]
        if "".join(before.split()) != "{,":
            continue  # a key with a dot is before or between them
        end = item.span[1] - 1
        others = text[values[1].span[1] : end].lstrip().removeprefix(",").lstrip()
        found.append(item)
        names.append(syntax.source_of(values[0]) + ",")
        calls.append(f"{keys[1]} = {syntax.source_of(values[1])}")
        rest.append(others.strip())
        starts = [second[0], end - len(others)] if others else [second[0]]
        columns.append([start - item.span[0] for start in starts])
    if found and not are_aligned(columns):
        for item, line in zip(found, align_lines(names, calls, rest), strict=True):
            yield item.span[0], item.span[1], line


def are_aligned(columns: list[list[int]]) -> bool:
    """Tell whether rows of offsets are equal in each column; the last may be missing in some."""
    longest = max(columns, key=len)
    return all(row == longest[: len(row)] for row in columns)


def format_rows(document: Document, items: list[SyntaxItem]) -> Iterator[Replaced]:
    """Yield the rows of a list of lists in columns, and the comment above with their names."""
    syntax = document.syntax
    cells = [[syntax.source_of(cell) for cell in syntax.values(item.path)] for item in items]
    same = len({len(row) for row in cells}) == 1 and len(cells[0]) > 1
    alone = all(item.kind == "array" and stands_alone(document, item) for item in items)
    if not same or not alone or have_columns(document, items):
        return
    header = find_header(document, items[0], len(cells[0]))
    names = header[2].split() if header else [""] * len(cells[0])
    first, *rows = align_rows([names, *cells])
    if header:
        yield header[0], header[1], f"# {first}"
    for item, row in zip(items, rows, strict=True):
        yield item.span[0], item.span[1], f"[ {row} ]"


def have_columns(document: Document, items: list[SyntaxItem]) -> bool:
    """Tell whether the cells of rows are in columns, at the left or at the right of each."""
    rows = [
        [(cell.span[0] - item.span[0], cell.span[1] - item.span[0]) for cell in cells]
        for item in items
        if (cells := [*document.syntax.values(item.path)])
    ]
    return all(
        len({cell[0] for cell in column}) == 1 or len({cell[1] for cell in column}) == 1
        for column in zip(*rows, strict=True)
    )


def find_header(document: Document, first: SyntaxItem, columns: int) -> Replaced | None:
    """Return the comment above the first row if it names the columns: its span and the names."""
    lines = document.lines
    above = lines.position(first.span[0]).line - 1
    for start, end in document.syntax.comments:
        text = document.text[start:end].lstrip("#")
        if lines.position(start).line == above and len(text.split()) == columns:
            alone = not document.text[lines.starts[above] : start].strip()
            return (start, end, text) if alone else None
    return None


def format_keys(document: Document) -> Iterator[Replaced]:
    """Yield the blanks before the equals signs of keys that follow each other, in a column.

    Keys with dots and keys without are aligned apart, and empty lines separate those before them
    from those behind. Tables that are in columns already are left as they are."""
    lines, group = document.lines, list[tuple[int, int, int]]()  # start, end, equals sign
    last: tuple[int, str] | None = None
    for item in document.syntax.items:
        if item.key is None or item.kind == "header":
            continue
        number = lines.position(item.key[0]).line
        start = lines.starts[number]
        equals = document.text.find("=", item.key[1])
        before = document.text[start:equals]
        if document.text[item.key[1] : equals].strip() or "{" in before or not before.strip():
            continue
        if before != before.lstrip():
            continue
        prefix = before.rstrip().rpartition(".")[0]
        if last is None or (number, prefix) != last:
            yield from align_equals(document, group)
            group = []
        group.append((start, start + len(before.rstrip()), equals))
        after = lines.position(item.span[1]).line + 1
        while lines.line(after).startswith("#"):
            after += 1
        last = after, prefix
    yield from align_equals(document, group)


def align_equals(document: Document, group: list[tuple[int, int, int]]) -> Iterator[Replaced]:
    """Yield the blanks between keys and their equals signs, so that these are in a column."""
    width = max([end - start for start, end, _ in group], default=0)
    aligned = len({equals - start for start, _, equals in group}) == 1 and len(group) > 1
    spaced = all(end < equals for _, end, equals in group)
    for start, end, equals in group if not (aligned and spaced) else ():
        yield end, equals, " " * (width - (end - start) + 1)
    for _, _, equals in group:
        if document.text[equals + 1 : equals + 2] not in ("", " ", "\t", "\n"):
            yield equals + 1, equals + 1, " "
