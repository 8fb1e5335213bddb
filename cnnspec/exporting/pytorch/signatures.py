"""The parameters of torch.nn's classes that operators use, and how calls of them are written."""

import re
from typing import Any

SAME_AS_FIRST = "(the first argument)"  # a default

SIGNATURES = {  # by class, without the number of dimensions; a test compares them with PyTorch
    "Conv": (
        "in_channels out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True"
        " padding_mode='zeros'"
    ),
    "ConvTranspose": (
        "in_channels out_channels kernel_size stride=1 padding=0 output_padding=0 groups=1"
        " bias=True dilation=1"
    ),
    "MaxPool": (
        "kernel_size stride=None padding=0 dilation=1 return_indices=False ceil_mode=False"
    ),
    "AvgPool": "kernel_size stride=None padding=0 ceil_mode=False count_include_pad=True",
    "MaxUnpool": "kernel_size stride=None padding=0",
    "AdaptiveAvgPool": "output_size",
    "AdaptiveMaxPool": "output_size",
    "BatchNorm": "num_features eps=1e-05 momentum=0.1 affine=True",
    "InstanceNorm": ("num_features eps=1e-05 momentum=0.1 affine=False track_running_stats=False"),
    "LayerNorm": "normalized_shape eps=1e-05 elementwise_affine=True",
    "GroupNorm": "num_groups num_channels eps=1e-05 affine=True",
    "LocalResponseNorm": "size alpha=0.0001 beta=0.75 k=1.0",
    "Linear": "in_features out_features bias=True",
    "Dropout": "p=0.5 inplace=False",
    "ReLU": "inplace=False",
    "ReLU6": "inplace=False",
    "SiLU": "inplace=False",
    "Hardsigmoid": "inplace=False",
    "Hardswish": "inplace=False",
    "LeakyReLU": "negative_slope=0.01 inplace=False",
    "ELU": "alpha=1.0 inplace=False",
    "PReLU": "num_parameters=1",
    "GELU": "approximate='none'",
    "Softplus": "beta=1.0 threshold=20.0",
    "Softmax": "dim=None",
    "LogSoftmax": "dim=None",
    "Flatten": "start_dim=1",
    "Upsample": "size=None scale_factor=None mode='nearest' align_corners=None",
    "PixelShuffle": "upscale_factor",
    "PixelUnshuffle": "downscale_factor",
    "ChannelShuffle": "groups",
    "ConstantPad": "padding value",
    "ReflectionPad": "padding",
    "ReplicationPad": "padding",
}


def base_of(cls: str) -> str:
    """Return the name of a class without its number of dimensions: Conv for Conv2d."""
    return cls[:-2] if cls[-2:] in ("1d", "2d", "3d") else cls


def name_arguments(
    cls: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[str, Any, str]]:
    """Return the arguments of a call: the name, the value, and the default as Python writes it.

    The default is "" where there is none.
    """
    signature = SIGNATURES.get(base_of(cls))
    if signature is None:
        return [*(("", v, "") for v in args), *((name, v, "") for name, v in kwargs.items())]
    parameters = [p.partition("=")[::2] for p in signature.split()]
    given = {**dict(zip([name for name, _ in parameters], args, strict=False)), **kwargs}
    found: list[tuple[str, Any, str]] = []
    for name, default in parameters:
        if name not in given:
            continue
        value = given.pop(name)
        if name != "normalized_shape" and not (name == "padding" and base_of(cls).endswith("Pad")):
            value = collapse(value)
        if name == "stride" and default == "None":  # of a pooling: the size of the window
            found.append((name, found[0][1] if value is None else value, SAME_AS_FIRST))
        else:
            found.append((name, value, default))
    return [*found, *((name, value, "") for name, value in given.items())]


def collapse(value: Any) -> Any:
    """Return one number for a tuple of equal ones."""
    equal = isinstance(value, tuple | list) and len(set(value)) == 1
    return value[0] if equal else value


FUNCTIONS = {  # functions that do the same as a class, with the same arguments
    "nn.ReLU": "F.relu",
    "nn.ReLU6": "F.relu6",
    "nn.LeakyReLU": "F.leaky_relu",
    "nn.ELU": "F.elu",
    "nn.SiLU": "F.silu",
    "nn.GELU": "F.gelu",
    "nn.Hardswish": "F.hardswish",
    "nn.Hardsigmoid": "F.hardsigmoid",
    "nn.Softplus": "F.softplus",
    "nn.Softmax": "F.softmax",
    "nn.LogSoftmax": "F.log_softmax",
    "nn.Tanh": "torch.tanh",
    "nn.Sigmoid": "torch.sigmoid",
}

# The public names that nn.Module has itself.
MODULE_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
        T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda
        double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
        get_submodule half ipu load_state_dict modules mtia named_buffers named_children
        named_modules named_parameters parameters register_backward_hook register_buffer
        register_forward_hook register_forward_pre_hook register_full_backward_hook
        register_full_backward_pre_hook register_load_state_dict_post_hook
        register_load_state_dict_pre_hook register_module register_parameter
        register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
        set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
        """,
    )
)
