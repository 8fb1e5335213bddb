"""The pages in a real Chromium: they load, fold and sort, also by keyboard, in light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnspec
from cnnspec.report.html_page import render_html_report
from tests.browser import Page

VISIBLE = (
    "[...document.querySelectorAll('#layers tbody tr')].filter(r => !r.hidden && r.offsetHeight)"
)
NAMES = f"{VISIBLE}.map(r => r.cells[0].textContent)"
MACS = f"{VISIBLE}.map(r => Number(r.cells[4].textContent.replaceAll(',', '')))"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with Page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser: Page, tmp_path: Path) -> Page:
    """The page of ResNet-18, fresh."""
    (tmp_path / "a.html").write_text(render_html_report(cnnspec.load("resnet18")), encoding="utf-8")
    browser.complaints.clear()
    browser.dark(False)
    browser.open(tmp_path / "a.html")
    return browser


def reach(page: Page, what: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(200):
        page.key("Tab")
        if page.run(f"document.activeElement === {what}"):
            return
    raise AssertionError(f"Tab does not reach {what}")


def test_it_loads_without_complaint(page: Page) -> None:
    assert page.run("document.title") == "ResNet-18 (resnet18)"
    assert page.run(f"{NAMES}.filter(name => !name.match(/^layer[1-4](\\.[01])?$/))") == [
        row.name for row in cnnspec.load("resnet18").layers
    ]
    assert (
        page.run("document.querySelectorAll('svg').length") == 6
    )  # a diagram, three plots, two timelines
    assert page.complaints == []


def test_pictures_scroll_instead_of_shrinking_on_a_phone(page: Page) -> None:
    size = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.ask("Emulation.setDeviceMetricsOverride", **size)
    figures = "[...document.querySelectorAll('figure')]"
    heights = page.run(
        f"{figures}.flatMap(f => [...f.querySelectorAll('text')])"
        ".map(t => t.getBoundingClientRect().height)"
    )
    assert min(heights) >= 10  # pixels
    assert page.run(f"{figures}.some(f => f.scrollWidth > f.clientWidth)")
    assert page.run("document.documentElement.scrollWidth") <= 400
    page.ask("Emulation.clearDeviceMetricsOverride")


def test_a_complaint_would_be_heard(page: Page) -> None:
    page.run("console.error('so'); setTimeout(() => { throw new Error('thus') })")
    page.run("fetch('https://example.org').catch(() => 0); 1")
    page.run("new Promise(done => setTimeout(done, 50))")
    assert len(page.complaints) >= 2


def test_a_block_folds_and_unfolds(page: Page) -> None:
    before = page.run(NAMES)
    button = (
        "[...document.querySelectorAll('tr.block button')].find(b => b.textContent === 'layer1')"
    )
    page.run(f"{button}.click()")
    assert page.run(NAMES) == [name for name in before if not name.startswith("layer1.")]
    assert page.run(f"{button}.getAttribute('aria-expanded')") == "false"
    page.run(f"{button}.click()")
    assert page.run(NAMES) == before
    page.run("document.getElementById('fold').click()")
    assert page.run(NAMES) == [name for name in before if "." not in name]
    page.run("document.getElementById('unfold').click()")
    assert page.run(NAMES) == before
    assert page.complaints == []


def test_what_is_folded_within_stays_folded(page: Page) -> None:
    for name in ("layer2.0", "layer2", "layer2"):
        page.run(
            "[...document.querySelectorAll('tr.block button')].find(b => b.textContent ==="
            f" '{name}').click()"
        )
    shown = page.run(NAMES)
    assert "layer2.0" in shown
    assert "layer2.1.conv1" in shown
    assert "layer2.0.conv1" not in shown


def test_columns_sort_down_up_and_back(page: Page) -> None:
    before, header = page.run(NAMES), "document.querySelectorAll('#layers thead th')[4]"
    macs = [row.macs for row in cnnspec.load("resnet18").layers]
    for sort, wanted in (("descending", sorted(macs, reverse=True)), ("ascending", sorted(macs))):
        page.run(f"{header}.firstChild.click()")
        assert page.run(MACS) == wanted
        assert page.run(f"{header}.getAttribute('aria-sort')") == sort
        assert f"Sorted by MACs, {sort}" in page.run("document.getElementById('said').textContent")
    page.run(f"{header}.firstChild.click()")
    assert page.run(NAMES) == before
    assert page.run(f"{header}.getAttribute('aria-sort')") == "none"
    assert page.complaints == []


@pytest.mark.parametrize(("column", "first"), [(0, "add"), (2, "conv1"), (6, "conv1")])
def test_names_shapes_and_fields_sort_too(page: Page, column: int, first: str) -> None:
    page.run(f"document.querySelectorAll('#layers thead button')[{column}].click()")
    if column == 6:  # the smallest receptive field last
        assert page.run(f"{NAMES}.at(-1)") == first
    elif column == 2:  # 64x112x112 is the largest map
        assert page.run(f"{NAMES}[0]") == first
    else:
        names = page.run(NAMES)
        assert names == sorted(names)


def test_all_of_it_works_by_the_keyboard(page: Page) -> None:
    before = page.run(NAMES)
    reach(page, "document.querySelector('#memory summary')")
    page.key("Enter")
    assert page.run("document.getElementById('memory').open") is False
    reach(page, "document.querySelectorAll('#layers thead button')[4]")
    page.key("Enter")
    assert page.run(MACS) == sorted(page.run(MACS), reverse=True)
    page.key(" ")
    page.key(" ")
    assert page.run(NAMES) == before
    reach(page, "document.querySelector('tr.block button')")
    page.key(" ")
    assert page.run(NAMES) == [name for name in before if not name.startswith("layer1.")]
    assert page.run("document.activeElement.textContent") == "layer1"  # the focus stays
    assert page.complaints == []


def test_light_and_dark_are_readable(page: Page) -> None:
    colours = []
    for dark in (False, True):
        page.dark(dark)
        colours.append(
            page.run(
                "['body', '.cnn-text', '.cnn-layer', '.cnn-ground', '.mem-ground',"
                " '.mem-text'].map(s => { const c = getComputedStyle(document.querySelector(s));"
                " return s === 'body' ? c.backgroundColor : c.fill })"
            )
        )
    assert all(a != b for a, b in zip(*colours, strict=True))
    for body, text, box, ground, table, words in colours:
        assert body == ground == table
        assert contrast(text, box) >= 4.5  # what WCAG 2 asks of text
        assert contrast(words, table) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2.1."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    numbers = [int(n) / 255 for n in colour[4:-1].split(",")]
    linear = [n / 12.92 if n <= 0.03928 else ((n + 0.055) / 1.055) ** 2.4 for n in numbers]
    return sum(w * n for w, n in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("name", ["resnet50", "unet", "retinanet_resnet50_fpn"])
def test_text_stays_within_its_box_in_the_browsers_own_font(
    browser: Page, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.svg").write_text(cnnspec.load(name).draw(), encoding="utf-8")
    browser.open(tmp_path / "a.svg")
    wide = browser.run(
        """[...document.querySelectorAll('g.cnn-box')].flatMap(g => {
        const box = g.querySelector('rect:last-of-type').getBBox();
        return [...g.querySelectorAll('text:not(.cnn-letter)')].map(t => t.getBBox())
            .filter(t => t.x < box.x || t.x + t.width > box.x + box.width).length;
        }).reduce((a, b) => a + b, 0)"""
    )
    assert wide == 0
    assert browser.run("document.querySelectorAll('g.cnn-box').length") > 5
