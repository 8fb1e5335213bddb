"""The command cnnspec audit: its output in each format, its refusals, and its exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.analyses.audit.audit import list_claim_files
from cnnspec.problems import RequestError, SpecError
from tests.audit.claims import RIGHT, file, run_audit, shipped

CUT = '[[claims]]\nnetwork = "resnet50"\nquantity = "params"\nvalue = "25.5M"\n'
WRONG = '[[claims]]\nnetwork = "lenet5"\nquantity = "params"\nvalue = 61760\n'
KEYS = {"source", "where", "claim", "computed", "verdict", "why"}  # of the contract


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
    found = run_audit(file(tmp_path, text))
    assert found.exit_code == code
    assert outcome in " ".join(found.output.split())


def test_json_has_the_keys_of_the_contract_for_every_claim() -> None:
    found = json.loads(run_audit("note_002", "--format", "json").output)
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


def test_a_network_is_audited_by_what_all_sources_say_of_it() -> None:
    found = json.loads(run_audit("alexnet", "--format", "json").output)
    assert {c["network"] for c in found["claims"]} == {"alexnet"}
    assert len({c["source"] for c in found["claims"]}) >= 6


def test_a_family_stands_for_all_of_its_networks() -> None:
    found = json.loads(run_audit("vgg", "--format", "json").output)
    assert {c["network"] for c in found["claims"]} == {
        "vgg11",
        "vgg11_lrn",
        "vgg13",
        "vgg16_conv1",
        "vgg16",
        "vgg19",
    }
    path = json.loads(
        run_audit(
            str(Path(list_claim_files()["note_000"]).parents[1] / "vgg.toml"), "--format", "json"
        ).output
    )
    assert path["claims"] == found["claims"]
    only = json.loads(run_audit("mobilenet_v2", "--format", "json").output)
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
    found = run_audit(str(spec))
    assert found.exit_code == 1
    assert "((3*3*3) + 1)*8 = 224" in found.output
    assert "4 claims: 3 confirmed, 1 refuted" in found.output
    assert run_audit(f"{spec}:thin").exit_code == 0


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
        run_audit(*names)
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
        run_audit(file(tmp_path, text))
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
