"""ptflops.get_model_complexity_info with the backend "pytorch": hooks on modules, and wrapped
functions.

Source: ptflops/pytorch_ops.py and pytorch_engine.py. A module such as ReLU is hooked, and so is the
function that it calls: it counts twice. (Its backend "aten" counts as torch's FlopCounterMode does,
halved.)"""

from cnnspec.conventions.rules import FREE, MACS_AND_BIAS, Convention, per_input, per_output

TWICE = per_input(2, why=", as the module and its function both count")
CONVENTION = Convention(
    "ptflops",
    "0.7.5",
    "MACs",
    "Biases, activations and poolings count too.",
    lambda n: f"{round(n / 1e9, 2)} GMac",
    {
        "conv": MACS_AND_BIAS,
        "depthwise_conv": MACS_AND_BIAS,
        "conv_transpose": MACS_AND_BIAS,
        "linear": MACS_AND_BIAS,
        "batchnorm": per_input(2, 1),
        "groupnorm": per_input(2, 1),
        "layernorm": per_input(1),
        "relu": TWICE,
        "elu": TWICE,
        "gelu": TWICE,
        "prelu": TWICE,
        "relu6": per_input(1),
        "leaky_relu": per_input(1),
        "silu": per_input(1),
        "softmax": per_input(1),
        "maxpool": TWICE,
        "avgpool": TWICE,
        "global_avgpool": TWICE,
        "global_maxpool": TWICE,
        "adaptive_avgpool": TWICE,
        "adaptive_maxpool": TWICE,
        "upsample": per_output(2, ", as the module and its function both count"),
        "frozen_batchnorm": FREE,
        "channel_scale": FREE,
        "scale": FREE,
        "position_embedding": FREE,
    },
)
