"""How tools print a count: with a suffix for thousands, millions, ..., and so many digits."""


def format_suffixed(n: int, steps: tuple[tuple[float, float, str], ...], digits: int) -> str:
    """Format ``n`` with the first of the steps (bound, divisor, suffix) whose bound it exceeds."""
    for bound, divisor, suffix in steps:
        if n > bound:
            return f"{n / divisor:.{digits}f}{suffix}"
    return str(n)


def format_fvcore(n: int) -> str:
    """Format a count as ``flop_count_table`` does: 4.112G."""
    steps = (
        (1e14, 1e15, "P"),
        (1e11, 1e12, "T"),
        (1e8, 1e9, "G"),
        (1e5, 1e6, "M"),
        (1e2, 1e3, "K"),
    )
    text = format_suffixed(n, steps, 3)
    return text[:-1].rstrip("0").rstrip(".") + text[-1] if text[-1].isalpha() else text


def format_torchinfo(n: int) -> str:
    """Format a count as the summary does: 4.09 (G)."""
    steps = ((1e12, "T"), (1e9, "G"))
    size, unit = next((step for step in steps if n >= step[0]), (1e6, "M"))
    return f"{n / size:,.0f} ({unit})" if (n / size).is_integer() else f"{n / size:,.2f} ({unit})"
