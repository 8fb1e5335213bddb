"""A network as it was written: lines, blocks, variants. Values may still hold expressions; nothing
is resolved."""

from typing import TYPE_CHECKING, Any

from cnnspec.records import Record
from cnnspec.spec.source import Path, Source

if TYPE_CHECKING:
    from cnnspec.spec.claims import Claim

Fields = dict[str, Any]


class Line(Record):
    """One line of a list of layers, or a preset. Values are as :func:`expressions.compile_value` left
    them.

    ``broken`` lines have a problem that is reported already; what depends on them stays unknown.
    Their values are FAULTY where they have it, so that the others can still be looked at."""

    source: Source
    path: Path
    name: Any
    op: Any
    fields: Fields
    sources: Any = None  # the key `from`
    repeat: Any = None
    each: Any = None
    when: Any = True
    share: Any = None
    training_only: bool = False
    broken: bool = False

    def at(self, key: str) -> Path:
        """The path of one of the line's values, under its key in the file."""
        return (*self.path, "from" if key == "sources" else key)


class Block(Record):
    """A named list of layers with arguments and inputs, or, with ``preset``, an operator with
    fields filled in.

    ``outputs`` None means the last line. ``own`` blocks stand in the network's own file and see its
    arguments. Of ``broken`` ones nobody knows what arguments and inputs they take; that is reported
    already."""

    name: str
    source: Source
    path: Path
    own: bool = True
    args: tuple[str, ...] = ()
    defaults: Fields = {}
    inputs: tuple[str, ...] = ("input",)
    outputs: tuple[str, ...] | None = None
    layers: tuple[Line, ...] = ()
    preset: Line | None = None
    broken: bool = False


class Variant(Record):
    """A named setting of a network's arguments, with a title, year, source and input of its own."""

    name: str
    path: Path
    args: Fields
    about: Fields


class NetworkSpec(Record):
    """One file of the language. ``about`` holds title, year, source and the input shape as they
    were written."""

    source: Source
    name: str
    about: Fields
    args: Fields
    body: Block
    blocks: dict[str, Block]
    variants: dict[str, Variant]
    references: Fields
    budgets: Fields
    claims: "tuple[Claim, ...]"
