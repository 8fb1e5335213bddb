"""The generated pages of reports/: one module a page or group of pages, imported when pages are
rendered.

Each module has ``pages(reports) -> dict[str, str]``: what the files of the folder ``reports`` are
to hold, by their paths relative to it (with ``/``), made from the specs and from what lies under
``reports/data/`` only. It never measures, and gives the same text on any machine; where the data
that it shows is not there, it gives no page.

Data under ``reports/data/`` is JSON. An object in it with the keys ``network`` and ``digest``
(graph/digest.py) is held against today's spec by ``cnnspec report --check``."""

from importlib import import_module

PAGES = {
    "index": "cnnspec.report.pages.index",
    "family": "cnnspec.report.pages.family",
    "comparison": "cnnspec.report.pages.comparison",
    "operators": "cnnspec.report.pages.operators",
    "verification": "cnnspec.report.pages.verification",
    "memory": "cnnspec.report.pages.memory",
    "planted_faults": "cnnspec.report.pages.planted_faults",
    "benchmarks": "cnnspec.report.pages.benchmarks",
    "audit": "cnnspec.report.pages.audit",
    "note_tables": "cnnspec.report.pages.note_tables",
    "rules": "cnnspec.report.pages.rules",
    "mutation": "cnnspec.report.pages.mutation",
}


def rendered(reports: str) -> dict[str, str]:
    """Every page by its path relative to the folder ``reports``. Raises RequestError for data that
    is not JSON."""
    found: dict[str, str] = {}
    for module in PAGES.values():
        for path, text in import_module(module).pages(reports).items():
            if path in found:
                raise ValueError(f"{module} makes {path}, which another module makes too")
            found[path] = text.rstrip("\n") + "\n"
    return found
