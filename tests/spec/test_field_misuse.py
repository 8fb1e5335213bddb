"""Every field of every operator with every kind of wrong value: message, place and code are exact.

What a field takes follows from its type. For many operators, KINDS says it a second time."""

from typing import Any

import pytest

from cnnspec.graph.build import build_graph
from cnnspec.ops.kit.fields import ChoiceField, Field, FlagField, IntegerField, NumberField
from cnnspec.ops.kit.list_fields import (
    ChannelNumbersField,
    DimsField,
    KeptSizesField,
    PaddingField,
    PerAxisField,
    RowsField,
    ShapeField,
    SidesField,
)
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import SpecError
from cnnspec.spec.source import Source
from tests.pipeline import value as toml
from tests.spec.kinds_of_fields import KINDS, REQUIRED

BIG = 2**31 - 1
NUMBERS = {  # kind: what it takes, in words; numbers below or beyond it
    "size": (f"an integer from 1 to {BIG}", (0, -1, BIG + 1)),
    "count": (f"an integer from 0 to {BIG}", (-1, BIG + 1)),
    "sizes": ("an integer of at least 1, or a list with one for each dimension", (0, -1, BIG + 1)),
    "kept": (
        'an integer of at least 1 or "none", or a list with one of these for each dimension',
        (0, -1, BIG + 1),
    ),
    "counts": ("an integer of at least 0, or a list with one for each dimension", (-1, BIG + 1)),
    "positive": ("a number from 0 to 1e+09", (-0.5, 1e10)),
    "real": ("a number from -1e+09 to 1e+09", (-1e10, 1e10)),
    "reals": (
        "a number from -1e+09 to 1e+09, or a list with one for each channel",
        (-1e10, 1e10),
    ),
    "share": ("a number from 0 to 1", (-0.5, 1.5, 2)),
    "sharpness": ("a number from 1e-09 to 1e+09", (0, -1)),
    "ratio": ("a number from 0.001 to 1000", (0, -2, 1001)),
    "flag": ("true or false", (0, 1)),
    "padding": (
        'a number, one for each dimension, a pair for each dimension, "valid", "half" or "same"',
        (-1, BIG + 1),
    ),
    "sides": ("a number, one for each dimension, or a pair for each dimension", (-1, BIG + 1)),
    "shape": (
        "a list of 1 to 9 sizes, of which 0 keeps the input's and one may be -1",
        (3, -1),
    ),
    "dims": ("a list of 1 to 9 integers from 0", (3, -1)),
    "shifts": ("a list of 1 to 9 integers from -2147483648", (3, -1)),
    "rows": ("a list of non-empty lists of integers from 0", (3, -1)),
}
INTEGERS = (
    "size",
    "kept",
    "count",
    "sizes",
    "counts",
    "padding",
    "sides",
    "shape",
    "dims",
    "shifts",
    "rows",
    "flag",
)
LISTS: dict[str, tuple[Any, ...]] = {
    "sizes": ([], [0], [1.5], [[1]], [1] * 9),
    "kept": ([], [0], ["none", 1.5], ["None"]),
    "counts": ([], [-1], [True]),
    "padding": ([], [-1], [[1]], [[1, 2, 3]]),
    "sides": ([], [-1], [[1]], [["x", 1]]),
    "shape": ([], [-2], [-1, -1], [1.0], [1] * 10),
    "dims": ([], [-1], [1.0], [[1]], [1] * 10),
    "shifts": ([], [-(2**31) - 1], [1.0], [[1]], [1] * 10),
    "reals": ([], [True], [[1]], ["x"], [1e10]),
    "rows": ([], [[]], [3], [[-1]], [[0.5]]),
}
BOUNDS = {  # of numbers
    "positive": (0, 1e9),
    "real": (-1e9, 1e9),
    "share": (0, 1),
    "sharpness": (1e-9, 1e9),
    "ratio": (0.001, 1000),
}
CLASSES: dict[type[Field], str] = {
    ChannelNumbersField: "reals",
    FlagField: "flag",
    PaddingField: "padding",
    SidesField: "sides",
    ShapeField: "shape",
    RowsField: "rows",
}


def kind_of(field: Field) -> Any:
    """Return the kind of a field, or of a choice its words."""
    if isinstance(field, ChoiceField):
        return field.options
    if isinstance(field, IntegerField):
        return "size" if field.minimum else "count"
    if isinstance(field, KeptSizesField):
        return "kept"
    if isinstance(field, PerAxisField):
        return "sizes" if field.minimum else "counts"
    if isinstance(field, NumberField) and type(field) not in CLASSES:
        bounds = field.minimum, field.maximum
        return next((kind for kind, found in BOUNDS.items() if found == bounds), bounds)
    if isinstance(field, DimsField):
        return "shifts" if field.minimum else "dims"
    return CLASSES[type(field)]


def required_values(op: str) -> dict[str, Any]:
    """Return a value for each field that an operator cannot do without."""
    cls = load_operator(op)
    example = cls.examples[0].fields
    needed = {key: example[key] for key, field in cls.fields.items() if field.required}
    return REQUIRED.get(op, needed)


CASES = [
    (op, field, kind_of(f)) for op in OPERATORS for field, f in load_operator(op).fields.items()
]


def misuses(kind: Any) -> list[tuple[Any, str]]:
    """Values that a field of the kind does not take, each with what a message calls it."""
    wrong: list[tuple[Any, str]] = [({"a": 1}, "a table"), ("wide", '"wide"')]
    if is_choice(kind):
        return [
            *wrong,
            (1, "1"),
            (True, "true"),
            *((v, shown(v)) for v in ([kind[0]], kind[0].upper(), "")),
        ]
    _, numbers = numbers_of(kind)
    wrong += [(v, f"{v!r} (a float)" if isinstance(v, float) else str(v)) for v in numbers]
    wrong += [] if kind == "flag" else [(True, "true")]
    wrong += [(1.5, "1.5 (a float)")] if kind in INTEGERS else [(float("nan"), "nan (a float)")]
    wrong += [("same", '"same"')] * (kind in ("sizes", "sides"))
    return wrong + [(v, shown(v)) for v in LISTS.get(kind, ([1],))]


def is_choice(kind: Any) -> bool:
    return isinstance(kind, tuple) and isinstance(kind[0], str)


def numbers_of(kind: Any) -> tuple[str, tuple[Any, ...]]:
    """Return what a kind takes, in words, and numbers that it does not take."""
    if isinstance(kind, tuple):
        least, most = kind
        return f"a number from {least:g} to {most:g}", (least - 1, least - 0.5, 2 * abs(most) + 1)
    return NUMBERS[kind]


def shown(v: Any) -> str:
    """Return a value as messages quote it: at most eight items of a list."""
    if isinstance(v, list):
        return f"[{', '.join([*map(shown, v[:8]), *['…'] * (len(v) > 8)])}]"
    if isinstance(v, str):
        return f'"{v}"'
    if isinstance(v, bool):
        return str(v).lower()
    return f"{v!r} (a float)" if isinstance(v, float) else str(v)


def line(op: str, fields: dict[str, Any]) -> str:
    given = "".join(f", {key} = {toml(v)}" for key, v in fields.items())
    return f'layers = [{{ name = "a", op = "{op}"{given} }}]'


def problems(op: str, fields: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Column, code and message of what is wrong with a line."""
    text = f'name = "net"\ninput = [8, 8, 8]\n{line(op, fields)}\n'
    with pytest.raises(SpecError) as error:
        build_graph(Source("net.toml", text))
    assert {p.where.line for p in error.value.problems} == {3}
    return [(p.where.column, p.rule, p.message) for p in error.value.problems]


@pytest.mark.parametrize(
    ("op", "field", "kind"), CASES, ids=[f"{op}.{field}" for op, field, _ in CASES]
)
def test_a_misused_field_is_said_to_be_so(op: str, field: str, kind: Any) -> None:
    takes = (
        "one of " + ", ".join(f'"{o}"' for o in kind) if is_choice(kind) else numbers_of(kind)[0]
    )
    for bad, called in misuses(kind):
        fields = {**required_values(op), field: bad}
        column = (
            line(op, fields).index(f"{field} = ", len('layers = [{ name = "a", op = '))
            + len(field)
            + 4
        )
        assert problems(op, fields) == [(column, "L003", f"{op}: {field} is {takes}, not {called}")]


@pytest.mark.parametrize("op", [op for op in OPERATORS if required_values(op)])
def test_a_missing_field_is_said_to_be_missing(op: str) -> None:
    for field in required_values(op):
        rest = {k: v for k, v in required_values(op).items() if k != field}
        (found,) = problems(op, rest)
        assert found[:2] == (11, "L002")
        assert found[2].startswith(f"{op}: {field} is missing (")


@pytest.mark.parametrize("op", OPERATORS)
def test_a_field_that_there_is_not_is_said_to_be_unknown(op: str) -> None:
    fields = {**required_values(op), "colour": 1}
    column = line(op, fields).index("colour") + 1
    assert problems(op, fields) == [(column, "L001", f"{op}: colour is not a field")]


@pytest.mark.parametrize("op", KINDS)
def test_the_fields_are_of_the_kinds_in_the_table(op: str) -> None:
    fields = load_operator(op).fields
    assert {name: kind_of(field) for name, field in fields.items()} == KINDS[op]
    assert {name for name, field in fields.items() if field.required} == set(REQUIRED.get(op, {}))
