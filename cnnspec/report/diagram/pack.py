"""Panels on a page: each as high up as it fits, on the skyline of what lies there already (the
bottom-left rule of Baker, Coffman & Rivest 1980, Orthogonal packings in two dimensions, upside
down)."""


class Skyline:
    """How far down a page is taken: steps from left to right, each with its x and its y; it ends at
    ``width``."""

    def __init__(self, width: int):
        self.width = width
        self.steps = [(0, 0)]

    def level(self, x: int, width: int) -> int:
        """The lowest point of the skyline from x on over a width."""
        ends = [*(start for start, _ in self.steps[1:]), self.width]
        return max(
            y
            for (start, y), end in zip(self.steps, ends, strict=True)
            if start < x + width and end > x
        )

    def lay(self, x: int, width: int, bottom: int) -> None:
        """Take what lies above a bottom from x on over a width."""
        end = min(x + width, self.width)
        after = self.level(end, 1) if end < self.width else 0
        kept = [step for step in self.steps if step[0] < x]
        rest = [step for step in self.steps if step[0] > end]
        self.steps = [*kept, (x, bottom), *([(end, after)] if end < self.width else []), *rest]

    def place(self, width: int, height: int) -> tuple[int, int] | None:
        """Find and take a place; None for what is wider than the page."""
        spots = [(self.level(x, width), x) for x, _ in self.steps if x + width <= self.width]
        if not spots:
            return None
        y, x = min(spots)
        self.lay(x, width, y + height)
        return x, y
