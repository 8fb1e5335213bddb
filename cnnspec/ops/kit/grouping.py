"""What operators that split channels into groups share: the groups must divide the channels."""

from cnnspec.ops.kit.fields import OperatorError


def divides(
    groups: int, channels: int, out_channels: int | None = None, field: str = "groups"
) -> None:
    """Check that ``groups`` divides the input's channels, and the output's. Raises OperatorError
    (D004)."""
    both = (
        "the input's channels"
        if out_channels is None
        else "both the input's channels and out_channels"
    )
    for what, n, at in (("input", channels, field), ("output", out_channels or 0, "out_channels")):
        if n % groups:
            raise OperatorError(
                "D004",
                f"{n} {what} channels do not divide into {groups} {field}",
                f"{field} must divide {both}",
                at,
            )
