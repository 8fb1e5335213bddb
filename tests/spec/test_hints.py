"""Names from Keras and PyTorch are answered with their names here."""

import pytest

from cnnspec import SpecError
from cnnspec.ops.registry import OPERATORS
from cnnspec.spec import hints as hints_module
from tests import support


def hints(line: str) -> str:
    with pytest.raises(SpecError) as caught:
        support.graph_of(f"layers = [ {line} ]")
    return "\n".join(p.hint for p in caught.value.problems)


def test_every_name_given_is_an_operator_here() -> None:
    assert set(hints_module.OPERATOR_NAMES.values()) <= set(OPERATORS)


KERAS = {
    "Conv": "conv",
    "DepthwiseConv": "depthwise_conv",
    "MaxPooling": "maxpool",
    "AveragePooling": "avgpool",
    "GlobalAveragePooling": "global_avgpool",
    "GlobalMaxPooling": "global_maxpool",
    "UpSampling": "upsample",
    "ZeroPadding": "pad",
    "Cropping": "crop",
    "SpatialDropout": "dropout",
}


@pytest.mark.parametrize(
    ("foreign", "here"),
    [
        ("Dense", "linear"),
        ("MaxPooling2D", "maxpool"),
        ("GlobalAveragePooling2D", "global_avgpool"),
        ("Concatenate", "concat"),
        ("ReLU", "relu"),
        ("Conv2d", "conv"),
        ("BatchNormalization", "batchnorm"),
        *((f"{name}{n}D", here) for name, here in KERAS.items() for n in (1, 2, 3)),
        ("Conv2DTranspose", "conv_transpose"),
        ("ConvTranspose3d", "conv_transpose"),
        ("BatchNorm1d", "batchnorm"),
        ("pixel_shuffle", "depth_to_space"),
        ("PixelUnshuffle", "space_to_depth"),
        ("pixel_unshuffle", "space_to_depth"),
        ("DropPath", "stochastic_depth"),
        ("transpose", "permute"),
    ],
)
def test_foreign_operators(foreign: str, here: str) -> None:
    assert f"it is called {here} here" in hints(f'{{ name = "a", op = "{foreign}" }}')


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('op = "conv", filters = 8, kernel_size = 3', "it is called out_channels here"),
        ('op = "conv", out_channels = 8, kernel_size = 3, strides = 2', "it is called stride here"),
        (
            'op = "conv", in_channels = 3, out_channels = 8, kernel_size = 3',
            "leave it out: it follows from the line before",
        ),
        ('op = "dropout", rate = 0.5', "it is called p here"),
        ('op = "relu", inputs = "input"', "it is called from here"),
        (
            'op = "conv", out_channels = 8, kernel_size = 3, activation = "swish"',
            "it is called silu here",
        ),
        (
            'op = "conv", out_channels = 8, kernel_size = 3, norm = "bn"',
            "it is called batchnorm here",
        ),
        (
            'op = "conv", out_channels = 8, kernel_size = 3, activation = "ReLU"',
            "it is called relu here",
        ),
    ],
)
def test_foreign_fields(line: str, hint: str) -> None:
    assert hint in hints(f'{{ name = "a", {line} }}')


@pytest.mark.parametrize(
    ("foreign", "hint"),
    [
        ("SeparableConv2D", "two lines do this: a depthwise_conv, then op"),
        ("separable_conv", "two lines do this: a depthwise_conv, then op"),
        ("se", "a block does this: global_avgpool"),
        ("ReZero", 'this is one learned factor: op = "affine" with per = "layer"'),
        ("SqueezeExcitation", "a block does this: global_avgpool"),
    ],
)
def test_what_several_lines_do(foreign: str, hint: str) -> None:
    assert hint in hints(f'{{ name = "a", op = "{foreign}" }}')


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('op = "conv", out_channels = 8, kernel_size = 3, padding = "SAME"', '"same", in lower'),
        ('op = "conv", out_channels = 8, kernel_size = 3, padding = "Valid"', '"valid", in lower'),
        ('op = "upsample", scale_factor = 2, mode = "Bilinear"', '"bilinear", in lower case'),
    ],
)
def test_words_in_upper_case(line: str, hint: str) -> None:
    assert hint in hints(f'{{ name = "a", {line} }}')


def test_channels_last_is_recognised_where_a_shape_does_not_fit() -> None:
    with pytest.raises(SpecError) as caught:
        support.graph_of(
            'input = [28, 28, 1]\nlayers = [ { name = "p", op = "maxpool", kernel_size = 2 } ]'
        )
    assert caught.value.problems[0].hint.startswith(
        "an input is channels, height, width: [1, 28, 28] instead"
    )
