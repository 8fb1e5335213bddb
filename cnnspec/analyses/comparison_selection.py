"""Select and sort compared networks by conditions (``params < 10M``) and keys (``-macs``)."""

import re
from decimal import Decimal
from math import prod
from typing import Any, Protocol

from cnnspec.analyses.comparison import ComparedNetwork, Measure, find_measure
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.units import join_digits, parse_bytes

CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|!=|==|=|<|>)\s*(\S.*?)\s*")
POWERS = {"": 0, "k": 3, "m": 6, "g": 9, "b": 9, "t": 12}
HOLDS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class HasMeasures(Protocol):
    """A network, or what is known of it: values of measures by their keys."""

    def value(self, key: str) -> Any: ...


class Condition(Record):
    """A condition on a network: a measure, a comparison (a key of HOLDS), and the value wanted.

    ``text`` is the condition as it was given."""

    measure: Measure
    holds: str
    wanted: Any
    text: str = ""

    def __call__(self, subject: "HasMeasures") -> bool:
        """Whether a network meets the condition; a network without the value does not.

        Capitals in texts make no difference."""
        value = comparable_number(self.measure, subject.value(self.measure.key))
        if self.measure.kind == "text" and value is not None:
            return bool(HOLDS[self.holds](value.casefold(), self.wanted.casefold()))
        return value is not None and bool(HOLDS[self.holds](value, self.wanted))


def describe_unknown_texts(
    conditions: list[Condition], subjects: list[ComparedNetwork]
) -> list[str]:
    """Return a sentence for each condition with a text that no network has, with those it has."""
    found = []
    for condition in conditions:
        of = condition.measure
        if of.kind == "text" and condition.holds == "=" and not any(map(condition, subjects)):
            known = sorted({value for s in subjects if (value := s.value(of.key))})
            shown = "there are " + ", ".join(map(visible, known)) if 0 < len(known) < 30 else ""
            hint = did_you_mean(condition.wanted, known, shown)
            unknown = f"no network's {of.key} is {visible(condition.wanted, 60)!r}"
            found.append(f"{unknown}; {hint}" if hint else unknown)
    return found


def parse_condition(text: str, option: str = "--filter") -> Condition:
    """Parse a condition such as ``params < 10M``, given by an option. Raises RequestError."""
    found = CONDITION.fullmatch(text) if len(text) < 200 else None
    if found is None:
        raise RequestError(
            f"{option} takes a measure, a comparison and a value, such as 'params < 10M' or "
            f"'family = vgg', not {visible(text, 60)!r}"
        )
    key, holds, value = found.groups()
    of = find_measure(key)
    holds = "=" if holds == "==" else holds
    if of.kind == "text" and holds not in ("=", "!="):
        raise RequestError(f"{key} is text: compare it with = or !=, not {holds}")
    wanted = value.strip("'\"") if of.kind == "text" else parse_wanted(of, value)
    return Condition(of, holds, wanted, text.strip())


def parse_wanted(of: Measure, text: str) -> Decimal:
    """Parse a number such as ``10M``, or for bytes ``24GiB``. Raises RequestError."""
    if of.kind == "bytes":
        size = parse_bytes(text)
        if size is not None:
            return Decimal(size)
        raise RequestError(
            f"{of.key} is compared with a size such as 24GiB or 500MB, not {visible(text, 40)!r}"
        )
    plain = (
        re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgbt]?)", join_digits(text).lower())
        if len(text) < 40
        else None
    )
    if plain is None:
        raise RequestError(
            f"{of.key} is compared with a number such as 10M or 4.1G, not {visible(text, 40)!r}"
        )
    return Decimal(plain[1]).scaleb(POWERS[plain[2]])


def comparable_number(of: Measure, value: Any) -> Any:
    """Return the number to compare: a field's largest side, the elements of an input's shape."""
    if isinstance(value, tuple):
        return max(value) if of.kind == "field" else prod(value)
    return value


def sort_networks(subjects: list[ComparedNetwork], key: str) -> list[ComparedNetwork]:
    """Sort networks by a measure, or descending with ``-`` before its key; missing values last.

    Raises RequestError for an unknown measure."""
    of, descending = find_measure(key.removeprefix("-")), key.startswith("-")
    values = {id(s): comparable_number(of, s.value(of.key)) for s in subjects}
    known = sorted(
        (s for s in subjects if values[id(s)] is not None),
        key=lambda s: values[id(s)],
        reverse=descending,
    )
    return known + [s for s in subjects if values[id(s)] is None]
