"""Names of an imported network: of layers, of blocks and of arguments, as the language allows."""

import re
from collections.abc import Collection

from cnnspec.ops.registry import OPERATORS

FORBIDDEN = re.compile(r"[./\\\"'`:{}\s]|[^ -~]")
MAX_NAME = 90  # characters, so that a number fits at the end


def make_layer_name(text: str) -> str:
    """Return a name of a layer that is close to ``text``."""
    name = FORBIDDEN.sub("_", text)[:MAX_NAME] or "layer"
    return f"{name}_" if name in ("input", "previous") else name


def input_names(count: int) -> tuple[str, ...]:
    """Return the names of the inputs of a network or a block that reads ``count`` values."""
    return ("input",) if count <= 1 else tuple(f"input{i + 1}" for i in range(count))


def make_identifier(text: str) -> str:
    """Return a name of a block or an argument: words in small letters, joined by underscores."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    name = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
    return re.sub(r"_+", "_", name)[:MAX_NAME]


def make_unique(name: str, taken: Collection[str], separator: str = "_") -> str:
    """Return ``name``, or with a number from 2 at its end if it is taken."""
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}{separator}{number}", number + 1
    return unique


def make_block_name(texts: list[str], taken: Collection[str]) -> str:
    """Return the name of a block, from the first text that is neither taken nor an operator's."""
    names = [make_identifier(text) or "block" for text in texts]
    names = [f"{name}_block" if name in OPERATORS else name for name in names]
    return next((name for name in names if name not in taken), make_unique(names[0], taken))
