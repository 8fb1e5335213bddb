"""The names and the defaults of arguments of Keras's layers and functions."""

DEFAULTS = {  # by argument; a test asks Keras
    "strides": "1",
    "padding": "'valid'",
    "dilation_rate": "1",
    "groups": "1",
    "use_bias": "True",
    "trainable": "True",
    "depth_multiplier": "1",
    "keepdims": "False",
    "momentum": "0.99",
    "epsilon": "0.001",
    "center": "True",
    "scale": "True",
    "interpolation": "'nearest'",
    "alpha": "1.0",
    "offset": "0.0",
    "noise_shape": "None",
    "mode": "'constant'",
}

# The names of arguments that are written by their position, by the begin of a layer's name.
POSITIONS = {
    "DepthwiseConv": ("kernel_size",),
    "Conv": ("filters", "kernel_size"),
    "Dense": ("units",),
    "MaxPooling": ("pool_size",),
    "AveragePooling": ("pool_size",),
    "Dropout": ("rate",),
    "ZeroPadding": ("padding",),
    "UpSampling": ("size",),
    "GroupNormalization": ("groups",),
    "LearnedScale": ("shape",),
    "ConvTable": ("connections",),
}


def find_default(call: str, argument: str) -> str:
    """Return the default of an argument, "" where it is written always."""
    own = argument == "strides" and ("Pooling" in call or not call.startswith("layers."))
    return "" if own else DEFAULTS.get(argument, "")


def position_names(call: str) -> tuple[str, ...]:
    """Return the names of the first arguments of a call."""
    name = call.removeprefix("layers.")
    return next((names for begin, names in POSITIONS.items() if name.startswith(begin)), ())
