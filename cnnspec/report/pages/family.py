"""families/NAME.md and figures/NAME.svg: one family of networks, and its first network drawn."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.report.audit.tables import render_errata
from cnnspec.report.diagram.draw import draw_network
from cnnspec.report.formats import escape_markdown
from cnnspec.report.pages.audit import audit_all_sources
from cnnspec.report.pages.verified import (
    describe_limits,
    read_verification,
    verification_table,
)
from cnnspec.report.pages.zoo import compare_in_markdown, load_families, memory_table
from cnnspec.report.table import render_table

SIZES = ("network", "year", "input", "params", "macs", "activations", "depth", "receptive_field")
ROWS = 70  # longer tables are folded


def render_pages(reports: str) -> dict[str, str]:
    """A page for each family, with what was verified according to ``reports``, and its figure."""
    verified = {network["network"]: network for network in read_verification(reports)}
    found: dict[str, str] = {}
    for name, nets in load_families().items():
        found[f"families/{name}.md"] = "\n\n".join(family_sections(name, nets, verified))
        found[figure_path(name)] = draw_network(nets[0])
    return found


def figure_path(family: str) -> str:
    """The path of a family's figure below the folder of the pages."""
    return f"figures/{family}.svg"


def family_sections(
    family: str, nets: list[NetworkCosts], verified: dict[str, Any]
) -> Iterator[str]:
    """The paragraphs and tables of a family's page."""
    first = nets[0]
    title = escape_markdown(first.graph.title)
    yield f"# {escape_markdown(family)}"
    yield (
        ", ".join(escape_markdown(net.graph.title) for net in nets)
        + f". {escape_markdown(first.graph.source)}"
    )
    yield (
        f"The spec is [specs/{family}.toml](../../specs/{family}.toml); everything below is"
        f" calculated from it. `cnnspec table {first.name}` prints the layers, `cnnspec explain"
        f" {first.name}` the formulas with the numbers."
    )
    yield f"## Architecture of {escape_markdown(first.name)}"
    yield (
        f"![The architecture of {title}: layers and blocks with their shapes]"
        f"(../{figure_path(family)})"
    )
    yield (
        f"`cnnspec draw {first.name}` draws this; `--depth` opens blocks in place. A letter on a"
        " folded block refers to the panel that shows the inside of such blocks, with the channels"
        " and strides of the block named there. Shapes are channels first, without the batch."
    )
    yield "## Sizes" if len(nets) == 1 else "## Variants"
    yield compare_in_markdown(nets, SIZES)
    yield (
        "Params are trainable parameters. MACs are multiply-accumulates for one input at inference,"
        " without biases. Acts are activations: the elements of all layers' outputs. Depth is the"
        " number of layers with weights on the longest path. RF is the largest receptive field, in"
        " pixels, of a layer that does not see the whole input."
    )
    yield f"## Layers of {escape_markdown(first.name)}"
    yield render_table(first, "markdown", depth=depth_that_fits(first))
    yield (
        "Op is [the operator](../operators.md). Outputs are channels first. RF is the receptive"
        " field, “all” where a layer sees the whole input. Buffers are the running statistics of"
        " norms."
    )
    yield "## Memory"
    yield (
        "The memory at the peak of a pass in float32, as PyTorch 2.13 allocates tensors on a CPU;"
        f" MB is 1e6 bytes. `cnnspec memory {first.name}` lists the parts."
    )
    yield memory_table(nets)
    yield from published_section({net.name for net in nets})
    yield from verification_section([verified[net.name] for net in nets if net.name in verified])


def published_section(names: set[str]) -> Iterator[str]:
    """How many published figures about the networks hold, and the errata; nothing without any."""
    about = [
        a.replace(rulings=tuple(r for r in a.rulings if r.claim.subject.network in names))
        for a in audit_all_sources()
    ]
    about = [a for a in about if a.rulings]
    if about:
        verdicts = Counter(r.verdict for a in about for r in a.rulings)
        yield "## Published figures"
        yield (
            f"Course notes and papers print {verdicts.total()} figures and statements about these"
            " networks that could be compared with the calculation:"
            f" {', '.join(f'{n} {verdict}' for verdict, n in verdicts.items())}."
            " [All of them, with reasons](../audit.md)."
        )
        for a in about:
            if wrong := render_errata(a, "markdown"):
                yield f"Refuted or truncated in {escape_markdown(a.title or a.name)}:"
                yield wrong


def depth_that_fits(net: NetworkCosts) -> int | None:
    """The greatest depth at which a table has at most ROWS rows; None where all blocks fit."""
    levels = max(len(n.call.trail) for n in net.graph.nodes)
    return next((d for d in (None, *range(levels, 1, -1)) if len(net.rows(d)) <= ROWS), 1)


def verification_section(networks: list[dict[str, Any]]) -> Iterator[str]:
    """What the networks were compared with; nothing where none was verified."""
    if networks:
        yield "## Verification"
        yield (
            "The PyTorch module that is built from the spec was compared with the calculation, and"
            " with independent implementations that have the same weights. [The method and the"
            " meaning of the columns](../verification.md)."
        )
        yield verification_table(networks)
        if limits := describe_limits(networks):
            yield "\n".join(limits)
