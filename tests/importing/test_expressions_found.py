"""Expressions for values that differ between calls: the plainest one that always fits."""

from collections.abc import Sequence
from typing import Any

import pytest

from cnnspec.importing.folding.expressions import ABSENT, find_expression
from cnnspec.spec.expressions import compile_value
from cnnspec.spec.scope import Scope

CASES: list[tuple[list[Any], dict[str, list[Any]], str | None]] = [
    ([8, 16], {"in_channels": [8, 16]}, "in_channels"),
    ([16, 32], {"in_channels": [8, 16]}, "2 * in_channels"),
    ([2, 4], {"in_channels": [8, 16]}, "in_channels // 4"),
    ([2, 4], {"in_channels": [9, 17]}, "in_channels // 4"),
    ([8, 16, 24], {"in_channels": [8, 16, 3], "out": [32, 64, 96]}, "out // 4"),
    ([8, 8, 24], {"in_channels": [16, 24, 96]}, "round_channels(in_channels / 4)"),
    ([24, 40], {"a": [8, 16], "b": [16, 24]}, "a + b"),
    ([8, 40], {"a": [24, 56], "b": [16, 16]}, "a - b"),
    ([48, 72], {"in_channels": [16, 24], "expand": [3, 3]}, "3 * in_channels"),
    ([48, 144], {"in_channels": [16, 24], "expand": [3, 6]}, "expand * in_channels"),
    ([True, False], {"in_channels": [8, 16], "out": [16, 16]}, "in_channels != out"),
    ([False, True], {"in_channels": [8, 16], "out": [16, 16]}, "in_channels == out"),
    ([True, False, False], {"stride": [2, 1, 1]}, "stride > 1"),
    ([True, False], {"se": [False, True]}, "not se"),
    (
        [True, True, False],
        {"in_channels": [8, 16, 16], "out": [16, 16, 16], "stride": [1, 2, 1]},
        "stride > 1 or in_channels != out",
    ),
    (
        [False, False, True],
        {"in_channels": [8, 16, 16], "out": [16, 16, 16], "stride": [1, 2, 1]},
        "stride == 1 and in_channels == out",
    ),
    (["relu", "elu"], {"activation": ["relu", "elu"]}, "activation"),
    ([8, ABSENT, 16], {"in_channels": [8, 5, 16]}, "in_channels"),
    ([7, 31], {"in_channels": [8, 16]}, None),
    ([True, False, True], {"in_channels": [8, 8, 8]}, None),
    ([1, 0], {"flag": [True, False]}, None),
    ([1.0, 2.0], {"whole": [1, 2]}, None),
]


@pytest.mark.parametrize(("values", "known", "wanted"), CASES)
def test_the_plainest_expression_is_found(
    values: list[Any], known: dict[str, Sequence[Any]], wanted: str | None
) -> None:
    found = find_expression(values, known)
    if wanted is None or " or " in wanted or " and " in wanted:
        assert (found is None) == (wanted is None)
    else:
        assert found == wanted


@pytest.mark.parametrize(("values", "known", "wanted"), CASES)
def test_the_language_gives_an_expression_the_values(
    values: list[Any], known: dict[str, Sequence[Any]], wanted: str | None
) -> None:
    found = find_expression(values, known)
    for i, value in enumerate(values):
        if found is not None and value is not ABSENT:
            scope = Scope({name: column[i] for name, column in known.items()})
            assert compile_value(f"{{{found}}}").evaluate(scope) == value
