"""Ignore comments in specs: what they ignore, and the findings about those that ignore nothing."""

import json

import pytest

from tests.gate.checking import LINE, check, found, spec, write

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize(
    "text",
    [
        f"{LINE}   # cnnspec: ignore S001: the paper crops",
        f"""
  # cnnspec: ignore S001: the paper crops
{LINE}
""",
        f"""
  # cnnspec: ignore  S001 :the paper crops

  # another comment
{LINE}
""",
    ],
)
def test_an_ignore_with_a_reason_ignores(text: str) -> None:
    write(net=spec(text))
    data = json.loads(check("net.toml", "--strict", "--format", "json").output)
    assert (data["passed"], data["findings"]) == (True, [])
    assert [(f["code"], f["reason"]) for f in data["ignored"]] == [("S001", "the paper crops")]
    assert check("net.toml").output == "1 file, 1 network: no findings; 1 ignored\n"


@pytest.mark.parametrize(
    ("comment", "code", "message"),
    [
        (
            "cnnspec: ignore S001",
            "G001",
            "this ignore of S001 has no reason, so it ignores nothing",
        ),
        (
            "cnnspec: ignore S001:  ",
            "G001",
            "this ignore of S001 has no reason, so it ignores nothing",
        ),
        ("cnnspec: ignore", "G001", "this is not an ignore comment: # cnnspec: ignore"),
        ("cnnspec: noqa S001: x", "G001", "this is not an ignore comment: # cnnspec: noqa S001: x"),
        ("cnnspec: ignore S00: x", "G001", "there is no rule 'S00'"),
        ("cnnspec: ignore L003: x", "G001", "L003 cannot be ignored"),
        ("cnnspec: ignore G002: x", "G001", "G002 cannot be ignored"),
        ("cnnspec: ignore S002: x", "G002", "S002 has no finding here to ignore"),
    ],
)
def test_an_ignore_that_ignores_nothing_is_a_finding(comment: str, code: str, message: str) -> None:
    write(net=spec(f"{LINE}  # {comment}"))
    data = json.loads(check("net.toml", "--format", "json").output)
    assert [(f["line"], f["code"]) for f in data["findings"]] == [(4, "S001"), (4, code)]
    assert data["findings"][1]["message"] == message


def test_an_ignore_applies_to_its_own_line_only() -> None:
    text = f"""  # cnnspec: ignore S001: x
{LINE}
{LINE.replace("c", "d", 1)}"""
    write(net=spec(text, 223 * 4 + 12))
    assert [f[1:] for f in found("net.toml", "--select", "S001,S002")] == [(6, "S001")]


def test_text_in_a_string_is_no_ignore_comment() -> None:
    title = 'title = "# cnnspec: ignore S001: x"'
    write(net=f"{title}\n{spec(LINE)}")
    assert [f[2] for f in found("net.toml")] == ["S001"]


def test_rules_that_did_not_run_have_no_unused_ignores() -> None:
    write(net=spec(f"{LINE}  # cnnspec: ignore S001, S002: both"))
    assert [f[2] for f in found("net.toml")] == ["G002"]
    assert found("net.toml", "--ignore", "S002") == []
    layers = f"""
{LINE}  # cnnspec: ignore S002: x
  {{ name = "x", op = "linear", out_features = 1 }},
"""
    write(broken=spec(layers))
    assert [f[2] for f in found("broken.toml")] == ["D001"]
