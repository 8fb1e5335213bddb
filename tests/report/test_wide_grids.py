"""Tables of networks with any columns fit a terminal, and leave nothing out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.api import compare
from cnnspec.report.wide_grids import render_wide_grid

NAMES = ["resnet50", "vgg16", "alexnet", "lenet5", "efficientnet_b0", "mobilenet_v2", "googlenet"]
COLUMNS = ["network", "architecture", "title", "params", "weights", "macs", "flops", "buffers"]
WORDS = st.text("abc", min_size=1, max_size=9)
CELLS = st.lists(WORDS, max_size=12).map(" ".join)


def width(page: str) -> int:
    return max(map(len, page.splitlines()))


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_asked_for_columns_of_networks_fit_80_columns(across: bool, count: int) -> None:
    found = compare(NAMES[:count], columns=COLUMNS)
    page = found.render(across=across)
    assert width(page) <= 80
    words = page.split()
    for network in found.subjects:
        for key in ("network", "title", "architecture"):
            assert set((network.value(key) or "").split()) <= set(words)


def test_a_long_text_is_wrapped_in_its_column() -> None:
    page = render_wide_grid(["Name", "Text"], [["a", "b " * 30], ["c", "d"]], [False, False], 24)
    assert page.splitlines() == [
        "Name  Text",
        "----  -----------------",
        *["a     b b b b b b b b b", *["      b b b b b b b b b"] * 2, "      b b b"],
        "c     d",
    ]


def test_columns_that_do_not_fit_are_in_tables_of_their_own() -> None:
    page = render_wide_grid(["N", "aaaa", "bbbb", "cccc"], [["x", "1", "2", "3"]], [True] * 4, 13)
    assert page == "N  aaaa  bbbb\n-  ----  ----\nx     1     2\n\nN  cccc\n-  ----\nx     3"


@given(rows=st.lists(st.tuples(*[CELLS] * 5), min_size=1, max_size=4), limit=st.integers(20, 90))
def test_no_table_is_wider_than_its_words_need(rows: list[tuple[str, ...]], limit: int) -> None:
    """Two columns of words of 9 letters fit into 20 columns."""
    page = render_wide_grid(["A", "B", "C", "D", "E"], rows, [False] * 5, limit)
    assert width(page) <= limit
    assert sorted({*page.split()} - {*"ABCDE"} - {w for w in page.split() if not w.strip("-")}) == (
        sorted({word for row in rows for cell in row for word in cell.split()})
    )
