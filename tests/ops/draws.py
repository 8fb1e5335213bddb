"""What hypothesis draws for operators: small shapes in one, two and three dimensions, and values per axis."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

Shape = tuple[int, ...]
often = settings(max_examples=80, deadline=None)


def per_axis(n: int, low: int, high: int) -> st.SearchStrategy[Any]:
    """One number for all of ``n`` dimensions, or one for each."""
    one = st.integers(low, high)
    return one | st.tuples(*[one] * n)


def maps(largest: int = 8, channels: int = 6) -> st.SearchStrategy[Shape]:
    sizes = st.lists(st.integers(1, largest), min_size=1, max_size=3)
    return st.builds(lambda c, s: (c, *s), st.integers(1, channels), sizes)


def shapes() -> st.SearchStrategy[Shape]:
    """Feature maps and vectors."""
    return maps(5) | st.tuples(st.integers(1, 6))
