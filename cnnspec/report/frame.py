"""Plain data as a pandas DataFrame."""

from typing import TYPE_CHECKING, Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.problems import RequestError
from cnnspec.report.contract import row_json

if TYPE_CHECKING:
    import pandas


def frame(net: NetworkCosts) -> "pandas.DataFrame":
    """One line a row of the network, with the columns of the JSON contract. Raises RequestError
    without pandas."""
    return framed([row_json(row) for row in net.layers])


def framed(lines: list[dict[str, Any]], columns: list[str] | None = None) -> "pandas.DataFrame":
    """One line for each of ``lines``, with their keys as columns. Raises RequestError where pandas
    is missing."""
    try:
        import pandas
    except ImportError:
        raise RequestError("a DataFrame needs pandas: pip install 'cnnspec[report]'") from None
    return pandas.DataFrame(lines, columns=columns)
