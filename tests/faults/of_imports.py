"""Plant faults in imported specs, verify them against their models, and count those that pass.

``python -m tests.faults.of_imports --count 200 --mutants 1`` imports 200 models of timm and
torchvision at a small input, the smallest first, and plants a fault in the graph of each."""

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

from cnnspec.analyses.verdict import PASSED
from cnnspec.importing.import_pytorch import ImportRequest, import_pytorch
from cnnspec.problems import RequestError, SpecError
from cnnspec.pytorch.capture.model_sources import load_source
from cnnspec.pytorch.compare_model import compare_model
from cnnspec.records import Record
from tests.faults.equivalent import explain_equivalence, give_same_values
from tests.faults.flat import flatten_graph
from tests.faults.mutate import make_mutants
from tests.support import import_timm

INPUT = (3, 64, 64)
SMALL = [f"timm:test_{name}" for name in ("resnet", "byobnet", "efficientnet", "convnext")]


class ImportFault(Record):
    """A fault in an imported spec, the checks that failed, and why it may pass.

    ``by`` is "calculator" where the changed spec is not valid any more."""

    source: str
    kind: str
    change: str
    by: str
    reason: str = ""


def plant_in_import(source: str, count: int, seed: str) -> Iterator[ImportFault]:
    """Import a model, plant faults in its graph one at a time, and compare each with the model.

    Raises RequestError for a model that is not imported."""
    loaded = load_source(source, {})
    request = ImportRequest(loaded.model, "network", loaded.origin, (INPUT,), loaded.title)
    found = import_pytorch(request)
    if not found.verdict:
        raise RequestError(f"{source} is not proven")
    whole = flatten_graph(found.graph)
    graph = whole.graph()
    shapes = {node.name: node.output for node in graph.nodes}
    for mutant in make_mutants(whole, shapes, count, f"{source} {seed}"):
        fault = ImportFault(source, mutant.kind, f"{mutant.name}: {mutant.change}", "calculator")
        try:
            changed = mutant.flat.graph()
        except SpecError:
            yield fault
            continue
        checks = compare_model(changed, load_source(source, {}).model, source, "cpu")
        failed = [check.name for check in checks if check.status != PASSED]
        if failed:
            yield fault.replace(by=failed[0])
            continue
        reason = explain_equivalence(graph, changed, mutant)
        if not reason and give_same_values(graph, changed):
            reason = "both give the same values, in both modes"
        yield fault.replace(by="", reason=reason)


def plant_in_imports(sources: list[str], count: int, mutants: int) -> Iterator[ImportFault]:
    """Plant faults in the first ``count`` of these models that are imported."""
    done = 0
    for source in sources:
        try:
            yield from plant_in_import(source, mutants, "imports")
        except RequestError:
            continue
        done += 1
        if done == count:
            return


def main() -> None:
    """Plant the faults; print each that passes, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="of models")
    parser.add_argument("--mutants", type=int, default=1, help="of each model")
    parser.add_argument("--from", dest="listed", type=Path, help="a file with a source a line")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    import_timm()
    sources = given.listed.read_text().split() if given.listed else SMALL
    planted = caught = invalid = 0
    models = set()
    for fault in plant_in_imports(sources, given.count, given.mutants):
        planted += 1
        models.add(fault.source)
        invalid += fault.by == "calculator"
        caught += fault.by not in ("", "calculator")
        if not fault.by:
            verdict = fault.reason or "PASSED"
            print(f"{verdict}: {fault.source}: {fault.kind}: {fault.change}", flush=True)
        if planted % 10 == 0:
            print(f"{planted} in {len(models)}: {invalid} invalid, {caught} caught", flush=True)
    print(f"{planted} in {len(models)}: {invalid} invalid, {caught} caught")


if __name__ == "__main__":
    main()
