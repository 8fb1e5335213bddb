"""Print an operator's planned and real allocations side by side, to declare a new operator.

    python -m tests.memory_of conv 'out_channels = 4, kernel_size = 3, padding = 1'

The operator stands between two convolutions and reads a map of 8x16x16; --input, --before and
--after change that. Each line is an allocation or a release, planned and as PyTorch's profiler sees
it: its bytes, the live bytes after it, and the operation. The workspace of kernels is left out.
Lines with a ! differ, which is harmless as long as peaks and saved bytes are equal."""

import argparse
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import zip_longest

import torch

from cnnspec.analyses.memory.allocations import Event
from cnnspec.analyses.memory.network_memory import plan_memory
from cnnspec.analyses.memory.request import default_loss
from cnnspec.graph.build import build_graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.measure_memory import MemoryMeter, measure_saved_bytes
from cnnspec.pytorch.profile_memory import (
    ProfiledAllocation,
    drop_workspace,
    peak_bytes,
    record_allocations,
)
from cnnspec.spec.source import Source

BEFORE = '{ name = "before", op = "conv", out_channels = 8, kernel_size = 1 },'
AFTER = '{ name = "after", op = "conv", out_channels = 4, kernel_size = 1 },'


def main(arguments: list[str] | None = None) -> None:
    """Print the passes of inference and training of one operator."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("op", help="the operator's name")
    parser.add_argument("fields", nargs="?", default="", help="its fields, as in a spec")
    parser.add_argument("--input", default="[3, 16, 16]", help="the shape of the network's input")
    parser.add_argument("--before", default=BEFORE, help="lines before it")
    parser.add_argument("--after", default=AFTER, help="lines after it, or ''")
    parser.add_argument("--batch", type=int, default=2)
    asked = parser.parse_args(arguments)
    line = f'{{ name = "op", op = "{asked.op}", {asked.fields} }},'.replace(",  }", " }")
    text = f"""
name = "net"
input = {asked.input}
layers = [
  {asked.before}
  {line}
  {asked.after}
]
"""
    for page in compare_allocations(text, asked.batch):
        print(page)


def compare_allocations(text: str, batch: int) -> Iterator[str]:
    """Compare the planned and the real allocations of a spec's passes, one page for each mode."""
    torch.set_num_threads(1)
    graph = build_graph(Source("net.toml", text), "", {})
    plan = None
    try:
        plan = plan_memory(graph, batch)
    except RequestError as error:
        yield f"no plan: {error}"
    meter = MemoryMeter(graph, build_module(graph).eval(), batch, default_loss(graph))
    inference = drop_workspace(record_allocations(meter.infer))
    training = drop_workspace(meter.record_training())
    for mode, real in (("inference", inference), ("training", training)):
        planned = getattr(plan, f"{mode}_peak") - plan.baseline(mode) if plan else 0
        yield f"{mode}, batch {batch}: {compare('peak', planned, peak_bytes(real))}"
        yield compare_events(plan.logs[mode].events if plan else [], real)
    meter.built.zero_grad(set_to_none=True)
    saved = measure_saved_bytes(meter.built, meter.inputs)
    yield compare("saved for backward", plan.saved if plan else 0, saved)


def compare(what: str, planned: int, real: int) -> str:
    """Say two figures and whether they are equal."""
    verdict = "equal" if planned == real else f"DIFFERENT by {planned - real:+,}"
    return f"{what} {planned:,} planned, {real:,} real: {verdict}"


def compare_events(planned: list[Event], real: list[ProfiledAllocation]) -> str:
    """Print two lists of allocations beside each other, each with the live bytes after it."""
    lefts = describe_events((e.bytes, f"{e.node} {e.phase}") for e in planned)
    rights = describe_events((e.bytes, operation(e)) for e in real)
    sizes = [e.bytes for e in planned], [e.bytes for e in real]
    lines = []
    for tag, i, j, k, m in SequenceMatcher(None, *sizes, autojunk=False).get_opcodes():
        for left, right in zip_longest(lefts[i:j], rights[k:m], fillvalue=""):
            lines.append(f"{' ' if tag == 'equal' else '!'} {left:45} {right}".rstrip())
    return "\n".join(lines)


def describe_events(events: Iterable[tuple[int, str]]) -> list[str]:
    """Describe each event by its bytes, the live bytes after it, and where it happens."""
    found, live = [], 0
    for size, where in events:
        live += size
        found.append(f"{size:+10,} {live:10,} {where}")
    return found


def operation(event: ProfiledAllocation) -> str:
    """Return the innermost operation in which an allocation happens."""
    return event.running[-1][1].rpartition(": ")[2] if event.running else ""


if __name__ == "__main__":
    main()
