"""Pausing the garbage collector while something large is built that holds no garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 200_000  # objects that are left over: some 30 MB


def collect_garbage_if_large() -> None:
    """Collect, where collecting is paused and many objects are left over since the last time."""
    if gc.get_count()[0] > MANY:
        gc.collect()


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """No collection inside: graphs and costs only grow, and looking through them again and again is
    quadratic."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
