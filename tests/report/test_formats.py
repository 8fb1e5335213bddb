"""Every format of a table can be parsed, whatever names and titles contain."""

import csv
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from textwrap import wrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tabulate import tabulate

from cnnspec import load
from cnnspec.api import Network
from cnnspec.report.explain import render_explanations
from cnnspec.report.formats import ESCAPES, WIDTH, render_grid, wrap_lines
from cnnspec.report.presets import PRESETS
from cnnspec.report.table import render_table
from tests.written import network

HOSTILE = network(
    '{ name = "a|b_c$&<i>#%~^", op = "conv", out_channels = 4, kernel_size = 3 },',
    top='title = "<b>5 % of $x_1$ & \\"more\\"</b> | `code` }{ \\\\end{tabular}"',
)
NAMES = ["lenet5", "lenet5_geron", "hostile"]


def net_of(name: str) -> Network:
    return HOSTILE if name == "hostile" else load(name)


class Tags(HTMLParser):
    """The tags that stay open, and the texts of cells."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


CELLS = st.text(alphabet="a1 <&%|–×,.$", max_size=8)


@given(st.data(), st.integers(1, 4))
def test_pages_are_laid_out_as_tabulate_lays_them_out(data: st.DataObject, columns: int) -> None:
    row = st.lists(CELLS, min_size=columns, max_size=columns)
    head = [cell.strip() for cell in data.draw(row)]
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    right = data.draw(st.lists(st.booleans(), min_size=columns, max_size=columns))
    align = ["right" if r else "left" for r in right]
    for format, style in (("markdown", "pipe"), ("html", "unsafehtml"), ("latex", "latex_raw")):
        escape = ESCAPES[format]
        cells = [[escape(cell) for cell in row] for row in rows]
        plain = tabulate(
            cells, [*map(escape, head)], tablefmt=style, disable_numparse=True, colalign=align
        )
        expected = re.sub(r"(?<=>) +| +(?=<)", "", plain) if format == "html" else plain
        if format == "latex":
            for rule in ("top", "mid", "bottom"):
                expected = expected.replace(r"\hline", rf"\{rule}rule", 1)
        assert render_grid(head, rows, right, format) == expected


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("name", NAMES)
def test_csv_parses_into_a_row_a_layer(name: str, preset: str) -> None:
    net = net_of(name)
    headings, *rows = csv.reader(io.StringIO(render_table(net, "csv", preset)))
    assert headings == list(PRESETS[preset])
    assert all(len(row) == len(headings) for row in rows)
    if preset == "summary":
        assert [row[0] for row in rows] == [r.name for r in net.layers]
        assert sum(int(row[3]) for row in rows) == net.totals.params


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("name", NAMES)
def test_html_is_balanced_and_its_cells_are_those_of_text(name: str, preset: str) -> None:
    net = net_of(name)
    page = Tags(render_table(net, "html", preset))
    assert page.open == []
    shown = render_table(net, "text", preset)
    assert len(page.cells) >= 2 * len(PRESETS[preset])
    assert all(word in shown for cell in page.cells for word in cell.split())


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("name", NAMES)
def test_markdown_has_as_many_cells_in_each_line(name: str, preset: str) -> None:
    lines = [
        line
        for line in render_table(net_of(name), "markdown", preset).splitlines()
        if line.startswith("|")
    ]
    counts = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert counts == {len(PRESETS[preset]) + 1}


def unescaped(text: str, character: str) -> int:
    return len(re.findall(rf"(?<!\\){re.escape(character)}", text))


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("name", NAMES)
def test_latex_is_a_booktabs_table_with_balanced_braces(name: str, preset: str) -> None:
    page = render_table(net_of(name), "latex", preset)
    body = "\n".join(line for line in page.splitlines() if not line.startswith("%"))
    assert unescaped(body, "{") == unescaped(body, "}")
    rules = re.findall(r"^\\(\w+rule)$", body, re.M)
    assert rules == [
        "toprule",
        "midrule",
        *["midrule"] * (preset in ("summary", "full")),
        "bottomrule",
    ]
    assert r"\hline" not in body
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert {unescaped(row, "&") for row in rows} == {len(PRESETS[preset]) - 1}
    assert not any(unescaped(body, character) for character in "%#_^~")


@pytest.mark.skipif(
    not shutil.which("pdflatex"), reason="pdflatex is not installed: LaTeX is not compiled"
)
def test_latex_compiles(tmp_path: Path) -> None:
    pages = [render_table(net_of(name), "latex", preset) for name in NAMES for preset in PRESETS]
    pages += [render_explanations(net_of(name), "", "latex") for name in NAMES]
    start = r"\documentclass{article}\usepackage{booktabs,amsmath}\begin{document}"
    text = "\n\n".join([start, *pages, r"\end{document}"])
    (tmp_path / "page.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize("width", [1, 55])
def test_text_is_laid_out_as_tabulate_lays_it_out(width: int, total: bool) -> None:
    rows = [["a" * width, "1", ""], ["b", "22,333", "x y"], ["", "4", "–"]]
    page = render_grid(
        ["Layer", "Many parameters", "Padding"], rows, [False, True, False], "text", total
    )
    heads = (
        [["Layer", "Many parameters", "Padding"]]
        if width == 1
        else [["", "Many", ""], ["Layer", "parameters", "Padding"]]
    )
    simple = tabulate(
        [*heads, *rows],
        tablefmt="simple",
        disable_numparse=True,
        colalign=("left", "right", "left"),
    )
    rule, *lines, _ = map(str.rstrip, simple.splitlines())
    lines.insert(len(heads), rule)
    assert page.splitlines() == (lines if not total else [*lines[:-1], rule, lines[-1]])


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize(
    "name", ["lenet5", "alexnet_torchvision", "keras_cifar_cnn", "cnn_1d", "resnet50"]
)
def test_csv_holds_data_and_no_typography(name: str, preset: str) -> None:
    _, *rows = csv.reader(io.StringIO(render_table(load(name), "csv", preset)))
    cells = {cell for row in rows for cell in row}
    assert not [cell for cell in cells if re.search(r"\d,\d|[–×…?]", cell)]


def test_csv_of_the_textbook_columns() -> None:
    columns = [
        "layer",
        "maps",
        "size",
        "kernel_size",
        "stride",
        "padding",
        "activation",
        "elementwise",
    ]
    text = render_table(load("alexnet_torchvision"), "csv", columns=columns)
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(text))}
    assert rows["conv1"][:6] == ["64", "55x55", "11x11", "4", "2", "ReLU"]
    assert rows["fc6"][:6] == ["", "4096", "", "", "", "ReLU"]
    assert rows["pool5"] == [
        "256",
        "6x6",
        "3x3",
        "2",
        "VALID",
        "",
        f"comparisons={256 * 6 * 6 * (9 - 1)}",
    ]


def test_csv_of_folded_rows_has_their_number_apart_from_their_name() -> None:
    net = network('{ name = "a", op = "relu", repeat = 3 },')
    headings, row = csv.reader(
        io.StringIO(render_table(net, "csv", columns=["layer", "params"], depth=1))
    )
    assert dict(zip(headings, row, strict=True)) == {
        "layer": "a.0",
        "params": "0",
        "times": "3",
        "last": "a.2",
    }


@pytest.mark.parametrize(
    "word",
    [
        "plain",
        "squeeze-and-excitation",
        "two  blanks",
        "a\ttab",
        "\u2003",
        "x" * WIDTH,
        "y" * (WIDTH + 1),
    ],
)
def test_lines_are_broken_as_textwrap_breaks_them(word: str) -> None:
    """Wherever the word stands in a line, and whatever follows it."""
    for n in range(WIDTH + 3):
        before = "a " * (n // 2) + "b" * (n % 2)
        for line in (before + word, f"{before} {word} {'cd ' * 40}e"):
            assert wrap_lines([line, "end"]) == [*wrap(line, WIDTH), "end"], n
