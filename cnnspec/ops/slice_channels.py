"""Channel slice: the channels start, start + step, ... before stop; of a vector, its elements.

ceil((stop - start)/step) channels remain, and nothing is computed.

Source: Ma, Zhang, Zheng & Sun (2018), ShuffleNet V2, arXiv 1807.11164, section 3.2, "channel
split"."""

from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError, count_field, size_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class SliceChannels(Operator):
    title = "Channel Slice"
    symbols = {
        "start": "first channel",
        "stop": "end of the channels",
        "step": "distance of the channels",
    }
    is_composite = True
    autocast = "follows"

    start: int = count_field("the first channel kept, counted from 0", default=0)
    stop: int | None = size_field(
        "the channel before which the slice ends; default: the end", default=None
    )
    step: int = size_field("the step from one channel kept to the next", default=1)

    def end(self, x: Shape) -> int:
        return x[0] if self.stop is None else self.stop

    def output(self, x: Shape) -> Shape:
        if not self.start < self.end(x) <= x[0]:
            raise OperatorError(
                "L003",
                f"a slice must lie within the channels, but $0 has {x[0]} and the slice is from "
                f"{self.start} to {self.end(x)}",
                f"start below stop, stop at most {x[0]}",
                "start" if self.start >= self.end(x) else "stop",
            )
        return (-(-(self.end(x) - self.start) // self.step), *x[1:])

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        values = {"stop": self.end(x), "start": self.start, "step": self.step}
        return [
            Step("output channels", "ceil((stop - start)/step)", values, y[0]),
            elements_step(y),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.slices_of(x, y, steps=self.step > 1)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(
            torch, "SliceChannels", lambda x: x[:, self.start : self.end(x.shape[1:]) : self.step]
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Slice(x, [self.start], [self.end(x.shape)], [1], [self.step])

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        step = f":{self.step}" if self.step > 1 else ""
        return keras.index(x, f"..., {self.start or ''}:{self.end(x.shape)}{step}")

    examples = (
        Example(
            "Ma et al. (2018), table 5 and figure 3c: a unit of stage 2 of ShuffleNet V2 1x splits"
            " 116 channels of 28x28 into halves",
            ((116, 28, 28),),
            {"stop": 58},
            (58, 28, 28),
            work={},
        ),
    )
