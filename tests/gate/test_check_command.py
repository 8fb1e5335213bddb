"""cnnspec check as a user calls it: what it finds in files and folders, what may be ignored, and its exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from gate import formats

from cnnspec.cli import cli
from cnnspec.problems import RequestError
from cnnspec.report.presets import FINDINGS

LINE = '  { name = "c", op = "conv", out_channels = 8, kernel_size = 11, stride = 4 },'
FAMILY = """name = "family"
input = [3, 224, 224]
args.width = 8
layers = [
  { name = "c", op = "conv", out_channels = "{width}", kernel_size = 11, stride = 4 },
]
[variants.thin]
[variants.wide]
width = 16
"""


def spec(layers: str, size: int = 224) -> str:
    return f'name = "net"\ninput = [3, {size}, {size}]\nlayers = [\n{layers}\n]\n'


def check(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", *arguments], catch_exceptions=False)


def found(*arguments: str) -> list[tuple[str, int, str]]:
    """File, line and code of each finding."""
    data = json.loads(check(*arguments, "--format", "json").output)
    return [(f["file"], f["line"], f["code"]) for f in data["findings"]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.toml").write_text(text, encoding="utf-8")


def test_a_finding_says_what_where_and_what_would_mend_it() -> None:
    write(net=spec(LINE))
    done = check("net.toml")
    assert done.output == (
        "net.toml:4:75: S001 the last row and column of input are never read: (224 - 11 + 2*0)/4 + 1 = 54.25 [warning]"
        "\n  help: an input of 223 or 227, or padding = 2, reads every pixel\n\n1 file, 1 network: 1 warning\n")
    assert done.exit_code == 0
    assert check("net.toml", "--strict").exit_code == 1
    assert check("net.toml", "--format", "concise").output == done.output.split("\n")[0] + "\n"


def test_a_network_without_findings_passes() -> None:
    write(net=spec(LINE, 227))
    done = check("net.toml", "--strict")
    assert (done.exit_code, done.output) == (0, "1 file, 1 network: nothing to find fault with\n")
    assert check("net.toml", "--format", "concise").output == ""


def test_all_findings_of_all_files_are_told_in_one_run_in_file_order() -> None:
    write(a=spec('  { name = "c", op = "relu", strid = 1 },\n  { name = "d", op = "rely" },'), b="name = ", c=FAMILY)
    assert found("c.toml", "b.toml", "a.toml") == [
        ("c.toml", 5, "S001"), ("b.toml", 1, "T003"), ("a.toml", 4, "L001"), ("a.toml", 5, "L005")]
    assert check("c.toml", "b.toml", "a.toml").exit_code == 1


def test_a_folder_is_searched_for_specs_and_nothing_else() -> None:
    write(b=spec(LINE), a=FAMILY, broken=spec(LINE) + "x = [", pyproject='[project]\nname = "p"\n',
          parts="[blocks.b]\nlayers = [{ name = 'c', op = 'relu' }]\n", empty="")
    for folder in ("deeper", ".hidden"):
        Path(folder).mkdir()
        Path(folder, "c.toml").write_text(spec(LINE), encoding="utf-8")
    assert [f[0] for f in found()] == ["a.toml", "b.toml", "broken.toml", "deeper/c.toml"]
    assert found(".", "b.toml") == found()


def test_what_does_not_exist_is_no_request() -> None:
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


def test_findings_in_blocks_stand_at_the_blocks_line_once() -> None:
    unit = "[blocks.unit]\nargs = ['width']\nlayers = [\n  { name = 'c', op = 'conv', out_channels = '{width}', " \
           "kernel_size = 1, stride = 2 },\n]\n"
    write(net=spec('  { name = "u", op = "unit", each = [8, 16, 32] },') + unit)
    data = json.loads(check("net.toml", "--select", "S002", "--format", "json").output)
    assert [(f["line"], f["code"], f["calls"]) for f in data["findings"]] == [
        (9, "S002", ["u.0  4:3 (width = 8)", "u.1", "u.2"])]


def test_blocks_that_several_files_include_are_found_once() -> None:
    Path("blocks").mkdir()
    Path("blocks/u.toml").write_text("[blocks.u]\nlayers = [{ name = 'c', op = 'maxpool', kernel_size = 1, stride = 2 "
                                     "}]\n", encoding="utf-8")
    text = 'include = ["blocks/u.toml"]\n' + spec('  { name = "u", op = "u" },')
    write(a=text, b=text.replace('"net"', '"other"'))
    data = json.loads(check(".", "--format", "json").output)
    assert [(f["file"], f["code"], f["networks"]) for f in data["findings"]] == [
        ("blocks/u.toml", "S002", ["net", "other"])]


@pytest.mark.parametrize("text", [
    f"{LINE}   # cnnspec: ignore S001: the paper crops",
    f"  # cnnspec: ignore S001: the paper crops\n{LINE}",
    f"  # cnnspec: ignore  S002 , S001 :the paper crops\n\n  # a word on it\n{LINE}".replace("S002 , ", ""),
])
def test_an_ignore_with_a_reason_ignores(text: str) -> None:
    write(net=spec(text))
    data = json.loads(check("net.toml", "--strict", "--format", "json").output)
    assert (data["passed"], data["findings"]) == (True, [])
    assert [(f["code"], f["reason"]) for f in data["ignored"]] == [("S001", "the paper crops")]
    assert check("net.toml").output == "1 file, 1 network: nothing to find fault with; 1 ignored with a reason\n"


@pytest.mark.parametrize(("comment", "code", "message"), [
    ("cnnspec: ignore S001", "G001", "this ignore of S001 gives no reason, so nothing is ignored"),
    ("cnnspec: ignore S001:  ", "G001", "this ignore of S001 gives no reason, so nothing is ignored"),
    ("cnnspec: ignore", "G001", "this is no ignore: # cnnspec: ignore"),
    ("cnnspec: noqa S001: x", "G001", "this is no ignore: # cnnspec: noqa S001: x"),
    ("cnnspec: ignore S00: x", "G001", "there is no rule 'S00'"),
    ("cnnspec: ignore L003: x", "G001", "L003 cannot be ignored"),
    ("cnnspec: ignore G002: x", "G001", "G002 cannot be ignored"),
    ("cnnspec: ignore S002: x", "G002", "S002 finds nothing here that this ignores"),
])
def test_an_ignore_that_ignores_nothing_is_a_finding(comment: str, code: str, message: str) -> None:
    write(net=spec(f"{LINE}  # {comment}"))
    data = json.loads(check("net.toml", "--format", "json").output)
    assert [(f["line"], f["code"]) for f in data["findings"]] == [(4, "S001"), (4, code)]
    assert data["findings"][1]["message"] == message


def test_an_ignore_is_of_its_own_line_only() -> None:
    write(net=spec(f"  # cnnspec: ignore S001: x\n{LINE}\n{LINE.replace('c', 'd', 1)}", 223 * 4 + 12))
    assert [f[1:] for f in found("net.toml", "--select", "S001,S002")] == [(6, "S001")]


def test_text_that_looks_like_an_ignore_is_none() -> None:
    write(net=f'title = "# cnnspec: ignore S001: x"\n{spec(LINE)}')
    assert [f[2] for f in found("net.toml")] == ["S001"]


def test_what_was_not_looked_at_is_not_said_to_be_ignored_for_nothing() -> None:
    write(net=spec(f"{LINE}  # cnnspec: ignore S001, S002: both"))
    assert [f[2] for f in found("net.toml")] == ["G002"]
    assert found("net.toml", "--ignore", "S002") == []
    broken = spec(f'{LINE}  # cnnspec: ignore S002: x\n  {{ name = "x", op = "linear", out_features = 1 }},')
    write(broken=broken)
    assert [f[2] for f in found("broken.toml")] == ["S010"]


def test_an_ignore_of_the_configuration_is_held_against_whole_files_only() -> None:
    write(pyproject="[tool.cnnspec.per-file-ignores]\n'family.toml' = { S002 = 'x' }\n", family=FAMILY)
    assert [f[2] for f in found("family.toml")] == ["S001", "G002"]
    assert [f[2] for f in found("family.toml:wide")] == ["S001"]
    write(family=FAMILY.replace("conv", "cnov"))
    assert [f[2] for f in found("family.toml")] == ["L005"]


def test_a_file_of_blocks_is_looked_at_with_those_that_include_it() -> None:
    write(parts="[blocks.b]\nlayers = [{ name = 'c', op = 'relu' }]\n")
    done = check("parts.toml")
    assert (done.exit_code, done.output) == (0, "1 file, 0 networks: nothing to find fault with\n")


@pytest.mark.parametrize(("options", "codes"), [
    ([], ["S001", "S002"]), (["--select", "S001"], ["S001"]), (["--select", "S"], ["S001", "S002", "S004"]),
    (["--select", "S,B", "--ignore", "S002,S004"], ["S001"]), (["--ignore", "S", "--select", "S002"], ["S002"]),
    (["--ignore", "S002", "--ignore", "S001"], []), (["--advice"], ["S001", "S002", "S004"]), (["--select", "B"], []),
    (["--select", "B", "--extend-select", "S002"], ["S002"]),
])
def test_codes_and_their_beginnings_select(options: list[str], codes: list[str]) -> None:
    write(net=spec(f'{LINE}\n  {{ name = "p", op = "maxpool", kernel_size = 1, stride = 2 }},'))
    assert sorted(f[2] for f in found("net.toml", *options)) == codes


def test_the_language_is_always_checked() -> None:
    write(net=spec('  { name = "p", op = "maxpol" },'))
    assert [f[2] for f in found("net.toml", "--select", "B", "--ignore", "L,S")] == ["L005"]


def test_a_code_that_there_is_not_is_no_request() -> None:
    write(net=spec(LINE))
    with pytest.raises(RequestError, match=r"^--select: there is no rule 'X'; such as S001"):
        check("net.toml", "--select", "X")


def test_the_nearest_configuration_upwards_holds() -> None:
    write(pyproject='[tool.cnnspec]\nignore = ["S001"]\n')
    Path("a/b").mkdir(parents=True)
    Path("a/pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    Path("a/b/net.toml").write_text(spec(LINE), encoding="utf-8")
    assert found("a") == []
    assert [f[2] for f in found("a", "--ignore", "S002")] == ["S001"]
    Path("a/b/pyproject.toml").write_text("[tool.cnnspec]\nstrict = true\n", encoding="utf-8")
    assert [f[2] for f in found("a")] == ["S001"]
    assert check("a").exit_code == 1


def test_files_can_be_ignored_for_a_reason_in_the_configuration() -> None:
    write(pyproject='[tool.cnnspec.per-file-ignores]\n"*et.toml" = { S001 = "as published" }\n'
                    '"other.toml" = { S002 = "as published" }\n', net=spec(LINE), other=spec(LINE, 227))
    data = json.loads(check(".", "--format", "json").output)
    assert [f["reason"] for f in data["ignored"]] == ["as published"]
    assert [(Path(f["file"]).name, f["line"], f["column"], f["code"]) for f in data["findings"]] == [
        ("pyproject.toml", 3, 18, "G002")]
    assert found("net.toml") == []


@pytest.mark.parametrize(("text", "message"), [
    ("selct = ['S']", "there is no setting 'selct'; did you mean 'select'?"),
    ("select = 'S'", 'select is a list of texts, not "S"'),
    ("select = ['S9']", "there is no rule 'S9'; such as S001, or A for all that begin with it"),
    ("strict = 1", "strict is true or false, not 1"),
    ("per-file-ignores.'a.toml' = ['S001']", "the ignores of a file are a table of codes with reasons"),
    ("per-file-ignores.'a.toml' = { S001 = '' }", 'an ignore has a reason, not ""'),
    ("per-file-ignores.'a.toml' = { S01 = 'x' }", "'S01' cannot be ignored; did you mean '"),
    ("per-file-ignores.'a.toml' = { T003 = 'x' }", "'T003' cannot be ignored; mend what it is about"),
    ("budget = 3", "budget is a table with one table a network, not 3"),
    ("budget.net.parms = 3", "parms is not a key of the budget net"),
])
def test_a_configuration_that_is_not_understood_is_said_to_be_none(text: str, message: str) -> None:
    write(pyproject=f"[tool.cnnspec]\n{text}\n", net=spec(LINE))
    with pytest.raises(RequestError) as error:
        check("net.toml")
    assert "pyproject.toml:2:" in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize("format", FINDINGS)
def test_every_format_is_well_formed_and_has_every_finding(format: str) -> None:
    hostile = 'title = "\\u001b[31m%0A::error::<&>\\""\n'
    write(a=hostile + spec(f"{LINE}  # cnnspec: ignore S002: <x> & \"y\""), b="x = [", c=spec(LINE, 227),
          d=spec('  { name = "<:,%>\\"", op = "\\u001b[31m" },').replace('\\"', "'"))
    done = check("a.toml", "b.toml", "c.toml", "d.toml", "--format", format)
    assert done.exit_code == 1
    assert formats.findings(format, done.output.rstrip("\n")) == len(found("a.toml", "b.toml", "c.toml", "d.toml"))
    clean = check("c.toml", "--format", format)
    assert (clean.exit_code, formats.findings(format, clean.output.rstrip("\n"))) == (0, 0)


def test_github_gets_each_place_and_level() -> None:
    write(net=spec(LINE))
    first, last = check("net.toml", "--format", "github").output.splitlines()
    assert first.startswith("::warning file=net.toml,line=4,col=75,title=S001 net::the last row and column of input")
    assert last == "::notice title=cnnspec check::1 file, 1 network: 1 warning"


def test_fingerprints_stay_when_lines_move() -> None:
    def marks(text: str) -> list[str]:
        write(net=text)
        return [f["fingerprint"] for f in json.loads(check("net.toml", "--format", "json").output)["findings"]]

    before = marks(spec(LINE))
    assert marks("\n\n# moved\n" + spec("  \n" + LINE)) == before
    assert marks(spec(LINE.replace("11", "10"))) != before
    twice = marks(spec(f'{LINE}\n{LINE.replace("c", "d", 1)}', 223 * 4 + 12))
    assert len(set(twice)) == len(twice)


def test_the_report_goes_into_a_file_and_text_is_printed() -> None:
    write(net=spec(LINE))
    done = check("net.toml", "--format", "sarif", "--output", "report.sarif")
    assert done.output == check("net.toml").output
    assert formats.findings("sarif", Path("report.sarif").read_text(encoding="utf-8").rstrip("\n")) == 1
    with pytest.raises(RequestError, match="cannot be written"):
        check("net.toml", "--output", "no/where")


def test_several_processes_find_what_one_does() -> None:
    for i in range(9):
        Path(f"n{i}.toml").write_text(spec(LINE if i % 2 else 'x', 224 + i), encoding="utf-8")
    one, three = check(".", "--jobs", "1"), check(".", "--jobs", "3")
    assert one.output == three.output
    assert one.output.count(": ") > 9


def test_the_zoo_passes() -> None:
    from cnnspec.spec.zoo import home

    assert check(home(), "--strict", "--format", "concise").output == ""
