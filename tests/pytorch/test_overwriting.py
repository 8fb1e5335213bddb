"""Values that operators in place overwrite too early, found without PyTorch and by PyTorch."""

import tomllib
from pathlib import Path

import pytest
import torch

from cnnspec.analyses.memory.overwriting import find_overwritten
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.verify import verify
from tests import support, written
from tests.pytorch.dags import Dag

CASES = tomllib.loads(Path(__file__).with_name("overwriting_cases.toml").read_text())


@pytest.mark.parametrize("case", CASES)
def test_what_is_overwritten_too_early_is_found(case: str) -> None:
    layers, outputs = CASES[case]["layers"], CASES[case]["outputs"]
    graph = written.network(layers, top=f"outputs = {outputs}").graph
    assert [
        {
            "node": found.node.name,
            "value": found.value.name,
            "reader": found.reader.name if found.reader else "",
            "backwards": found.backwards,
        }
        for found in find_overwritten(graph, training=True)
    ] == CASES[case]["found"]


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(60, 600, 60))]
)
def test_pytorch_refuses_to_train_what_is_found_and_nothing_else(start: int) -> None:
    seen = set()
    for seed in range(start, start + 60):
        graph = support.graph_of(Dag(seed, 8, careless=True).text)
        found = find_overwritten(graph, training=True) + find_overwritten(graph, training=False)
        if not all(
            x.backwards for x in found
        ):  # PyTorch would compute with the wrong values, without an error
            with pytest.raises(RequestError, match="works in place"):
                build_module(graph)
            continue
        refused = not trains(graph)
        assert refused == bool(found), (seed, found)
        seen.add(refused)
    assert seen == {True, False}


CONV = '{ name = "%s", op = "conv", out_channels = 4, kernel_size = 1 },'
NOT_TRAINABLE = f"""
{CONV % "a"}
{{ name = "s", op = "sigmoid" }},
{{ name = "r", op = "relu", inplace = true }},
"""


def test_what_cannot_be_trained_is_refused_by_name_and_runs_where_nothing_is_trained() -> None:
    net = written.network(NOT_TRAINABLE)
    with pytest.raises(
        RequestError,
        match=(
            "PyTorch refuses to train this network: r works in place and overwrites s, "
            "which the backward pass of s needs; inplace = false avoids this"
        ),
    ):
        net.memory(1)
    frozen = written.network(NOT_TRAINABLE + CONV % "z").memory(1, freeze=("a",))
    assert frozen.gradients == 4 * (4 * 4 + 4)
    checks = {c.name: c for c in verify(net.graph, "cpu", memory=True).checks}
    assert checks["memory"].status == "limited"
    assert "PyTorch refuses to train" in checks["memory"].detail
    assert checks["shapes"].status == "passed"


def trains(graph: Graph) -> bool:
    """Whether PyTorch runs a backward pass from the sum of all outputs that need one."""
    built = build_module(graph).train()
    given = built(*[torch.rand(2, *n.output) for n in graph.inputs])
    outputs = given if isinstance(given, tuple) else (given,)
    sums = [x.sum() for x in outputs if x.requires_grad]
    if not sums:  # no parameter is before an output
        return True
    try:
        torch.stack(sums).sum().backward()
    except RuntimeError as error:
        if "modified by an inplace operation" in str(error):
            return False
        raise
    return True


@pytest.mark.parametrize(
    ("fields", "works"),
    [
        ('op = "lstm"', False),
        ('op = "lstm", bidirectional = true', True),
        ('op = "gru"', True),
    ],
)
def test_a_layer_whose_memory_is_not_known_is_checked(fields: str, works: bool) -> None:
    """oneDNN's LSTM keeps its output for backward."""
    graph = support.graph_of(
        f"""
input = [3, 8]
layers = [
  {{ name = "a", hidden_size = 4, {fields} }},
  {{ name = "r", op = "relu", inplace = true }},
]
"""
    )
    assert trains(graph) == works
    assert bool(find_overwritten(graph, training=True)) != works
