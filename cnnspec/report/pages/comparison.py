"""comparison.md: the whole zoo side by side."""

from cnnspec.analyses.comparison import MEASURES
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.conventions import CONVENTIONS, load_convention
from cnnspec.report.formats import markdown
from cnnspec.report.pages.zoo import families, memory, side_by_side

SIZES = (
    "network",
    "input",
    "params",
    "weights",
    "macs",
    "activations",
    "depth",
    "receptive_field",
    "intensity",
)


def pages(reports: str) -> dict[str, str]:
    """The page."""
    return {"comparison.md": page([net for nets in families().values() for net in nets])}


def page(nets: list[NetworkCosts]) -> str:
    """The page as Markdown."""
    meanings = "\n".join(
        f"- {m.heading}: {m.says}." for m in (MEASURES[key] for key in SIZES) if m.says
    )
    tools = "\n".join(
        f"- [{c.name}](../cnnspec/conventions/{c.name}.py) {c.version}, which calls it {c.unit}. "
        f"{markdown(c.about)}"
        for c in map(load_convention, CONVENTIONS)
    )
    return f"""# The networks of the zoo side by side

{len(nets)} networks, as at inference, for one example. `cnnspec compare A B` gives these tables for networks of your
choice, your own among them, with exact numbers, sorted, filtered, and as LaTeX, CSV or JSON. Params are trainable
parameters; k, M and G are thousands, millions and billions.

## Sizes

{meanings}

{side_by_side(nets, SIZES)}

## Memory

What PyTorch 2.13 allocates on a CPU in float32 at the peak of a pass, predicted from the specs; MB is 1e6 bytes. Left
out are the workspace of kernels, the device's context and fragmentation. `cnnspec memory NAME` takes it apart.

{memory(nets)}

## What other tools would print

One network has as many "FLOPs" as there are tools. These are the figures that each would give for the same layers;
`cnnspec explain resnet50 --vs fvcore` takes the difference apart, operator by operator. – stands where a tool's figure
depends on how a layer is written.

{tools}

{side_by_side(nets, ("network", "macs", *CONVENTIONS))}
"""
