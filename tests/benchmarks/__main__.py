"""Measure, and write reports/data/benchmarks.json and reports/benchmarks.md."""

import datetime
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from cnnspec.report.pages.benchmarks import page
from tests.benchmarks import scaling, startup, verifying

REPORTS = Path(__file__).parents[2] / "reports"


def main() -> None:
    """Run all benchmarks."""
    data = {
        "about": {
            "date": datetime.date.today().isoformat(),
            "python": platform.python_version(),
            "click": version("click"),
            "tabulate": version("tabulate"),
            "cpus": os.cpu_count(),
            "machine": platform.machine(),
        },
        "startup": startup.measure(),
        "deep": startup.deep(),
        "scaling": scaling.measure(),
        "verify": verifying.measure(),
    }
    (REPORTS / "data").mkdir(parents=True, exist_ok=True)
    (REPORTS / "data" / "benchmarks.json").write_text(json.dumps(data, indent=2) + "\n")
    (REPORTS / "benchmarks.md").write_text(page(data))
    print(page(data))


if __name__ == "__main__":
    main()
