"""Find the line of a user's file that runs an operation, or that computes under autocast."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

# Frames of these folders are PyTorch's own, or a recorder's.
RECORDERS = (
    str(Path(__file__).parent) + os.sep,
    str(Path(__file__).parents[1] / "capture") + os.sep,
)
PASSED_OVER = str(Path(torch.__file__).parent) + os.sep, *RECORDERS
PACKAGE = str(Path(__file__).parents[2]) + os.sep


def find_source_line() -> str:
    """Return the file and the line that called PyTorch, as ``model.py:31``; "" where none did.

    This is the innermost frame of the model that is neither PyTorch's nor the recorder's. Code of
    this package is no source.
    """
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not is_passed_over(file):
            shown = show_file(file)
            return f"{shown}:{frame.f_lineno}" if shown else ""
        if frame.f_code.co_name in ("record_model", "record_run") and file.startswith(RECORDERS):
            return ""  # what follows is who verifies or imports
        frame = frame.f_back  # type: ignore[assignment]
    return ""


@cache
def is_passed_over(file: str) -> bool:
    return file.startswith(PASSED_OVER)


@cache
def show_file(file: str) -> str:
    """Return a file's path as a user knows it: in the current folder, or below site-packages."""
    if file.startswith((PACKAGE, "<")):
        return ""
    for folder in (os.getcwd(), *sorted(sys.path, key=len, reverse=True)):
        if folder and file.startswith(folder + os.sep):
            return file.removeprefix(folder + os.sep)
    return file


class AutocastDetector(TorchFunctionMode):
    """Note where a model computes under autocast, which has no effect on float64."""

    def __init__(self, device: str):
        super().__init__()
        self.device = device
        self.source: str | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self.source is None and torch.is_autocast_enabled(self.device):
            self.source = find_source_line()
        return func(*args, **(kwargs or {}))
