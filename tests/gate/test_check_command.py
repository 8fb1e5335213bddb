"""cnnspec check on files and folders: what it finds, what is selected, its exit codes."""

import json
import os
from pathlib import Path

import pytest

from cnnspec.problems import RequestError
from tests.gate.checking import BLOCKS, FAMILY, LINE, check, found, spec, write

pytestmark = pytest.mark.usefixtures("here")


def test_a_finding_says_what_where_and_how_to_fix_it() -> None:
    write(net=spec(LINE))
    done = check("net.toml")
    assert (
        done.output
        == "net.toml:4:75: S001 the last row and column of input are never read: (224 - 11 + 2*0)/4"
        " + 1 = 54.25 [warning]\n  help: an input of 223 or 227, or padding = 2, reads every"
        " pixel\n\n1 file, 1 network: 1 warning\n"
    )
    assert done.exit_code == 0
    assert check("net.toml", "--strict").exit_code == 1
    assert check("net.toml", "--format", "concise").output == done.output.split("\n")[0] + "\n"


def test_a_network_without_findings_passes() -> None:
    write(net=spec(LINE, 227))
    done = check("net.toml", "--strict")
    assert (done.exit_code, done.output) == (0, "1 file, 1 network: no findings\n")
    assert check("net.toml", "--format", "concise").output == ""


def test_one_run_reports_all_findings_of_all_files_in_order() -> None:
    write(
        a=spec("""
  { name = "c", op = "relu", strid = 1 },
  { name = "d", op = "rely" },
"""),
        b="name = ",
        c=FAMILY,
    )
    assert found("c.toml", "b.toml", "a.toml") == [
        ("c.toml", 5, "S001"),
        ("b.toml", 1, "T003"),
        ("a.toml", 5, "L001"),
        ("a.toml", 6, "L005"),
    ]
    assert check("c.toml", "b.toml", "a.toml").exit_code == 1


def test_a_folder_is_searched_for_specs_and_nothing_else() -> None:
    write(
        b=spec(LINE),
        a=FAMILY,
        broken=spec(LINE) + "x = [",
        pyproject='[project]\nname = "p"\n',
        parts=BLOCKS,
        empty="",
    )
    for folder in ("deeper", ".hidden"):
        Path(folder).mkdir()
        Path(folder, "c.toml").write_text(spec(LINE), encoding="utf-8")
    assert [f[0] for f in found()] == ["a.toml", "b.toml", "broken.toml", "deeper/c.toml"]
    assert found(".", "b.toml") == found()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_in_a_folder_is_not_waited_for() -> None:
    write(a=spec(LINE, 227))
    for name in ("b.toml", "c.lock"):
        os.mkfifo(name)
    assert [(f[0], f[2]) for f in found()] == [("b.toml", "T001")]


def test_what_does_not_exist_is_refused() -> None:
    for path in ("nowhere", "missing.toml", "lenet55"):
        with pytest.raises(RequestError):
            check(path)
    Path("nothing").mkdir()
    with pytest.raises(RequestError, match="no specs in nothing"):
        check("nothing")
    write(family=FAMILY)
    with pytest.raises(RequestError, match="has no variant 'wid'; did you mean 'wide'"):
        check("family.toml:wid")


def test_every_variant_is_checked_and_equal_findings_are_one() -> None:
    write(family=FAMILY)
    data = json.loads(check("family.toml", "--format", "json").output)
    assert (data["networks"], [f["networks"] for f in data["findings"]]) == (2, [["thin", "wide"]])
    assert "\n  in thin, wide\n" in check("family.toml").output
    one = json.loads(check("family.toml:wide", "--format", "json").output)
    assert (one["networks"], [f["networks"] for f in one["findings"]]) == (1, [["wide"]])


def test_findings_in_a_block_are_reported_once_at_its_line() -> None:
    unit = """[blocks.unit]
args = ["width"]
layers = [
  { name = "c", op = "conv", out_channels = "{width}", kernel_size = 1, stride = 2 },
]
"""
    write(net=spec('  { name = "u", op = "unit", each = [8, 16, 32] },') + unit)
    data = json.loads(check("net.toml", "--select", "S002", "--format", "json").output)
    assert [(f["line"], f["code"], f["calls"]) for f in data["findings"]] == [
        (9, "S002", ["u.0  4:3 (width = 8)", "u.1", "u.2"])
    ]


def test_findings_in_an_included_block_are_reported_once() -> None:
    Path("blocks").mkdir()
    block = """[blocks.u]
layers = [
  { name = "c", op = "maxpool", kernel_size = 1, stride = 2 },
]
"""
    Path("blocks/u.toml").write_text(block, encoding="utf-8")
    text = 'include = ["blocks/u.toml"]\n' + spec('  { name = "u", op = "u" },')
    write(a=text, b=text.replace('"net"', '"other"'))
    data = json.loads(check(".", "--format", "json").output)
    assert [(f["file"], f["code"], f["networks"]) for f in data["findings"]] == [
        ("blocks/u.toml", "S002", ["net", "other"])
    ]


def test_a_file_of_blocks_is_checked_with_the_specs_that_include_it() -> None:
    write(parts=BLOCKS)
    done = check("parts.toml")
    assert (done.exit_code, done.output) == (0, "1 file, 0 networks: no findings\n")


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ([], ["S001", "S002"]),
        (["--select", "S001"], ["S001"]),
        (["--select", "S"], ["S001", "S002", "S004"]),
        (["--select", "S,B", "--ignore", "S002,S004"], ["S001"]),
        (["--ignore", "S", "--select", "S002"], ["S002"]),
        (["--ignore", "S002", "--ignore", "S001"], []),
        (["--advice"], ["S001", "S002", "S004"]),
        (["--select", "B"], []),
        (["--select", "B", "--extend-select", "S002"], ["S002"]),
    ],
)
def test_codes_and_prefixes_select(options: list[str], codes: list[str]) -> None:
    write(net=spec(f'{LINE}\n  {{ name = "p", op = "maxpool", kernel_size = 1, stride = 2 }},'))
    assert sorted(f[2] for f in found("net.toml", *options)) == codes


def test_the_language_is_always_checked() -> None:
    write(net=spec('  { name = "p", op = "maxpol" },'))
    assert [f[2] for f in found("net.toml", "--select", "B", "--ignore", "L,S")] == ["L005"]


def test_an_unknown_code_is_refused() -> None:
    write(net=spec(LINE))
    with pytest.raises(
        RequestError, match=r"^--select: there is no rule 'X'; write S001, for example"
    ):
        check("net.toml", "--select", "X")


def test_several_processes_find_what_one_does() -> None:
    for i in range(9):
        Path(f"n{i}.toml").write_text(spec(LINE if i % 2 else "x", 224 + i), encoding="utf-8")
    one, three = check(".", "--jobs", "1"), check(".", "--jobs", "3")
    assert one.output == three.output
    assert one.output.count(": ") > 9


def test_the_zoo_passes() -> None:
    from cnnspec.spec.zoo import zoo_folder

    assert check(zoo_folder(), "--strict", "--format", "concise").output == ""
