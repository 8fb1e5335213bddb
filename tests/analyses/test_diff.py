"""Differences of networks: one edit is one difference, whatever the layers are named."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.analyses.diff.description import NetworkDescription, describe_network
from cnnspec.analyses.diff.network_diff import (
    CHANGED,
    FOLLOWS,
    INSERTED,
    MOVED,
    REMOVED,
    RENAMED,
    SAME,
    Diff,
    diff_networks,
)
from cnnspec.api import Network
from cnnspec.graph.build import load_graph
from tests.written import network

LINES = {
    "wide": 'op = "conv", out_channels = 8, kernel_size = 3, padding = 1',
    "relu": 'op = "relu"',
    "thin": 'op = "conv", out_channels = 4, kernel_size = 1',
    "bn": 'op = "batchnorm"',
    "drop": 'op = "dropout"',
    "pool": 'op = "maxpool", kernel_size = 1',
    "folded": (
        'op = "conv", out_channels = 4, kernel_size = 1, norm = "batchnorm", activation = "relu"'
    ),
}
WORKS = st.lists(st.sampled_from(sorted(LINES)), min_size=1, max_size=9)


def chain(works: list[str], names: list[str] | None = None) -> NetworkDescription:
    """Describe a network of such lines, named, or numbered from 0."""
    lines = [
        f'{{ name = "{name}", {LINES[w]} }},'
        for name, w in zip(names or map("n{}".format, range(99)), works, strict=False)
    ]
    return describe_network(network("\n".join(lines), [4, 8, 8]).graph)


def statuses(found: Diff) -> dict[str, int]:
    """Count the layers by status, except those that are the same or follow."""
    numbers = Counter(e.status for e in found.entries)
    return {k: n for k, n in numbers.items() if k not in (SAME, FOLLOWS)}


def own(found: Diff) -> dict[str, int]:
    """Count as :func:`statuses`, without names."""
    return {k: n for k, n in statuses(found).items() if k != RENAMED}


def of(before: str, after: str, rest: str = "") -> Diff:
    return diff_networks(
        describe_network(network(before, rest=rest).graph),
        describe_network(network(after, rest=rest).graph),
    )


@settings(max_examples=40, deadline=None)
@given(WORKS)
def test_a_network_does_not_differ_from_itself(works: list[str]) -> None:
    assert diff_networks(chain(works), chain(works)).equal


@settings(max_examples=40, deadline=None)
@given(WORKS, st.data())
def test_an_inserted_layer_is_one_difference_and_so_is_a_removed_one(
    works: list[str], data: Any
) -> None:
    at, new = data.draw(st.integers(0, len(works))), data.draw(st.sampled_from(sorted(LINES)))
    more = [*works[:at], new, *works[at:]]
    named = data.draw(st.booleans())
    names = [f"layer {w} {i}" for i, w in enumerate(works)]
    left = chain(works, names if named else None)
    right = chain(more, [*names[:at], "new", *names[at:]] if named else None)
    there, back = diff_networks(left, right), diff_networks(right, left)
    assert own(there) == {INSERTED: 1}
    assert own(back) == {REMOVED: 1}
    assert not named or [
        e.after.name for e in there.entries if e.status == INSERTED and e.after
    ] == ["new"]


@settings(max_examples=40, deadline=None)
@given(WORKS, st.data())
def test_a_changed_layer_is_one_difference(works: list[str], data: Any) -> None:
    at = data.draw(st.integers(0, len(works) - 1))
    new = data.draw(st.sampled_from(sorted(LINES.keys() - {works[at]})))
    found = diff_networks(chain(works), chain([*works[:at], new, *works[at + 1 :]]))
    assert own(found) == {CHANGED: 1}
    assert [e.after.name for e in found.entries if e.status == CHANGED and e.after] == [f"n{at}"]


@settings(max_examples=40, deadline=None)
@given(WORKS, WORKS)
def test_every_layer_is_in_a_difference_once_and_numbers_add_up(
    left: list[str], right: list[str]
) -> None:
    before, after = chain(left), chain(right)
    found = diff_networks(before, after)
    assert sorted(e.before.name for e in found.entries if e.before) == sorted(
        x.name for x in before.layers
    )
    assert [e.after.name for e in found.entries if e.after] == [x.name for x in after.layers]
    for key in ("params", "macs"):
        change = sum(
            (getattr(e.after, key) if e.after else 0) - (getattr(e.before, key) if e.before else 0)
            for e in found.entries
        )
        assert found.totals[key] == (before.totals[key], after.totals[key])
        assert change == after.totals[key] - before.totals[key]
    assert found.equal == (left == right)


@pytest.mark.parametrize(
    "name", ["resnet50", "googlenet", "densenet121", "mobilenet_v3_large", "unet", "yolox_s"]
)
def test_a_layer_taken_out_of_a_network_of_the_zoo_is_one_difference(name: str) -> None:
    whole = describe_network(load_graph(name))
    middle = [k for k, x in enumerate(whole.layers) if len(x.reads) == 1]
    for k in middle[:: max(1, len(middle) // 12)]:
        gone = whole.layers[k]
        if gone.name in whole.outputs:
            continue
        rest = [
            x.replace(reads=tuple(gone.reads[0] if r == gone.name else r for r in x.reads))
            for x in whole.layers
            if x is not gone
        ]
        assert statuses(diff_networks(whole, whole.replace(layers=rest))) == {REMOVED: 1}, gone.name
        assert statuses(diff_networks(whole.replace(layers=rest), whole)) == {INSERTED: 1}, (
            gone.name
        )


CONV = '{ name = "c", op = "conv", out_channels = 4, kernel_size = 3, %s },'


@pytest.mark.parametrize(
    ("before", "after", "values"),
    [
        ("stride = 1", "stride = 2", {"stride": (1, 2)}),
        ("stride = 2", "stride = [2, 1]", {"stride": (2, [2, 1])}),
        ("bias = true", "bias = false", {"bias": (True, False)}),
        ("bias = true", 'norm = "batchnorm"', {"norm": (None, "batchnorm")}),
        (
            'norm = "batchnorm"',
            'norm = { op = "batchnorm", eps = 0.001 }',
            {"norm.eps": (1e-5, 0.001)},
        ),
        ('activation = "relu"', 'activation = "tanh"', {"activation": ("relu", "tanh")}),
        ("padding = 1", "padding = [[1, 0], [0, 1]]", {"padding": (1, [[1, 0], [0, 1]])}),
        ("padding = 1", 'padding = "same"', {"padding": (1, "same")}),
    ],
)
def test_a_changed_setting_is_named_with_both_values(
    before: str, after: str, values: dict[str, Any]
) -> None:
    found = of(CONV % before, CONV % after)
    assert [e.settings for e in found.entries if e.status == CHANGED] == [values]
    assert not found.equal


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stride = 1", "stride = [1, 1]"),
        ("padding = 1", 'padding = "half"'),
        ("padding = 0", 'padding = "valid"'),
        ("padding = 1", "padding = [[1, 1], 1]"),
        ("groups = 1", "bias = true"),
        ("bias = true", 'activation = "none"'),
    ],
)
def test_the_same_in_other_words_is_no_difference(before: str, after: str) -> None:
    assert of(CONV % before, CONV % after).equal


BRANCHES = """{ name = "a", op = "conv", out_channels = 4, kernel_size = 1 },
{ name = "b", op = "conv", out_channels = 4, kernel_size = 1, from = "%s" },
{ name = "sum", op = "%s", from = %s },"""


def test_another_input_is_a_difference_of_the_layer_that_reads_it() -> None:
    found = of(
        BRANCHES % ("a", "concat", '["a", "b"]'), BRANCHES % ("input", "concat", '["a", "b"]')
    )
    # b reads the input's 3 channels instead of a's 4, which is the one change; its numbers follow
    changed = [e for e in found.entries if e.status == CHANGED]
    assert [(e.after.name, e.reads) for e in changed if e.after] == [("b", (("a",), ("input",)))]


def test_the_order_of_summands_is_nothing_and_that_of_channels_is_something() -> None:
    def swapped(op: str) -> Diff:
        return of(BRANCHES % ("a", op, '["a", "b"]'), BRANCHES % ("a", op, '["b", "a"]'))

    assert swapped("add").equal
    assert [e.reads for e in swapped("concat").entries if e.reads] == [(("a", "b"), ("b", "a"))]


def test_a_line_that_is_moved_is_told_as_moved() -> None:
    lines = [
        '{ name = "a", op = "relu" },',
        '{ name = "b", op = "batchnorm" },',
        '{ name = "c", op = "tanh" },',
    ]
    found = of("".join(lines), "".join([lines[1], lines[2], lines[0]]))
    assert statuses(found) == {MOVED: 1}
    assert [e.after.name for e in found.entries if e.status == MOVED and e.after] == ["a"]


def test_another_output_is_a_difference() -> None:
    lines = '{ name = "a", op = "relu" }, { name = "b", op = "tanh" },'
    one = describe_network(network(lines, top='outputs = ["a", "b"]').graph)
    other = describe_network(network(lines, top='outputs = ["b", "a"]').graph)
    assert diff_networks(one, other).outputs == (("a", "b"), ("b", "a"))
    assert not diff_networks(one, other).equal


def test_layers_shared_or_there_in_training_only_are_compared_too() -> None:
    lines = '{ name = "a", op = "conv", out_channels = 3, kernel_size = 1 }, { name = "b", %s },'
    shared = of(lines % 'op = "conv", out_channels = 3, kernel_size = 1', lines % 'share = "a"')
    assert [e.settings for e in shared.entries if e.status == CHANGED] == [{"share": (None, "a")}]
    assert shared.totals["params"] == (24, 12)
    aside = '{ name = "t", op = "relu", from = "input", training_only = true },'
    assert statuses(of("{ name = 'a', op = 'relu' },", "{ name = 'a', op = 'relu' }," + aside)) == {
        INSERTED: 1
    }


def test_another_input_shape_makes_the_layers_follow() -> None:
    def at(size: int) -> Network:
        return network(
            '{ name = "c", op = "conv", out_channels = 2, kernel_size = 3 }, { name = "p", op ='
            ' "relu" },',
            [3, size, size],
        )

    found = diff_networks(describe_network(at(8).graph), describe_network(at(9).graph))
    assert [e.status for e in found.entries] == [CHANGED, FOLLOWS, FOLLOWS]
    assert found.entries[1].numbers == {"output": ((2, 6, 6), (2, 7, 7)), "macs": (1944, 2646)}
    assert found.totals["flops"] == (3888, 5292)
