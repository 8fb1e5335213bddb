"""What operators in place overwrite too early, as found without PyTorch, and as PyTorch finds it
out."""

import pytest
import support
import torch
import written
from dags import Dag

from cnnspec.analyses.memory.overwriting import find_overwritten
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.verify import verify

CONV = '{ name = "a", op = "conv", out_channels = 4, kernel_size = 1 }, '
FLAT = '{ name = "f", op = "flatten" }, '
LAST = '{ name = "l", op = "linear", out_features = 2, from = "%s" }'


def relu(name: str, read: str, op: str = "relu") -> str:
    return f'{{ name = "{name}", op = "{op}", inplace = true, from = "{read}" }}, '


ONE = '{ name = "c", op = "conv", out_channels = 1, kernel_size = 1, from = "a" }, '
SIGMOID = '{ name = "s", op = "sigmoid" }, '
SUM = '{ name = "j", op = "add", from = ["%s", "%s"] }'
FOUND = {  # lines and outputs; who overwrites, what, who needs it, and whether backwards
    "a view of it is read": (
        CONV + FLAT + relu("r", "a") + '{ name = "s", op = "flatten" }, ' + SUM % ("s", "f"),
        "j",
        [("r", "f", "j", False)],
    ),
    "it is a view": (CONV + FLAT + relu("r", "f") + ONE, "rc", [("r", "a", "c", False)]),
    "the caller gets it": (CONV + relu("r", "a"), "ar", [("r", "a", None, False)]),
    "a layer before has kept it": (CONV + ONE + relu("r", "a"), "rc", [("r", "a", "c", True)]),
    "it was given to be kept": (CONV + SIGMOID + relu("r", "s"), "r", [("r", "s", "s", True)]),
    "through a view": (CONV + SIGMOID + FLAT + relu("r", "f"), "r", [("r", "f", "s", True)]),
    "two in place": (
        CONV + relu("r", "a") + relu("d", "r", "dropout"),
        "d",
        [("d", "r", "r", True)],
    ),
    "twice, and the first is read": (
        CONV + relu("r", "a") + relu("d", "r", "dropout") + SUM % ("d", "a"),
        "j",
        [("d", "r", "r", True), ("r", "a", "j", False)],
    ),
    "nothing is trained before": (SIGMOID + relu("r", "s") + FLAT + LAST % "f", "l", []),
    "a copy is kept": (CONV + relu("r", "a", "silu") + relu("q", "r", "hardswish"), "q", []),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_overwritten_too_early_is_found(case: str) -> None:
    lines, outputs, expected = FOUND[case]
    graph = written.network(lines, top=f"outputs = {[*outputs]}").graph
    found = find_overwritten(graph, training=True)
    assert [
        (x.node.name, x.value.name, x.reader and x.reader.name, x.backwards) for x in found
    ] == expected


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
        ):  # PyTorch would compute something else, and say nothing
            with pytest.raises(RequestError, match="works in place"):
                build_module(graph)
            continue
        refused = not trains(graph)
        assert refused == bool(found), (seed, found)
        seen.add(refused)
    assert seen == {True, False}


TRAINED = CONV + SIGMOID + relu("r", "s")


def test_what_cannot_be_trained_is_refused_by_name_and_runs_where_nothing_is_trained() -> None:
    net = written.network(TRAINED)
    with pytest.raises(
        RequestError,
        match=(
            "PyTorch refuses to train this network: r works in place and overwrites s, "
            "which the backward pass of s needs; inplace = false avoids this"
        ),
    ):
        net.memory(1)
    frozen = written.network(TRAINED + CONV.replace('"a"', '"z"')).memory(1, freeze=("a",))
    assert frozen.gradients == 4 * (4 * 4 + 4)
    checks = {c.name: c for c in verify(net.graph, "cpu", memory=True).checks}
    assert checks["memory"].status == "limited"
    assert "PyTorch refuses to train" in checks["memory"].detail
    assert checks["shapes"].status == "passed"


def trains(graph: Graph) -> bool:
    """Whether PyTorch runs a backward pass from the sum of all outputs."""
    twin = build_module(graph).train()
    given = twin(*[torch.rand(2, *n.output) for n in graph.inputs])
    total = sum(
        x.sum() for x in (given if isinstance(given, tuple) else (given,)) if x.requires_grad
    )
    try:
        total.backward()  # type: ignore[union-attr]
    except RuntimeError as error:
        if "modified by an inplace operation" in str(error):
            return False
        raise
    return True
