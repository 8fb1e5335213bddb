"""Markdown as HTML: anchors, links, tables, and no HTML of its own."""

import re
import sys

import pytest

from cnnspec.problems import RequestError
from cnnspec.report.reference.topics import render_pages
from cnnspec.site.markdown import find_title, render_markdown


@pytest.mark.parametrize("page", ["language.md", "counting.md"])
def test_links_to_sections_lead_to_headings(page: str) -> None:
    html = render_markdown(render_pages("")[page])
    targets = re.findall(r'href="#([^"]*)"', html)
    assert len(targets) > 10
    assert {*targets} <= {*re.findall(r'<h\d id="([^"]*)"', html)}


def test_equal_headings_have_different_anchors() -> None:
    assert re.findall('id="([^"]*)"', render_markdown("# A `b`\n\n# A `b`\n\n# c")) == [
        "a-b",
        "a-b-1",
        "c",
    ]


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "a <b onclick='x'>b</b>", "`<i>`", "```text\n<i>\n```"]
)
def test_html_is_shown_as_text(text: str) -> None:
    assert not re.search(r"<(script|b|i)\b", render_markdown(text))


def test_a_link_of_a_script_is_no_link() -> None:
    assert "href" not in render_markdown("[a](javascript:alert(1))")


def test_a_link_without_a_page_is_left_out_and_its_text_stays() -> None:
    html = render_markdown("[a *b*](x.md) and [c](y.md)", lambda a: "" if a == "x.md" else "y.html")
    assert html == '<p>a <em>b</em> and <a href="y.html">c</a></p>\n'


def test_a_table_scrolls() -> None:
    html = render_markdown("| a | b |\n|:--|--:|\n| 1 | 2 |\n")
    assert re.search(r'<div class="scroll"[^>]*tabindex="0"><table>', html)
    assert html.count("<div") == html.count("</div>") == 1


def test_the_title_is_the_first_heading() -> None:
    assert find_title("text\n\n# A `b`\n\n## c") == "A b"
    assert find_title("text") == ""


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    with pytest.raises(RequestError, match=r"pip install 'cnnspec\[site\]'"):
        render_markdown("a")
