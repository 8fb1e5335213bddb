"""Pausing the garbage collector while something large is built that holds no garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept() -> Iterator[None]:
    """No collection inside: graphs and costs only grow, and looking through them again and again is quadratic."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
