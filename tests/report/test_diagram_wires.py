"""The wires of a picture: their tracks and their branches."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cnnspec.report.diagram.route import CrossWay, assign_tracks
from cnnspec.report.diagram.wires import branch_off


def test_a_wire_that_begins_where_another_ends_goes_across_above_it() -> None:
    found = assign_tracks([CrossWay(0, 50, (100,)), CrossWay(1, 0, (50,))])
    assert found[0] < found[1]
    found = assign_tracks([CrossWay(0, 0, (50,)), CrossWay(1, 50, (100,))])
    assert found[1] < found[0]


@given(
    st.lists(st.sampled_from([-60, -20, -3, 0, 30, 90]), min_size=2, max_size=2, unique=True),
    st.integers(3, 30),
)
def test_a_branch_begins_on_its_trunk_and_ends_at_its_end(goals: list[int], low: int) -> None:
    trunk, corners = (
        [(0, 0), (0, low), (x, low), (x, 60)] if x else [(0, 0), (0, 60)] for x in goals
    )
    own = branch_off(trunk, corners)
    (x, y), lower = own[0], own[-1]
    assert lower == corners[-1]
    assert any(
        min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])
        for a, b in pairwise(trunk)
    )
