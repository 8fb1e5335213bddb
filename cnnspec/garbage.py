"""Pauses the garbage collector while large objects are built that contain no garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 200_000  # uncollected objects: about 30 MB


def collect_garbage_if_large() -> None:
    """Collect garbage if many objects were made since the last collection."""
    if gc.get_count()[0] > MANY:
        gc.collect()


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Pause garbage collection inside a ``with``.

    Graphs and costs only grow, and repeated collections of them would take quadratic time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
