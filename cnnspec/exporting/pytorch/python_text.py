"""Pieces of Python source: names, values, types."""

import re
from keyword import iskeyword
from math import isfinite
from typing import Any

from cnnspec.exporting.pytorch.signatures import MODULE_NAMES

TAKEN = {"self", "torch", "nn", "F", "math", "x", "super", "range", "len", "zip", "input", "i"}
TAKEN |= {"enumerate"}  # names that arguments and variables do not get
SLICE = re.compile(r"[\w.]*:[\w.]*(?::[\w.]*)?")


def write_literal(value: Any) -> str:
    """Return a value as Python writes it; infinity is that of torch."""
    if isinstance(value, float) and not isfinite(value):
        return "-torch.inf" if value < 0 else "torch.inf"
    return repr(value)


def argument_name(label: str, known: set[str]) -> str:
    """Return a new name of an argument for the value of a hole."""
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in label).strip("_").lower()
    text = f"arg_{text}" if not text or text[0].isdigit() else text
    return free_name(text, known)


def free_name(name: str, known: set[str], between: str = "_") -> str:
    """Return ``name``, with ``between`` and a number after it where it is taken."""
    found, n = name, 1
    while found in known or found in TAKEN or iskeyword(found):
        n += 1
        found = f"{name}{between}{n}"
    return found


def type_name(column: list[Any]) -> str:
    """Return the type of an argument, from its values."""
    plain = dict.fromkeys(type(v).__name__ for v in column if not isinstance(v, tuple))
    inner = [v for value in column if isinstance(value, tuple) for v in value]
    kinds = [*plain, *([f"tuple[{type_name(inner)}, ...]"] if inner else [])]
    return " | ".join(kinds)


def attribute_name(name: str) -> str:
    """Return the name under which a module is registered; nn.Module's own names get a _."""
    return f"{name}_" if name in MODULE_NAMES else name


def is_plain_name(name: str) -> bool:
    """Tell whether a name can be an attribute in source."""
    return name.isascii() and name.isidentifier() and not iskeyword(name)


def quote(text: str) -> str:
    """Return a text in double quotes, as ruff format writes it."""
    return '"' + repr(f"'{text}")[2:-1].replace('"', '\\"') + '"'


def space_slice(found: re.Match[str]) -> str:
    """Return a slice as ruff format writes it: with spaces where a bound is not simple."""
    parts = found[0].split(":")
    if all(re.fullmatch(r"\w*", part) for part in parts):
        return found[0]
    return " ".join(filter(None, " : ".join(parts).split(" ")))
