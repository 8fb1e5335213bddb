"""cnnspec: convolutional networks as fact sheets.

    >>> import cnnspec
    >>> net = cnnspec.load("lenet5")
    >>> net.totals.params
    61706

Importing the package imports nothing heavy; everything public is in :mod:`cnnspec.api`.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Comparison", "Network", "RequestError", "SpecError", "__version__", "compare", "load", "networks",
           "verify"]

if TYPE_CHECKING:
    from cnnspec.api import Comparison, Network, compare, load, networks, verify
    from cnnspec.problems import RequestError, SpecError


def __getattr__(name: str) -> Any:
    """Offer the names of :mod:`cnnspec.api` without importing it for those who need only a submodule."""
    if name in __all__:
        from cnnspec import api

        return getattr(api, name)
    raise AttributeError(f"module 'cnnspec' has no attribute {name!r}")
