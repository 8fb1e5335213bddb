"""The devices that a built module runs on: choice, and whether memory suffices."""

import os
from math import prod

import torch

from cnnspec.analyses.verdict import DEVICES
from cnnspec.costs import compute_costs
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, visible
from cnnspec.units import format_bytes


def check_device(device: str) -> None:
    """Raise RequestError for a name that is not one of :data:`DEVICES`."""
    if device not in DEVICES:
        raise RequestError(f"a device is one of {', '.join(DEVICES)}, not {visible(device, 60)!r}")


def choose_device(device: str) -> str:
    """Return the device to use: "auto" is CUDA where there is one, else the CPU.

    Raises RequestError for "cuda" where there is none.
    """
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise RequestError("there is no CUDA device here; --device auto runs on the CPU then")
    if device == "auto":
        return "cuda" if cuda else "cpu"
    return device


def device_title(device: str) -> str:
    """Return the name of a device as reports show it."""
    if device == "cuda":
        return f"CUDA ({torch.cuda.get_device_name()})"
    return {"cpu": "CPU", "meta": "meta device"}[device]


def available_bytes(device: str) -> int:
    """Return the free memory of a device in bytes."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            found = dict(line.split(":", 1) for line in lines)
        return int(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def needed_bytes(graph: Graph, copies: int, batch: int, size: int) -> int:
    """Estimate the bytes that a run takes, with ``copies`` of the weights.

    An element has ``size`` bytes. Three times the largest tensor covers the tensors that are alive
    at the same time. Attention weights are not the output of a node, but the calculation counts one
    exponential for each of them.
    """
    found = compute_costs(graph.layers(training=True))
    weights = sum(prod(shape) for cost in found for shape in cost.tensors.values())
    largest = max(
        (max(c.activation_size, c.elementwise.get("exponentials", 0)) for c in found), default=0
    )
    return size * (copies * weights + 3 * batch * largest)


def describe_shortage(
    graph: Graph, device: str, copies: int, batch: int, size: int, share: float = 1.0
) -> str:
    """Say why a run does not fit in ``share`` of a device's free memory; "" where it fits."""
    need, free = needed_bytes(graph, copies, batch, size), int(available_bytes(device) * share)
    if need <= free:
        return ""
    return f"it needs about {format_bytes(need)}, and {format_bytes(free)} are free"
