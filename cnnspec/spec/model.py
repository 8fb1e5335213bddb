"""A network as it is written: lines, blocks, variants. Expressions are not evaluated yet."""

from typing import TYPE_CHECKING, Any

from cnnspec.records import Record
from cnnspec.spec.source import Fields, Path, Source

if TYPE_CHECKING:
    from cnnspec.spec.claims import Claim


class Line(Record):
    """One line of a list of layers, or a preset. Expressions in its values are compiled.

    A ``broken`` line has a problem that is reported; what depends on it has no value. The wrong
    values are FAULTY, so that the others can still be checked."""

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
        """Return the path of one of the line's values in the file."""
        return (*self.path, "from" if key == "sources" else key)


class Block(Record):
    """A named list of layers with arguments and inputs, or a preset: an operator with fields.

    ``outputs`` None means the last line. An ``own`` block is in the network's own file and can use
    its arguments. The arguments and inputs of a ``broken`` block are not all known, which is
    reported."""

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
    """A named setting of arguments, which may have title, year, source, task, input of its own."""

    name: str
    path: Path
    args: Fields
    about: Fields


class NamedModel(Record):
    """The PyTorch model of a spec: ``package.module:factory``, and the arguments that it gets."""

    factory: str
    arguments: Fields


class NetworkSpec(Record):
    """One spec. ``about`` holds title, year, source, task and the input shape as they are written.

    ``model`` is the table [model]."""

    source: Source
    name: str
    about: Fields
    args: Fields
    body: Block
    blocks: dict[str, Block]
    variants: dict[str, Variant]
    references: Fields
    model: Fields
    budgets: Fields
    claims: "tuple[Claim, ...]"
