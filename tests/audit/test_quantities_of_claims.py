"""The quantities of claims, compared with figures of sources that count by hand."""

import pytest

from cnnspec.analyses.audit.counted_quantities import COUNTED
from cnnspec.analyses.audit.layer_quantities import MATCHES
from cnnspec.spec.claims import QUANTITIES
from tests.audit.claims import ruling

LENET = {  # LeCun et al. (1998), section II.B
    "C1": (156, 122304),
    "S2": (12, 5880),
    "C3": (1516, 151600),
    "S4": (32, 2000),
    "C5": (48120, 48120),
    "F6": (10164, 10164),
}


def test_every_quantity_of_the_language_is_one_that_the_audit_knows() -> None:
    assert sorted(QUANTITIES) == sorted([*COUNTED, *MATCHES])


@pytest.mark.parametrize(("layer", "figures"), LENET.items())
def test_lenet5_has_the_parameters_and_connections_of_its_paper(
    layer: str, figures: tuple[int, int]
) -> None:
    of = f'network = "lenet5_original", layer = "{layer}", '
    assert ruling(of + f'quantity = "params", value = {figures[0]}').verdict == "confirmed"
    assert ruling(of + f'quantity = "connections", value = {figures[1]}').verdict == "confirmed"
    assert ruling(of + f'quantity = "connections", value = {figures[1] + 1}').verdict == "refuted"


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (
            'network = "vgg16", quantity = "flops", value = "15.5G"',
            "ambiguous",
        ),  # MACs, but not FLOPs of 2 a MAC
        ('network = "vgg16", quantity = "flops", value = "30.9G"', "ambiguous"),
        ('network = "vgg16", quantity = "macs", value = "15.5G"', "confirmed"),
        ('network = "vgg16", quantity = "bytes", value = "528MB"', "ambiguous"),  # MiB
        ('network = "vgg16", quantity = "bytes", value = "528MiB"', "confirmed"),
        ('network = "vgg16", quantity = "bytes", value = "553MB"', "ambiguous"),
        ('network = "vgg16", layer = "fc1", quantity = "share", value = ">0.7"', "confirmed"),
        (
            'network = "alexnet", layer = "conv1", quantity = "weights", value = 34848',
            "confirmed",
        ),  # 96*3*11*11
        ('network = "alexnet", layer = "conv1", quantity = "biases", value = 96', "confirmed"),
        ('network = "resnet50", quantity = "buffers", value = 53120', "confirmed"),
        (
            'network = "resnet50", layer = "layer1.0.conv1", quantity = "weights", value = 4096',
            "confirmed",
        ),  # no norm
        (
            'network = "alexnet", layer = "pool5", quantity = "receptive_field", value = 195',
            "confirmed",
        ),
        (
            'network = "alexnet", op = "conv", quantity = "kernel_size", value = [11, 5, 3, 3, 3]',
            "confirmed",
        ),
        (
            'network = "alexnet", op = "conv", quantity = "kernel_size", value = [11, 5, 3, 3]',
            "refuted",
        ),
        ('network = "alexnet", op = "conv", quantity = "kernel_size", value = 3', "refuted"),
        ('network = "alexnet", op = "conv", quantity = "count", value = 5', "confirmed"),
        ('network = "alexnet", layer = "conv2", quantity = "padding", value = "SAME"', "confirmed"),
        ('network = "alexnet", layer = "conv2", quantity = "padding", value = 2', "confirmed"),
        ('network = "alexnet", layer = "conv1", quantity = "padding", value = "SAME"', "refuted"),
        (
            'network = "alexnet", layer = "fc8", quantity = "activation", value = "none"',
            "confirmed",
        ),
        (
            'network = "bird_cnn", layer = "CONV1", quantity = "output", value = "(28, 28, 8)"',
            "confirmed",
        ),
        (
            'network = "bird_cnn", layer = "CONV1", quantity = "output", value = "8x28x28"',
            "confirmed",
        ),
        (
            'network = "bird_cnn", layer = "CONV1", quantity = "output", value = "28x8x28"',
            "refuted",
        ),
        (
            'network = "bird_cnn", layer = "FC3", quantity = "output", value = "(120, 1)"',
            "confirmed",
        ),
        (
            'network = "googlenet", training = true, quantity = "params", value = 13378280',
            "confirmed",
        ),
        (
            (
                'network = "densenet_40_12", set = { depth = 100 }, quantity = "params", value ='
                ' "7.0M"'
            ),
            "confirmed",
        ),
        (
            'network = "googlenet", quantity = "params", over = "alexnet", value = "8.7x"',
            "confirmed",
        ),
        ('network = "lenet5", quantity = "layers", value = 5', "confirmed"),
        ('network = "lenet5", quantity = "layers", value = 7', "ambiguous"),
        ('network = "lenet5", quantity = "layers", value = 6', "refuted"),
        (
            (
                'layer = { op = "conv", out_channels = 64, kernel_size = 3 }, input = [32, 8, 8],'
                ' quantity = "filter", value = "3*3*32"'
            ),
            "confirmed",
        ),
        (
            (
                'layer = { op = "conv", out_channels = 64, kernel_size = 3 }, input = [32, 8, 8],'
                ' quantity = "filter", value = "3*3*64"'
            ),
            "refuted",
        ),
        (
            (
                'layer = { op = "conv", out_channels = 64, kernel_size = 3 }, input = [32, 8, 8],'
                ' quantity = "params", value = "{(3*3*32 + 1)*64}"'
            ),
            "confirmed",
        ),
        (
            (
                'layer = { op = "conv", out_channels = 64, kernel_size = 3 }, input = [32, 8, 8],'
                ' quantity = "params", value = "{3*3*32*64}"'
            ),
            "refuted",
        ),
        ('network = "alexnet", over = "lenet5", quantity = "layers", value = "more"', "confirmed"),
        ('network = "alexnet", over = "lenet5", quantity = "layers", value = "fewer"', "refuted"),
        (
            (
                'network = "zfnet", layer = "conv1", over = "alexnet", quantity = "kernel_size",'
                ' value = "smaller"'
            ),
            "confirmed",
        ),
        (
            (
                'network = "zfnet", layer = ["conv1", "conv3"], over = "alexnet", quantity ='
                ' "kernel_size", value = "smaller"'
            ),
            "refuted",
        ),  # conv3 has the same
        ('network = "zfnet", over = "alexnet", quantity = "layers", value = "equal"', "confirmed"),
        (
            (
                'network = "vgg16", layer = "stage1.conv1 stage2.conv1", quantity = "channels",'
                ' value = "rising"'
            ),
            "confirmed",
        ),
        ('network = "alexnet", op = "conv", quantity = "channels", value = "rising"', "refuted"),
        (
            (
                'network = "vgg16", layer = "stage4.conv1 stage5.conv1", quantity = "channels",'
                ' value = "rising"'
            ),
            "refuted",
        ),
        ('network = "alexnet", layer = "conv1", quantity = "stride", value = ">=2"', "confirmed"),
        ('network = "alexnet", layer = "conv1", quantity = "stride", value = ">4"', "refuted"),
        ('network = "alexnet", op = "add", quantity = "count", value = ">0"', "refuted"),
        (
            (
                'matrix = "product", given = [[1, 2], [3, 4]], kernel = [[1, 0], [0, 5]], gives ='
                " [[1, 0], [0, 20]]"
            ),
            "confirmed",
        ),
        ('expression = "2*3*3 < 5*5", value = true', "confirmed"),
        ('expression = "2*3*3 < 5*5", value = false', "refuted"),
        ('expression = "(1 + 1 - 1)/9", value = ".11"', "confirmed"),
        (
            'matrix = "conv", given = [[1, 2], [3, 4]], kernel = [[1, 0], [0, -1]], gives = [[-3]]',
            "confirmed",
        ),
        (
            (
                'matrix = "conv", given = [[1, 2], [3, 4]], kernel = [[1]], stride = 2, padding ='
                " 1, gives = [[0, 0], [0, 4]]"
            ),
            "confirmed",
        ),
        ('matrix = "avgpool", given = [[1, 2], [3, 4]], gives = [["2.5"]]', "confirmed"),
        ('matrix = "minpool", given = [[1, 2], [3, 4]], gives = [[1]]', "confirmed"),
        ('matrix = "maxpool", given = [[1, 2, 9], [3, 4, 8]], gives = [[4, 9]]', "refuted"),
        (
            'matrix = "maxpool", ceil = true, given = [[1, 2, 9], [3, 4, 8]], gives = [[4, 9]]',
            "confirmed",
        ),
    ],
)
def test_verdicts_about_what_can_be_worked_out_on_paper(line: str, verdict: str) -> None:
    assert ruling(line).verdict == verdict
