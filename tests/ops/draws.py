"""Hypothesis strategies for operators: small shapes in one to three dimensions, and fields."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from cnnspec.records import Record

Shape = tuple[int, ...]
often = settings(max_examples=80, deadline=None)


class Drawn(Record):
    """The shape of a feature map, and fields for the operator that takes it."""

    x: Shape
    fields: dict[str, Any]


def per_axis(n: int, low: int, high: int) -> st.SearchStrategy[Any]:
    """Draw one number for all of ``n`` dimensions, or one for each."""
    one = st.integers(low, high)
    return one | st.tuples(*[one] * n)


def maps(largest: int = 8, channels: int = 6) -> st.SearchStrategy[Shape]:
    sizes = st.lists(st.integers(1, largest), min_size=1, max_size=3)
    return st.builds(lambda c, s: (c, *s), st.integers(1, channels), sizes)


def shapes() -> st.SearchStrategy[Shape]:
    """Draw feature maps and vectors."""
    return maps(5) | st.tuples(st.integers(1, 6))


@st.composite
def drawn(draw: st.DrawFn, /, largest: int = 8, **fields: Any) -> Drawn:
    """Draw a shape, and each field by its strategy or by bounds of a value per axis."""
    x = draw(maps(largest))
    return Drawn(
        x,
        {
            name: draw(per_axis(len(x) - 1, *f) if isinstance(f, tuple) else f)
            for name, f in fields.items()
        },
    )


def sometimes_changed(x: Shape) -> st.SearchStrategy[Shape]:
    """Draw the shape itself, or with some sizes of 1, 2 or 3, or without its last dimension."""
    sizes = [st.just(s) | st.integers(1, 3) for s in x]
    return st.just(x) | st.tuples(*sizes) | st.just(x[: max(1, len(x) - 1)])


several = shapes().flatmap(lambda x: st.lists(sometimes_changed(x), min_size=2, max_size=4))
