"""All that needs torch: build a graph's module, measure it, record models, compare and verify."""

import signal
import threading
from types import FrameType
from typing import NoReturn


def import_torch() -> None:
    """Import torch, which would lose a Ctrl-C that comes while its libraries load.

    Raises KeyboardInterrupt for it at once, and again afterwards where torch has caught that."""
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        received.append(number)
        raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return  # the caller handles the signal, or ignores it
    signal.signal(signal.SIGINT, interrupt)
    try:
        import torch  # noqa: F401
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if received:
            raise KeyboardInterrupt


import_torch()
