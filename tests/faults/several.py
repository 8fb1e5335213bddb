"""Plant several faults at once, and count the differences reported for each planted fault.

``python -m tests.faults.several`` prints a line for each network and number of faults. A spec of
the zoo gets the faults; it is compared with the model of the library, whose calls have other names.
"""

import sys
from random import Random
from statistics import median
from time import perf_counter

import torch

import cnnspec
from cnnspec.analyses.alignment.align import align_recordings
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.graph.model import Graph
from cnnspec.problems import SpecError
from cnnspec.pytorch.describe_calls import describe_changes
from cnnspec.pytorch.draws import record_on_meta
from cnnspec.pytorch.load_models import load_reference, run_reference
from cnnspec.pytorch.quick_shapes import QuickShapes
from cnnspec.pytorch.random_weights import SkipInitialization, in_mode
from cnnspec.pytorch.recording.recorder import record_model
from cnnspec.records import Record
from tests.faults.flat import FlatSpec, flatten_graph
from tests.faults.mutate import KINDS, Shapes
from tests.support import import_timm

INPUT = (3, 96, 96)
COUNTS = (1, 2, 4, 8)
UNSEEN = ("momentum",)  # calls do not show it
NETWORKS = (
    "googlenet_torchvision",
    "densenet121",
    "efficientnet_b0",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "mnasnet1_0",
    "mnasnet0_5",
    "regnet_y_400mf",
    "mnasnet0_75",
    "mobilenet_v2",
    "shufflenet_v2_x1_0",
    "shufflenet_v2_x0_5",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnext50_32x4d",
    "squeezenet1_0",
    "squeezenet1_1",
    "efficientnet_b1",
    "wide_resnet50_2",
)


class Planting(Record):
    """A spec with ``faults`` faults, ``rows`` reported differences, and the time to find them."""

    network: str
    faults: list[str]
    rows: list[str]
    seconds: float


def plant_faults(
    flat: FlatSpec, shapes: Shapes, count: int, chance: Random
) -> tuple[Graph, list[str]]:
    """Return a graph with ``count`` faults in different lines, and what they are."""
    faults: list[str] = []
    touched: set[str] = set()
    graph = flat.graph()
    kinds = [k for k in KINDS if k not in UNSEEN]
    for _ in range(100 * count):
        if len(faults) == count:
            break
        kind, trial = chance.choice(kinds), flat.copy()
        applied = KINDS[kind](trial, chance, shapes)
        if applied is None or touched & {applied[0], *applied[2]}:
            continue
        try:
            graph = trial.graph()
        except SpecError:
            continue
        flat = trial
        touched |= {applied[0], *applied[2]}
        faults.append(f"{applied[0]}: {applied[1]}")
    return graph, faults


def record_reference_on_meta(network: str, input: tuple[int, ...]) -> list[Recording]:
    """Record the library's model of a network in inference and in training."""
    named = cnnspec.load(network).graph.reference
    library, name = next((k, named[k]) for k in ("torchvision", "timm") if k in named)
    with SkipInitialization():
        model, _ = load_reference(library, name, input)
    model = model.to("meta")
    found = []
    for training in (False, True):
        with in_mode(model, training), QuickShapes():
            inputs = (torch.empty(2, *input, device="meta"),)
            found.append(record_model(model, inputs, run_reference)[0])
    return found


def measure_network(network: str, seeds: int) -> list[Planting]:
    """Plant faults in a network and align it with the library's model."""
    graph = cnnspec.load(network, input=INPUT).graph
    model = record_reference_on_meta(network, INPUT)
    flat = flatten_graph(graph)
    shapes = {n.name.replace(".", "__"): n.output for n in graph.nodes}
    found = []
    for count in COUNTS:
        for seed in range(seeds):
            changed, faults = plant_faults(flat, shapes, count, Random(f"{network} {count} {seed}"))
            spec = record_on_meta(changed)
            start = perf_counter()
            changes = [
                align_recordings(ours, theirs, len(changed.outputs)).changes
                for ours, theirs in zip(spec, model, strict=True)
            ]
            seconds = perf_counter() - start
            rows = [
                f"{d.name}: {d.quantity}: {d.change or d.cause}" for d in describe_changes(*changes)
            ]
            found.append(Planting(network, faults, rows, seconds))
    return found


def main() -> None:
    """Measure the networks named as arguments, or all."""
    torch.set_num_threads(1)
    import_timm()
    ratios: list[float] = []
    for network in sys.argv[1:] or NETWORKS:
        for planting in measure_network(network, 3):
            ratio = len(planting.rows) / max(len(planting.faults), 1)
            ratios.append(ratio)
            print(
                f"{network}: {len(planting.rows)} rows for {len(planting.faults)} faults,"
                f" {planting.seconds:.2f} s",
                flush=True,
            )
            if ratio > 1.2:
                print(*[f"    planted {f}" for f in planting.faults], sep="\n")
                print(*[f"      reported {r}" for r in planting.rows[:25]], sep="\n", flush=True)
    ratios.sort()
    high = ratios[int(0.95 * len(ratios))]
    print(f"median {median(ratios):.2f}, 95 % {high:.2f}, worst {ratios[-1]:.2f}")


if __name__ == "__main__":
    main()
