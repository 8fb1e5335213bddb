"""cnnspec: convolutional networks as fact sheets.

    >>> import cnnspec
    >>> net = cnnspec.load("lenet5")
    >>> net.totals.params
    61706

Importing the package imports nothing heavy. What it offers is in :mod:`cnnspec.api`.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "Network",
    "RequestError",
    "SpecError",
    "__version__",
    "compare",
    "load",
    "networks",
    "verify",
]
HOMES = {"Comparison": "cnnspec.report.compared"}  # of names that are not in cnnspec.api

if TYPE_CHECKING:
    from cnnspec.api import Network, compare, load, networks, verify
    from cnnspec.problems import RequestError, SpecError
    from cnnspec.report.compared import Comparison


def __getattr__(name: str) -> Any:
    """Offer the public names without importing their modules for those who need only a
    submodule."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(HOMES.get(name, "cnnspec.api")), name)
    raise AttributeError(f"module 'cnnspec' has no attribute {name!r}")
