"""Measure, and write reports/data/benchmarks.json and reports/benchmarks.md.

``python -m tests.benchmarks check`` measures only that part again.
"""

import datetime
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks import checking, editing, scaling, startup, verifying
from tests.pages.benchmarks import render_benchmarks_page

REPORTS = Path(__file__).parents[2] / "reports"


def main() -> None:
    """Run all benchmarks, or the one of check."""
    if sys.argv[1:] == ["check"]:
        write(
            json.loads((REPORTS / "data" / "benchmarks.json").read_text())
            | {"check": checking.measure()}
        )
        return
    write(
        {
            "about": {
                "date": datetime.date.today().isoformat(),
                "python": platform.python_version(),
                "click": version("click"),
                "cpus": os.cpu_count(),
                "machine": platform.machine(),
            },
            "startup": startup.measure(),
            "deep": startup.deep(),
            "scaling": scaling.measure(),
            "verify": verifying.measure(),
            "check": checking.measure(),
            "editing": editing.measure(),
        }
    )


def write(data: dict[str, Any]) -> None:
    """Write the data and its page."""
    (REPORTS / "data").mkdir(parents=True, exist_ok=True)
    (REPORTS / "data" / "benchmarks.json").write_text(json.dumps(data, indent=2) + "\n")
    (REPORTS / "benchmarks.md").write_text(render_benchmarks_page(data))
    print(render_benchmarks_page(data))


if __name__ == "__main__":
    main()
