"""Windows that give a size, as a table or JSON."""

from collections.abc import Sequence

from cnnspec.report.contract import encode_json
from cnnspec.report.formats import render_grid, wrap_lines
from cnnspec.search.windows import SolvedWindow
from cnnspec.units import format_plural


def render_windows(
    windows: Sequence[SolvedWindow], exact: bool, output: int, ranges: str, limit: int
) -> str:
    """The windows, simplest first, at most ``limit``; ``ranges`` says what was tried."""
    if not windows:
        return f"No window fits the input; tried were {ranges}."
    shown = windows[:limit]
    columns: list[tuple[str, list[str]]] = [
        ("Kernel", [str(w.kernel) for w in shown]),
        ("Stride", [str(w.stride) for w in shown]),
        ("Padding", [str(w.padding) for w in shown]),
    ]
    if any(w.dilation > 1 for w in shown):
        columns.append(("Dilation", [str(w.dilation) for w in shown]))
    if any(w.output_padding for w in shown):
        columns.append(("Output padding", [str(w.output_padding) for w in shown]))
    columns.append(("Output", [w.formula for w in shown]))
    if shown[0].operator != "conv_transpose":
        columns.append(("Reads", [describe_reads(w) for w in shown]))
    headings = [heading for heading, _ in columns]
    cells = [list(row) for row in zip(*(texts for _, texts in columns), strict=True)]
    right = [heading not in ("Output", "Reads") for heading in headings]
    lines = [render_grid(headings, cells, right, "text"), ""]
    if not exact:
        lines.insert(0, f"No window gives {output}. The nearest:\n")
    hidden = len(windows) - len(shown)
    more = f" {format_plural(hidden, 'more window')} with --limit {len(windows)}." if hidden else ""
    return "\n".join([*lines, *wrap_lines([f"Tried: {ranges}.{more}"])])


def describe_reads(window: SolvedWindow) -> str:
    """Say which positions of the input the window reads."""
    if window.unread:
        return f"all but the last {window.unread}"
    return "not all: the stride skips" if window.skips else "all"


def render_windows_json(windows: Sequence[SolvedWindow], exact: bool, output: int) -> str:
    """The windows as JSON, all of them."""
    return encode_json(
        {
            "version": 1,
            "output": output,
            "found": exact,
            "windows": [{**vars(w), "formula": w.formula} for w in windows],
        },
        indent=2,
    )
