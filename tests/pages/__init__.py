"""The pages of reports/ about cnnspec itself, made from the measurements under reports/data/.

    python -m tests.pages            writes them
    python -m tests.pages --check    writes nothing, and fails where one is not up to date

Each module has ``render_pages(reports)``, which returns the text of its pages by their paths below
the folder ``reports``: none where its data is missing. Rendering measures nothing."""

from importlib import import_module

PAGES = ("verification", "census", "memory", "planted_faults", "mutation", "benchmarks")


def render_measured_pages(reports: str) -> dict[str, str]:
    """The text of every page by its path. Raises RequestError for data that is not JSON."""
    found: dict[str, str] = {}
    for name in PAGES:
        found |= import_module(f"tests.pages.{name}").render_pages(reports)
    return {path: text.rstrip("\n") + "\n" for path, text in found.items()}
