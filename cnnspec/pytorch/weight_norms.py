"""Replace weights that PyTorch computes from other tensors by their values.

A convolution with weight or spectral normalization is a convolution with the weight that this
gives: how it is trained is no matter of a spec. Other parametrizations stay.
"""

from torch import nn
from torch.nn.utils import (
    parametrizations,
    parametrize,
    remove_spectral_norm,
    remove_weight_norm,
    spectral_norm,
    weight_norm,
)

HOOKS = {  # the old way: a hook computes the weight before each call
    "WeightNorm": (weight_norm.__module__, remove_weight_norm),
    "SpectralNorm": (spectral_norm.__module__, remove_spectral_norm),
}
PARAMETRIZATIONS = "_WeightNorm", "_SpectralNorm"


def replace_normalized_weights(model: nn.Module) -> list[str]:
    """Make plain parameters of normalized weights, and return their names.

    Changes the model.
    """
    found = []
    for path, module in [*model.named_modules()]:
        names = []
        for hook in [*module._forward_pre_hooks.values()]:
            home, remove = HOOKS.get(type(hook).__name__, ("", None))
            if remove is not None and type(hook).__module__ == home:
                remove(module, hook.name)
                names.append(hook.name)
        for name in parametrized_names(module):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
            names.append(name)
        found += [f"{path}.{name}".lstrip(".") for name in names]
    return found


def parametrized_names(module: nn.Module) -> list[str]:
    """Return a module's tensors that only weight or spectral normalization computes."""
    if not parametrize.is_parametrized(module):
        return []
    return [
        name
        for name, steps in module.parametrizations.items()  # type: ignore[union-attr,operator]
        if all(
            type(step).__name__ in PARAMETRIZATIONS
            and type(step).__module__ == parametrizations.__name__
            for step in steps
        )
    ]
