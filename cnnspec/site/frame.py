"""The frame of every page of the site: title, links to the other pages, styles."""

import re
from pathlib import Path

from cnnspec import __version__
from cnnspec.report.formats import escape_html

STATIC = Path(__file__).parent / "static"
LINKS = {  # the pages that each page links to, by their paths
    "index.html": "cnnspec",
    "playground.html": "Playground",
    "networks.html": "Networks",
    "reports/language.html": "Language",
    "reports/operators.html": "Operators",
    "reports/counting.html": "Counting",
    "reports/rules.html": "Rules",
    "reports/comparison.html": "Comparison",
    "reports/audit.html": "Published figures",
}
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; script-src 'self'"
)


def render_frame(path: str, title: str, body: str, head: str = "", policy: str = POLICY) -> str:
    """Return a page of the site at ``path``, with links relative to it.

    ``body`` and ``head`` are HTML, ``policy`` is the page's content security policy."""
    values = {
        "title": escape_html(title if title == "cnnspec" else f"{title} - cnnspec"),
        "policy": policy,
        "root": path_to_root(path),
        "head": head,
        "links": render_links(path),
        "body": body,
        "version": __version__,
    }
    template = (STATIC / "page.template.html").read_text(encoding="utf-8")
    return re.sub(r"{{(\w+)}}", lambda marker: values[marker[1]], template)


def render_links(path: str) -> str:
    """Return the links to the main pages from the page at ``path``; its own is marked."""
    root = path_to_root(path)
    return "".join(
        f'<a href="{root}{target}"{current(path, target)}>{name}</a>\n'
        for target, name in LINKS.items()
    )


def current(path: str, target: str) -> str:
    """Return the attribute that marks the link of a page to itself."""
    return ' aria-current="page"' if path == target else ""


def path_to_root(path: str) -> str:
    """Return the relative address of the site's folder from the page at ``path``."""
    return "../" * path.count("/")
