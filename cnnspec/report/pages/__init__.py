"""The generated pages of reports/ about networks, operators, rules and published figures.

Each module in PAGES has ``render_pages(reports)``, which returns the text of its pages by their
paths below the folder ``reports`` (with ``/``). It reads only the specs and ``reports/data/``,
measures nothing, and returns the same text on any machine.

``reports/data/`` holds JSON. ``cnnspec report --check`` compares each object in it that has the
keys ``network`` and ``digest`` with today's spec (graph/digest.py)."""

from importlib import import_module

PAGES = (
    "cnnspec.report.pages.zoo",
    "cnnspec.report.pages.family",
    "cnnspec.report.pages.operators",
    "cnnspec.report.pages.audit",
    "cnnspec.report.pages.rules",
    "cnnspec.report.reference.topics",
)


def render_all_pages(reports: str) -> dict[str, str]:
    """The text of every page by its path below ``reports``.

    Raises RequestError for data that is not JSON, and ValueError where two modules make a page."""
    found: dict[str, str] = {}
    for module in PAGES:
        for path, text in import_module(module).render_pages(reports).items():
            if path in found:
                raise ValueError(f"{module} makes {path}, which another module makes too")
            found[path] = text.rstrip("\n") + "\n"
    return found
