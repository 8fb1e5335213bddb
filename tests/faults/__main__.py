"""Plant the faults, and write reports/data/faults.json and reports/planted_faults.md.

Names of networks as arguments plant only the faults of these networks anew.
"""

import datetime
import json
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.faults.score import score_mutants
from tests.pages.planted_faults import render_planted_faults_page

REPORTS = Path(__file__).parents[2] / "reports"
NETWORKS = {  # the number of mutants of each; large networks take longer and come first
    "googlenet_torchvision": 60,
    "densenet121": 40,
    "efficientnet_b0": 60,
    "mobilenet_v3_large": 60,
    "mnasnet1_0": 40,
    "regnet_y_400mf": 60,
    "mobilenet_v2": 60,
    "shufflenet_v2_x1_0": 40,
    "resnet18": 100,
    "mobilenet_v3_small": 80,
    "mnasnet0_75": 80,
    "mnasnet0_5": 80,
    "shufflenet_v2_x0_5": 60,
    "squeezenet1_0": 100,
    "squeezenet1_1": 100,
}
INPUT = (3, 64, 64)
VALUES = 0.05  # the share of mutants whose values are compared even where their calls differ


def main() -> None:
    """Plant the faults of all networks or of those named, and write the results."""
    file = REPORTS / "data" / "faults.json"
    chosen = sys.argv[1:] or [*NETWORKS]
    networks: dict[str, Any] = json.loads(file.read_text())["networks"] if sys.argv[1:] else {}
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        jobs = {
            name: pool.submit(score_mutants, name, INPUT, count, VALUES)
            for name, count in NETWORKS.items()
            if name in chosen
        }
        for name, job in jobs.items():
            networks[name] = job.result()
            print(f"{name}: {len(networks[name])} mutants", flush=True)
    networks = {name: networks[name] for name in NETWORKS if name in networks}
    about = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "input": INPUT,
        "values": VALUES,
        **{name: version(name) for name in ("torch", "torchvision", "timm")},
    }
    data = {"about": about, "networks": networks}
    file.write_text(encode_faults(data))
    (REPORTS / "planted_faults.md").write_text(
        render_planted_faults_page(json.loads(encode_faults(data)))
    )


def encode_faults(data: dict[str, Any]) -> str:
    """Return the data as JSON, one mutant per line."""
    networks = ",\n".join(
        f" {json.dumps(name)}: [\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "]"
        for name, rows in data["networks"].items()
    )
    return f'{{"about": {json.dumps(data["about"])},\n"networks": {{\n{networks}\n}}}}\n'


if __name__ == "__main__":
    main()
