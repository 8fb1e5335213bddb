"""The page of the playground: what it loads, and what it may connect to."""

import base64
import hashlib
import json
from pathlib import Path

from cnnspec.report.formats import escape_html
from cnnspec.site.archive import describe_archive
from cnnspec.site.frame import render_frame
from cnnspec.site.libraries import PageLibraries

TEMPLATE = Path(__file__).parent / "playground.template.html"
PATH = "playground.html"
ARCHIVE = "static/cnnspec.zip"


def render_playground(libraries: PageLibraries) -> str:
    """Return the page of the playground.

    Its policy lets the page load only its own files and the libraries, and connect to nothing
    else."""
    modules = {
        name: address if libraries.is_public(address) else f"./{address}"
        for name, address in libraries.modules.items()
    }
    imports = json.dumps({"imports": modules})
    digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    origin = f" {libraries.origin}/" if libraries.origin else ""
    policy = (
        f"default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src"
        f" 'self' 'wasm-unsafe-eval' 'sha256-{digest}'{origin}; worker-src 'self'; connect-src"
        f" 'self'{origin}; form-action 'none'; base-uri 'none'"
    )
    preloads = "".join(
        f'<link rel="modulepreload" href="{address}">\n' for address in modules.values()
    )
    pyodide = escape_html(libraries.pyodide)
    head = (
        f'<link rel="stylesheet" href="static/playground.css">\n'
        f'<script type="importmap">{imports}</script>\n{preloads}'
        f'<script type="module" src="static/playground.js" data-pyodide="{pyodide}"'
        f' data-archive="{ARCHIVE}" id="playground-script"></script>\n'
    )
    loaded = escape_html(f"{libraries.versions}; {describe_archive()}")
    body = f'{TEMPLATE.read_text(encoding="utf-8")}<p class="hint">This page loads {loaded}.</p>'
    return render_frame(PATH, "Playground", body, head, policy)
