"""ptflops.get_model_complexity_info (backend "pytorch"): hooks modules and wraps functions.

It hooks a module such as ReLU and also wraps the function that the module calls, so it counts
both. (Its backend "aten" counts half of what torch's FlopCounterMode does.)

Source: ptflops/pytorch_ops.py and pytorch_engine.py."""

from cnnspec.conventions.rules import FREE, MACS_AND_BIAS, Convention, per_input, per_output

TWICE = per_input(2, why=", as it counts the module and its function")
CONVENTION = Convention(
    "ptflops",
    "0.7.5",
    "MACs",
    "ptflops also counts biases, activations and poolings.",
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
        "upsample": per_output(2, ", as it counts the module and its function"),
        "frozen_batchnorm": FREE,
        "channel_scale": FREE,
        "scale": FREE,
        "position_embedding": FREE,
    },
)
