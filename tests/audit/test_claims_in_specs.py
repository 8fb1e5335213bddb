"""cnnspec check audits the claims in a user's spec."""

import tomllib
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from cnnspec.analyses.audit.audit import list_claim_files
from cnnspec.cli import cli
from cnnspec.spec.schema import language_schema

SPEC = """\
name = "net"
input = [1, 32, 32]
layers = [
  { name = "C1", op = "conv", out_channels = 6, kernel_size = 5 },
  { name = "S2", op = "avgpool", kernel_size = 2 },
]
"""


def check(folder: Path, claims: str) -> Result:
    spec = folder / "net.toml"
    spec.write_text(SPEC + claims, encoding="utf-8")
    return CliRunner().invoke(
        cli, ["check", str(spec), "--ignore", "S0,A0"], catch_exceptions=False
    )


def test_right_claims_pass(tmp_path: Path) -> None:
    found = check(
        tmp_path,
        '[[claims]]\nsource = "mine"\nsays = { params = 156, output = "14x14x6", layers = 1 }\n'
        '[[claims]]\nlayer = "C1"\nsays = { macs = "118k", kernel_size = "5x5", stride = 1 }\n',
    )
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize(
    ("claims", "code", "message"),
    [
        (
            '[[claims]]\nquantity = "params"\nvalue = 165\n',
            1,
            "C001 params of net is ((5*5*1) + 1)*6 = 156, not 165",
        ),
        (
            '[[claims]]\nquantity = "params"\nvalue = 165\n',
            1,
            "165: two digits of 156 in the wrong order",
        ),
        (
            '[[claims]]\nlayer = "S2"\nquantity = "output"\nvalue = "6x15x15"\n',
            1,
            "C001 output of net is S2: (14, 14, 6)",
        ),
        (
            '[[claims]]\nlayer = "S3"\nquantity = "output"\nvalue = "6x15x15"\n',
            1,
            "C002 net has no layer 'S3'",
        ),
        ('[[claims]]\nquantity = "params"\nvalue = 165\nerrata = true\n', 0, ""),
        (
            '[[claims]]\nquantity = "params"\nvalue = 156\nerrata = true\n',
            0,
            "C003 the claim is marked as an erratum",
        ),
        ('[[claims]]\nquantity = "parms"\nvalue = 156\n', 1, 'L003 "parms" is not a quantity'),
    ],
)
def test_wrong_claims_fail_with_their_place(
    tmp_path: Path, claims: str, code: int, message: str
) -> None:
    found = check(tmp_path, claims)
    assert found.exit_code == code, found.output
    assert message in found.output
    assert (
        "net.toml:7:1" in found.output
        or not message
        or "L003" in message
        or "two digits" in message
    )


def test_claims_are_about_their_variants(tmp_path: Path) -> None:
    spec = tmp_path / "net.toml"
    spec.write_text(
        SPEC.replace("out_channels = 6", 'out_channels = "{k}"').replace(
            "layers", "args.k = 6\nlayers", 1
        )
        + '[variants.six]\n[variants.seven]\nk = 7\n[[claims]]\nquantity = "params"\nvalue = 156\n'
        '[[claims]]\nvariant = "seven"\nquantity = "params"\nvalue = 156\n',
        encoding="utf-8",
    )
    found = CliRunner().invoke(
        cli, ["check", str(spec), "--ignore", "S0,A0"], catch_exceptions=False
    )
    assert found.exit_code == 1
    assert found.output.count("C001") == 1
    assert "params of seven is ((5*5*1) + 1)*7 = 182, not 156" in found.output


def test_the_schema_for_editors_accepts_the_shipped_claims_and_no_misspelled_ones() -> None:
    whole = language_schema()
    validator = jsonschema.Draft7Validator(
        {**whole["properties"]["claims"], "definitions": whole["definitions"]}
    )
    for path in list_claim_files().values():
        with open(path, "rb") as file:
            claims = tomllib.load(file)["claims"]
        assert [e.message for e in validator.iter_errors(claims)] == []
    for wrong in (
        {"quantity": "parms", "value": 1},
        {"quanity": "params", "value": 1},
        {"value": 1},
        {"says": {"parms": 1}},
        {"claims": [{"valeu": 1}]},
        {"matrix": "cnov"},
    ):
        assert not validator.is_valid([wrong]), wrong
