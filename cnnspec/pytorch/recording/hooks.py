"""Hooks of all modules, while they are wanted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook


@contextmanager
def hooked(enter: Callable[..., Any], leave: Callable[..., Any]) -> Iterator[None]:
    """While this lasts, ``enter`` is called before each module's forward and ``leave`` behind it,
    also if it raised."""
    hooks = [
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
