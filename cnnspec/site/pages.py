"""The pages of the reference and the reports as HTML, with working links between them."""

import os
import posixpath
from collections.abc import Callable, Collection
from functools import partial

from cnnspec.problems import RequestError, visible
from cnnspec.report.formats import escape_html
from cnnspec.report.pages import render_all_pages
from cnnspec.report.pages.folder import read_page
from cnnspec.report.pages.zoo import ABOUT, MEASURED
from cnnspec.site.frame import render_frame
from cnnspec.site.markdown import find_title, render_markdown
from cnnspec.spec.zoo import HERE, zoo_folder

INDEX = "reports/README.md"  # the site has pages of its own in its place
SOURCES: dict[str, Callable[[], str]] = {
    "specs": zoo_folder,
    "cnnspec": lambda: HERE,
}  # folders whose files pages link to


def render_reports(reports: str) -> dict[str, str]:
    """Return the pages of reports/ by their paths on the site, and the files that they link to.

    Measurements are read from the folder ``reports``; pages without data are left out. Raises
    RequestError for data that is not JSON."""
    found = {f"reports/{path}": text for path, text in render_all_pages(reports).items()}
    for name in MEASURED:
        text = read_page(os.path.join(reports, f"{name}.md"))
        if text is not None:
            found[f"reports/{name}.md"] = text
    index = found.pop(INDEX)
    linked: dict[str, str] = {}
    pages = {
        path: text for path, text in found.items() if not path.endswith(".md")
    }  # figures stay as they are
    for path, text in found.items():
        if path.endswith(".md"):
            link = partial(find_address, path, found.keys(), linked)
            body = render_markdown(text, link)
            target = html_path(path)
            pages[target] = render_frame(target, find_title(text), body)
    pages["index.html"] = render_home([name for name in ABOUT if f"]({name}.md)" in index])
    for path, source in linked.items():
        pages[path] = render_source(path, source)
    return pages


def html_path(path: str) -> str:
    """Return the path of the page that shows a file."""
    return f"{path.removesuffix('.md')}.html"


def find_address(page: str, known: Collection[str], linked: dict[str, str], address: str) -> str:
    """Return the address on the site of a link on a ``page`` of reports/; "" where it has none.

    ``linked`` collects the files outside reports/ that pages link to, by the paths of the pages
    that show them."""
    target, mark, part = address.partition("#")
    if not target or "://" in target:
        return address
    home = posixpath.dirname(page)
    whole = posixpath.normpath(posixpath.join(home, target))
    if whole in (INDEX, "README.md"):
        shown = "index.html"
    elif whole == "specs":
        shown = "networks.html"
    elif whole in known:
        shown = html_path(whole) if whole.endswith(".md") else whole
    elif source := find_source(whole):
        shown = f"{whole}.html"
        linked[shown] = source
    else:
        return ""
    return posixpath.relpath(shown, home) + mark + part


def find_source(path: str) -> str:
    """Return the path on this machine of a file of the zoo or the package; "" for others."""
    folder, _, rest = path.partition("/")
    if folder in SOURCES and rest:
        whole = os.path.join(SOURCES[folder](), *rest.split("/"))
        return whole if os.path.isfile(whole) else ""
    return ""


def render_source(path: str, source: str) -> str:
    """Return the page that shows a text file."""
    text = read_page(source)
    if text is None:
        raise RequestError(f"{visible(source)} cannot be read")
    name = path.removesuffix(".html")
    body = f"<h1>{escape_html(name)}</h1>\n<pre>{escape_lines(text)}</pre>"
    return render_frame(path, name, body)


def escape_lines(text: str) -> str:
    """Return a text of several lines escaped for HTML."""
    return "\n".join(
        line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for line in text.split("\n")
    )


def render_home(listed: list[str]) -> str:
    """Return the first page of the site, with links to the ``listed`` pages of reports/."""
    links = "\n".join(
        f'<li><a href="reports/{name}.html">{name.replace("_", " ").capitalize()}</a>:'
        f" {escape_code(ABOUT[name])}.</li>"
        for name in listed
    )
    body = f"""<h1>cnnspec</h1>
<p>Describe a convolutional network in a short TOML file. cnnspec calculates its shapes, parameters,
multiply-accumulates, memory and receptive fields, shows the formulas, and checks the result against
PyTorch.</p>
<p><a class="start" href="playground.html">Write a network in the playground</a></p>
<p>Or look up one of <a href="networks.html">the networks of the zoo</a>.</p>
<h2>Reference and reports</h2>
<ul>
{links}
</ul>"""
    return render_frame("index.html", "cnnspec", body)


def escape_code(text: str) -> str:
    """Return a line of Markdown with code in it as HTML."""
    return render_markdown(text).strip().removeprefix("<p>").removesuffix("</p>")
