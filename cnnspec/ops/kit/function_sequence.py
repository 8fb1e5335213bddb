"""The functions of an operator in order, each with the values that it reads and until when."""

from cnnspec.ops.kit.memory import PRODUCT, Function, Functions

UNTIL_END = 10**6  # Function.held_for: until the operator's last function is over


class Result(int):
    """The output of a function in a FunctionSequence, by its position there."""


class FunctionSequence:
    """Functions in order, whose inputs are given as Results; each is held until it is freed."""

    def __init__(self) -> None:
        self.functions: list[Function] = []

    def add(self, function: Function, *inputs: int) -> Result:
        """Append a function of ``inputs``: indices of the operator's inputs, or Results."""
        position = len(self.functions)
        back = tuple([i - position if isinstance(i, Result) else i for i in inputs])
        self.functions.append(function.replace(inputs=back, held_for=UNTIL_END))
        return Result(position)

    def free(self, *values: int) -> None:
        """Release Results after the last function so far; inputs of the operator are left out."""
        for value in values:
            if isinstance(value, Result):
                held_for = max(len(self.functions) - 1 - value, 1)
                self.functions[value] = self.functions[value].replace(held_for=held_for)

    def drop(self, value: Result, size: int, p: float) -> Result:
        """Append dropout of ``size`` elements, and free what it reads; nothing where p is 0."""
        if not p:
            return value
        mask = self.add(Function(size, divides=True))
        dropped = self.add(Function(size, saves=(1,), gradient=PRODUCT), value, mask)
        self.free(value, mask)
        return dropped

    def finish(self, value: int, functions: Functions) -> Functions:
        """Append functions, the first of which reads ``value``, and return the whole sequence."""
        for function in functions:
            value = self.add(function, value)
        return tuple(self.functions)
