"""Identity: the input as it is, for a place in a network where nothing happens.

Source: ``torch.nn.Identity``.
"""

from cnnspec.ops.operator import Elementwise, Example


class Identity(Elementwise):
    title = "Identity"

    examples = (
        Example("PyTorch's documentation of torch.nn.Identity: torch.randn(128, 20), 128 vectors of 20, keeps its size",
                ((20,),), {}, (20,)),
    )
