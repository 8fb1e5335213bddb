"""Every operator builds a PyTorch module that agrees with its calculation, on every example."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import OPERATORS, load_operator
from tests.ops.draws import Shape
from tests.worked_examples import EXAMPLES, case

DTYPES = (torch.float32, torch.float64, torch.bfloat16)
OFFERS_IN_PLACE = [name for name in OPERATORS if "inplace" in load_operator(name).fields]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


every_example = pytest.mark.parametrize(
    ("name", "number"), [pytest.param(name, i, id=f"{name}-{i}") for name, i in EXAMPLES]
)


def flops(module: Any, tensors: list[Tensor]) -> int:
    with FlopCounterMode(display=False) as counter:
        module(*tensors)
    return counter.get_total_flops()


def own_first(tensors: dict[str, Shape]) -> list[tuple[str, Shape]]:
    """Sort names as PyTorch lists tensors: a module's own, then those of its children."""
    return sorted(tensors.items(), key=lambda item: "." in item[0])


@every_example
def test_shape_and_dtype_hold_in_training_and_in_evaluation(name: str, number: int) -> None:
    c = case(name, number)
    module = c.build()
    for dtype in DTYPES:
        for training in (True, False):
            y = module.to(dtype).train(training)(*c.tensors(2, dtype))
            assert tuple(y.shape) == (2, *c.y)
            assert y.dtype == dtype
            assert y.isfinite().all()


@every_example
def test_tensors_have_the_names_shapes_and_order_of_the_calculator(name: str, number: int) -> None:
    c = case(name, number)
    module = c.build()
    assert isinstance(module, nn.Module)
    assert [(k, tuple(t.shape)) for k, t in module.named_parameters()] == own_first(
        c.op.parameters(*c.inputs)
    )
    buffers = [(k, tuple(t.shape)) for k, t in module.named_buffers() if k != "num_batches_tracked"]
    assert buffers == own_first(c.op.buffers(*c.inputs))
    assert all(t.requires_grad for t in module.parameters())
    assert all(t.isfinite().all() for t in module.state_dict().values())
    module.load_state_dict(c.build().state_dict(), strict=True)


@pytest.mark.parametrize(
    ("name", "fields", "x"),
    [
        ("linear", {"out_features": 3, "bias": False}, (4,)),
        ("attention", {"heads": 2, "qkv_bias": False}, (4, 3, 3)),
        ("channel_scale", {"bias": True}, (4, 3)),
        ("prelu", {"shared": True}, (4, 3)),
        ("batchnorm", {"affine": False}, (4,)),
        ("layernorm", {"affine": False}, (4, 3)),
        ("layernorm", {"affine": False, "over": "all"}, (4, 3)),
        ("groupnorm", {"groups": 2, "affine": False}, (4, 3)),
        ("instancenorm", {"affine": True}, (4, 3)),
        ("depthwise_conv", {"kernel_size": 3, "multiplier": 2, "bias": False}, (4, 5, 5)),
    ],
)
def test_tensors_follow_the_fields(name: str, fields: dict[str, Any], x: Shape) -> None:
    op = load_operator(name)(**fields)
    module = op.build(torch, x, y=op.output(x))
    assert [(k, tuple(t.shape)) for k, t in module.named_parameters()] == own_first(
        op.parameters(x)
    )
    assert tuple(module.eval()(torch.randn(2, *x)).shape) == (2, *op.output(x))


@every_example
def test_the_whole_example_runs_on_the_meta_device_and_costs_its_macs(
    name: str, number: int
) -> None:
    """FlopCounterMode counts two for each multiply-accumulate."""
    c = case(name, number, whole=True)
    with torch.device("meta"):
        module = c.build().eval()
        tensors = [torch.zeros(1, *x) for x in c.inputs]
    if c.op.undoes:
        tensors[-1] = tensors[-1].long()
    y = module(*tensors)
    assert y.is_meta
    assert all(t.is_meta for t in module.state_dict().values())
    assert tuple(y.shape) == (1, *c.y)
    assert flops(module, tensors) == 2 * c.op.macs(*c.inputs, y=c.y)


@every_example
def test_a_copy_computes_the_same_with_tensors_of_its_own(name: str, number: int) -> None:
    c = case(name, number)
    module, tensors = c.build().eval(), c.tensors(1)
    copied = copy.deepcopy(module)
    expected = module(*tensors)
    torch.testing.assert_close(copied(*tensors), expected)
    with torch.no_grad():
        for tensor in copied.state_dict().values():
            tensor.fill_(7)
    torch.testing.assert_close(module(*tensors), expected)
    if copied.state_dict():
        assert not torch.allclose(copied(*tensors), expected)


@every_example
def test_gradients_reach_every_parameter_and_every_input_that_is_read(
    name: str, number: int
) -> None:
    c = case(name, number)
    module, tensors = c.build(), c.tensors(2)
    read = [t for i, t in enumerate(tensors) if t.is_floating_point() and i not in c.op.size_only]
    for t in read:
        t.requires_grad_()
    y = module(*tensors)
    (y * torch.randn_like(y)).sum().backward()
    for t in (*module.parameters(), *read):
        assert t.grad is not None
        assert t.grad.isfinite().all()
        assert t.grad.any()


@pytest.mark.parametrize("name", OFFERS_IN_PLACE)
def test_in_place_means_that_the_input_is_overwritten(name: str) -> None:
    required = {key: 0.1 for key, field in load_operator(name).fields.items() if field.required}
    for inplace in (False, True):
        x = torch.randn(2, 4, 3, 3)
        op = load_operator(name)(**required, inplace=inplace)
        assert (op.build(torch, (4, 3, 3), y=(4, 3, 3))(x).data_ptr() == x.data_ptr()) == inplace


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("conv", {"out_channels": 1, "kernel_size": 1}),
        ("conv_transpose", {"out_channels": 1, "kernel_size": 1}),
        ("conv_table", {"connections": [[0]], "kernel_size": 1}),
        ("depthwise_conv", {"kernel_size": 1}),
        ("trainable_subsampling", {}),
        ("pad", {"padding": 1}),
        ("upsample", {"size": 4}),
        ("batchnorm", {}),
        ("dropout", {"channels": True}),
        ("global_avgpool", {}),
        ("adaptive_maxpool", {"output_size": 1}),
        *((f"{kind}pool", {"kernel_size": 2}) for kind in ("max", "avg", "min", "sum")),
        ("roi_align", {"regions": 2, "output_size": 2}),
    ],
)
def test_what_pytorch_has_in_three_dimensions_is_refused_in_four(
    name: str, fields: dict[str, Any]
) -> None:
    op, x = load_operator(name)(**fields), (2, 4, 4, 4, 4)
    with pytest.raises(OperatorError, match="1 to 3 spatial dimensions, but \\$0 has 4") as error:
        op.build(torch, x, y=op.output(x))
    assert error.value.rule == "D001"
