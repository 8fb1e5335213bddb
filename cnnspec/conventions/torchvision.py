"""torchvision's ``_ops`` of its weights: multiply-accumulates of matrix products.

torchvision prints them as GFLOPS, but they are MACs.

Source: torchvision's documentation of its classification weights."""

from cnnspec.conventions.rules import FREE, MACS, Convention

CONVENTION = Convention(
    "torchvision",
    "0.28.0",
    "FLOPS",
    "torchvision prints 1e9 multiply-accumulates as 1 GFLOPS.",
    lambda n: f"{n / 1e9:.2f} GFLOPS",
    {
        **dict.fromkeys(("conv", "depthwise_conv", "conv_transpose", "linear", "attention"), MACS),
        **dict.fromkeys(
            (
                "batchnorm",
                "frozen_batchnorm",
                "layernorm",
                "groupnorm",
                "prelu",
                "channel_scale",
                "scale",
                "position_embedding",
                "l2norm",
            ),
            FREE,
        ),
    },
)
