"""Stochastic depth: training drops a residual branch with probability p or scales it by 1/(1 - p).

The mode "row" drops the branch for each example separately, "batch" for all examples together. At
inference it does nothing.

Source: Huang, Sun, Liu, Sedra & Weinberger (2016), Deep networks with stochastic depth, arXiv
1603.09382; ``torchvision.ops.StochasticDepth`` for the modes."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import choice_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class StochasticDepth(Elementwise):
    title = "Stochastic Depth"
    onnx_type = "Identity"
    role = "regulariser"
    autocast = "follows"
    keeps_values = True
    is_affine = True

    p: float = number_field("the probability of dropping the branch", maximum=1.0)
    mode: str = choice_field(
        "whether each example or the whole batch drops it", "row", "batch", default="row"
    )

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        if not training or not self.p:
            return memory.NO_FUNCTIONS
        mask = memory.Function(1, inputs=(), without_batch=self.mode == "batch")
        product = memory.Function(
            prod(y), saves=(1,), inputs=(0, memory.PREVIOUS), gradient=memory.PRODUCT
        )
        return mask, product

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def forward(module: Any, x: Any) -> Any:
            if not module.training or self.p == 0:
                return x
            kept = x.new_empty(
                [len(x) if self.mode == "row" else 1] + [1] * (x.dim() - 1)
            ).bernoulli_(1 - self.p)
            return x * (kept.div_(1 - self.p) if self.p < 1 else kept)

        built = modules.make_module(torch, "StochasticDepth", forward)
        built.p, built.mode = self.p, self.mode  # as torchvision's has them
        return built

    python_class = '''class StochasticDepth(nn.Module):
    """In training, zero whole examples ("row") or all ("batch") with probability p."""

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        self.p, self.mode = p, mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return x
        batch = x.shape[0] if self.mode == "row" else 1
        kept = x.new_empty([batch] + [1] * (x.dim() - 1)).bernoulli_(1 - self.p)
        return x * (kept.div_(1 - self.p) if self.p < 1 else kept)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": self.p} | ({"mode": self.mode} if self.mode != "row" else {})

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        shape = (None if self.mode == "row" else 1, *[1] * len(y))
        return keras.layer("Dropout", x, self.p, noise_shape=shape)

    examples = (
        Example(
            "torchvision's convnext_tiny, features.7.2.stochastic_depth: the last of 18 blocks, p"
            " = 0.1",
            ((768, 7, 7),),
            {"p": 0.1},
            (768, 7, 7),
            work={},
        ),
    )
