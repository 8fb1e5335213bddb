"""The zoo against the models of torchvision and timm that the specs name in [reference].

Equal must be the parameters (all of them, and in the order of use at inference, shape by shape), the buffers, the
multiply-accumulates as torch's own counter counts them, and the shapes of the outputs. Of torchvision's detectors
and timm's image encoders that holds for the part that specs describe.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import pytest
import torch
from support import Reference, build, import_torchvision, references
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

import cnnspec

Shape = tuple[int, ...]
LONG: set[str] = set()  # networks that take more than about 10 s


class Uses(TorchFunctionMode):
    """The parameters in the order in which the functions of a forward pass first use them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[int, torch.nn.Parameter] = {}

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") != "__get__":  # reading .shape or .dtype is no use
            for leaf in tree_leaves((args, kwargs)):
                if isinstance(leaf, torch.nn.Parameter):
                    self.found.setdefault(id(leaf), leaf)
        return func(*args, **kwargs or {})


def model_of(reference: Reference) -> torch.nn.Module:
    """The reference on the meta device; one that cannot be built there is moved to it."""
    try:
        with torch.device("meta"):
            return build(reference.library, reference.model).eval()
    except (NotImplementedError, RuntimeError):
        return build(reference.library, reference.model).to("meta").eval()


def run(model: Any, *inputs: torch.Tensor) -> Any:
    """The outputs of a model, up to what the specs describe."""
    match type(model).__name__:
        case "FasterRCNN" | "RetinaNet" | "SSD":
            return predictions(model, *inputs)
        case "VisionTransformerSAM":
            return model.forward_features(*inputs)
    return model(*inputs)


def predictions(model: Any, images: torch.Tensor) -> Any:
    """What a detector of torchvision predicts for each box of images scaled already; what depends on data is left out.

    The box head gets as many regions as proposals are kept at most.
    """
    maps = list(model.backbone(images).values())
    if not hasattr(model, "roi_heads"):
        return model.head(maps)
    rows = import_torchvision().models.detection.rpn.concat_box_prediction_layers(*model.rpn.head(maps))
    heads = model.roi_heads
    size = (model.backbone.out_channels, *heads.box_roi_pool.output_size)
    regions = torch.zeros(len(images) * model.rpn.post_nms_top_n(), *size, device=images.device)
    return [t.unflatten(0, (len(images), -1)) for t in (*rows, *heads.box_predictor(heads.box_head(regions)))]


def parameters(network: cnnspec.Network, training: bool = False) -> list[Shape]:
    """The shapes of the parameters in the order of execution; shared ones stand where they are used first."""
    nodes = [n for n in network.graph.layers(training) if not n.shares]
    return [squeezed(s) for n in nodes for s in n.op.parameters(*n.shapes).values()]


def shapes_of(model: torch.nn.Module) -> dict[int, Shape]:
    """The shapes of a model's parameters, by id; timm's image encoders keep the position embedding channels last."""
    turned = {"pos_embed"} if type(model).__name__ == "VisionTransformerSAM" else set()
    return {id(p): squeezed(tuple(p[0].movedim(-1, 0).shape if name in turned else p.shape))
            for name, p in model.named_parameters()}


def squeezed(shape: Shape) -> Shape:
    """A shape without trailing ones: a 1x1 convolution may stand for a linear layer."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


@pytest.mark.parametrize(
    "reference",
    [pytest.param(r, id=f"{r.network}-{r.library}", marks=[pytest.mark.long] * (r.network in LONG))
     for r in references()],
)
def test_network_equals_its_reference(reference: Reference) -> None:
    network = cnnspec.load(reference.path)
    model = model_of(reference)
    with torch.no_grad(), FlopCounterMode(display=False) as flops, Uses() as uses:
        outputs = run(model, *(torch.zeros(2, *n.output, device="meta") for n in network.graph.inputs))

    ours, shapes = parameters(network), shapes_of(model)
    assert ours == [shapes[i] for i in uses.found]
    assert sum(map(prod, ours)) == network.totals.params
    every = parameters(network, training=True)
    assert sorted(every) == sorted(shapes.values())
    assert sum(map(prod, every)) == network.sums(training=True).params == sum(p.numel() for p in model.parameters())
    stored = [b.numel() for b in model.buffers() if b.is_floating_point()]  # the others are counters and indices
    assert network.sums(training=True).buffers == sum(stored)
    assert 2 * 2 * network.totals.macs == flops.get_total_flops()  # two images, and two operations each
    theirs = [tuple(t.shape[1:]) for t in tree_leaves(outputs) if isinstance(t, torch.Tensor)]
    assert [n.output for n in network.graph.outputs] == theirs
