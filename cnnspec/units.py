"""How a number is printed: once, here. Every ambiguous number leaves this module with its unit."""

Shape = tuple[int, ...]

GIB = 2**30
MAX_BATCH = 10**9  # examples: more are a slip


def count(n: int) -> str:
    """An exact integer with thousands separators: ``60,965,224``."""
    return f"{n:,}"


def plural(n: int, what: str) -> str:
    """A number of things: 1 file, 2,000 files."""
    return f"{count(n)} {what}{'s' * (n != 1)}"


def signed(n: int) -> str:
    """A change: an exact integer with its sign and thousands separators."""
    return f"{n:+,}"


def shape(dims: Shape, times: str = "x") -> str:
    """A shape as textbooks write it: ``96x55x55``."""
    return times.join(map(str, dims)) if dims else "scalar"


def hwc(dims: Shape) -> str:
    """A shape in the channels-last notation of textbooks: ``(28, 28, 8)``, a vector as ``(120,
    1)``."""
    return f"({dims[0]}, 1)" if len(dims) == 1 else f"({', '.join(map(str, (*dims[1:], dims[0])))})"


def chw(dims: Shape) -> str:
    """A shape in PyTorch's notation, without the batch: ``(8, 28, 28)``, a vector as ``(120)``."""
    return f"({', '.join(map(str, dims))})"


def channels_last(dims: Shape) -> bool:
    """Whether an input's shape looks like (H, W, C), which would be read as H channels of W x C."""
    return len(dims) == 3 and dims[-1] <= 4 < dims[0]


def giga(n: int, unit: str) -> str:
    """A large count in words beside its exact value: ``724.407 MMACs`` for 724,406,816 and
    ``MACs``."""
    for size, prefix in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if n >= size:
            return f"{n / size:.3f} {prefix}{unit}"
    return f"{n} {unit}"


def short(n: int, unit: str = "", digits: int = 4) -> str:
    """A count to some significant digits, as papers print it: ``25.56M``; what has no more, and no
    unit, as it is.

    >>> short(4089184256), short(608), short(102_228_128, "B"), short(138_357_544, digits=3)
    ('4.089G', '608', '102.2MB', '138M')
    """
    if n < 10**digits and not unit:
        return str(n)
    two = 2 * 10**digits  # what would round up to 1000 has the next prefix
    steps = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
    size, prefix = next((step for step in steps if two * n >= (two - 1) * step[0]), (1, ""))
    value, whole = n / size, 0 if size == 1 else digits - 1
    while whole > 0 and round(value, whole) >= 10 ** (digits - whole):
        whole -= 1
    return f"{value:.{whole}f}{prefix}{unit}"


def megabytes(n: int) -> str:
    """Bytes in both readings of a megabyte: ``243.9 MB (232.6 MiB)``."""
    return f"{n / 1e6:.1f} MB ({n / 2**20:.1f} MiB)"


def size_of(n: int) -> str:
    """Bytes, in megabytes where there are at least 10 of them: ``82,856 bytes``."""
    return megabytes(n) if n >= 10**7 else f"{count(n)} bytes"


def byte_size(text: str) -> int | None:
    """The bytes in ``24GiB`` or ``500 MB``; None where there are none."""
    import re  # wanted by few commands only

    form = r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?\s*"
    found = re.fullmatch(form, text.lower()) if len(text) < 40 else None
    return scaled(found[1], found[2], 1024 if found[3] else 1000) if found else None


def amount(text: str, unit: str) -> int | None:
    """The number in a text such as ``5M`` (where ``unit`` is ""), ``50 MiB`` ("B"), or ``600
    MMACs`` ("MAC").

    MACs may be given as ``1.2 GFLOPs`` too, 2 FLOPs a MAC. Commas and blanks may stand between
    digits. None where the text is none of these, or an odd number of FLOPs."""
    import re

    if len(text) > 60:
        return None
    plain = re.sub(r"(?<=[0-9])[, _](?=[0-9]{3})", "", text)
    if unit == "B":
        return byte_size(plain)
    found = re.fullmatch(
        r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)\s*(macs?|flops?)?\s*", plain.lower()
    )
    if found is None or (found[3] and not unit):
        return None
    flops = (found[3] or "").startswith("flop")
    return scaled(found[1], found[2], 1000, 2 if flops else 1)


def scaled(number: str, prefix: str, base: int, parts: int = 1) -> int | None:
    """The ``parts``-th of a decimal number with a prefix k, m, g or t: an integer, or None."""
    from decimal import Decimal

    value = Decimal(number) * base ** " kmgt".index(prefix or " ") / parts
    return int(value) if parts == 1 or value == int(value) else None


def fraction(numerator: int, denominator: int) -> int | str:
    """An exact ratio in lowest terms: an integer where it is one, else a string such as
    ``"1/2"``."""
    if numerator % denominator == 0:
        return numerator // denominator
    from math import gcd

    g = gcd(numerator, denominator)
    return f"{numerator // g}/{denominator // g}"
