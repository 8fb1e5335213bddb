"""The command cnnspec audit: its output in each format, its refusals, and its exit codes."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cnnspec.analyses.audit.audit import list_claim_files
from cnnspec.cli import cli
from cnnspec.problems import RequestError, SpecError
from tests.audit.claims import file, shipped

RIGHT = '[[claims]]\nnetwork = "lenet5"\nquantity = "params"\nvalue = "61.7k"\n'
CUT = '[[claims]]\nnetwork = "resnet50"\nquantity = "params"\nvalue = "25.5M"\n'
WRONG = '[[claims]]\nnetwork = "lenet5"\nquantity = "params"\nvalue = 61760\n'
KEYS = {"source", "where", "claim", "computed", "verdict", "why"}  # of the contract


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["audit", *arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    ("text", "code", "outcome"),
    [
        (RIGHT, 0, "1 claim: 1 confirmed, 0 truncated, 0 refuted"),
        (CUT, 0, "0 confirmed, 1 truncated, 0 refuted"),
        (CUT + "errata = true\n", 0, "1 truncated, 0 refuted"),
        (WRONG, 1, "1 refuted"),
        (
            WRONG + "errata = true\n",
            0,
            "1 refuted, 0 ambiguous, 0 undecidable; the refuted claim is marked as an erratum",
        ),
        (RIGHT + "errata = true\n", 1, "1 without the right errata mark"),
        ('[[claims]]\ntext = "fast"\nundecidable = "of what?"\n', 0, "1 undecidable"),
        ("", 0, "0 claims"),
    ],
)
def test_exit_codes_tell_news_from_known_errata(
    tmp_path: Path, text: str, code: int, outcome: str
) -> None:
    if not text:
        text = "claims = []\n"
    found = run(file(tmp_path, text))
    assert found.exit_code == code
    assert outcome in " ".join(found.output.split())


def test_json_has_the_keys_of_the_contract_for_every_claim() -> None:
    found = json.loads(run("note_002", "--format", "json").output)
    assert found["version"] == 1
    assert len(found["claims"]) > 190
    assert all(claim.keys() >= KEYS for claim in found["claims"])
    assert {c["verdict"] for c in found["claims"]} == {
        "confirmed",
        "refuted",
        "ambiguous",
        "undecidable",
    }
    [bird] = [c for c in found["claims"] if c["layer"] == "CONV2" and c["quantity"] == "params"]
    assert (bird["computed"], bird["verdict"]) == (3216, "confirmed")
    assert bird["where"] == "CNN-Example to calculate parameters"
    assert bird["why"] == "((5*5*8) + 1)*16 = 3,216"
    [stride] = [c for c in found["claims"] if c["layer"] == "conv2" and c["quantity"] == "stride"]
    assert (stride["computed"], stride["printed"], stride["mistakes"][0]["mistake"]) == (
        1,
        4,
        "copied",
    )


def test_text_fits_80_columns_and_shows_everything_only_if_asked() -> None:
    short, long = run("note_002").output, run("note_002", "--all").output
    assert max(map(len, long.splitlines())) <= 80
    [audited] = [a for a in shipped() if a.title.startswith("Course note 002")]
    counts = audited.count_verdicts()
    assert short.count("REFUTED: ") == long.count("REFUTED: ") == counts["refuted"] > 20
    assert "confirmed: " not in short
    assert long.count("confirmed: ") == counts["confirmed"] > 150
    assert "mistake: that is the stride of conv1, copied down" in short


def test_the_summary_is_first_and_sources_have_author_title_and_address() -> None:
    page = run().output
    assert page.startswith("Source ")
    assert page.index("877 claims") < page.index("Course note 000")
    words = " ".join(page.split())
    assert "Szu-Chi Chung, Department of Applied Mathematics, National Sun Yat-sen Uni" in words
    assert "ResNet 1512.03385: He, Zhang, Ren & Sun (2015), Deep residual learning" in words
    found = json.loads(run("resnet50_v1", "--format", "json").output)
    assert found["sources"]["ResNet 1512.03385"] == {
        "author": "He, Zhang, Ren & Sun (2015)",
        "title": "Deep residual learning for image recognition",
        "address": "https://arxiv.org/abs/1512.03385",
    }
    assert "<https://arxiv.org/abs/1512.03385>" in run("resnet50_v1", "--format", "markdown").output
    assert (
        '<a href="https://arxiv.org/abs/1512.03385">'
        in run("resnet50_v1", "--format", "html").output
    )


def test_every_source_of_papers_but_one_is_cited() -> None:
    named = {r.claim.origin for a in shipped() for r in a.rulings if a.name.startswith("papers")}
    cited = {name for a in shipped() for name, source in a.sources.items() if source.author}
    assert named - cited == {"GoogLeNet, as quoted here and there"}


def test_only_addresses_of_pages_become_links(tmp_path: Path) -> None:
    sources = '[sources]\na = { title = "<b>", address = "javascript:alert(1)" }\n'
    path = file(tmp_path, sources + RIGHT + 'source = "a"\n')
    page = run(path, "--format", "html").output
    assert "<li>&lt;b&gt;</li>" in page
    assert "javascript" not in page + run(path, "--format", "markdown").output
    for wrong in (
        "sources = 3",
        'sources.a = "x"',
        "sources.a = { author = 3 }",
        "sources.a.url = 3",
    ):
        with pytest.raises(SpecError):
            run(file(tmp_path, wrong + "\n" + RIGHT))


def test_markdown_marks_the_wrong_cells_of_worked_examples() -> None:
    page = run("note_003", "--format", "markdown").output
    assert "| 2.33 | **1.3 (1.556)** |" in page
    assert "| **3.13 (3.556)** | **2.32 (2.456)** |" in page


@pytest.mark.parametrize("every", [[], ["--all"]])
def test_html_is_well_formed(every: list[str]) -> None:
    page = run("note_003", "--format", "html", *every).output
    open_: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    Checker().feed(page)
    assert not open_
    assert "<mark>1.3 (1.556)</mark>" in page
    assert ("Every claim" in page) is bool(every)


def test_a_network_is_audited_by_what_all_sources_say_of_it() -> None:
    found = json.loads(run("alexnet", "--format", "json").output)
    assert {c["network"] for c in found["claims"]} == {"alexnet"}
    assert len({c["source"] for c in found["claims"]}) >= 6


def test_a_family_stands_for_all_of_its_networks() -> None:
    found = json.loads(run("vgg", "--format", "json").output)
    assert {c["network"] for c in found["claims"]} == {
        "vgg11",
        "vgg11_lrn",
        "vgg13",
        "vgg16_conv1",
        "vgg16",
        "vgg19",
    }
    path = json.loads(
        run(
            str(Path(list_claim_files()["note_000"]).parents[1] / "vgg.toml"), "--format", "json"
        ).output
    )
    assert path["claims"] == found["claims"]
    only = json.loads(run("mobilenet_v2", "--format", "json").output)
    assert {c["network"] for c in only["claims"]} == {"mobilenet_v2"}


def test_the_claims_of_a_spec_are_audited_by_its_file(tmp_path: Path) -> None:
    spec = tmp_path / "mine.toml"
    spec.write_text(
        'name = "mine"\ninput = [3, 8, 8]\nargs.k = 4\n'
        'layers = [{ name = "a", op = "conv", out_channels = "{k}", kernel_size = 3 }]\n'
        "[variants.thin]\n[variants.wide]\nk = 8\n"
        '[[claims]]\nquantity = "params"\nvalue = 112\n'
        '[[claims]]\nvariant = "wide"\nlayer = "a"\n'
        'says = { params = 225, channels = 8, output = "6x6x8" }\n',
        encoding="utf-8",
    )
    found = run(str(spec))
    assert found.exit_code == 1
    assert "((3*3*3) + 1)*8 = 224" in found.output
    assert "4 claims: 3 confirmed, 1 refuted" in found.output
    assert run(f"{spec}:thin").exit_code == 0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["note_02"],
            "there is no source of claims and no network 'note_02'; did you mean 'note_002'?",
        ),
        (
            ["mlp_mnist"],
            "there is no claim about mlp_mnist, in its spec or in a source of claims",
        ),
    ],
)
def test_what_is_no_source_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(RequestError) as error:
        run(*names)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[claims]]\nnetwork = "lenet5"\nlayer = "C2"\nquantity = "params"\nvalue = 1\n',
            "2:1: C002 lenet5 has no layer 'C2'; its layers are input, C1, S2",
        ),
        (
            '[[claims]]\nnetwork = "lenet"\nquantity = "params"\nvalue = 1\n',
            "C002 there is no network 'lenet'",
        ),
        (
            '[[claims]]\nnetwork = "lenet5"\nquantity = "parms"\nvalue = 1\n',
            '4:12: L003 "parms" is not a quantity',
        ),
        (
            '[[claims]]\nquantity = "params"\nvalue = 1\n',
            "C002 the claim names no network and is not in a spec",
        ),
        (
            '[[claims]]\nnetwork = "lenet5"\nquantity = "params"\nvalue = "many"\n',
            "C002 params gives a figure such as",
        ),
        (
            '[[claims]]\nnetwork = "lenet5"\nlayer = "F6"\nquantity = "stride"\nvalue = 1\n',
            "C002 F6 has no sliding window",
        ),
        (
            '[[claims]]\nexpression = "1/0"\nvalue = 1\n',
            "C002 {1/0} has no value: division by zero",
        ),
    ],
)
def test_a_claim_about_what_is_not_there_is_a_problem_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(SpecError) as error:
        run(file(tmp_path, text))
    assert message in str(error.value)


def test_the_process_ends_with_2_for_what_it_cannot_understand(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cnnspec", "audit", file(tmp_path, "[[claims]]\nvalue = 1\n")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "L002 a claim has quantity" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_verdict_of_the_shipped_sources_is_as_marked() -> None:
    found = shipped()
    assert len(found) == len(list_claim_files()) == 10
    rulings = [r for a in found for r in a.rulings]
    assert len(rulings) > 800
    assert [r.claim.text for r in rulings if r.surprising] == []
    assert all(r.claim.where or r.claim.origin not in ("", r.claim.source.name) for r in rulings)


QUOTED = """
[[claims]]
source = "A paper"
where = "table 1"
quoted = "as a blog quotes it"
network = "lenet5"
columns = ["layer", "params", "size"]
rows = [["C1", "165", "28x28"], ["C3", "2416", "–"]]
"""


def test_what_was_not_read_itself_says_so_in_every_format(tmp_path: Path) -> None:
    path = file(tmp_path, QUOTED)
    for format, words in (
        ("text", "A paper, table 1 (quoted)"),
        ("markdown", "A paper, table 1 (quoted)"),
        ("html", "A paper, table 1 (quoted)"),
        ("json", '"quoted": "as a blog quotes it"'),
    ):
        assert words in run(path, "--format", format).output
    for format in ("text", "markdown", "html"):
        assert (
            "the source itself was not read: as a blog quotes it: A paper"
            in run(path, "--format", format).output
        )


def test_a_printed_table_comes_with_its_wrong_cells_marked(tmp_path: Path) -> None:
    path = file(tmp_path, QUOTED)
    page = run(path, "--format", "markdown").output
    assert (
        "| layer | parameters | size |\n|:--|:--|:--|\n| C1 | **165 (156)** | 28x28 |\n| C3 | 2416"
        " | – |" in page
    )
    assert (
        "<td>C1</td><td><mark>165 (156)</mark></td><td>28x28</td>"
        in run(path, "--format", "html").output
    )
    right = run(file(tmp_path, QUOTED.replace("165", "156")), "--format", "markdown").output
    assert "as printed" not in right, "a table that is right is not printed again"
