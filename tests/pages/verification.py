"""verification.md: what every network of the zoo was compared with, from data/verification.json.

    python -m tests.verify --all --against torchvision --against timm --format json \\
        --output reports/data/verification.json        measures; this takes hours
"""

from typing import Any

from cnnspec.report.pages.folder import read_data
from cnnspec.report.pages.verified import describe_limits, verification_table
from cnnspec.units import format_plural
from tests.pages.planted_faults import summarize_faults

LEGEND = """\
- Shapes, tensors; MACs: each layer of the built PyTorch module has the output, the parameters and
  buffers, and the multiply-accumulates that cnnspec calculates.
- fvcore: the number of layers that fvcore counts, for all of which it counts as many MACs.
- Independent: the implementation that the following columns compare with. Calls aligned: how many
  calls of its modules were found in the built module, in order. Tensors: all parameters and buffers
  are the same. Outputs: with its weights, the outputs and the output of each aligned call are the
  same, in evaluation and in training mode; except calls next to calls that only one side has, as
  where attention is one call there and several here.
- With img_size: a spec made for that size, with other position tables, was compared, not the
  network of this row.
- – was not compared; limited is explained below."""


def render_pages(reports: str) -> dict[str, str]:
    """The page, if its data is in the folder ``reports``."""
    data, faults = read_data(reports, "verification"), read_data(reports, "faults")
    if not data:
        return {}
    summary = summarize_faults(faults) if faults else ""
    return {"verification.md": render_verification_page(data, summary)}


def render_verification_page(data: dict[str, Any], faults: str = "") -> str:
    """The page as Markdown; ``faults`` says how many planted faults are caught."""
    networks = data["networks"]
    failed = [n["network"] for n in networks if not n["passed"]]
    outcome = f"{len(networks) - len(failed)} passed, {len(failed)} failed"
    names = ": " + ", ".join(failed) if failed else ""
    compared = sum(any(c["check"] == "evaluation" for c in n["checks"]) for n in networks)
    versions = {name: number for n in networks for name, number in n["versions"].items()}
    devices = sorted({n["device"] for n in networks})
    on_cuda = any("CUDA" in device for device in devices)
    cuda = "" if on_cuda else "; not measured on CUDA, as no device was available"
    return f"""# Verification

The PyTorch module of every network was built from its spec and compared with what cnnspec
calculates: the shape, the tensors and the MACs of each layer, counted by the formulas of torch's
FlopCounterMode and by fvcore; and with the independent implementations that specs name: the same
tensors and, with their weights, the same outputs, and the same values after each aligned layer, in
float64 to 1e-9, in evaluation and in training mode.

{format_plural(len(networks), "network")}, {outcome}{names}; {compared} of them have an
independent implementation whose outputs were compared. Measured on
{", ".join(devices)} with {", ".join(f"{k} {v}" for k, v in versions.items())}{cuda}.
{faults}

{LEGEND}

{verification_table(networks)}

## Limits and failures

{chr(10).join(describe_limits(networks)) or "None."}
"""
