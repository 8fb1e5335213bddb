"""The rows of a network as a pandas DataFrame."""

from typing import TYPE_CHECKING

from cnnspec.problems import RequestError
from cnnspec.report.contract import row_json

if TYPE_CHECKING:
    import pandas

    from cnnspec.api import Network


def frame(net: "Network") -> "pandas.DataFrame":
    """One line a row, with the columns of the JSON contract. Raises RequestError where pandas is missing."""
    try:
        import pandas
    except ImportError:
        raise RequestError("a DataFrame needs pandas: pip install 'cnnspec[report]'") from None
    return pandas.DataFrame([row_json(row) for row in net.layers])
