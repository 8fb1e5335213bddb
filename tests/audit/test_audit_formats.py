"""The pages of cnnspec audit: summary, sources, links, and marked cells in each format."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cnnspec.problems import SpecError
from tests.audit.claims import RIGHT, file, run_audit, shipped


def test_text_fits_80_columns_and_shows_everything_only_if_asked() -> None:
    short, long = run_audit("note_002").output, run_audit("note_002", "--all").output
    assert max(map(len, long.splitlines())) <= 80
    [audited] = [a for a in shipped() if a.title.startswith("Course note 002")]
    counts = audited.count_verdicts()
    assert short.count("REFUTED: ") == long.count("REFUTED: ") == counts["refuted"] > 20
    assert "confirmed: " not in short
    assert long.count("confirmed: ") == counts["confirmed"] > 150
    assert "mistake: that is the stride of conv1, copied down" in short


def test_the_summary_is_first_and_sources_have_author_title_and_address() -> None:
    page = run_audit().output
    assert page.startswith("Source ")
    assert page.index("877 claims") < page.index("Course note 000")
    words = " ".join(page.split())
    assert "Szu-Chi Chung, Department of Applied Mathematics, National Sun Yat-sen Uni" in words
    assert "ResNet 1512.03385: He, Zhang, Ren & Sun (2015), Deep residual learning" in words
    found = json.loads(run_audit("resnet50_v1", "--format", "json").output)
    assert found["sources"]["ResNet 1512.03385"] == {
        "author": "He, Zhang, Ren & Sun (2015)",
        "title": "Deep residual learning for image recognition",
        "address": "https://arxiv.org/abs/1512.03385",
    }
    assert (
        "<https://arxiv.org/abs/1512.03385>"
        in run_audit("resnet50_v1", "--format", "markdown").output
    )
    assert (
        '<a href="https://arxiv.org/abs/1512.03385">'
        in run_audit("resnet50_v1", "--format", "html").output
    )


def test_every_source_of_papers_but_one_is_cited() -> None:
    named = {r.claim.origin for a in shipped() for r in a.rulings if a.name.startswith("papers")}
    cited = {name for a in shipped() for name, source in a.sources.items() if source.author}
    assert named - cited == {"GoogLeNet, as quoted here and there"}


def test_only_addresses_of_pages_become_links(tmp_path: Path) -> None:
    sources = '[sources]\na = { title = "<b>", address = "javascript:alert(1)" }\n'
    path = file(tmp_path, sources + RIGHT + 'source = "a"\n')
    page = run_audit(path, "--format", "html").output
    assert "<li>&lt;b&gt;</li>" in page
    assert "javascript" not in page + run_audit(path, "--format", "markdown").output
    for wrong in (
        "sources = 3",
        'sources.a = "x"',
        "sources.a = { author = 3 }",
        "sources.a.url = 3",
    ):
        with pytest.raises(SpecError):
            run_audit(file(tmp_path, wrong + "\n" + RIGHT))


def test_markdown_marks_the_wrong_cells_of_worked_examples() -> None:
    page = run_audit("note_003", "--format", "markdown").output
    assert "| 2.33 | **1.3 (1.556)** |" in page
    assert "| **3.13 (3.556)** | **2.32 (2.456)** |" in page


@pytest.mark.parametrize("every", [[], ["--all"]])
def test_html_is_well_formed(every: list[str]) -> None:
    page = run_audit("note_003", "--format", "html", *every).output
    open_: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    Checker().feed(page)
    assert not open_
    assert "<mark>1.3 (1.556)</mark>" in page
    assert ("Every claim" in page) is bool(every)


QUOTED = """
[[claims]]
source = "A paper"
where = "table 1"
quoted = "as a blog quotes it"
network = "lenet5"
columns = ["layer", "params", "size"]
rows = [["C1", "165", "28x28"], ["C3", "2416", "–"]]
"""


def test_what_was_not_read_itself_says_so_in_every_format(tmp_path: Path) -> None:
    path = file(tmp_path, QUOTED)
    for format, words in (
        ("text", "A paper, table 1 (quoted)"),
        ("markdown", "A paper, table 1 (quoted)"),
        ("html", "A paper, table 1 (quoted)"),
        ("json", '"quoted": "as a blog quotes it"'),
    ):
        assert words in run_audit(path, "--format", format).output
    for format in ("text", "markdown", "html"):
        assert (
            "the source itself was not read: as a blog quotes it: A paper"
            in run_audit(path, "--format", format).output
        )


def test_a_printed_table_comes_with_its_wrong_cells_marked(tmp_path: Path) -> None:
    path = file(tmp_path, QUOTED)
    page = run_audit(path, "--format", "markdown").output
    assert (
        "| layer | parameters | size |\n|:--|:--|:--|\n| C1 | **165 (156)** | 28x28 |\n| C3 | 2416"
        " | – |" in page
    )
    assert (
        "<td>C1</td><td><mark>165 (156)</mark></td><td>28x28</td>"
        in run_audit(path, "--format", "html").output
    )
    right = run_audit(file(tmp_path, QUOTED.replace("165", "156")), "--format", "markdown").output
    assert "as printed" not in right, "a table that is right is not printed again"
