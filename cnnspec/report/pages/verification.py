"""verification.md: what every network of the zoo was checked against, from data/verification.json.

    python -m tests.verify --all --against torchvision --against timm --format json \
        --output reports/data/verification.json        measures: it takes long
"""

from typing import Any

from cnnspec.report.formats import grid
from cnnspec.report.pages.measured import measured
from cnnspec.report.pages.planted_faults import sentence
from cnnspec.units import format_plural

COLUMNS = (("Shapes, tensors", ("shapes", "tensors")), ("MACs", ("MACs",)))  # against PyTorch
SIGNS = {"passed": "yes", "failed": "FAILED", "impossible": "IMPOSSIBLE", "limited": "limited"}
WORST = ("failed", "impossible", "limited", "passed")
HEAD = (
    "Network",
    *(head for head, _ in COLUMNS),
    "fvcore",
    "Independent",
    "Calls aligned",
    "Tensors",
    "Outputs",
)
LEGEND = """\
- Shapes, tensors; MACs: each layer of the twin has the output, the parameters and buffers, and the multiply-accumulates
  that cnnspec calculates.
- fvcore: so many layers, all that fvcore counts, have as many MACs as it counts for them.
- Independent: the implementation with which the rest is compared. Calls aligned: so many calls of its modules were
  found in the twin, in order. Tensors: all parameters and buffers are the same. Outputs: so are, with its weights, what
  comes out and what each aligned call gives, in evaluation and in training mode; but for calls beside those that one
  side alone has, as where attention is one call there and several here.
- With img_size: compared was a sheet made for that size, with other position tables, not the network of this line.
- – is not compared; limited is said below."""


def pages(reports: str) -> dict[str, str]:
    """The page, where there is data."""
    data, faults = measured(reports, "verification"), measured(reports, "faults")
    return {"verification.md": page(data, sentence(faults) if faults else "")} if data else {}


def page(data: dict[str, Any], faults: str = "") -> str:
    """The page as Markdown; ``faults`` says how many planted faults are caught."""
    networks = data["networks"]
    failed = [n["network"] for n in networks if not n["passed"]]
    compared = sum(any(c["check"] == "evaluation" for c in n["checks"]) for n in networks)
    versions = {name: number for n in networks for name, number in n["versions"].items()}
    devices = sorted({n["device"] for n in networks})
    cuda = (
        ""
        if any("CUDA" in d for d in devices)
        else "; not measured on CUDA, as no device was at hand"
    )
    rows = [row(n) for n in networks]
    notes = limits(networks)
    many = format_plural(len(networks), "network")
    return f"""# Verification

The PyTorch twin of every network of the zoo, held against what cnnspec calculates: the shape, the tensors and the
MACs of each layer, counted by the formulas of torch's FlopCounterMode and by fvcore; and against the independent
implementations that specs name: the same tensors, and with their weights the same outputs, and values after each
aligned layer, in float64 to 1e-9, in evaluation and in training mode.

{many}, {len(networks) - len(failed)} passed, {len(failed)} failed{
        ": " + ", ".join(failed) if failed else ""
    }; {
        compared
    } of them have an independent implementation whose outputs were compared. Measured on
{", ".join(devices)} with {", ".join(f"{k} {v}" for k, v in versions.items())}{cuda}.
{faults}

{LEGEND}

{grid(HEAD, rows, [False] * len(HEAD), "markdown")}

{notes}"""


def row(network: dict[str, Any]) -> list[str]:
    """A line of the table; several references stand beside each other."""
    checks = network["checks"]
    ours = [c for c in checks if c["against"].startswith("PyTorch")]
    fvcore = [c for c in checks if c["against"] == "fvcore"]
    names = list(
        dict.fromkeys(
            c["against"] for c in checks if c not in ours + fvcore and c["check"] != "reference"
        )
    )
    lost = [
        c["against"] for c in checks if c["check"] == "reference" and c["status"] == "impossible"
    ]
    theirs = [[c for c in checks if c["against"] == name] for name in names]
    cells = [
        worst([c for c in ours if c["check"] in wanted or c["check"] == "run"])
        for _, wanted in COLUMNS
    ]
    cells += [
        (
            fvcore[0]["compared"].split(" ")[0]
            if worst(fvcore) == "yes" and fvcore[0]["compared"]
            else worst(fvcore)
        ),
        "; ".join([*names, *(f"{name} (IMPOSSIBLE)" for name in lost)]) or "–",
    ]
    aligned = [
        next(
            (c["compared"].removesuffix(" calls aligned") for c in found if c["check"] == "calls"),
            "–",
        )
        for found in theirs
    ]
    rest = [
        "; ".join(worst([c for c in found if c["check"] in wanted]) for found in theirs) or "–"
        for wanted in (("tensors", "outputs"), ("evaluation", "training", "values", "run"))
    ]
    return [network["network"], *cells, "; ".join(aligned) or "–", *rest]


def worst(checks: list[dict[str, Any]]) -> str:
    return SIGNS[min((c["status"] for c in checks), key=WORST.index)] if checks else "–"


def limits(networks: list[dict[str, Any]]) -> str:
    """Why comparisons are limited or impossible, and what failed, each with its networks."""
    found: dict[str, list[str]] = {}
    for network in networks:
        for c in network["checks"]:
            reference = (
                c["check"] == "reference" and c["status"] == "limited"
            )  # shown by its absence
            if c["status"] != "passed" and not reference:
                first = c["differences"][0] if c["differences"] else None
                why = (
                    c["detail"]
                    if not first
                    else f"{first['layer']}, {first['quantity']}: {first['cause']}"
                )
                found.setdefault(f"{c['check']}, {c['status']}: {why}", []).append(
                    network["network"]
                )
    lines = [f"- {why} ({', '.join(names)})" for why, names in found.items()]
    return "## Limits and failures\n\n" + ("\n".join(lines) or "None.") + "\n"
