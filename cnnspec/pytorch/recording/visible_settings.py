"""What the values of a recorded call show of its settings.

For a call that is an operator, the operator's properties say it; for PyTorch's own operations, the
tables here.
"""

from typing import Any

from cnnspec.analyses.alignment.call_graph import RecordedCall, freeze_value
from cnnspec.ops.registry import find_operator

# Values do not show where a gradient ends, or that a way is chosen by a value.
INVISIBLE = ("detach", "item")
# All settings of these show in the values, at any size.
VISIBLE = ("amax", "amin", "mean", "pow", "select", "slice", "sum")
SHOWN_BY_WEIGHTS = ("padding", "padding_mode", "out_channels", "groups", "multiplier")
GUARD = 1e-6  # a smaller positive minimum only keeps a norm of zero from being divided by
COMPARISONS = ("gt", "ge", "lt", "le", "eq", "ne")  # they return 0 or 1


def values_show_settings(kind: str) -> bool:
    """Return whether a change of any setting of such a call changes its values, at any size."""
    return kind in VISIBLE or find_operator(kind).values_show_settings


def call_settings(call: RecordedCall) -> tuple[str, Any]:
    """Return the kind of a call and its settings, without those that another call may take over.

    A call before may pad, and one after may add the bias. One call may compute all channels, or
    several some each. Values show all this.
    """
    kind, fields = call.same_as or (call.kind, call.fields)
    seen = SHOWN_BY_WEIGHTS if has_weights(kind) else ()
    return kind, freeze_value({k: v for k, v in fields.items() if k not in (*seen, "bias")})


def has_weights(kind: str) -> bool:
    """Return whether calls of a kind are weighted sums: one may do the work of several."""
    return bool(find_operator(kind).weight_layout)


def call_limits(call: RecordedCall) -> tuple[float, ...]:
    """Return the values at which a call starts to be another function: 0 and 6 for a relu6.

    A guard against division by zero does not count.
    """
    if call.kind in ("clamp", "threshold"):
        fields = [call.fields.get(key) for key in ("min", "max", "value")]
        if fields[1] is None and isinstance(fields[0], float) and 0 < fields[0] <= GUARD:
            return ()
        return tuple(float(v) for v in fields if isinstance(v, int | float))
    return (0.0, 1.0) if call.kind in COMPARISONS else find_operator(call.kind).value_limits
