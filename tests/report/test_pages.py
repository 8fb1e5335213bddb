"""The generated pages: they are complete, their links work, and they are reproducible."""

import re
from html import unescape
from pathlib import Path

import pytest

import cnnspec
from cnnspec.analyses.audit.audit import audit_sources
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.report import pages
from cnnspec.report.pages import family, operators, zoo
from tests.pages import PAGES as MEASURED
from tests.pages import render_measured_pages

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"
PAGES = sorted(REPORTS.rglob("*.md"))


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [unescape(re.sub(r"\\(.)", r"\1", cell.strip())) for cell in line.strip("|").split("|")]


def anchor(heading: str) -> str:
    """The anchor that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_there_is_a_page_for_each_family_and_module() -> None:
    found = {str(p.relative_to(REPORTS)) for p in PAGES}
    assert {f"families/{name}.md" for name in cnnspec.networks()} <= found
    assert {"README.md", "operators.md", "rules.md", *(f"{n}.md" for n in zoo.ABOUT)} <= found


def test_the_index_lists_the_measured_pages() -> None:
    assert zoo.MEASURED.keys() == set(MEASURED)
    assert zoo.MEASURED.keys() <= zoo.ABOUT.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPORTS)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    headings = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.M)}
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, place = link.partition("#")
        assert link.startswith("https://") or (
            (page.parent / path).exists() if path else place in headings
        ), link


def test_the_index_leads_to_every_page() -> None:
    seen, open_ = set(), [REPORTS / "README.md"]
    while open_:
        page = open_.pop()
        if page not in seen:
            seen.add(page)
            links = re.findall(r"\]\(([^)#\s]+\.md)\)", page.read_text(encoding="utf-8"))
            open_ += [
                (page.parent / link).resolve() for link in links if not link.startswith("https://")
            ]
    assert set(PAGES) - seen == set()


def test_the_page_of_operators_is_rendered_and_has_them_all() -> None:
    text = operators.render_operators_page()
    assert (REPORTS / "operators.md").read_text(encoding="utf-8") == text + "\n"
    parts = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", text, re.M | re.S))
    assert parts.keys() == OPERATORS.keys()
    for name, part in parts.items():
        cls = load_operator(name)
        assert all(f"| {field.replace('_', chr(92) + '_')} " in part for field in cls.fields), name
        assert len(
            [
                line
                for line in part.splitlines()
                if cells(line)[0] in {e.source for e in cls.examples}
            ]
        ) == len(cls.examples), name
        assert "``" not in part


def test_comparison_has_every_network_in_each_of_its_tables() -> None:
    text = (REPORTS / "comparison.md").read_text(encoding="utf-8")
    names = [name for names in cnnspec.networks().values() for name in names]
    tables = [
        [cells(line)[0] for line in part.splitlines() if line.startswith("| ")][1:]
        for part in text.split("\n## ")[1:]
    ]
    assert tables == [names, names, names]


def test_a_page_of_a_family_is_rendered_from_its_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "audit_all_sources", lambda: audit_sources(["note_002"]))
    nets: list[NetworkCosts] = [cnnspec.load("lenet5")]
    verified = {
        "lenet5": {
            "network": "lenet5",
            "checks": [
                {
                    "check": "shapes",
                    "against": "PyTorch on CPU",
                    "status": "failed",
                    "compared": "",
                    "detail": "",
                    "differences": [],
                }
            ],
        }
    }
    text = "\n\n".join(family.family_sections("lenet5", nets, verified))
    lines = [cells(line) for line in text.splitlines() if line.startswith("| ")]
    assert ["lenet5", "1998", "1x32x32", "61.71k", "416.5k", "8494", "5", "16"] in lines
    assert ["C3", "conv+tanh", "16x10x10", "2,416", "240,000", "14x14"] in lines
    assert lines[-1][:3] == ["lenet5", "FAILED", "–"]
    assert re.search(
        r"## Published figures\n\nCourse notes and papers print \d+ figures .* \d+ confirmed", text
    )


def test_deep_blocks_are_folded_until_a_table_can_be_read() -> None:
    for name, depth in (
        ("vgg19", None),
        ("resnet50", 2),
        ("densenet121", 2),
        ("resnet1202_cifar", 2),
    ):
        net = cnnspec.load(name)
        assert family.depth_that_fits(net) == depth, name
        assert len(net.rows(depth)) <= family.ROWS


@pytest.mark.long
def test_all_pages_are_up_to_date_and_come_again() -> None:
    found = pages.render_all_pages(str(REPORTS)) | render_measured_pages(str(REPORTS))
    there = {str(p.relative_to(REPORTS)): p.read_text(encoding="utf-8") for p in PAGES}
    assert {path: text for path, text in found.items() if path.endswith(".md")} == there
    again = zoo.render_pages(str(REPORTS))["comparison.md"]
    assert again.rstrip("\n") == found["comparison.md"].rstrip("\n")
