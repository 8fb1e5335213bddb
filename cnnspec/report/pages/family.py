"""families/NAME.md: what there is to say of one family of networks, from its spec and from what was
measured."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from cnnspec.analyses.audit.audit import Audited, audit
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.report.audit import tables
from cnnspec.report.formats import grid, markdown
from cnnspec.report.pages.figures import figures, path
from cnnspec.report.pages.measured import measured
from cnnspec.report.pages.verification import HEAD, limits, row
from cnnspec.report.pages.zoo import families, memory, side_by_side
from cnnspec.report.table import table

SIZES = ("network", "year", "input", "params", "macs", "activations", "depth", "receptive_field")
ROWS = 70  # of a table that is still read; deeper blocks are folded


def pages(reports: str) -> dict[str, str]:
    """A page for each family, and its figure."""
    verified = {
        n["network"]: n for n in (measured(reports, "verification") or {"networks": []})["networks"]
    }
    found = {
        f"families/{name}.md": "\n\n".join(parts(name, nets, verified))
        for name, nets in families().items()
    }
    return found | figures()


def parts(family: str, nets: list[NetworkCosts], verified: dict[str, Any]) -> Iterator[str]:
    """The parts of a page, one below the other."""
    first = nets[0]
    yield f"# {markdown(family)}"
    yield ", ".join(markdown(net.graph.title) for net in nets) + f". {markdown(first.graph.source)}"
    yield (
        f"Written down in [specs/{family}.toml](../../specs/{family}.toml); all that follows is"
        f" derived from it. `cnnspec table {first.name}` prints the layers, `cnnspec explain"
        f" {first.name}` the formulas with the numbers in."
    )
    yield f"## Architecture of {markdown(first.name)}"
    words = (
        f"The architecture of {markdown(first.graph.title)}: layers and blocks with their shapes"
    )
    yield f"![{words}](../{path(family)})"
    yield (
        f"`cnnspec draw {first.name}` draws it; `--depth` opens blocks in place. A letter on a"
        " folded block is that of the panel which shows how such blocks are wired, with the"
        " channels and strides of the one it names. Shapes are channels first, without the batch."
    )
    yield "## Sizes" if len(nets) == 1 else "## Variants"
    yield side_by_side(nets, SIZES)
    yield (
        "Params are trainable parameters; MACs multiply-accumulates of one input at inference,"
        " biases not counted; acts activations, the elements of all layers' outputs; depth counts"
        " the layers with weights on the longest path; RF is the largest receptive field, in"
        " pixels, of a layer that does not see all of the input."
    )
    yield f"## Layers of {markdown(first.name)}"
    yield table(first, "markdown", depth=depth(first))
    yield (
        "Op is [the operator](../operators.md); outputs are channels first; RF is the receptive"
        " field, “all” where a layer sees the whole input; buffers are the running statistics of"
        " norms."
    )
    yield "## Memory"
    yield (
        "At the peak of a pass in float32, as PyTorch 2.13 allocates tensors on a CPU; MB is 1e6"
        f" bytes. `cnnspec memory {first.name}` takes it apart."
    )
    yield memory(nets)
    yield from published({net.name for net in nets})
    yield from verification([verified[net.name] for net in nets if net.name in verified])


def published(names: set[str]) -> Iterator[str]:
    """What notes and papers print of the networks: how much of it holds, and what does not; nothing
    if nothing is."""
    about = [
        a.replace(rulings=tuple(r for r in a.rulings if r.claim.subject.network in names))
        for a in audited()
    ]
    about = [a for a in about if a.rulings]
    if about:
        verdicts = Counter(r.verdict for a in about for r in a.rulings)
        yield "## Published figures"
        yield (
            f"Course notes and papers print {verdicts.total()} figures and statements that could be"
            " held against this sheet:"
            f" {', '.join(f'{n} {verdict}' for verdict, n in verdicts.items())}. [All, and"
            " why](../audit.md)."
        )
        for a in about:
            if wrong := tables.errata(a, "markdown"):
                yield f"Refuted in {markdown(a.title or a.name)}:"
                yield wrong


@cache
def audited() -> list[Audited]:
    """The audit of every source."""
    return audit()


def depth(net: NetworkCosts) -> int | None:
    """How deep blocks are opened: all of them, or as many levels as fit into ROWS."""
    levels = max(len(n.call.trail) for n in net.graph.nodes)
    return next((d for d in (None, *range(levels, 1, -1)) if len(net.rows(d)) <= ROWS), 1)


def verification(found: list[dict[str, Any]]) -> Iterator[str]:
    """What the networks were checked against; nothing where none was."""
    if found:
        yield "## Verification"
        yield (
            "The PyTorch twin against this sheet, and against independent implementations with the"
            " same weights. [How, on what, and what the columns are](../verification.md)."
        )
        yield grid(HEAD, [row(n) for n in found], [False] * len(HEAD), "markdown")
        notes = limits(found).partition("\n\n")[2].strip()
        if notes != "None.":
            yield notes
