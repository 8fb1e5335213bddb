"""The HTML page of a network: complete, escaped, small, and without external resources."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.analyses.memory.allocations import Event
from cnnspec.api import Network, networks
from cnnspec.cli import cli
from cnnspec.report.cells import op_with_parts
from cnnspec.report.html_page import render_html_report
from cnnspec.report.html_rows import MOST, nest_rows, rows_that_fit
from cnnspec.report.timeline import MAX_POINTS, outline_indices, timeline_points
from cnnspec.units import format_count
from tests.support import graph_of

ZOO = [name for names in networks().values() for name in names]
MEGABYTE = 10**6
VOID = {"meta", "input", "br"}


class Reader(HTMLParser):
    """The elements of a page with their attributes; ``rows`` are the texts of the table's cells."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & {*self.open}:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "retinanet_resnet50_fpn"])
def test_the_table_has_every_row_and_blocks_have_their_sums(name: str) -> None:
    net = cnnspec.load(name)
    reader = Reader(render_html_report(net))
    head, *rows = reader.rows
    assert head == [
        "Layer",
        "Op",
        "Output",
        "Params",
        "MACs",
        "Allocated, bytes",
        "Receptive field",
    ]
    cells = {row[0]: row for row in rows}
    assert len(cells) == len(rows)
    for row in net.layers:
        assert cells[row.name][1:5] == [
            op_with_parts(row),
            "x".join(map(str, row.output)),
            format_count(row.params),
            format_count(row.macs),
        ]
    trails = [row.nodes[0].call.trail for row in net.layers]
    blocks = {".".join(trail[: i + 1]) for trail in trails for i in range(len(trail))}
    assert cells.keys() - {row.name for row in net.layers} == blocks
    for block in blocks:
        inside = [row for row in net.layers if row.name.startswith(f"{block}.")]
        assert cells[block][3:5] == [
            format_count(sum(r.params for r in inside)),
            format_count(sum(r.macs for r in inside)),
        ]


def test_what_is_allocated_is_what_the_plan_says() -> None:
    net = cnnspec.load("lenet5")
    _, *rows = Reader(render_html_report(net, batch=3)).rows
    events = net.memory(3).logs["training"].events
    first = sum(
        e.bytes for e in events if e.bytes > 0 and e.phase == "forward" and e.node.startswith("C1")
    )
    assert rows[0][5] == format_count(first)
    assert (
        first >= 2 * 3 * 6 * 28 * 28 * 4
    )  # the convolution's map and its tanh, of three examples in float32


def test_nothing_is_fetched_and_nothing_runs_but_its_own_script() -> None:
    page = render_html_report(cnnspec.load("resnet18"))
    reader = Reader(page)
    assert [tag for tag, _ in reader.tags].count("script") == 1
    given = [
        (name, value or "") for _, attributes in reader.tags for name, value in attributes.items()
    ]
    assert not [
        name for name, _ in given if name in ("src", "href", "srcset") or name.startswith("on")
    ]
    assert {value.rstrip("0123456789") for name, value in given if name == "style"} == {"--level:"}
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


def test_hostile_names_stay_text() -> None:
    evil = "{{rows}}</title></script><script>alert(1)</script>\\u001b\\u202e"
    text = f"""
title = "{evil}"
source = "{evil}"
layers = [{{ name = "<img src=x onerror=alert(1)>&", op = "relu" }}]
"""
    page = render_html_report(Network(graph_of(text)))
    tags = [tag for tag, _ in Reader(page).tags]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert page.replace("\n", "").isprintable()
    assert "{{rows}}" in page


def test_a_network_whose_memory_nobody_knows_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise cnnspec.RequestError("the memory of relu has not been measured yet")

    monkeypatch.setattr("cnnspec.report.html_page.plan_memory", unknown)
    page = render_html_report(cnnspec.load("lenet5"))
    assert "The memory of this network is not planned: the memory of relu" in page
    assert "Training peak" not in page
    assert all(row[5] == "–" for row in Reader(page).rows[1:])


def test_large_networks_are_folded_and_say_so() -> None:
    net = cnnspec.load("nasnetalarge")
    page = render_html_report(net)
    assert len(page.encode()) < MEGABYTE
    assert "981 layers: to keep the page small, layers more than 2 levels deep are folded" in page
    assert len(Reader(page).rows) < 2 * MOST
    rows, depth = rows_that_fit(net)
    outermost = [line for line in nest_rows(rows, depth, {}) if line.up < 0]
    assert sum(line.counts[0] for line in outermost) == net.totals.params
    assert sum(line.counts[1] for line in outermost) == net.totals.macs


@pytest.mark.long
@pytest.mark.parametrize("name", ZOO)
def test_every_page_of_the_zoo_is_whole_and_below_a_megabyte(name: str) -> None:
    net = cnnspec.load(name)
    page = render_html_report(net)
    assert len(page.encode()) < MEGABYTE
    assert format_count(net.totals.params) in page
    assert Reader(page).rows


def test_the_command_writes_it(tmp_path: Path) -> None:
    written = tmp_path / "a.html"
    done = CliRunner().invoke(
        cli, ["report", "resnet18", "--html", str(written), "--set", "classes=7", "--batch", "4"]
    )
    assert (done.exit_code, done.output) == (0, "")
    page = written.read_text(encoding="utf-8")
    assert "batch 4, float32, no optimizer" in page
    assert Reader(page).rows[-1][2] == "7"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5"], "takes its name and --html"),
        (["--html", "a.html"], "takes its name and --html"),
        (["--set", "classes=7"], "takes its name and --html"),
        (["lenet5", "--html", "a.html", "--check"], "takes its name and --html"),
        (["lenet5", "--html", "a.pdf"], "--html writes a file.html, not 'a.pdf'"),
        (["lenet5", "--html", "no/such/folder/a.html"], "cannot be written"),
        (["lenet", "--html", "a.html"], "there is no network 'lenet'"),
    ],
)
def test_what_is_no_request_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(cnnspec.RequestError, match=message):
        CliRunner().invoke(cli, ["report", *arguments], catch_exceptions=False)


@given(st.lists(st.integers(-50, 60), min_size=1, max_size=9000), st.integers(100, 10**6))
@settings(max_examples=30, deadline=None)
def test_an_outline_of_many_moments_keeps_the_highest_and_lowest_everywhere(
    steps: list[int], ground: int
) -> None:
    found = timeline_points((Event(n, "a", "forward") for n in steps), ground)
    kept = outline_indices(found)
    assert kept == sorted({*kept})
    assert len(kept) <= MAX_POINTS + 2
    assert {0, len(found) - 1} <= {*kept}
    live = [m.live for m in found]
    for i in range(0, len(found), 500):  # in any stretch that is wider than a few pixels
        part = live[i : i + 500]
        inside = [live[k] for k in kept if i - 20 <= k < i + 520]
        assert min(inside) <= min(part)
        assert max(inside) >= max(part)
