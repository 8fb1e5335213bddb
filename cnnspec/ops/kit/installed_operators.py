"""Operators of other packages: found by the entry points of installed distributions.

A package registers a class under the group ``cnnspec.operators``. Nothing is imported before such
an operator is used, and nothing from the folder in which a command runs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from cnnspec.ops.kit.operator import Operator
from cnnspec.problems import RequestError, describe_exception, visible

GROUP = "cnnspec.operators"


@contextmanager
def without_current_folder() -> Iterator[None]:
    """Leave the current folder, which ``python -m`` puts first, out of the module search path."""
    before = sys.path[:]
    if sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]
    try:
        yield
    finally:
        sys.path[:] = before


@cache
def find_entry_points() -> dict[str, list[Any]]:
    """Find the entry points of operators by their names; this takes a tenth of a second."""
    from importlib.metadata import entry_points

    found: dict[str, list[Any]] = {}
    with without_current_folder():
        for point in entry_points(group=GROUP):
            found.setdefault(point.name, []).append(point)
    return found


def load_installed_operator(name: str) -> type[Operator]:
    """Import the operator that an installed package registers as ``name``.

    Raises KeyError if there is none, and RequestError if it is not one operator."""
    points = {point.value: point for point in find_entry_points()[name]}
    if len(points) > 1:
        values = " and ".join(visible(value) for value in sorted(points))
        raise RequestError(f"several packages register an operator {visible(name)}: {values}")
    (point,) = points.values()
    source = f"the operator {visible(name)} ({visible(point.value)}, an installed package)"
    try:
        with without_current_folder():
            found = point.load()
    except Exception as error:
        raise RequestError(f"{source} cannot be imported: {describe_exception(error)}") from error
    if not (isinstance(found, type) and issubclass(found, Operator)):
        raise RequestError(f"{source} is no subclass of cnnspec.ops.kit.operator.Operator")
    if not getattr(found, "title", "") or not found.examples:
        raise RequestError(f"{source} needs a title and at least one example")
    return found
