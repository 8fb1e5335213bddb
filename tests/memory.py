"""Measure the memory of every network of the zoo, and ask other tools: reports/data/memory.json.

    python -m tests.memory [--seconds 600] [--gib 4] [NAME]...

Small networks come first; each large one gets a process of its own. A measurement of the same graph
is kept, and the peak with Adam's step is added to it. All networks take half an hour or more.
torchinfo must be installed."""

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
from cnnspec.pytorch.measure_memory import MemoryMeter
from cnnspec.pytorch.profile_memory import drop_workspace, peak_bytes

DATA = Path(__file__).parents[1] / "reports" / "data" / "memory.json"
SMALL = 2**30  # bytes up to which a network is measured in this process
OPTIMIZER = "adam"  # the training peak is measured with its step too, in a second run
# A batch norm of maps with one position needs two examples for a variance. A network without batch
# norm is measured with one example if two need too much memory.
BATCH = 2


def main() -> None:
    """Measure as many networks as time and memory allow; write the file after each."""
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
    """Return how many examples are measured at once."""
    single = not any(n.kind == "batchnorm" for n in net.graph.nodes)
    return 1 if single and net.memory(BATCH).training_peak > gib * 2**30 else BATCH


def with_adam(net: Network, row: dict[str, Any], gib: float, end: float) -> None:
    """Measure the training peak with Adam's step, unless the row has it."""
    batch = row.get("batch", BATCH)
    plan = net.memory(batch, optimizer=OPTIMIZER)
    known = row.get(OPTIMIZER, {})
    if "measured" not in known and plan.training_peak <= gib * 2**30 and time.monotonic() < end:
        torch.set_num_threads(1)
        meter = MemoryMeter(net.graph, build_module(net.graph), batch, plan.loss, OPTIMIZER)
        peak = peak_bytes(drop_workspace(meter.record_training()))
        known = {"measured": plan.baseline("training") + peak}
    if known:
        row[OPTIMIZER] = {"predicted": plan.training_peak, **known}


def write(found: dict[str, dict[str, Any]], nets: list[Network]) -> None:
    """Write all networks by name; those that are not measured yet say so."""
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
    """Return the row of a network that was not measured."""
    return {"network": net.name, "digest": graph_digest(net.graph), "why": why}


def measured_here(net: Network, batch: int) -> dict[str, Any]:
    """Measure a network in this process."""
    torch.set_num_threads(1)
    return {"network": net.name, "digest": graph_digest(net.graph), **measure(net, batch)}


def in_a_process(net: Network, batch: int) -> dict[str, Any]:
    """Measure a network in a process of its own."""
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
    """Measure a network and send the result through a pipe."""
    torch.set_num_threads(1)
    try:
        pipe.send(measure(load(name), batch))
    except Exception as error:
        pipe.send({"why": f"{type(error).__name__}: {str(error)[:200]}"})


def measure(net: Network, batch: int) -> dict[str, Any]:
    """Return planned and measured figures and those of other tools; peaks are absolute."""
    plan = net.memory(batch)
    found = MemoryMeter(net.graph, build_module(net.graph), batch, plan.loss).measure()
    baselines = {mode: plan.baseline(mode) for mode in ("inference", "training")}
    measured = {m: base + getattr(found, m) for m, base in baselines.items()}
    return {
        "loss": plan.loss,
        "parameters": plan.parameters,
        "predicted": predicted(plan),
        "measured": {"saved": found.saved, **measured},
        "with_workspace": {m: base + getattr(found, f"raw_{m}") for m, base in baselines.items()},
        "torchinfo": ask_tool(torchinfo, net, plan),
        "memtracker": ask_tool(memtracker, net, plan),
    }


def predicted(plan: NetworkMemory) -> dict[str, int]:
    """Return the planned figures that are compared."""
    return {"saved": plan.saved, "inference": plan.inference_peak, "training": plan.training_peak}


def ask_tool(tool: Any, net: Network, plan: NetworkMemory) -> Any:
    """Return the figure of a tool, or its error as a text."""
    try:
        return tool(net, plan)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"


def torchinfo(net: Network, plan: NetworkMemory) -> int:
    """Return the total size that torchinfo estimates."""
    import torchinfo as library  # type: ignore[import-not-found, import-untyped]

    sizes = [(plan.batch, *n.output) for n in net.graph.inputs]
    built = FlatModule(build_module(net.graph, "meta"))
    summary = library.summary(built, input_size=sizes, verbose=0, mode="train", device="meta")
    return int(summary.total_input + summary.total_output_bytes + summary.total_param_bytes)


class FlatModule(nn.Module):
    """A built module whose layers are its direct children: torchinfo counts layers without any."""

    def __init__(self, built: BuiltModule):
        super().__init__()
        layers = list(dict.fromkeys(step.module for plan in built.plans.values() for step in plan))
        for i, layer in enumerate(layers):
            for name in [name for name, child in layer.named_children() if child in layers]:
                delattr(layer, name)
            self.add_module(f"layer{i}", layer)
        self.built = [built]  # in a list, it is no child of this module

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the built module."""
        return self.built[0](*inputs)


def memtracker(net: Network, plan: NetworkMemory) -> int:
    """Return the peak of the second training step by torch's MemTracker, with fake tensors."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.distributed._tools.mem_tracker import MemTracker

    with FakeTensorMode():
        built = build_module(net.graph).train()
        meter = MemoryMeter(net.graph, built, plan.batch, plan.loss)
        built.forward = without_hooks(built)  # type: ignore[method-assign]
        tracker = MemTracker()
        tracker.track_external(built, *meter.inputs, *meter.targets)
        with tracker:
            for i in range(2):
                meter.train_step()
                built.zero_grad(set_to_none=True)
                if i == 0:
                    tracker.reset_mod_stats()
        return int(tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"])


def without_hooks(built: BuiltModule) -> Any:
    """Return a forward pass without the layers' hooks, in which MemTracker would be slow."""
    return lambda *inputs: built.run(inputs, lambda step, read: step.module.forward(*read))


if __name__ == "__main__":
    main()
