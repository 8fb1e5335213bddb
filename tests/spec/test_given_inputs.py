"""Inputs from outside: for one or several inputs, and at sizes that other weights would need."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cnnspec
from cnnspec.cli import cli
from cnnspec.problems import SpecError

TWO = """name = "two"
inputs = ["image", "vector"]
input = { image = [1, 28, 28], vector = [3] }
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, activation = "relu" },
  { name = "pool", op = "global_avgpool", keepdim = false },
  { name = "cat", op = "concat", from = ["pool", "vector"] },
  { name = "fc", op = "linear", out_features = 10 },
]
"""
ALIKE = TWO.replace("{ image = [1, 28, 28], vector = [3] }", "[1, 28, 28]").replace(
    '["pool", "vector"]', '["conv", "vector"]'
)


@pytest.fixture
def two(tmp_path: Path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(TWO)
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def shapes(net: cnnspec.Network) -> dict[str, tuple[int, ...]]:
    return {node.name: node.output for node in net.graph.inputs}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"image": (1, 40, 40)}, {"image": (1, 40, 40), "vector": (3,)}),
        ({"vector": (5,)}, {"image": (1, 28, 28), "vector": (5,)}),
        ({"vector": (5,), "image": (3, 9, 9)}, {"image": (3, 9, 9), "vector": (5,)}),
    ],
)
def test_each_input_is_given_by_its_name(
    two: str, given: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]
) -> None:
    net = cnnspec.load(two, input=given)
    assert shapes(net) == found
    assert net.layers[-1].params == 10 * (8 + found["vector"][0] + 1)
    options = [f"--input={name}={','.join(map(str, dims))}" for name, dims in given.items()]
    page = run("table", two, *options).output
    assert all(f"{name} {'x'.join(map(str, dims))}" in page for name, dims in found.items())
    joined = ";".join(option.removeprefix("--input=") for option in options)
    assert run("table", two, "--input", joined).output == page


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"imag": (1, 9, 9)}, "imag is not an input of the network", "did you mean 'image'?"),
        ({"q": (1, 9, 9)}, "q is not an input of the network", "its inputs are image, vector"),
        (
            (1, 9, 9),
            "the network has inputs of different shapes: image, vector",
            "name the input that has this shape: --input image=1,9,9",
        ),
        ({"vector": (0,)}, "a size of an input is an integer from 1 to", "channels first"),
    ],
)
def test_an_input_that_the_network_does_not_have_is_refused(
    two: str, given: cnnspec.units.GivenInput, message: str, hint: str
) -> None:
    with pytest.raises(SpecError) as error:
        cnnspec.load(two, input=given)
    (problem,) = error.value.problems
    assert (problem.where.file, problem.rule) == ("--input", "L003")
    assert problem.message.startswith(message)
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize("text", ["a=1,2;a=3,4", "=1,2", "1,2;3,4", "a=1,2;3,4", "a=", "a=b=c"])
def test_an_option_that_is_no_shape_is_explained(two: str, text: str) -> None:
    result = run("table", two, "--input", text)
    assert isinstance(result.exception, cnnspec.RequestError)
    assert "--input" in str(result.exception)


def test_one_shape_is_for_all_inputs_that_are_alike(tmp_path: Path) -> None:
    path = tmp_path / "alike.toml"
    path.write_text(
        ALIKE.replace('op = "global_avgpool", keepdim = false', 'op = "flatten"')
        .replace('["conv", "vector"]', '["pool", "flat"]')
        .replace(
            '  { name = "cat"',
            '  { name = "flat", op = "flatten", from = "vector" },\n  { name = "cat"',
        )
    )
    assert set(shapes(cnnspec.load(str(path), input=(1, 9, 9))).values()) == {(1, 9, 9)}


def test_a_table_of_shapes_without_inputs_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(TWO.replace('inputs = ["image", "vector"]\n', ""))
    with pytest.raises(SpecError) as error:
        cnnspec.load(str(path))
    problem = error.value.problems[0]
    assert problem.message == "input is a table with image, vector, but the spec has no key inputs"
    assert problem.hint.endswith('inputs = ["image", "vector"]')


def test_other_sizes_give_the_numbers_and_say_that_weights_do_not_fit() -> None:
    # LeNet-5 at MNIST's 28x28: C5 sees 4x4 instead of 5x5 positions of 16 maps, each with a weight
    net, native = cnnspec.load("lenet5", input=(1, 28, 28)), cnnspec.load("lenet5")
    assert native.totals.params - net.totals.params == (25 - 16) * 16 * 120
    assert net.notes == [
        "Weights for the spec's own input do not fit, because layers have other parameters."
        " C5: its weight is 120x400 at an input of 1x32x32, but at 1x28x28 it would be 120x256."
    ]
    assert native.notes == []
    result = run("table", "lenet5", "--input", "1,28,28")
    assert result.exit_code == 0
    assert result.stderr == f"cnnspec: {net.notes[0]}\n"


COMMANDS = {  # and how its note names the network
    "table alexnet": "",
    "memory alexnet": "",
    "explain alexnet conv1": "",
    "draw alexnet": "",
    "compare alexnet lenet5": "alexnet: ",
    "diff alexnet alexnet": "alexnet: ",
    "report alexnet --html net.html": "",
    "export alexnet --to pytorch --no-check": "",
    "verify alexnet --device meta": "",
    "verify alexnet alexnet_geron --device meta --jobs 1": "alexnet: ",
}


@pytest.mark.parametrize(("command", "name"), COMMANDS.items(), ids=COMMANDS)
def test_other_sizes_are_noted_and_strict_input_refuses_them(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [*command.split(), "--input", "3,300,300"]
    lax = run(*words)
    assert lax.exit_code == 0
    assert lax.stderr.startswith(f"cnnspec: {name}Weights for the spec's own input do not fit")
    result = run(*words, "--strict-input")
    assert isinstance(result.exception, SpecError)
    assert [p.rule for p in result.exception.problems] == ["D008"]


def test_every_layer_with_other_parameters_is_counted(two: str) -> None:
    Path(two).write_text(
        TWO.replace('op = "global_avgpool", keepdim = false', 'op = "flatten"').replace(
            "out_features = 10 },",
            "out_features = 10 },\n"
            '  { name = "fc2", op = "linear", from = "cat", out_features = 4 },\n'
            '  { name = "all", op = "concat", from = ["fc", "fc2"] },',
        )
    )
    (note,) = cnnspec.load(two, input={"image": (1, 30, 30)}).notes
    assert "an input of 1x28x28 and 3, but at 1x30x30 and 3 it would be" in note
    assert note.endswith("; so has 1 more layer.")
