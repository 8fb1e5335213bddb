"""Text tables fit a terminal of 80 columns, and say what they left out for that."""

import os
import sys
from functools import cache

import pytest
from click.testing import CliRunner

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.api import Network, load, load_zoo
from cnnspec.cli import cli
from cnnspec.cli.output import page_width
from cnnspec.report.formats import render_grid
from cnnspec.report.table import render_table
from cnnspec.units import format_count

WIDE = 1000
LEFT_OUT = "RF is left out"
ROUNDED = "MACs are rounded"


@cache
def zoo() -> list[Network]:
    return [*load_zoo()]


def width(page: str) -> int:
    return max(map(len, page.splitlines()))


def find_row(net: NetworkCosts, page: str, name: str) -> str:
    """The line of a row, joined with the next where the name has a line of its own."""
    lines = page.splitlines()
    at = next(i for i, line in enumerate(lines) if line.split() and line.split()[0] == name)
    return lines[at] if lines[at] != name else lines[at + 1]


@pytest.mark.parametrize("depth", [None, 2])
def test_the_default_table_of_every_network_fits_80_columns(depth: int | None) -> None:
    wide = {net.name: width(render_table(net, depth=depth)) for net in zoo()}
    assert max(wide.values()) <= 80, {name: n for name, n in wide.items() if n > 80}


def test_a_table_shows_all_that_it_does_not_say_it_left_out() -> None:
    seen = set()
    for net in zoo():
        page = render_table(net)
        seen.add((LEFT_OUT in page, ROUNDED in page))
        whole = render_table(net, width=WIDE)
        assert LEFT_OUT not in whole
        assert ROUNDED not in whole
        biggest = max(net.layers, key=lambda r: r.macs)
        row = find_row(net, page, biggest.name).split()
        assert biggest.op in row[0] + row[1]
        assert format_count(biggest.params) in row
        assert (format_count(biggest.macs) in row) == (ROUNDED not in page)
        assert format_count(net.totals.macs) in page
        assert page.startswith(whole[: whole.index("\n\n")])
    assert seen == {(False, False), (True, False), (True, True)}


def test_every_name_is_whole_in_the_widest_table() -> None:
    net = load("nasnetalarge")
    words = render_table(net).split()
    assert [row.name for row in net.layers if row.name not in words] == []


def test_asked_for_columns_are_all_shown_exactly() -> None:
    columns = ["layer", "op", "output", "params", "macs", "receptive_field"]
    page = render_table(load("densenet201"), columns=columns)
    assert LEFT_OUT not in page
    assert "115,605,504" in page
    assert " 11x11" in page


@pytest.mark.parametrize("format", ["markdown", "latex", "html", "csv"])
def test_other_formats_have_no_width(format: str) -> None:
    net = load("densenet201")
    assert render_table(net, format, width=80) == render_table(net, format, width=WIDE)


@pytest.mark.parametrize("command", [["list"], ["table", "nasnetalarge"]])
def test_commands_fit_80_columns_in_a_pipe(command: list[str]) -> None:
    assert width(CliRunner().invoke(cli, command).output) <= 80


def test_a_long_name_has_its_own_line_only_where_that_makes_the_table_fit() -> None:
    def grid(name: str, rest: int) -> list[str]:
        rows = [[name, "1"], ["short", "2"]]
        return render_grid(["Name", "x" * rest], rows, [False, True], "text").splitlines()

    assert grid("n" * 20, 20)[2].split() == ["n" * 20, "1"]
    assert grid("n" * 70, 20)[2:] == ["n" * 70, "1".rjust(80), "short" + "2".rjust(75)]
    assert grid("n" * 70, 75)[2].split() == ["n" * 70, "1"]


def test_a_terminal_sets_the_width_and_a_pipe_has_80(monkeypatch: pytest.MonkeyPatch) -> None:
    pty = pytest.importorskip("pty")
    fcntl, struct, termios = map(pytest.importorskip, ("fcntl", "struct", "termios"))
    outer, inner = pty.openpty()
    reader, writer = os.pipe()
    with os.fdopen(inner, "w") as terminal, os.fdopen(writer, "w") as pipe:
        for columns, expected in ((200, 200), (40, 80)):
            fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            monkeypatch.setattr(sys, "stdout", terminal)
            assert page_width() == expected
        monkeypatch.setattr(sys, "stdout", pipe)
        assert page_width() == 80
    os.close(outer)
    os.close(reader)
