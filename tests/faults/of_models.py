"""Plant faults in models, verify them, and count those that pass.

``python -m tests.faults.of_models --count 1000`` prints a line for each kind of fault.
"""

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import nn

import cnnspec
from cnnspec.analyses.verdict import PASSED
from cnnspec.graph.model import Graph
from cnnspec.pytorch.compare_model import compare_model
from cnnspec.records import Record
from tests.faults.model_faults import FAULTS, RIGHT_DROP_PATHS, replace_drop_path
from tests.pytorch.models import branches, chain, residual
from tests.support import build, graph_of

MODELS = Path(__file__).parents[1] / "pytorch" / "models"
OWN: dict[str, Callable[[], nn.Module]] = {
    "chain": chain.sequential,
    "residual": residual.Residual,
    "branches": branches.Branches,
}
LIBRARY = {  # torchvision's, with the size of the input
    "squeezenet1_1": 64,
    "shufflenet_v2_x0_5": 64,
    "mobilenet_v3_small": 64,
    "resnet18": 32,
}


class PlantedFault(Record):
    """A fault, and the checks of the model that failed: none where the fault passed."""

    network: str
    kind: str
    what: str
    failed: tuple[str, ...]


def load_network(name: str) -> tuple[Graph, Callable[[], nn.Module], Any]:
    """Return a network's graph, what makes its model, and what makes the graph of another size."""
    if name in OWN:
        return graph_of((MODELS / f"{name}.toml").read_text()), OWN[name], None
    size = LIBRARY[name]
    net = cnnspec.load(name, input=(3, size, size))
    assert net.rebuild
    return net.graph, lambda: build("torchvision", name), partial(net.rebuild, {})


def plant(name: str, kind: str, seed: str) -> PlantedFault | None:
    """Plant a fault of a kind in a network; None where it has no place for one."""
    graph, make, resize = load_network(name)
    model = make()
    what = FAULTS[kind](model, Random(seed))
    if what is None:
        return None
    checks = compare_model(graph, model, "mine", "cpu", resize=resize)
    failed = tuple([c.name for c in checks if c.status != PASSED])
    return PlantedFault(name, kind, what, failed)


def plant_right(name: str, seed: str) -> PlantedFault | None:
    """Write a DropPath in another right way, which must pass."""
    graph, make, resize = load_network(name)
    model = make()
    what = replace_drop_path(RIGHT_DROP_PATHS, model, Random(seed))
    if what is None:
        return None
    checks = compare_model(graph, model, "mine", "cpu", resize=resize)
    return PlantedFault(name, "right", what, tuple([c.name for c in checks if c.status != PASSED]))


def plant_many(count: int, seed: str) -> Iterator[PlantedFault]:
    """Plant ``count`` faults, of each kind in turn, in networks at random, mostly small ones."""
    chance, kinds = Random(seed), list(FAULTS)
    for i in range(count):
        order = [*OWN, *OWN, *LIBRARY]
        chance.shuffle(order)
        planted = (plant(name, kinds[i % len(kinds)], f"{seed} {i}") for name in order)
        yield next(fault for fault in planted if fault)


def main() -> None:
    """Plant the faults, and print each that passes and the counts of each kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", default="faults")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    planted: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for fault in plant_many(given.count, given.seed):
        planted[fault.kind] += 1
        if planted.total() % 50 == 0:
            print(f"{planted.total()} planted", file=sys.stderr, flush=True)
        if not fault.failed:
            passed[fault.kind] += 1
            print(f"passed: {fault.network}: {fault.kind}: {fault.what}", flush=True)
    for kind, n in planted.items():
        print(f"{kind}: {n} planted, {n - passed[kind]} caught", flush=True)
    print(f"{planted.total()} planted, {passed.total()} passed")


if __name__ == "__main__":
    main()
