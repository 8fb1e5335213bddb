"""Lists in messages that are cut say so."""

import pytest

from cnnspec.problems import list_first


@pytest.mark.parametrize(
    ("count", "shown"), [(0, ""), (1, "a"), (3, "a, b, c"), (4, "a, b, c, …"), (9, "a, b, c, …")]
)
def test_a_list_that_is_cut_ends_with_an_ellipsis(count: int, shown: str) -> None:
    assert list_first("abcdefghi"[:count], 3) == shown
