"""Columns of a table that need the whole network, and the choice of columns by their names."""

from collections import Counter
from collections.abc import Callable

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.report.columns import COLUMNS, Column, count_column

MakeColumn = Callable[[NetworkCosts], Column]


def make_share(key: str, heading: str, part: str) -> MakeColumn:
    """Return the maker of a column with a row's percentage of the network's ``part``."""

    def make(net: NetworkCosts) -> Column:
        whole = getattr(net.totals, part)

        def share(row: Row) -> float:
            return 100 * getattr(row, part) / whole if whole else 0.0

        return Column(
            key,
            heading,
            lambda row, layout: round(share(row), 4),
            lambda row, layout: f"{share(row):.1f}%",
            True,
        )

    return make


def make_memory(key: str, heading: str, phase: str) -> MakeColumn:
    """Return the maker of a column with the bytes that a row allocates in a phase of training.

    They are those of one example in float32, without an optimizer. Raises RequestError for a
    network whose memory is not known."""

    def make(net: NetworkCosts) -> Column:
        from cnnspec.analyses.memory.network_memory import plan_memory

        allocated: Counter[str] = Counter()
        for event in plan_memory(net.graph).logs["training"].events:
            if event.bytes > 0 and event.phase == phase:
                allocated[event.node] += event.bytes
        return count_column(
            key, heading, lambda row: sum(allocated[node.name] for node in row.nodes), total=True
        )

    return make


def make_training(key: str) -> MakeColumn:
    """Return the maker of a column with the MACs of a training step, all layers trained."""

    def make(net: NetworkCosts) -> Column:
        from cnnspec.analyses.training_macs import compute_training_macs
        from cnnspec.report.training_cost import make_training_column

        return make_training_column(key, compute_training_macs(net.graph))

    return make


NETWORK_COLUMNS: dict[str, MakeColumn] = {
    "params_share": make_share("params_share", "Params share", "params"),
    "macs_share": make_share("macs_share", "MACs share", "macs"),
    "forward_memory": make_memory("forward_memory", "Forward bytes", "forward"),
    "backward_memory": make_memory("backward_memory", "Backward bytes", "backward"),
    "input_gradient_macs": make_training("input_gradient_macs"),
    "weight_gradient_macs": make_training("weight_gradient_macs"),
    "training_macs": make_training("training_macs"),
}


def select_columns(names: list[str], net: NetworkCosts) -> list[Column]:
    """The columns called ``names``. Raises RequestError for an unknown or a repeated name."""
    known = [*COLUMNS, *NETWORK_COLUMNS]
    for i, name in enumerate(names):
        if name not in known:
            hint = did_you_mean(name, known, "there are " + ", ".join(known))
            raise RequestError(f"there is no column {visible(name, 40)!r}; {hint}")
        if name in names[:i]:
            raise RequestError(f"the column {name!r} is there twice; name it once")
    return [COLUMNS[name] if name in COLUMNS else NETWORK_COLUMNS[name](net) for name in names]
