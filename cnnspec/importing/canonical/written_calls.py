"""Find functions that a model writes out as several calls, and put one call in their place."""

from collections import defaultdict
from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, FlatRun, Value, Weight, list_values


class WrittenCalls:
    """The calls of a run with their readers, and those that were read for one function.

    A reader of a function asks for the calls that make its values, and LookupError says that there
    is another one: then it is not that function."""

    def __init__(self, run: FlatRun):
        self.run = run
        self.readers: dict[int, list[int]] = defaultdict(list)  # -1 is what the model returns
        for i, call in enumerate(run.calls):
            for value in list_values(call.arguments):
                self.readers[value.call].append(i)
        for value in list_values(run.outputs):
            self.readers[value.call].append(-1)
        self.inner: set[int] = set()

    def maker(self, value: Any) -> FlatCall | None:
        """Return the call that makes a value."""
        return self.run.calls[value.call] if isinstance(value, Value) else None

    def made_by(self, value: Any, *names: str) -> FlatCall:
        """Return the call that makes a value, which is one of these. Raises LookupError."""
        call = self.maker(value)
        if call is None or call.name.removesuffix("_") not in names:
            raise LookupError
        self.inner.add(value.call)
        return call

    def read_square(self, value: Any) -> Any:
        """Return what a value is the square of. Raises LookupError."""
        call = self.made_by(value, "pow", "square", "mul")
        root = call.arguments["self"]
        if call.name == "pow" and call.arguments.get("exponent") != 2:
            raise LookupError
        if call.name == "mul" and call.arguments["other"] != root:
            raise LookupError
        return root

    def read_number(self, value: Any, name: str) -> tuple[Any, float]:
        """Return x and n where a value is x + n or x * n, as ``name`` says. Raises LookupError."""
        given = self.made_by(value, name).arguments
        number = given["other"]
        if not isinstance(number, (int, float)) or given.get("alpha", 1) != 1:
            raise LookupError
        return given["self"], number

    def ends_at(self, end: int) -> bool:
        """Return whether the calls that were read have no readers but each other and ``end``."""
        return {j for i in self.inner for j in self.readers[i]} <= {*self.inner, end}

    def replace(self, calls: list[FlatCall], end: int, call: FlatCall) -> None:
        """Put a call in the place of the last one; those before become copies, which nobody reads.

        They have no weights any more."""
        for j in self.inner - {end}:
            copied = {"self": call.arguments["self"]}
            calls[j] = calls[j].replace(name="alias", arguments=copied)
        calls[end] = call


def fits(weight: Any, rank: int, dim: int) -> bool:
    """Tell whether a value is a parameter with a number for each position of one dimension."""
    if not isinstance(weight, Weight):
        return False
    shape = (1,) * (rank - len(weight.shape)) + weight.shape
    return all(n == 1 for d, n in enumerate(shape) if d != dim)
