"""Markdown as HTML, with the anchors that code hosts give to headings."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from cnnspec.problems import RequestError
from cnnspec.report.formats import escape_html
from cnnspec.report.reference.topics import anchor

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

FindLink = Callable[[str], str]  # the address of a link on the site; "" for a page that it lacks


def render_markdown(text: str, find_link: FindLink = str) -> str:
    """Return Markdown as HTML; HTML inside it is shown as text.

    ``find_link`` returns the address for each link; for "" only the text of the link is left.
    Tables can be scrolled, also by keyboard. Raises RequestError without markdown-it-py."""
    parser = make_parser()
    tokens = parser.parse(text)
    add_anchors(tokens)
    for token in tokens:
        if token.children is not None:
            token.children = [*replace_links(token.children, find_link)]
    page: str = parser.renderer.render(tokens, parser.options, {})
    return page.replace("<table>", scrolled("a table") + "<table>").replace(
        "</table>", "</table></div>"
    )


def scrolled(label: str) -> str:
    """Return the start of a part of the page that scrolls sideways."""
    return f'<div class="scroll" role="region" aria-label="{escape_html(label)}" tabindex="0">'


def make_parser() -> "MarkdownIt":
    """Return a parser of CommonMark with tables. Raises RequestError without markdown-it-py."""
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise RequestError(
            "HTML of the reference needs markdown-it-py: pip install 'cnnspec[site]'"
        ) from None
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def add_anchors(tokens: "list[Token]") -> None:
    """Give each heading the id of its text; equal ones are numbered."""
    used: dict[str, int] = {}
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            parts = inside.children or []
            name = anchor("".join(p.content for p in parts if p.type in ("text", "code_inline")))
            count = used.get(name, 0)
            used[name] = count + 1
            token.attrSet("id", f"{name}-{count}" if count else name)


def find_title(text: str) -> str:
    """Return the text of the first heading of a page of Markdown, or ""."""
    tokens = make_parser().parse(text)
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            return "".join(part.content for part in inside.children or [])
    return ""


def replace_links(tokens: "list[Token]", find_link: FindLink) -> "Iterator[Token]":
    """Yield the tokens of a paragraph with the addresses of the site."""
    kept: list[bool] = []  # whether the links that are open stay links
    for token in tokens:
        if token.type == "link_open":
            address = find_link(str(token.attrs["href"]))
            kept.append(bool(address))
            token.attrSet("href", address)
            if not address:
                continue
        elif token.type == "link_close" and not kept.pop():
            continue
        elif token.type == "image":
            token.attrSet("src", find_link(str(token.attrs["src"])))
        yield token
