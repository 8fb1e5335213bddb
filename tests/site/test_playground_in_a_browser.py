"""The playground in a real Chromium: types a spec and watches shapes, problems, links and keys."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnspec.site.libraries import find_libraries
from cnnspec.site.write import write_site
from tests.browser import CONTROL, Page
from tests.site.libraries_of_npm import node_modules

pytestmark = pytest.mark.long
SPEC = """name = "small"
input = [3, 32, 32]
layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 3 },
  { name = "b", op = "maxpool", kernel_size = 2 },
]
"""
READY = "document.body.dataset.ready"
HINTS = "[...document.querySelectorAll('.inlay')].map(hint => hint.textContent)"
EDITOR = "document.querySelector('.cm-content')"
TEXT = (  # hints at the ends of lines are no text
    "[...document.querySelectorAll('.cm-line')].map(line => [...line.childNodes]"
    ".filter(part => !part.classList?.contains('inlay')).map(part => part.textContent).join(''))"
    ".join('\\n')"
)
PROBLEMS = "document.getElementById('problems').textContent"
CONTRASTS = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => {
    const part = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [x, y, z] = [r, g, b].map(v => part(v / 255));
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const ground = element => {
    for (let one = element; one; one = one.parentElement) {
      const found = channels(getComputedStyle(one).backgroundColor);
      if (found[3] > .5) return found;
    }
    return [255, 255, 255, 1];
  };
  const low = [];
  for (const one of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !one.checkVisibility() || one.closest(".sr, .skip, noscript, option")) continue;
    const [a, b] = [light(channels(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push(`${one.tagName}.${one.className}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(low)];
})()"""


TIMES = """(async () => {
  const hint = () => document.querySelectorAll(".inlay:not(.stale)")[1]?.textContent;
  const times = [];
  for (const [stride, shape] of [[2, "4x15x15"], [1, "4x30x30"], [2, "4x15x15"], [1, "4x30x30"]]) {
    const start = performance.now();
    document.execCommand("delete");
    document.execCommand("insertText", false, stride);
    while (!hint()?.startsWith(shape)) await new Promise(requestAnimationFrame);
    times.push(Math.round(performance.now() - start));
    await new Promise(done => setTimeout(done, 200));
  }
  return times;
})()"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a playground whose libraries are local."""
    modules = node_modules(tmp_path_factory.mktemp("npm"))
    folder = tmp_path_factory.mktemp("site") / "below"  # links work in any folder
    write_site(str(folder), find_libraries(f"{modules}/pyodide", str(modules)), "", zoo=False)
    handler = functools.partial(QuietHandler, directory=str(folder.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/below/playground.html"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[Page]:
    with Page(tmp_path_factory.mktemp("profile")) as page:
        page.size(1400)
        page.visit(address)
        page.wait(READY)
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    """The playground with a small spec, the cursor at its start."""
    browser.complaints.clear()
    browser.run(f"{EDITOR}.focus()")
    replace_text(browser, SPEC)
    browser.wait(f"{HINTS}[1] === '4x30x30, 112 params, 97,200 MACs'")
    return browser


def replace_text(page: Page, text: str) -> None:
    page.key("a", CONTROL)
    page.ask("Input.insertText", text=text)


def go_to(page: Page, line: int) -> None:
    """Put the cursor at the end of a line, counted from 0."""
    page.key("Home", CONTROL)
    for _ in range(line):
        page.key("ArrowDown")
    for _ in range(2):  # the first goes to the end of the row of a line that is wrapped
        page.key("End")


def test_a_stride_that_is_typed_changes_the_shapes(page: Page) -> None:
    go_to(page, 3)
    for _ in range(3):
        page.key("ArrowLeft")
    page.write(", stride = 2")
    page.wait(f"{HINTS}[1].startsWith('4x15x15')")
    page.wait("document.getElementById('view').textContent.includes('4x15x15')")
    page.wait("document.getElementById('explanation').textContent.includes('15')")
    assert page.run(HINTS)[2].startswith("4x7x7")
    assert page.complaints == []


def test_how_long_it_takes_from_a_key_to_the_shapes(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_text(page, SPEC.replace("kernel_size = 3 }", "kernel_size = 3, stride = 1 }"))
    page.wait(f"{HINTS}[1]?.startsWith('4x30x30')")
    go_to(page, 3)
    for _ in range(3):
        page.key("ArrowLeft")
    times = page.run(TIMES)
    with capsys.disabled():  # a measurement: the machine may be busy
        print(f"\nplayground: first load {page.run(READY)} s; from a key to the shapes {times} ms")
    assert len(times) == 4


def test_a_mistake_shows_its_message_at_its_place_and_is_mended_by_a_button(page: Page) -> None:
    replace_text(page, SPEC.replace('"maxpool"', '"maxpol"'))
    page.wait(f"{PROBLEMS}.includes('maxpol')")
    assert page.run("document.querySelector('.cm-lintRange-error').textContent") == '"maxpol"'
    assert "error in line 5, column 22" in page.run(PROBLEMS)
    assert not page.run("document.getElementById('stale').hidden")
    page.run("document.querySelector('#problems .fix').click()")
    page.wait(f"!{PROBLEMS}")
    assert '"maxpool"' in page.run(TEXT)
    assert page.run("document.getElementById('stale').hidden")
    assert page.complaints == []


def test_a_line_is_written_by_completion_and_keyboard_alone(page: Page) -> None:
    def choose(text: str, offered: str) -> None:
        page.write(text)
        page.wait(
            "document.querySelector('.cm-tooltip-autocomplete [aria-selected]')"
            f"?.textContent.startsWith('{offered}')"
        )
        page.run("new Promise(done => setTimeout(done, 120))")  # CodeMirror ignores earlier keys
        page.key("Enter")

    go_to(page, 4)
    page.key("Enter")
    choose("{ na", "name")
    page.write('"c"')
    choose(", o", "op")
    choose('"avg', "avgpool")  # the cursor steps over the quote
    choose(", k", "kernel_size")
    page.write("3")
    page.wait(f"{HINTS}[3]?.startsWith('4x5x5')")
    assert '{ name = "c", op = "avgpool", kernel_size = 3}' in page.run(TEXT)
    page.key("Tab")
    assert page.run(f"document.activeElement !== {EDITOR}")
    assert page.complaints == []


def test_a_link_restores_the_spec_and_leaves_nothing_out(page: Page, address: str) -> None:
    text = SPEC + "# ≥ “é” 𝛼\n"
    replace_text(page, text)
    page.wait("location.hash.startsWith('#spec=')")
    page.run("new Promise(done => setTimeout(done, 700))")
    link = page.run("location.href")
    assert link.startswith(f"{address}#spec=")
    page.run("document.getElementById('new').click()")
    page.wait(f"{TEXT}.includes('my_network') && location.href !== '{link}'")
    page.run(f"location.href = '{link}'; 1")
    page.wait(f"{TEXT}.includes('small')")
    assert page.run(TEXT) == text
    page.run("location.hash = '#spec=AAAA'; 1")
    page.wait("document.getElementById('status').textContent.includes('no whole spec')")
    assert page.run(TEXT) == text
    assert page.complaints == []


def test_a_network_of_the_zoo_opens_and_its_variants_can_be_chosen(page: Page) -> None:
    page.run("document.getElementById('network').focus()")
    page.write("resnet34")
    page.key("Enter")
    page.wait("document.title.startsWith('ResNet-34')")
    assert page.run("document.getElementById('variant').value") == "resnet34"
    page.run(
        "(v => { v.value = 'resnet18'; v.dispatchEvent(new Event('change')) })"
        "(document.getElementById('variant'))"
    )
    page.wait("document.getElementById('view').textContent.includes('11,689,512')")
    assert page.complaints == []


def test_views_are_reached_by_keyboard(page: Page) -> None:
    page.run("document.getElementById('tab-table').focus()")
    page.key("ArrowRight")
    page.wait("document.querySelector('#view svg title')?.textContent.includes('small')")
    page.key("ArrowRight")
    page.wait("document.querySelectorAll('#view svg').length === 2")
    page.key("ArrowRight")
    page.wait("document.querySelector('#view table')")
    assert page.run("document.activeElement.id") == "tab-table"
    assert page.complaints == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_and_can_be_read(page: Page, dark: bool, width: int) -> None:
    replace_text(page, SPEC.replace("kernel_size = 2", "kernel_size = 0"))
    page.wait(f"{PROBLEMS}.includes('kernel_size')")
    page.dark(dark)
    page.size(width)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run(CONTRASTS) == []
    page.size(1400)
    page.dark(False)
    assert page.complaints == []


def test_every_control_has_a_name(page: Page) -> None:
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "textbox", "combobox", "tab", "link", "searchbox"}
    unnamed = [
        node
        for node in nodes
        if node.get("role", {}).get("value") in controls
        and not node.get("ignored")
        and not node.get("name", {}).get("value")
    ]
    assert unnamed == []


def test_without_codemirror_a_text_field_takes_its_place(
    page: Page, address: str, tmp_path: Path
) -> None:
    page.ask("Network.enable")
    page.ask("Network.setBlockedURLs", urls=["*codemirror*"])
    try:
        page.visit(f"{address}?plain")
        page.wait(READY)
        area = "document.getElementById('text')"
        assert "my_network" in page.run(f"{area}.value")
        page.run(f"{area}.focus(); {area}.select()")
        page.ask("Input.insertText", text=SPEC.replace('"maxpool"', '"maxpol"'))
        page.wait(f"{PROBLEMS}.includes('maxpol')")
        page.run("document.querySelector('#problems .fix').click()")
        page.wait("document.getElementById('view').textContent.includes('4x15x15')")
    finally:
        page.ask("Network.setBlockedURLs", urls=[])
