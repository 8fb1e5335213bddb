"""cnnspec sizes as a user runs it: at 80 columns, as JSON, and which requests are refused."""

import json
from itertools import pairwise

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.cli import cli
from cnnspec.problems import RequestError
from cnnspec.report.sizes import find_runs, format_sizes


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["sizes", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_text_says_what_is_accepted_and_why() -> None:
    assert (
        run("alexnet").output
        == """\
alexnet: 3xNxN with N up to 512; its own input is 3x227x227

Smallest    67; at 66 pool5 refuses: a window of 3 does not fit into 2: the
            output would be empty
Accepts     227 to 258, as fc6 has parameters for one size: its weight is
            4096x9216; an input of 3x226x226 would need 4096x6400
Read whole  67, 99 … 483 (every 32): no stride leaves the end of a map unread
Both        227
"""
    )
    for name, bound, line in (
        ("densenet121", "40", "Accepts     any size from 29: no parameter depends on it"),
        (
            "squeezenet1_0",
            "30",
            "Unread      at 3x224x224, conv1 does not read the last row and column of its",
        ),
        (
            "inception_v3",
            "300",
            "Training    299 to 300; at 298 AuxLogits.conv1 refuses: a window of 5 does not",
        ),
    ):
        assert line in run(name, "--up-to", bound).output.splitlines()
    assert "Smallest    none of these sizes is valid: " in run("densenet121", "--up-to", "9").output
    for name in ("alexnet_torchvision", "unet", "cnn_1d"):
        assert max(map(len, run(name, "--up-to", "200").output.splitlines())) <= 80


def test_json_has_runs_of_sizes() -> None:
    data = json.loads(run("alexnet", "--format", "json", "--up-to", "300").output)
    assert data == {
        "version": 1,
        "network": "alexnet",
        "input": [3, 227, 227],
        "varied": [3, None, None],
        "up_to": 300,
        "smallest": 67,
        "any": False,
        "valid": [{"first": 67, "last": 300, "step": 1}],
        "refuses": {
            "size": 66,
            "layer": "pool5",
            "message": "a window of 3 does not fit into 2: the output would be empty",
        },
        "accepted": [{"first": 227, "last": 258, "step": 1}],
        "keeps": {
            "size": 226,
            "layer": "fc6",
            "message": "its weight is 4096x9216; an input of 3x226x226 would need 4096x6400",
        },
        "whole": [{"first": 67, "last": 291, "step": 32}],
        "unread": {},
        "training": None,
        "refuses_training": None,
    }
    assert json.loads(run("resnet18", "--format", "json", "--up-to", "8").output)["any"] is True


def test_what_varies_can_be_chosen() -> None:
    data = json.loads(run("vgg11", "--input", "3,*,230", "--format", "json").output)
    assert (data["varied"], data["accepted"][0]["first"]) == ([3, None, 230], 224)
    assert run("vgg11", "--input", "3x*x230").output.startswith("vgg11: 3xNx230 with N up to 512;")
    assert (
        json.loads(
            run("resnet18", "--set", "classes=3", "--up-to", "3", "--format", "json").output
        )["up_to"]
        == 3
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mlp_mnist", "--input", "1,28,28"), "--input needs a * for each size that varies"),
        (
            ("resnet18", "--input", "3,*"),
            "resnet18 takes 3x224x224, so --input needs 3 sizes, not 2",
        ),
        (("resnet18", "--input", "3,**,4"), "--input takes sizes such as 3,224,224"),
        (
            ("resnet18", "--input", "3,0,*"),
            "a size of --input is an integer from 1 to 2147483647, or *, not 0",
        ),
        (("resnet18", "--input", "*"), "resnet18 takes 3x224x224, so --input needs 3 sizes, not 1"),
        (("resnet18", "--input", ""), "--input takes sizes such as 3,224,224"),
        (("resnt18",), "there is no network 'resnt18'"),
    ],
)
def test_what_is_not_understood(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(RequestError) as error:
        run(*arguments)
    assert str(error.value).startswith(message)


def test_bounds() -> None:
    run("lenet5", "--up-to", "0", code=2)
    run("lenet5", "--up-to", "16385", code=2)
    assert json.loads(run("lenet5", "--up-to", "1", "--format", "json").output)["smallest"] is None


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([], "none"),
        ([5], "5"),
        ([1, 2, 3, 7, 9, 11, 20], "1 to 3, 7, 9 … 11 (every 2), 20"),
        ([1, 2, 4, 8, 16, 32, 64, 128], "1 to 2, 4, 8, 16, 32, 64 and 1 more"),
    ],
)
def test_sizes_in_words(listed: list[int], words: str) -> None:
    assert format_sizes(listed) == words


@settings(deadline=None)
@given(st.sets(st.integers(1, 60)))
def test_runs_are_the_same_sizes(listed: set[int]) -> None:
    found = find_runs(sorted(listed))
    assert [n for first, last, step in found for n in range(first, last + 1, step or 1)] == sorted(
        listed
    )
    assert all(last - first >= 2 * step for first, last, step in found if step > 1)
    assert all(a[1] < b[0] for a, b in pairwise(found))
