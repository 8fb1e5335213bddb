"""The pages about the whole zoo: README.md (the index) and comparison.md."""

from collections.abc import Iterable
from functools import cache

from cnnspec.analyses.comparison import MEASURES, ComparedNetwork, ComparisonSettings, find_measure
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.conventions import CONVENTIONS, load_convention
from cnnspec.graph.build import load_zoo_graphs
from cnnspec.report.comparison import format_measure
from cnnspec.report.formats import escape_markdown, render_grid
from cnnspec.report.pages.folder import read_data
from cnnspec.units import format_short

SMALL, LARGE = (
    ComparisonSettings(1, "float32", "none"),
    ComparisonSettings(32, "float32", "adam"),
)  # for memory
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
ABOUT = {  # the pages that the index lists, by the names of their files
    "language": "the language of specs: each rule with a small spec, and the message for a mistake",
    "comparison": (
        "all networks side by side: parameters, MACs, memory, and what other tools would print"
    ),
    "audit": "published figures, each confirmed or refuted, with the arithmetic: an errata list",
    "note_tables": "the tables of the course notes, each printed by one command, with corrections",
    "verification": "what every network was compared with in PyTorch",
    "census": "which models of torchvision and timm can be imported, and are proven equal",
    "memory": "predicted memory beside measured memory",
    "planted_faults": "how many deliberate faults in networks verification finds",
    "operators": "what a layer can be, with formulas, sources and worked examples",
    "counting": "what cnnspec counts as parameters, MACs and memory, and what other tools count",
    "rules": "what `cnnspec check` looks for in specs, rule by rule",
    "mutation": "how many deliberate faults in cnnspec's own code its tests find",
    "benchmarks": "how long the commands take",
}
MEASURED = {  # the pages that python -m tests.pages makes, each from data/NAME.json
    "verification": "verification",
    "census": "census",
    "planted_faults": "faults",
    "benchmarks": "benchmarks",
    "memory": "memory",
    "mutation": "mutation",
}


def render_pages(reports: str) -> dict[str, str]:
    """The index, with links to the pages whose data is in ``reports``, and the comparison."""
    missing = [page for page, data in MEASURED.items() if read_data(reports, data) is None]
    nets = [net for family in load_families().values() for net in family]
    return {
        "README.md": render_index([name for name in ABOUT if name not in missing]),
        "comparison.md": render_comparison_page(nets),
    }


@cache
def load_families() -> dict[str, list[NetworkCosts]]:
    """The networks of the zoo by the names of their files, in the zoo's order."""
    found: dict[str, list[NetworkCosts]] = {}
    for net in map(NetworkCosts, load_zoo_graphs()):
        found.setdefault(net.graph.family, []).append(net)
    return found


@cache
def cached_subject(net: NetworkCosts, setting: ComparisonSettings = SMALL) -> ComparedNetwork:
    """A network as a subject of comparison, with the values that were already calculated."""
    return ComparedNetwork(net, setting)


def render_index(listed: list[str]) -> str:
    """README.md, which code hosts show for the folder, with links to the ``listed`` pages."""
    links = "\n".join(
        f"- [{name.replace('_', ' ').capitalize()}]({name}.md): {ABOUT[name]}." for name in listed
    )
    families = load_families()
    lines = [
        f"| [{escape_markdown(name)}](families/{name}.md) |"
        f" {', '.join(escape_markdown(net.graph.title) for net in nets)} | {size_cells(nets[0])} |"
        for name, nets in families.items()
    ]
    return f"""# Reports

What [cnnspec](../README.md) knows about the networks that ship with it. Each network is described
in [a spec](../specs). cnnspec calculates shapes, parameters, multiply-accumulates and receptive
fields from it, and compares them with PyTorch. `cnnspec report` writes the pages about networks,
operators, rules and published figures; `python -m tests.pages` writes those about cnnspec itself,
from the measurements in `data/`. No figure is typed in by hand. `--check` of either command fails
if a page is not what it would write.

{links}

## The networks

{sum(map(len, families.values()))} networks in {len(families)} families; the numbers are those of
the first network of each. Params are trainable parameters; MACs are multiply-accumulates for one
input, at inference; depth is the number of layers with weights on the longest path. k, M and G are
thousands, millions and billions.

| Family | Networks | Params | MACs | Depth |
|:--|:--|--:|--:|--:|
{chr(10).join(lines)}
"""


def size_cells(net: NetworkCosts) -> str:
    """The cells of a network's line in the index after its title."""
    value = cached_subject(net).value
    return " | ".join(
        (format_short(value("params")), format_short(value("macs")), str(value("depth")))
    )


def render_comparison_page(nets: list[NetworkCosts]) -> str:
    """comparison.md: sizes, memory and other tools' counts of all networks."""
    meanings = "\n".join(
        f"- {m.heading}: {m.says}." for m in (MEASURES[key] for key in SIZES) if m.says
    )
    tools = "\n".join(
        f"- [{c.name}](../cnnspec/conventions/tools.py) {c.version}, which calls it {c.unit}. "
        f"{escape_markdown(c.about)}"
        for c in map(load_convention, CONVENTIONS)
    )
    return f"""# The networks of the zoo side by side

{len(nets)} networks, as at inference, for one example. `cnnspec compare A B` prints these tables
for the networks you choose, including your own, with exact numbers, sorted, filtered, and as LaTeX,
CSV or JSON. Params are trainable parameters; k, M and G are thousands, millions and billions.

## Sizes

{meanings}

{compare_in_markdown(nets, SIZES)}

## Memory

What PyTorch 2.13 allocates on a CPU in float32 at the peak of a pass, predicted from the specs; MB
is 1e6 bytes. The workspace of kernels, the device's context and fragmentation are not included.
`cnnspec memory NAME` lists the parts.

{memory_table(nets)}

## What other tools would print

Each tool has its own definition of "FLOPs". These are the figures that each would print for the
same layers; `cnnspec explain resnet50 --vs fvcore` lists the differences, operator by operator. A –
means that the tool's figure depends on how a layer is written.

{tools}

{compare_in_markdown(nets, ("network", "macs", *CONVENTIONS))}
"""


def compare_in_markdown(nets: Iterable[NetworkCosts], keys: tuple[str, ...]) -> str:
    """A Markdown table with a row for each network and a column for each measure in ``keys``."""
    measures = [find_measure(key) for key in keys]
    rows = [[format_measure(m, cached_subject(net).value(m.key)) for m in measures] for net in nets]
    return render_grid(
        [m.heading for m in measures],
        rows,
        [m.kind not in ("text", "year") for m in measures],
        "markdown",
    )


def memory_table(nets: Iterable[NetworkCosts]) -> str:
    """A Markdown table of predicted peaks for SMALL and LARGE; below it why some are missing."""
    infer, train = find_measure("inference_peak"), find_measure("training_peak")
    asked = ((infer, SMALL), (infer, LARGE), (train, SMALL), (train, LARGE))
    nets = [*nets]
    rows = [
        [net.name, *(format_measure(m, cached_subject(net, s).value(m.key)) for m, s in asked)]
        for net in nets
    ]
    heads = [
        "Network",
        "Inference, batch 1",
        "Inference, batch 32",
        "Training, batch 1, no optimizer",
        "Training, batch 32, Adam",
    ]
    table = render_grid(heads, rows, [False, True, True, True, True], "markdown")
    reasons: dict[str, list[str]] = {}
    for net in nets:
        if "memory" in (unknown := cached_subject(net).unknown):
            reasons.setdefault(unknown["memory"], []).append(net.name)
    lines = [
        f"–: {escape_markdown(why)} ({escape_markdown(', '.join(of))})."
        for why, of in reasons.items()
    ]
    return "\n\n".join([table, *lines])
