"""Record what a run allocates on the CPU, as PyTorch's profiler sees it.

What a kernel of a convolution, a matrix product or an interpolation allocates and releases by
itself is its workspace."""

from collections.abc import Callable
from typing import Any

from torch._C._profiler import _EventType
from torch.profiler import ProfilerActivity, profile

from cnnspec.records import Record

KERNELS = (
    *("aten::conv", "aten::mm", "aten::bmm", "aten::addmm"),
    *("aten::upsample", "aten::_upsample"),
)


class ProfiledAllocation(Record):
    """An allocation at an address, or, if ``bytes`` are negative, a release.

    ``running`` are the operations that were running, by id and name, the outermost first."""

    bytes: int
    address: int
    running: tuple[tuple[int, str], ...]


def record_allocations(run: Callable[[], Any]) -> list[ProfiledAllocation]:
    """Record all allocations while ``run`` runs, and their releases.

    The result lives until the end. A release of what was allocated earlier is not part of the run:
    Python may collect garbage at any time."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        result = run()
    found: list[tuple[int, ProfiledAllocation]] = []

    def walk(event: Any, running: tuple[tuple[int, str], ...]) -> None:
        if event.tag == _EventType.Allocation:
            extra = event.extra_fields
            allocation = ProfiledAllocation(extra.alloc_size, extra.ptr, running)
            found.append((event.start_time_ns, allocation))
        for child in event.children:
            walk(child, (*running, (event.id, event.name)))

    for event in profiler.profiler.kineto_results.experimental_event_tree():
        walk(event, ())
    del result
    events = [allocation for _, allocation in sorted(found, key=lambda pair: pair[0])]
    return drop_earlier(events)


def drop_earlier(events: list[ProfiledAllocation]) -> list[ProfiledAllocation]:
    """Drop the releases of what was allocated before the first event."""
    live: set[int] = set()
    kept = []
    for event in events:
        if event.bytes > 0:
            live.add(event.address)
            kept.append(event)
        elif event.address in live:
            live.remove(event.address)
            kept.append(event)
    return kept


def drop_workspace(events: list[ProfiledAllocation]) -> list[ProfiledAllocation]:
    """Drop what single kernels allocate and release by themselves."""
    live: dict[int, int] = {}
    dropped: set[int] = set()
    for i, event in enumerate(events):
        if event.bytes > 0:
            live[event.address] = i
        elif event.address in live:
            j = live.pop(event.address)
            if is_workspace(events[j], event):
                dropped |= {i, j}
    return [event for i, event in enumerate(events) if i not in dropped]


def is_workspace(allocation: ProfiledAllocation, release: ProfiledAllocation) -> bool:
    """Whether an allocation and its release are within the same run of a kernel."""
    common = set(allocation.running) & set(release.running)
    return any(name.startswith(KERNELS) for _, name in common)


def peak_bytes(events: list[ProfiledAllocation]) -> int:
    """Return the most bytes that are live at once."""
    live = peak = 0
    for event in events:
        live += event.bytes
        peak = max(peak, live)
    return peak
