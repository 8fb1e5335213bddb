"""The keys and values of a TOML text by path and by place, also where the text is broken."""

from collections.abc import Iterator
from functools import cached_property

from cnnspec.editor.syntax_scanner import SyntaxItem, SyntaxScanner
from cnnspec.spec.positions import unescaped
from cnnspec.spec.source import Path


class Syntax:
    """The items of a text in the order in which they begin, and the spans of its comments."""

    def __init__(self, text: str):
        scanner = SyntaxScanner(text)
        scanner.read_document()
        self.text, self.comments = text, scanner.comments
        self.items = sorted(scanner.items, key=lambda item: (item.span[0], -item.span[1]))

    @cached_property
    def by_path(self) -> dict[Path, SyntaxItem]:
        """The first item with each path."""
        found: dict[Path, SyntaxItem] = {}
        for item in self.items:
            found.setdefault(item.path, item)
        return found

    @cached_property
    def inside(self) -> dict[Path, list[SyntaxItem]]:
        """The items directly inside each table and list, in their order."""
        found: dict[Path, list[SyntaxItem]] = {}
        for item in self.items:
            found.setdefault(item.path[:-1], []).append(item)
        return found

    @cached_property
    def by_start(self) -> dict[int, SyntaxItem]:
        """The outermost item whose text begins at each offset."""
        return {item.span[0]: item for item in reversed(self.items)}

    @cached_property
    def by_key_start(self) -> dict[int, SyntaxItem]:
        """The item whose key begins at each offset."""
        return {item.key[0]: item for item in reversed(self.items) if item.key is not None}

    @cached_property
    def names(self) -> dict[Path, dict[str, Path]]:
        """The paths of the tables in each list by their names, as these are written."""
        found: dict[Path, dict[str, Path]] = {}
        for item in self.items:
            if item.kind == "text" and item.path[-1] == "name" and len(item.path) > 2:
                line = item.path[:-1]
                found.setdefault(line[:-1], {}).setdefault(self.value_of(item), line)
        return found

    @cached_property
    def blocks(self) -> frozenset[str]:
        """The names of the blocks that the text declares."""
        return frozenset(str(p[1]) for p in self.by_path if p[0] == "blocks" and len(p) > 1)

    def around(self, offset: int) -> list[SyntaxItem]:
        """Return the items whose key or text is at an offset, the innermost last."""

        def reaches(item: SyntaxItem) -> bool:
            start = item.key[0] if item.key and item.kind != "header" else item.span[0]
            return start <= offset <= item.span[1]

        return [item for item in self.items if reaches(item)]

    def source_of(self, item: SyntaxItem) -> str:
        """Return the text of an item, as it is written."""
        return self.text[item.span[0] : item.span[1]]

    def value_of(self, item: SyntaxItem) -> str:
        """Return the string of an item of kind "text"; for others its text as it is written."""
        written = self.source_of(item)
        if item.kind != "text":
            return written.strip()
        quote = written[:1]
        body = written.strip(quote) if written.startswith(quote * 3) else written[1:]
        body = body[:-1] if not written.startswith(quote * 3) and body.endswith(quote) else body
        return unescaped(body) if quote == '"' else body

    def key_of(self, item: SyntaxItem) -> str:
        """Return the key of an item as it is written, without quotes; "" for an item of a list."""
        return str(item.path[-1]) if item.key and item.path else ""

    def values(self, path: Path) -> Iterator[SyntaxItem]:
        """Yield the items directly inside the table or list at ``path``, in their order."""
        return iter(self.inside.get(path, ()))

    def string_at(self, path: Path) -> str | None:
        """Return the string at ``path``; None where there is no string."""
        item = self.by_path.get(path)
        return self.value_of(item) if item is not None and item.kind == "text" else None
