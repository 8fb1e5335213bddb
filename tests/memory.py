"""Measures what every network of the zoo needs in memory, beside what other tools say:
reports/data/memory.json.

    python -m tests.memory [--seconds 600] [--gib 4] [NAME]...

The smaller networks first, the larger ones in processes of their own; what was measured before,
with the spec as it is, is kept, and what Adam's step needs is added to it. It needs torchinfo, and
takes half an hour and more for all."""

import argparse
import json
import multiprocessing
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.memory.network_memory import NetworkMemory
from cnnspec.api import Network, load, load_zoo
from cnnspec.graph.model import graph_digest
from cnnspec.pytorch.built_module import BuiltModule, build_module
from cnnspec.pytorch.memory import Meter, peak, without_workspace

DATA = Path(__file__).parents[1] / "reports" / "data" / "memory.json"
SMALL = 2**30  # bytes, up to which a network is measured in this process
OPTIMIZER = "adam"  # with whose step the peak of training is measured too, in a second run
BATCH = 2  # of one example batch norm cannot take the variance where a map has one position; where there is none, and
# two examples need more than there is, one will do


def main() -> None:
    """Measure what there is time and memory for, and write it after every network."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument(
        "--gib", type=float, default=4.0, help="the largest predicted peak to measure"
    )
    asked = parser.parse_args()
    before = json.loads(DATA.read_text()) if DATA.exists() else {"networks": []}
    found = {n["network"]: n for n in before["networks"] if "measured" in n}
    nets = sorted(load_zoo(), key=lambda net: net.totals.macs)
    end = time.monotonic() + asked.seconds
    for net in nets:
        known = found.get(net.name, {}).get("digest") == graph_digest(net.graph)
        batch = found[net.name].get("batch", BATCH) if known else batch_of(net, asked.gib)
        plan = net.memory(batch)
        if known:
            found[net.name]["predicted"] = predicted(plan)
        if asked.names and net.name not in asked.names:
            continue
        if known:
            with_adam(net, found[net.name], asked.gib, end)
            write(found, nets)
            continue
        if plan.training_peak > asked.gib * 2**30:
            need = f"{plan.training_peak / 2**30:.1f} GiB for a batch of {batch}"
            found[net.name] = unmeasured(net, f"it needs {need}, more than was given")
        elif time.monotonic() > end:
            found[net.name] = unmeasured(net, "there was no time for it")
        else:
            row = (
                measured_here(net, batch)
                if plan.training_peak < SMALL
                else in_a_process(net, batch)
            )
            found[net.name] = row if batch == BATCH else {**row, "batch": batch}
        write(found, nets)
    write(found, nets)


def batch_of(net: Network, gib: float) -> int:
    """How many examples are measured at once."""
    single = not any(n.kind == "batchnorm" for n in net.graph.nodes)
    return 1 if single and net.memory(BATCH).training_peak > gib * 2**30 else BATCH


def with_adam(net: Network, row: dict[str, Any], gib: float, end: float) -> None:
    """Measure the peak of training with Adam's step too, if that was not done yet."""
    batch = row.get("batch", BATCH)
    plan = net.memory(batch, optimizer=OPTIMIZER)
    known = row.get(OPTIMIZER, {})
    if "measured" not in known and plan.training_peak <= gib * 2**30 and time.monotonic() < end:
        torch.set_num_threads(1)
        meter = Meter(net.graph, build_module(net.graph), batch, plan.loss, OPTIMIZER, frozenset())
        known = {"measured": plan.baseline("training") + peak(without_workspace(meter.trained()))}
    if known:
        row[OPTIMIZER] = {"predicted": plan.training_peak, **known}


def write(found: dict[str, dict[str, Any]], nets: list[Network]) -> None:
    """All networks by their names; those that are not there yet are said to be missing."""
    rows = [found.get(net.name) or unmeasured(net, "there was no time for it") for net in nets]
    versions = {
        "python": platform.python_version(),
        **{n: version(n) for n in ("torch", "torchinfo")},
    }
    data = {
        "versions": versions,
        "machine": f"{platform.machine()} CPU",
        "batch": BATCH,
        "dtype": "float32",
        "networks": sorted(rows, key=lambda row: str(row["network"])),
    }
    DATA.write_text(json.dumps(data, indent=1) + "\n")


def unmeasured(net: Network, why: str) -> dict[str, Any]:
    return {"network": net.name, "digest": graph_digest(net.graph), "why": why}


def measured_here(net: Network, batch: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    return {"network": net.name, "digest": graph_digest(net.graph), **measure(net, batch)}


def in_a_process(net: Network, batch: int) -> dict[str, Any]:
    """What a process of its own measures of a network."""
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=serve, args=(net.name, batch, theirs))
    process.start()
    theirs.close()
    try:
        found: dict[str, Any] = pipe.recv()
    except EOFError:
        found = {"why": "the process that measured it ended; memory may have run out"}
    process.join()
    return {"network": net.name, "digest": graph_digest(net.graph), **found}


def serve(name: str, batch: int, pipe: Any) -> None:
    torch.set_num_threads(1)
    try:
        pipe.send(measure(load(name), batch))
    except Exception as error:
        pipe.send({"why": f"{type(error).__name__}: {str(error)[:200]}"})


def measure(net: Network, batch: int) -> dict[str, Any]:
    """Predicted, measured, and what others say; peaks with all that is alive throughout."""
    plan = net.memory(batch)
    found = Meter(
        net.graph, build_module(net.graph), batch, plan.loss, "none", frozenset()
    ).measured()
    grounds = {mode: plan.baseline(mode) for mode in ("inference", "training")}
    return {
        "loss": plan.loss,
        "parameters": plan.parameters,
        "predicted": predicted(plan),
        "measured": {"saved": found.saved, **{m: grounds[m] + getattr(found, m) for m in grounds}},
        "with_workspace": {m: grounds[m] + getattr(found, f"raw_{m}") for m in grounds},
        "torchinfo": told(torchinfo, net, plan),
        "memtracker": told(memtracker, net, plan),
    }


def predicted(plan: NetworkMemory) -> dict[str, int]:
    return {"saved": plan.saved, "inference": plan.inference_peak, "training": plan.training_peak}


def told(tool: Any, net: Network, plan: NetworkMemory) -> Any:
    """What a tool says, or why it says nothing."""
    try:
        return tool(net, plan)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"


def torchinfo(net: Network, plan: NetworkMemory) -> int:
    """The total size that torchinfo estimates."""
    import torchinfo as library  # type: ignore[import-not-found, import-untyped]

    sizes = [(plan.batch, *n.output) for n in net.graph.inputs]
    said = library.summary(
        Flat(build_module(net.graph, "meta")),
        input_size=sizes,
        verbose=0,
        mode="train",
        device="meta",
    )
    return int(said.total_input + said.total_output_bytes + said.total_param_bytes)


class Flat(nn.Module):
    """A twin whose layers stand beside each other, none in another: torchinfo counts those alone
    that have none."""

    def __init__(self, twin: BuiltModule):
        super().__init__()
        layers = list(dict.fromkeys(step.module for plan in twin.plans.values() for step in plan))
        for i, layer in enumerate(layers):
            for name in [name for name, child in layer.named_children() if child in layers]:
                delattr(layer, name)
            self.add_module(f"layer{i}", layer)
        self.twin = [twin]  # in a list, it is no part of this module

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.twin[0](*inputs)


def memtracker(net: Network, plan: NetworkMemory) -> int:
    """The peak that torch's MemTracker gives of the second step of training, on fake tensors: so it
    says the same."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.distributed._tools.mem_tracker import MemTracker

    with FakeTensorMode():
        twin = build_module(net.graph).train()
        meter = Meter(net.graph, twin, plan.batch, plan.loss, "none", frozenset())
        twin.forward = bare(twin)  # type: ignore[method-assign]
        tracker = MemTracker()
        tracker.track_external(twin, *meter.inputs, *meter.targets)
        with tracker:
            for i in range(2):
                meter.step()
                twin.zero_grad(set_to_none=True)
                if i == 0:
                    tracker.reset_mod_stats()
        return int(tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"])


def bare(twin: BuiltModule) -> Any:
    """A forward pass past the hooks of layers: of a layer that it has seen MemTracker thinks at
    every operation."""
    return lambda *inputs: twin.run(inputs, lambda step, read: step.module.forward(*read))


if __name__ == "__main__":
    main()
