"""The log of a pass: which bytes are allocated and released, when and for which node."""

from typing import NamedTuple


class Event(NamedTuple):
    """So many bytes more or fewer, at a node, in a phase ("forward", "backward", "step")."""

    bytes: int
    node: str
    phase: str


class Storage:
    """Memory with a count of who still needs it."""

    __slots__ = ("bytes", "holders")

    def __init__(self, size: int):
        self.bytes, self.holders = size, 1


class Log:
    """Allocations and releases in order. ``live`` is what is allocated now."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.live = self.peak = 0
        self.at = ""
        self.phase, self.node = "forward", ""

    def start(self) -> None:
        """What is live now is the ground from which is counted."""
        self.events.clear()
        self.live = self.peak = 0

    def new(self, size: int) -> Storage:
        """Allocate."""
        if not size:
            return Storage(0)
        self.live += size
        self.events.append(Event(size, self.node, self.phase))
        if self.live > self.peak:
            self.peak, self.at = self.live, f"{self.node} ({self.phase})"
        return Storage(size)

    def hold(self, storage: Storage) -> Storage:
        """Need a storage once more."""
        storage.holders += 1
        return storage

    def drop(self, storage: Storage) -> None:
        """Need a storage once less; the last to do so releases it."""
        storage.holders -= 1
        if not storage.holders and storage.bytes:
            self.live -= storage.bytes
            self.events.append(Event(-storage.bytes, self.node, self.phase))
