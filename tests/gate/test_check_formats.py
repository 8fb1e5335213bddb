"""Each format of cnnspec check is well-formed, and has every finding, its place and fingerprint."""

import json
from pathlib import Path

import pytest

from cnnspec.problems import RequestError
from cnnspec.report.presets import FINDINGS
from tests.gate import formats
from tests.gate.checking import LINE, check, found, spec, write

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize("format", FINDINGS)
def test_every_format_is_well_formed_and_complete(format: str) -> None:
    hostile = 'title = "\\u001b[31m%0A::error::<&>\\""\n'
    write(
        a=hostile + spec(f'{LINE}  # cnnspec: ignore S002: <x> & "y"'),
        b="x = [",
        c=spec(LINE, 227),
        d=spec('  { name = "<:,%>\\"", op = "\\u001b[31m" },').replace('\\"', "'"),
    )
    done = check("a.toml", "b.toml", "c.toml", "d.toml", "--format", format)
    assert done.exit_code == 1
    assert formats.findings(format, done.output.rstrip("\n")) == len(
        found("a.toml", "b.toml", "c.toml", "d.toml")
    )
    clean = check("c.toml", "--format", format)
    assert (clean.exit_code, formats.findings(format, clean.output.rstrip("\n"))) == (0, 0)


def test_github_gets_the_place_and_severity() -> None:
    write(net=spec(LINE))
    first, last = check("net.toml", "--format", "github").output.splitlines()
    assert first.startswith(
        "::warning file=net.toml,line=4,col=75,title=S001 net::the last row and column of input"
    )
    assert last == "::notice title=cnnspec check::1 file, 1 network: 1 warning"


def test_fingerprints_stay_the_same_if_lines_move() -> None:
    def marks(text: str) -> list[str]:
        write(net=text)
        return [
            f["fingerprint"]
            for f in json.loads(check("net.toml", "--format", "json").output)["findings"]
        ]

    before = marks(spec(LINE))
    assert marks("\n\n# moved\n" + spec("  \n" + LINE)) == before
    assert marks(spec(LINE.replace("11", "10"))) != before
    twice = marks(spec(f"{LINE}\n{LINE.replace('c', 'd', 1)}", 223 * 4 + 12))
    assert len(set(twice)) == len(twice)


def test_the_report_goes_into_a_file_and_text_is_printed() -> None:
    write(net=spec(LINE))
    done = check("net.toml", "--format", "sarif", "--output", "report.sarif")
    assert done.output == check("net.toml").output
    assert (
        formats.findings("sarif", Path("report.sarif").read_text(encoding="utf-8").rstrip("\n"))
        == 1
    )
    with pytest.raises(RequestError, match="cannot be written"):
        check("net.toml", "--output", "no/where")
