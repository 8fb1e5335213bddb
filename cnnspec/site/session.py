"""The session of a playground: one spec, and what a page shows about it, as plain data for JSON.

It runs in the browser, in a worker, on Pyodide. Positions are those of cnnspec.editor: lines from
0, and UTF-16 units in a line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.editor.completion import Completion, find_completions
from cnnspec.editor.diagnostics import find_diagnostics
from cnnspec.editor.document import Document
from cnnspec.editor.formatting import format_document
from cnnspec.editor.hover import Hover, find_hover, find_line_hover
from cnnspec.editor.inlay_hints import find_inlay_hints
from cnnspec.editor.positions import Position, to_data
from cnnspec.gate.config import Config
from cnnspec.graph.build import open_spec
from cnnspec.problems import RequestError, visible
from cnnspec.report.formats import escape_html
from cnnspec.report.html_page import cards_html, diagram_html, plan_or_reason, timelines_html
from cnnspec.report.pages.family import depth_that_fits
from cnnspec.report.table import render_table
from cnnspec.site.markdown import render_markdown
from cnnspec.spec.zoo import family_name, variant_names, zoo_files

PATH = "playground.toml"
FIRST = Path(__file__).parent / "first.toml"


class PlaygroundSession:
    """A spec that is being written, and the answers about its present text."""

    def __init__(self) -> None:
        self.document = Document("", PATH)
        self.completions: list[Completion] = []

    def answer(self, method: str, arguments: str) -> str:
        """Call a method by its name with arguments in JSON, and return its result in JSON.

        A request that cannot be carried out gives an object with the key ``error``."""
        methods: dict[str, Callable[..., Any]] = {
            "write": self.write,
            "edit": self.edit,
            "view": self.view,
            "explain": self.explain,
            "hover": self.hover,
            "complete": self.complete,
            "document_completion": self.document_completion,
            "format": self.format_text,
            "networks": self.networks,
            "open_network": self.open_network,
            "first_spec": self.first_spec,
        }
        try:
            return json.dumps(methods[method](*json.loads(arguments)))
        except RequestError as error:
            return json.dumps({"error": visible(error, 1000)})

    def write(self, text: str, variant: str = "") -> None:
        """Take over a text. ``variant`` is the network that is shown, "" for the first."""
        self.document = Document(text, PATH, variant, self.document)

    def edit(self) -> dict[str, Any]:
        """Return the hints, findings, variants and title of the present text.

        ``stale`` says that the numbers are those of the last version without errors."""
        document = self.document
        network = document.network
        return {
            "hints": to_data(find_inlay_hints(document)),
            "diagnostics": to_data(find_diagnostics(document, Config())),
            "stale": network is not None and document.own_network is None,
            "variants": [*network.spec.variants] if network is not None else [],
            "variant": network.net.name if network is not None else "",
            "title": network.net.graph.title if network is not None else "",
        }

    def view(self, name: str) -> str:
        """Return the view ``table``, ``picture`` or ``memory`` of the network as HTML.

        Raises RequestError for another name."""
        if name not in VIEWS:
            raise RequestError(f"there is no view {visible(name, 60)!r}")
        network = self.document.network
        if network is None:
            return '<p class="none">The spec has no layers that can be calculated yet.</p>'
        return VIEWS[name](network.net)

    def explain(self, line: int, character: int) -> str:
        """Return the explanation of the line at a position as HTML; "" where there is nothing."""
        return hover_html(find_line_hover(self.document, Position(line, character)))

    def hover(self, line: int, character: int) -> dict[str, Any] | None:
        """Return what is shown about the word at a position, and its range."""
        found = find_hover(self.document, Position(line, character))
        if found is None:
            return None
        return {"range": to_data(found.range), "html": hover_html(found)}

    def complete(self, line: int, character: int) -> list[dict[str, Any]]:
        """Return what can be written at a position, the likeliest first."""
        document = self.document
        found = (
            find_completions(document, Position(line, character)) if document.may_be_spec else []
        )
        self.completions = found
        return [
            {"label": c.label, "kind": c.kind, "detail": c.detail, "edit": to_data(c.edit)}
            for c in found
        ]

    def document_completion(self, label: str) -> str:
        """Return the documentation of one of the last completions as HTML, or ""."""
        texts = [c.documentation for c in self.completions if c.label == label]
        return render_markdown(texts[0], keep_no_link) if texts and texts[0] else ""

    def format_text(self) -> list[Any]:
        """Return the edits that put the tables of the text into columns."""
        edits: list[Any] = to_data(format_document(self.document))
        return edits

    def networks(self) -> dict[str, list[str]]:
        """Return the families of the zoo with the names of their networks."""
        files = zoo_files()
        return {family_name(file): variant_names(file) or [family_name(file)] for file in files}

    def open_network(self, name: str) -> dict[str, str]:
        """Return the text of a network of the zoo, and its variant. Raises RequestError."""
        known = {network for names in self.networks().values() for network in names}
        if name not in known:
            raise RequestError(f"there is no network {visible(name, 60)!r} in the zoo")
        source, variant = open_spec(name)
        return {"text": source.text, "variant": variant}

    def first_spec(self) -> str:
        """Return the text that a reader starts with."""
        return FIRST.read_text(encoding="utf-8")


def keep_no_link(address: str) -> str:
    """Return "": explanations are shown without links."""
    return ""


def hover_html(found: Hover | None) -> str:
    """Return an explanation as HTML."""
    return render_markdown(found.markdown, keep_no_link) if found is not None else ""


def table_html(net: NetworkCosts) -> str:
    """Return the figures of a network and its table; deep blocks are folded."""
    table = render_table(net, "html", depth=depth_that_fits(net))
    return f'<dl>{cards_html(net, None)}</dl><div class="scroll">{table}</div>'


def memory_html(net: NetworkCosts) -> str:
    """Return the memory over an inference pass and a training step of one example."""
    plan, reason = plan_or_reason(net, 1, "none")
    if plan is None:
        return f'<p class="none">{escape_html(reason)}</p>'
    return timelines_html(plan)


VIEWS: dict[str, Callable[[NetworkCosts], str]] = {
    "table": table_html,
    "picture": diagram_html,
    "memory": memory_html,
}
