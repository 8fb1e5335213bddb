"""Format numbers, shapes and sizes for printing, and parse them from text."""

Shape = tuple[int, ...]
GivenInput = Shape | dict[str, Shape] | None  # given from outside: one shape, or shapes by name

MAX_BATCH = 10**9  # examples; a larger batch is a typing mistake
MAX_EXAMPLES = 10**15  # of an epoch


def format_count(n: int) -> str:
    """Format an integer with thousands separators: ``60,965,224``."""
    return f"{n:,}"


def format_plural(n: int, what: str) -> str:
    """Format a number with its noun: ``1 file``, ``2,000 files``."""
    return f"{format_count(n)} {what}{'s' * (n != 1)}"


def format_signed(n: int) -> str:
    """Format a change with its sign and thousands separators: ``+1,024``."""
    return f"{n:+,}"


def format_shape(dims: Shape, times: str = "x") -> str:
    """Format a shape as ``96x55x55``."""
    return times.join(map(str, dims)) if dims else "scalar"


def format_hwc(dims: Shape) -> str:
    """Format (C, H, W) in the (H, W, C) order of many textbooks: ``(28, 28, 8)``.

    A vector of 120 is ``(120, 1)``."""
    return f"({dims[0]}, 1)" if len(dims) == 1 else f"({', '.join(map(str, (*dims[1:], dims[0])))})"


def format_chw(dims: Shape) -> str:
    """Format a shape as PyTorch does, without the batch: ``(8, 28, 28)``, ``(120)``."""
    return f"({', '.join(map(str, dims))})"


def looks_channels_last(dims: Shape) -> bool:
    """Whether an input's shape looks like (H, W, C), which cnnspec would read as (C, H, W)."""
    return len(dims) == 3 and dims[-1] <= 4 < dims[0]


def format_prefixed(n: int, unit: str) -> str:
    """Format a count with a decimal prefix: ``724.407 MMACs`` for 724,406,816 and ``MACs``."""
    for size, prefix in ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if n >= size:
            return f"{n / size:.3f} {prefix}{unit}"
    return f"{n} {unit}"


def format_short(n: int, unit: str = "", digits: int = 4) -> str:
    """Format a count with a number of significant digits, as papers do: ``25.56M``.

    A count that has no more digits than that, and no unit, is printed exactly.

    >>> format_short(4089184256), format_short(608), format_short(102_228_128, "B")
    ('4.089G', '608', '102.2MB')
    >>> format_short(138_357_544, digits=3)
    '138M'
    """
    if n < 10**digits and not unit:
        return str(n)
    two = 2 * 10**digits  # a value that would round up to 1000 takes the next prefix
    steps = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
    size, prefix = next((step for step in steps if two * n >= (two - 1) * step[0]), (1, ""))
    value, whole = n / size, 0 if size == 1 else digits - 1
    while whole > 0 and round(value, whole) >= 10 ** (digits - whole):
        whole -= 1
    return f"{value:.{whole}f}{prefix}{unit}"


def format_bytes(n: int, binary: bool = True) -> str:
    """Format bytes in the unit that gives 1 to 999, from 1 MB on in powers of 1024 too.

    The second reading is left out where ``binary`` is false, as on the axis of a plot.

    >>> format_bytes(608), format_bytes(82_856), format_bytes(24 * 2**30)
    ('608 bytes', '82.9 kB', '25.8 GB (24 GiB)')
    """
    if n < 1000:
        return format_plural(n, "byte")
    decimal = _in_largest_unit(n, 1000, ("bytes", "kB", "MB", "GB", "TB", "PB", "EB"))
    if not binary or decimal.endswith("kB"):
        return decimal
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    return f"{decimal} ({_in_largest_unit(n, 1024, units)})"


def _in_largest_unit(n: int, base: int, units: tuple[str, ...]) -> str:
    """Divide until the value rounds to less than 1000; whole values have no decimals."""
    power = 0
    while 100 * n >= 99_995 * base**power and power < len(units) - 1:
        power += 1
    whole, rest = divmod(n, base**power)
    value = f"{n / base**power:,.1f}" if rest else format_count(whole)
    return f"{value} {units[power]}"


def parse_bytes(text: str) -> int | None:
    """Parse a size such as ``24GiB`` or ``500 MB`` into bytes; None for any other text."""
    import re  # few commands need it

    form = r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?\s*"
    found = re.fullmatch(form, text.lower()) if len(text) < 40 else None
    if found is None:
        return None
    return parse_scaled(found[1], found[2], 1024 if found[3] else 1000)


def join_digits(text: str) -> str:
    """Return a text without the comma, blank or underscore before each group of three digits.

    A comma before other digits, as in ``1,5``, stays: some write a decimal point so."""
    import re  # few commands need it

    return re.sub(r"(?<=[0-9])[, _](?=[0-9]{3}(?![0-9]))", "", text)


def parse_amount(text: str, unit: str) -> int | None:
    """Parse a number such as ``5M`` (``unit`` ""), ``50 MiB`` ("B") or ``600 MMACs`` ("MAC").

    MACs may also be written as FLOPs, 2 per MAC: ``1.2 GFLOPs``. A comma, blank or underscore
    may separate groups of three digits. Any other text, and an odd number of FLOPs, gives None."""
    import re  # few commands need it

    if len(text) > 60:
        return None
    plain = join_digits(text)
    if unit == "B":
        return parse_bytes(plain)
    found = re.fullmatch(
        r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)\s*(macs?|flops?)?\s*", plain.lower()
    )
    if found is None or (found[3] and not unit):
        return None
    flops = (found[3] or "").startswith("flop")
    return parse_scaled(found[1], found[2], 1000, 2 if flops else 1)


def parse_scaled(number: str, prefix: str, base: int, parts: int = 1) -> int | None:
    """Parse a decimal number with a prefix k, m, g or t, divided by ``parts``.

    ``base`` is 1000 or 1024. None where the division leaves no integer."""
    from decimal import Decimal

    value = Decimal(number) * base ** " kmgt".index(prefix or " ") / parts
    return int(value) if parts == 1 or value == int(value) else None


def format_ratio(numerator: int, denominator: int) -> int | str:
    """Reduce a ratio to lowest terms: an integer, or a string such as ``"1/2"``."""
    if numerator % denominator == 0:
        return numerator // denominator
    from math import gcd

    g = gcd(numerator, denominator)
    return f"{numerator // g}/{denominator // g}"
