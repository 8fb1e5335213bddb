"""Input: the first node of every graph; specs do not use it as an operator.

Its output is the shape C x H x W with which it was made. It computes nothing and has no parameters.

Source: the specs' own ``input``, in the notation of ``torch.nn.Conv2d``, channels first and without
the batch."""

from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.operator import Operator
from cnnspec.units import Shape


class Input(Operator):
    title = "Input"
    arity = (0, 0)
    shape: Shape

    def __init__(self, shape: Shape):
        super().__init__()
        self.__dict__["shape"] = shape

    def output(self) -> Shape:
        return self.shape

    def derivation(self, y: Shape) -> list[Step]:
        return [elements_step(y)]
