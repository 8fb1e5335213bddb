"""Where a twin can run: the devices, and whether their memory is enough."""

import os
from math import prod

import torch

from cnnspec.costs import costs
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.units import GIB


def chosen(device: str) -> str:
    """The device that is meant: "auto" is CUDA where there is a device. Raises RequestError where
    there is none."""
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise RequestError("there is no CUDA device here; --device auto runs on the CPU then")
    if device == "auto":
        return "cuda" if cuda else "cpu"
    return device


def title(device: str) -> str:
    """A device by its name, as reports show it."""
    if device == "cuda":
        return f"CUDA ({torch.cuda.get_device_name()})"
    return {"cpu": "CPU", "meta": "meta device"}[device]


def available(device: str) -> int:
    """The bytes that a device has to spare."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            found = dict(line.split(":", 1) for line in lines)
        return int(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def needed(graph: Graph, copies: int, batch: int, size: int) -> int:
    """About how many bytes it takes to run a network, with ``copies`` of its weights, elements of
    ``size`` bytes.

    Three times the largest tensor stands for what is alive at once; weights of attention are no
    output of a node, but there is one exponential for each."""
    found = costs(graph.layers(training=True))
    weights = sum(prod(shape) for cost in found for shape in cost.tensors.values())
    largest = max(
        (max(c.activation_size, c.elementwise.get("exponentials", 0)) for c in found), default=0
    )
    return size * (copies * weights + 3 * batch * largest)


def shortage(
    graph: Graph, device: str, copies: int, batch: int, size: int, share: float = 1.0
) -> str:
    """Why a network does not fit into ``share`` of a device's free memory, or nothing."""
    need, there = needed(graph, copies, batch, size), int(available(device) * share)
    return (
        f"it needs about {need / GIB:.1f} GiB, and {there / GIB:.1f} GiB are free"
        if need > there
        else ""
    )
