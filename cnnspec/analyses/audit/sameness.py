"""Whether what is compared as it stands is what was printed, in any of the ways in which it is
printed."""

import operator
import re
from collections.abc import Callable
from typing import Any

from cnnspec.analyses.audit.printed import printed, sizes
from cnnspec.analyses.network_costs import Row

NONE = ("none", "–", "-", "linear", "")
Same = Callable[[Any, Any], bool]


def alike(found: Any, value: Any) -> bool:
    """Whether sizes are the printed ones; one number stands for every dimension, ">=2" for what is
    2 or more."""
    figure = printed(value) if isinstance(value, str) and value[:1] in "<>≤≥" else None
    if figure is not None:
        return all(figure.holds(n) for n in found)
    wanted = sizes(re.sub(r"\s*\([A-Za-z]+\)$", "", value) if isinstance(value, str) else value)
    return wanted is not None and (
        tuple(found) == wanted or (len(wanted) == 1 and set(found) == set(wanted))
    )


def same_shape(found: Any, value: Any) -> bool:
    """Whether a shape is the printed one: channels first or last, with or without them, a vector as
    (n, 1)."""
    wanted, dims = sizes(value), tuple(found)
    if wanted is None:
        return False
    last = (*dims[1:], dims[0])
    forms = {dims, last, dims[1:] or dims} | (
        {(*dims, 1), (1, *dims), (1, 1, *dims)} if len(dims) == 1 else set()
    )
    return wanted in forms


def same_words(found: Any, value: Any) -> bool:
    words = str(value).casefold().replace(" ", "")
    return str(found).casefold().replace(" ", "") == words or (not found and words in NONE)


def one_of(found: Any, value: Any) -> bool:
    return str(value).casefold() in list(found)


def same_list(found: Any, value: Any) -> bool:
    return bool(words_of(value) == found)


def words_of(value: Any) -> list[str]:
    """The items of a printed list, or of a flow such as ``Conv -> Pool``."""
    words = value if isinstance(value, list) else re.split(r"\s*(?:->|→|,)\s*", str(value))
    return [str(w).casefold() for w in words]


SAME: dict[str, Same] = {
    "input": same_shape,
    "output": same_shape,
    "channels": alike,
    "size": alike,
    "kernel_size": alike,
    "stride": alike,
    "padding": one_of,
    "activation": same_words,
    "norm": same_words,
    "type": same_words,
    "filter": same_shape,
    "count": alike,
    "order": same_list,
    "layout": same_list,
    "receptive_field": alike,
}


def matches(quantity: str, found: list[tuple[Row, Any]], value: Any) -> list[bool]:
    """Which rows have the printed value: one for all, or a list of one for each (then of the same
    length)."""
    same = SAME[quantity]
    if value == "rising":
        numbers = [tuple(f) for _, f in found]
        return [bool(numbers) and numbers == sorted(numbers) and numbers[0] < numbers[-1]]
    if (
        isinstance(value, list)
        and quantity not in ("order", "layout")
        and (len(found) > 1 or len(value) == 1)
    ):
        return [same(f, v) for (_, f), v in zip(found, value, strict=False)] + [False] * abs(
            len(found) - len(value)
        )
    return [same(f, value) for _, f in found]


COMPARISONS: dict[str, Same] = {
    "fewer": operator.lt,
    "smaller": operator.lt,
    "more": operator.gt,
    "larger": operator.gt,
    "equal": operator.eq,
}
