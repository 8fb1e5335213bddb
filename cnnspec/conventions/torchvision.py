"""torchvision's ``_ops`` of its weights, printed as GFLOPS: the multiply-accumulates of products of
matrices.

Source: torchvision's documentation of its classification weights. They are MACs in spite of the
name."""

from cnnspec.conventions.rules import FREE, MACS, Convention

CONVENTION = Convention(
    "torchvision",
    "0.28.0",
    "FLOPS",
    "It prints multiply-accumulates in 1e9 as GFLOPS.",
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
