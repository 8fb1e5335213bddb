"""cnnspec: convolutional networks from specs in TOML: shapes, costs, memory and receptive fields.

    >>> import cnnspec
    >>> net = cnnspec.load("lenet5")
    >>> net.totals.params
    61706

Importing the package imports nothing heavy. :mod:`cnnspec.api` has what it offers.
"""

# The module typing takes long to import: Ctrl-C would show a traceback until cli.run handles it.
TYPE_CHECKING = False
__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "Network",
    "RequestError",
    "SpecError",
    "__version__",
    "compare",
    "from_pytorch",
    "load",
    "networks",
    "sweep",
    "verify",
]
# names that are not in cnnspec.api
HOMES = {"Comparison": "cnnspec.report.comparison", "sweep": "cnnspec.report.search"}

if TYPE_CHECKING:
    from typing import Any

    from cnnspec.api import Network, compare, from_pytorch, load, networks, verify
    from cnnspec.problems import RequestError, SpecError
    from cnnspec.report.comparison import Comparison
    from cnnspec.report.search import sweep


def __getattr__(name: str) -> "Any":
    """Import a public name when it is first used, so that submodules can be imported alone."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(HOMES.get(name, "cnnspec.api")), name)
    raise AttributeError(f"module 'cnnspec' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, which are imported when they are first used, and no others."""
    return sorted({*[name for name in globals() if name.startswith("__")], *__all__})
