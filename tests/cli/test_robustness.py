"""The command line with hostile input: exit code 2 and a message, no traceback, no hang."""

import csv
import io
import json
import os
import resource
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cnnspec
from cnnspec.problems import RequestError

CNNSPEC = [sys.executable, "-m", "cnnspec"]
HEAD = 'name = "n"\ninput = [3, 8, 8]\n'
MEMORY = 500 * 2**20


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(
    *args: str, cwd: Path | None = None, limit: bool = False, **env: str
) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own, in at most 20 s."""
    return subprocess.run(
        [*CNNSPEC, *args],
        capture_output=True,
        cwd=cwd,
        env=os.environ | env,
        timeout=120,
        preexec_fn=limited if limit else None,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[bytes]) -> str:
    """The message of a refused request; asserts that it is refused."""
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert done.stdout == b""
    assert said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["table"],
        ["table", "nonsense"],
        ["table", "lenet5", "more"],
        ["table", "lenet5", "--format", "pdf"],
        ["table", "lenet5", "--columns", "nonsense"],
        ["table", "lenet5", "--columns", ","],
        ["table", "lenet5", "--columns", " "],
        ["table", "lenet5", "--columns", "layer,params,layer"],
        ["table", "lenet5", "--columns", "layer", "--preset", "summary"],
        ["table", "lenet5", "--columns", "layer,\x1b[31m"],
        ["table", "lenet5", "--columns", "layer", "--format", "json"],
        ["table", "lenet5", "--depth", "0"],
        ["table", "lenet5", "--depth", "x"],
        ["table", "lenet5", "--max-lines", "0"],
        ["table", "lenet5", "--max-lines", "3"],
        ["table", "lenet5", "--max-lines", "9" * 5000],
        ["table", "lenet5", "--set", "nonsense=1"],
        ["table", "lenet5", "--set", "classes"],
        ["table", "lenet5", "--set", "=1"],
        ["table", "lenet5", "--set", "\x1b[31m=1"],
        ["table", "lenet5", "--input", ""],
        ["table", "lenet5", "--input", "1"],
        ["table", "lenet5", "--input", "0,32,32"],
        ["table", "lenet5", "--input", "-1,32,32"],
        ["table", "lenet5", "--input", "1,3.5,32"],
        ["table", "lenet5", "--input", "1,32,nan"],
        ["table", "lenet5", "--input", "999999999999,1,1"],
        ["table", "lenet5", "--input", ",".join(["1"] * 9)],
        ["table", "lenet5", "--input", "2147483647,2147483647,2147483647"],
        ["table", "lenet5", "--input", "1" * 9999],
        ["table", "lenet5", "--input", "１,３２,３２"],
        ["table", "lenet5", "--input", "x"],
        ["explain", "lenet5", "nonsense"],
        ["explain", "lenet5", "\x1b[31m"],
        ["explain", "lenet5", "--format", "html"],
        ["table", "."],
        ["table", "/dev/zero"],
        ["table", "/"],
        ["table", "../../etc/passwd"],
        ["table", "vgg.toml:nonsense"],
        ["diff", "lenet5"],
        ["diff", "lenet5", "nonsense"],
        ["diff", "lenet5", "lenet5@nonsense"],
        ["diff", "lenet5", "lenet5@\x1b[31m"],
        ["diff", "lenet5", "/dev/zero@HEAD"],
        ["sizes"],
        ["sizes", "lenet5", "--up-to", "0"],
        ["sizes", "lenet5", "--input", "*"],
        ["sizes", "mlp_mnist", "--input", "7"],
        ["lock", "nonsense"],
        ["lock", "/dev/zero"],
        ["new", "/"],
        ["new", "/proc/x.toml"],
        ["new", "\x1b.toml"],
        ["list", "--nonsense"],
        ["list", "a", "b"],
    ],
)
def test_requests_that_cannot_be_understood(args: list[str]) -> None:
    said = refused(run(*args))
    assert all(c.isprintable() or c == "\n" for c in said)


@pytest.mark.parametrize(
    "value",
    [
        "9" * 5000,
        "0x" + "f" * 9999,
        "[" * 5000,
        "{9**9**9}",
        "nan",
        "inf",
        "1e400",
        "",
        "{",
        "true",
        "-1",
        "0",
        "[1]",
        "'x'",
        "\x1b",
        "2147483648",
        "1\nb = 2",
        "1 # comment",
        "{x}",
        "1979-05-27",
        "{a = 1}",
    ],
)
def test_odd_settings(tmp_path: Path, value: str) -> None:
    line = '{ name = "a", op = "conv", out_channels = "{width}", kernel_size = 1 }'
    (tmp_path / "n.toml").write_text(f"{HEAD}args.width = 4\nlayers = [{line}]")
    done = run("table", "n.toml", "--set", f"width={value}", cwd=tmp_path)
    if done.returncode:
        assert all(c.isprintable() or c == "\n" for c in refused(done))
    else:
        assert value in ("1 # comment",)


@pytest.mark.parametrize(
    "text",
    [
        'layers = [{ name = "a", op = "relu", repeat = 1000000000 }]',
        'layers = [{ name = "a", op = "conv", out_channels = "{9**9**9}", kernel_size = 1 }]',
        "x." * 300_000 + "y = 1",
        "x = " + "[" * 500_000,
        "args.x = 0x" + "f" * 900_000,
        "args.a0 = [1, 1]\n"
        + "".join(f'args.a{i + 1} = ["{{a{i}}}", "{{a{i}}}"]\n' for i in range(40)),
        "layers = [" + '{ name = "a", op = "rel" },' * 30_000 + "]",
        'layers = [{ name = "a", op = "concat", repeat = 20000, from = ['
        + '"previous",' * 60_000
        + "] }]",
    ],
)
def test_the_worst_specs_in_half_a_gigabyte(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.toml").write_text(HEAD + text)
    refused(run("table", "n.toml", cwd=tmp_path, limit=True))


@pytest.mark.parametrize(
    "line",
    [
        'op = "conv", out_channels = 1, kernel_size = 2147483647, padding = "half"',
        'op = "upsample", size = 2147483646',
        (
            'op = "conv_transpose", out_channels = 1, kernel_size = 2147483647, stride = 1000003,'
            " padding = 1073741823"
        ),
        'op = "adaptive_avgpool", output_size = 2147483646',
        'op = "relu", repeat = 4900',
    ],
)
def test_the_largest_networks_in_half_a_gigabyte(tmp_path: Path, line: str) -> None:
    (tmp_path / "n.toml").write_text(
        f'name = "n"\ninput = [1, 2147483647]\nlayers = [{{ name = "a", {line} }}]'
    )
    done = run("table", "n.toml", "--format", "json", cwd=tmp_path, limit=True)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["layers"][0]["name"].startswith("a")


HOSTILE = '\\u001b[31m<b>&\\"|$x$_{%}\\\\end{x}`*#~^\\u202e\\u009b\\u007f\\u0000\\n=1+1'


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "html", "csv", "json"])
def test_hostile_text_is_shown_escaped(tmp_path: Path, format: str) -> None:
    name = "=cmd|' /C calc'!A0".replace("'", "").replace("/", "")
    spec = f"""
title = "{HOSTILE}"
source = "{HOSTILE}"
layers = [
  {{ name = "{name}", op = "relu" }},
  {{ name = "<script>$_{{{{%}}}}", op = "relu" }},
  {{ name = "@SUM(1+1)*cmd", op = "relu" }},
]
"""
    (tmp_path / "n.toml").write_text(HEAD + spec)
    done = run("table", "n.toml", "--format", format, cwd=tmp_path)
    page = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert all(c.isprintable() or c == "\n" for c in page)
    if format == "html":
        assert Tags(page).found <= {
            "table",
            "caption",
            "strong",
            "br",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "p",
        }
    if format == "latex":
        assert "\\end{x}" not in page
        assert not set("$<") & set(page.replace(r"\$", "").replace(r"$\times$", ""))
    if format == "markdown":
        assert "<script>" not in page
        assert (
            len(
                {
                    line.replace("\\|", "").count("|")
                    for line in page.splitlines()
                    if line.startswith("|")
                }
            )
            == 1
        )
    if format == "csv":
        cells = [cell for row in csv.reader(io.StringIO(page)) for cell in row]
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_missing_extra_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(RequestError, match=r"pip install 'cnnspec\[report\]'"):
        cnnspec.load("lenet5").to_frame()
