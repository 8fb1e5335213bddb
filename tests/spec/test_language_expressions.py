"""The language: expressions and interpolation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.spec.expressions import compile_value, evaluate_value
from cnnspec.spec.functions import count_values
from cnnspec.spec.scope import ExpressionError, Scope
from tests.support import graph_of, import_torchvision

SCOPE = {
    "n": 7,
    "w": 0.5,
    "rows": [[1, "a"], [2, "b"]],
    "row": {"out": 64},
    "kind": "relu",
    "se": True,
}


def value_of(text: str) -> Any:
    return evaluate_value(compile_value(text), Scope(dict(SCOPE)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{n + 1}", 8),
        ("{n - 9}", -2),
        ("{n * 2}", 14),
        ("{n // 2}", 3),
        ("{n % 4}", 3),
        ("{n ** 2}", 49),
        ("{[n, w, kind]}", [7, 0.5, "relu"]),
        ("{[]}", []),
        ("{[1] + [2, 3]}", [1, 2, 3]),
        ("{'a' + 'b'}", "ab"),
        ("{'a' + str(n)}", "a7"),
        ("{str('a')}", "a"),
        ("{range(3)}", [0, 1, 2]),
        ("{range(7, n - 9, -3)}", [7, 4, 1]),
        ("{['m' + str(k) for k in range(2)]}", ["m0", "m1"]),
        ("{[r[0] * n for r in rows]}", [7, 14]),
        ("{[k for k in range(n) if k % 2]}", [1, 3, 5]),
        ("{[n for n in [1, 2]] + [n]}", [1, 2, 7]),
        ("{[[a + b for a in [1, 2]] for b in [10, 20]]}", [[11, 12], [21, 22]]),
        ("{len([k for k in rows])}", 2),
        ("{-n + +1}", -6),
        ("{n / 2}", 3.5),
        ("{n / 1}", 7),
        ("{n / 7}", 1),
        ("{n / 0.5}", 14.0),
        ("{n * w}", 3.5),
        ("{(n + 1) * 2}", 16),
        ("{n == 7}", True),
        ("{n != 7}", False),
        ("{n < 8 <= 8}", True),
        ("{n > 8}", False),
        ("{n >= 7 > 9}", False),
        ("{1 in rows[0]}", True),
        ("{9 in rows[0]}", False),
        ("{3 not in rows[0]}", True),
        ("{'el' in kind}", True),
        ("{se and n > 8}", False),
        ("{n > 8 or se}", True),
        ("{not se}", False),
        ("{True}", True),
        ("{1 if se else 2}", 1),
        ("{rows[1][0]}", 2),
        ("{rows[-1][1]}", "b"),
        ("{row['out']}", 64),
        ("{kind}", "relu"),
        ("{kind == 'relu'}", True),
        ("{min(n, 3)}", 3),
        ("{max(rows[0][0], 5)}", 5),
        ("{ceil(n / 2)}", 4),
        ("{floor(n / 2)}", 3),
        ("{round(n / 2)}", 4),
        ("{round(2.5)}", 2),
        ("{round(1.26, 1)}", 1.3),
        ("{len(rows)}", 2),
        ("{len(kind)}", 4),
        ("{round_channels(30)}", 32),
        ("{round_channels(30, 4)}", 32),
        ("{rows}", SCOPE["rows"]),
    ],
)
def test_each_operation_and_function(text: str, value: Any) -> None:
    assert (type(value_of(text)), value_of(text)) == (type(value), value)


def test_sum_adds_a_list_and_min_and_max_take_one() -> None:
    scope = Scope({"xs": [4, 1, 2]})
    assert [
        evaluate_value(compile_value(t), scope) for t in ("{sum(xs)}", "{min(xs)}", "{max(xs)}")
    ] == [
        7,
        1,
        4,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{se or 1 / 0}",
        "{not se and missing}",
        "{1 if se else missing}",
        "{1 > 2 > missing}",
    ],
)
def test_what_is_not_needed_is_not_evaluated(text: str) -> None:
    value_of(text)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6).filter(bool))
def test_a_division_without_remainder_gives_an_exact_integer(a: int, b: int) -> None:
    scope = Scope({"a": a, "b": b})
    assert evaluate_value(compile_value("{a * b / b}"), scope) == a
    assert type(evaluate_value(compile_value("{a * b / b}"), scope)) is int
    assert evaluate_value(compile_value("{a / b}"), scope) == a / b


def test_large_integers_stay_exact() -> None:
    assert value_of("{(2 ** 62 + 2) / 2}") == 2**61 + 1


def test_round_channels_is_what_the_reference_implementations_do() -> None:
    import_torchvision()
    from torchvision.models._utils import _make_divisible

    @given(st.floats(0.01, 40) | st.integers(1, 5000), st.sampled_from([4, 8, 16]))
    def holds(value: float, divisor: int) -> None:
        scope = Scope({"v": value, "d": divisor})
        assert evaluate_value(compile_value("{round_channels(v, d)}"), scope) == _make_divisible(
            value, divisor
        )

    holds()


def test_text_takes_in_integers_and_strings() -> None:
    assert value_of("block{n + 1}_{kind}") == "block8_relu"
    assert value_of("{{{n}}}") == "{7}"
    with pytest.raises(ExpressionError, match="float; only integers and strings"):
        value_of("block{w}")


def test_lists_and_tables_hold_expressions() -> None:
    line = '{ name = "a", op = "conv", out_channels = 1, kernel_size = ["{n}", "{n + 1}"] }'
    graph = graph_of(f"args.n = 2\nlayers = [{line}]")
    assert graph.nodes[-1].output == (1, 7, 6)


def test_a_size_must_come_out_an_integer_and_multipliers_are_floats() -> None:
    text = (
        'args.width = {}\nlayers = [{{ name = "a", op = "conv", kernel_size = 1, '
        'out_channels = "{{round_channels(32 * width)}}" }}]'
    )
    assert [graph_of(text.format(w)).nodes[-1].output[0] for w in (0.25, 0.35, 1.0, 1.4)] == [
        8,
        16,
        32,
        48,
    ]


def test_a_field_remembers_the_expression_it_came_from() -> None:
    line = '{ name = "a", op = "conv", kernel_size = 1, out_channels = "{n * 3}" }'
    node = graph_of(f"args.n = 2\nlayers = [{line}]").nodes[-1]
    assert [(o.name, o.value, o.text, o.values) for o in node.trace()] == [
        ("out_channels", 6, "n * 3", {"n": 2})
    ]


def test_an_expression_has_at_most_a_thousand_characters() -> None:
    longest = "n" + " + 1" * 249 + "   "
    assert len(longest) == 1000
    assert value_of(f"{{{longest[:37]}}}") == 7 + 9
    with pytest.raises(ExpressionError, match="at most 1000 characters, this one 1,001") as caught:
        value_of(f"{{{longest} }}")
    assert str(caught.value).startswith("an expression has")
    with pytest.raises(ExpressionError, match="nests at most 40 deep"):  # and is not too long
        value_of(f"{{{longest}}}")


def test_an_expression_nests_forty_deep() -> None:
    assert value_of("{" + "-" * 40 + "1}") == 1
    with pytest.raises(ExpressionError, match="nests at most 40 deep"):
        value_of("{" + "-" * 41 + "1}")


def test_each_evaluation_is_a_step_and_the_last_one_is_refused() -> None:
    scope = Scope(dict(SCOPE))
    scope.work.max_steps, expression = scope.work.steps + 3, compile_value("{True}")
    assert [evaluate_value(expression, scope) for _ in range(3)] == [True] * 3
    with pytest.raises(ExpressionError, match="at most 3 steps together"):
        evaluate_value(expression, scope)


def test_values_weigh_what_they_hold() -> None:
    scope = Scope({})
    count_values(["x" * 160, {"k": 1.5, "l": [1, 2]}], scope)
    assert scope.work.steps == 3 + 10 + 3 + 3
