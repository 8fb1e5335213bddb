"""How long `cnnspec verify resnet50` takes, compared with a process that only runs the model.

python -m tests.benchmarks.verifying           measures, and writes data and page
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.startup import compare

RUNS = 11
RUN = """
model.eval()
with torch.no_grad():
    model(torch.zeros(1, 3, 224, 224))
"""
BUILT = "import torch, cnnspec\nmodel = cnnspec.load('resnet50').build()" + RUN
REFERENCE = (
    "import torch\nfrom tests.support import import_torchvision\n"
    "model = import_torchvision().models.resnet50(weights=None)" + RUN
)
CASES: tuple[tuple[str, str, list[str], list[str], str, float], ...] = (
    (
        "verify resnet50",
        "import torch, build the module, one forward",
        ["cnnspec", "verify"],
        [],
        BUILT,
        1.3,
    ),
    (
        "verify resnet50 --against torchvision",
        "import torch and torchvision, build the reference, one forward",
        ["tests.verify"],
        ["--against", "torchvision"],
        REFERENCE,
        2.5,
    ),
)


def measure(runs: int = RUNS) -> list[dict[str, Any]]:
    """Measure both cases on the CPU. `tests` must be importable."""
    return [
        {
            "command": f"cnnspec {name}",
            "base": base,
            "limit": limit,
            **compare(
                [sys.executable, "-m", *module, "resnet50", "--device", "cpu", *options],
                [sys.executable, "-c", code],
                runs,
            ),
        }
        for name, base, module, options, code, limit in CASES
    ]


def main() -> None:
    """Measure this part again, and leave the others unchanged."""
    from tests.pages.benchmarks import render_benchmarks_page, verify_section

    reports = Path(__file__).parents[2] / "reports"
    file = reports / "data" / "benchmarks.json"
    data = json.loads(file.read_text()) | {"verify": measure()}
    file.write_text(json.dumps(data, indent=2) + "\n")
    (reports / "benchmarks.md").write_text(render_benchmarks_page(data))
    print(verify_section(data["verify"]))


if __name__ == "__main__":
    main()
