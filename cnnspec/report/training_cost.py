"""What a training step costs, in a table and as JSON: MACs forward, and of both gradients."""

from collections.abc import Mapping
from typing import Any

from cnnspec.analyses.network_costs import Row
from cnnspec.analyses.training_macs import TrainingMacs, sum_training_macs
from cnnspec.report.columns import Column, count_column
from cnnspec.units import format_count, format_prefixed

COLUMNS = ("layer", "op", "output", "macs")  # those of HEADINGS follow them
HEADINGS = {
    "input_gradient_macs": "Input grads",
    "weight_gradient_macs": "Weight grads",
    "training_macs": "Training MACs",
}
MacsByNode = Mapping[int, TrainingMacs]


def sum_row(row: Row, macs: MacsByNode) -> TrainingMacs:
    """Sum the multiply-accumulates of a row's nodes in a training step."""
    return sum_training_macs(macs[node.index] for node in row.nodes)


def read_key(key: str, found: TrainingMacs) -> int:
    """Return the number that a column or a key of JSON shows."""
    numbers = {
        "input_gradient_macs": found.input_gradients,
        "weight_gradient_macs": found.weight_gradients,
        "training_macs": found.total,
    }
    return numbers[key]


def make_training_column(key: str, macs: MacsByNode) -> Column:
    """Make one of the columns of HEADINGS for the multiply-accumulates of nodes."""
    return count_column(key, HEADINGS[key], lambda row: read_key(key, sum_row(row, macs)), True)


def make_training_columns(macs: MacsByNode) -> list[Column]:
    """Make the columns of both gradients; the note has the total of a step."""
    return [make_training_column(key, macs) for key in HEADINGS if key != "training_macs"]


def add_training_json(data: dict[str, Any], rows: list[Row], macs: MacsByNode) -> None:
    """Add the keys of HEADINGS to the rows and totals of ``network_json``."""
    parts = [(line, sum_row(row, macs)) for line, row in zip(data["layers"], rows, strict=True)]
    for line, found in [*parts, (data["totals"], sum_training_macs(macs.values()))]:
        line.update({key: read_key(key, found) for key in HEADINGS})


def describe_training_cost(macs: MacsByNode, examples: int | None) -> list[str]:
    """Describe the multiply-accumulates of a training step, and of an epoch of ``examples``."""
    whole = sum_training_macs(macs.values())
    backward = whole.input_gradients + whole.weight_gradients
    ratio = f", {whole.total / whole.forward:.2f} x forward" if whole.forward else ""
    lines = [
        f"A training step takes {format_count(whole.total)} MACs for each example"
        f" ({format_prefixed(whole.total, 'MACs')}{ratio}): {format_count(whole.forward)} forward"
        f" and {format_count(backward)} backward. Input grads: MACs of the gradients of a layer's"
        " inputs, none where nothing before the layer is trained. Weight grads: those of its"
        " weights. Not counted: element-wise work, biases, the loss and the optimizer."
    ]
    if examples is not None:
        epoch = examples * whole.total
        lines.append(
            f"An epoch of {format_count(examples)} examples takes {format_count(epoch)} MACs"
            f" ({format_prefixed(epoch, 'MACs')}, {format_prefixed(2 * epoch, 'FLOPs')})."
        )
    return lines
