"""Hints for mistakes: names of other libraries, misspelt keys, and text that is not TOML.

Imported only where something is wrong."""

import re
from collections.abc import Iterable

from cnnspec.problems import did_you_mean, nearest_name, visible

# what Keras, PyTorch and users call operators and fields, in lower case, and their names here
OPERATOR_NAMES = {
    "dense": "linear",
    "fc": "linear",
    "fullyconnected": "linear",
    "bn": "batchnorm",
    "gap": "global_avgpool",
    "batchnormalization": "batchnorm",
    "layernormalization": "layernorm",
    "convolution": "conv",
    "deconv": "conv_transpose",
    "deconvolution": "conv_transpose",
    "depthwiseconv": "depthwise_conv",
    "maxpooling": "maxpool",
    "averagepool": "avgpool",
    "averagepooling": "avgpool",
    "globalaveragepool": "global_avgpool",
    "globalaveragepooling": "global_avgpool",
    "globalmaxpooling": "global_maxpool",
    "adaptivemaxpooling": "adaptive_maxpool",
    "adaptiveaveragepooling": "adaptive_avgpool",
    "concatenate": "concat",
    "cat": "concat",
    "multiply": "mul",
    "subtract": "sub",
    "divide": "div",
    "upsampling": "upsample",
    "interpolate": "upsample",
    "resize": "upsample",
    "resizing": "upsample",
    "cropping": "crop",
    "zeropadding": "pad",
    "zeropad": "pad",
    "constantpad": "pad",
    "reflectionpad": "pad",
    "replicationpad": "pad",
    "circularpad": "pad",
    "padding": "pad",
    "pixelshuffle": "depth_to_space",
    "pixelunshuffle": "space_to_depth",
    "transpose": "permute",
    "bmm": "matmul",
    "mean": "reduce_dims",
    "sum": "reduce_dims",
    "reduce": "reduce_dims",
    "unflatten": "reshape",
    "view": "reshape",
    "layerscale": "channel_scale",
    "classtoken": "tokens",
    "multiheadattention": "attention",
    "instancenormalization": "instancenorm",
    "groupnormalization": "groupnorm",
    "swish": "silu",
    "clamp": "hardtanh",
    "clip": "hardtanh",
    "droppath": "stochastic_depth",
    "spatialdropout": "dropout",
}
# what has no operator of that name, and how a spec says it
SEVERAL_LINES = {
    "separableconv": 'two lines do this: a depthwise_conv, then op = "conv" with kernel_size = 1',
    "se": "a block does this: global_avgpool, two convolutions of kernel_size = 1, a sigmoid, and a"
    ' mul with from = ["input", the sigmoid]',
}
SEVERAL_LINES |= dict.fromkeys(
    ("rezero", "skipinit", "scalar", "learnedscalar", "learnablescalar"),
    'this is one learned factor: op = "affine" with per = "layer" and bias = false',
)
SEVERAL_LINES |= dict.fromkeys(("semodule", "squeezeexcitation"), SEVERAL_LINES["se"])
FIELD_NAMES = {
    "filters": "out_channels",
    "channels": "out_channels",
    "kernels": "out_channels",
    "units": "out_features",
    "strides": "stride",
    "kernel": "kernel_size",
    "pool_size": "kernel_size",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "inputs": "from",
    "rate": "p",
    "scale": "scale_factor",
    "num_groups": "groups",
    "epsilon": "eps",
    "alpha": "negative_slope",
    "input_shape": "input",
    "type": "op",
    "act": "activation",
}
INFERRED_FIELDS = {
    "in_channels": "leave it out: it follows from the line before",
    "in_features": "leave it out: it follows from the line before",
    "dim": "leave it out: channels are joined",
    "axis": "leave it out: channels are joined",
}


def operator_hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the hint for an unknown operator: its name here, or the nearest one."""
    names = list(known)
    given = name.lower().replace("_", "").replace("-", "")
    for plain in (given, re.sub("[123]d(?=transpose$|$)", "", given)):  # Conv2DTranspose
        here = OPERATOR_NAMES.get(plain)
        if here is None:
            here = next((n for n in names if n.replace("_", "") == plain), None)
        if here in names:
            return f"it is called {here} here"
        if plain in SEVERAL_LINES:
            return SEVERAL_LINES[plain]
    return did_you_mean(name, names, otherwise)


def field_hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the hint for an unknown key: its name here, why it is not needed, or the nearest."""
    names = list(known)
    if name in INFERRED_FIELDS and name not in names:
        return INFERRED_FIELDS[name]
    here = FIELD_NAMES.get(name.lower())
    if here in names:
        return f"it is called {here} here"
    return did_you_mean(name, names, otherwise)


def field_meant(name: str, known: Iterable[str]) -> str:
    """Return the key that :func:`field_hint` names for an unknown one, or nothing."""
    names = list(known)
    here = FIELD_NAMES.get(name.lower(), "")
    return here if here in names else nearest_name(name, names)


def toml_hint(reason: str, text: str, line: int, column: int) -> str:
    """Return what to write where tomllib stops for ``reason``; nothing where that is not clear."""
    lines = [*text.split("\n"), ""]
    here = lines[line - 1]
    before, after = here[: column - 1], here[column - 1 :]
    if has_open_table(before) and not after.strip():
        return "TOML 1.0 keeps an inline table { ... } on one line"
    comma = before.rstrip().endswith(",") and after.startswith("}")
    if reason.startswith("Invalid initial character") and comma:
        return "TOML 1.0 allows no comma before the }"
    if reason == "Unclosed inline table":
        return "a comma is missing here, or the } after it"
    if reason == "Unclosed array":
        return "a comma is missing before this, or the ] at the end of the list"
    if reason == "Invalid value":
        if not "".join([after, *lines[line:]]).strip():
            return "the ] at the end of a list is missing"
        return value_hint(after)
    if reason == "Illegal character '\\n'":
        return "a quote is missing: text on one line ends with the quote that it starts with"
    if reason.startswith("Expected '='"):
        return "a line is key = value"
    if reason.startswith(
        ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Cannot redefine", "Duplicate")
    ):
        return duplicate_hint(before, lines[: line - 1])
    return ""


def has_open_table(before: str) -> bool:
    """Whether ``before`` ends inside an inline table. Braces in strings do not count."""
    plain = re.sub(r'"(\\.|[^"\\])*"|\'[^\']*\'', "", before)
    return plain.count("{") > plain.count("}")


def value_hint(after: str) -> str:
    """Return the hint for text that is no TOML value."""
    word = re.match(r"[A-Za-z_][\w.-]*", after)
    if word is None:
        return "lists are written in brackets: [3, 224, 224]" if after.startswith("(") else ""
    if word[0] in ("True", "False"):
        return f"TOML writes {word[0].lower()}"
    if word[0] in ("None", "null", "nil"):
        return "TOML has no such value: leave the key out"
    return f'text is written in quotes: "{visible(word[0], 40)}"'


def duplicate_hint(before: str, above: list[str]) -> str:
    """Return the hint for a table or key that appears twice; ``above`` are the lines above it."""
    if before.lstrip().startswith("["):
        return (
            "a table is written in one place: all its keys below one header, or all as table.key"
            " = ..."
        )
    key = re.match(r"\s*([^=]*?)\s*=", before)
    if not key:
        return "a key may appear once"
    matches = (re.match(r"\s*(\[[^\[\]=,{}\"']+\])\s*(#|$)", text) for text in above)
    headers = [match[1] for match in matches if match]
    table = ""
    if headers:
        table = f", in {visible(headers[-1], 60)}; the network's own keys go above all headers"
    return f"{visible(key[1], 60)} already appears above{table}"
