"""Verdicts in every format, with names and values that are hostile to each."""

import json
import re
from xml.etree import ElementTree

import pytest

from cnnspec.analyses.verdict import (
    FAILED,
    IMPOSSIBLE,
    LIMITED,
    Check,
    Difference,
    Verdict,
    make_check,
)
from cnnspec.problems import Where
from cnnspec.report.presets import VERDICTS
from cnnspec.report.verdicts.data import render_verdicts
from cnnspec.report.verdicts.readable import PrintedVerdict
from tests.pipeline import printable

HOSTILE = "a\x1b[31m&<\"'>|%:,\r\n\u202e\ud800]]>*_`"
WRONG = [
    Difference("conv1", "output", (64, 56, 56), (64, 55, 55), "padding or ceil_mode"),
    Difference("conv2", "macs", 1024, 1000, "how the work is counted"),
    Difference(
        "conv3",
        "tensors",
        {"weight": (8, 3), "bias": (8,)},
        {"weight": (8, 4), "bias": (8,)},
        "groups",
    ),
    Difference("conv4", "layer", "conv", None, ""),
]
PASSED = Verdict(
    "good", "CPU", {"torch": "2.13"}, (make_check("shapes", "PyTorch on CPU", "12 layers", []),)
)
BAD = Verdict(
    "bad",
    "CPU",
    {"torch": "2.13"},
    (
        make_check("shapes", "PyTorch on CPU", "12 layers", WRONG),
        Check("MACs", "fvcore", LIMITED, detail="meta has no values"),
        Check("reference", "timm x", IMPOSSIBLE, detail="timm has no model x"),
    ),
    "abc",
    {"conv1": Where("specs/bad.toml", 7, 3)},
)
NASTY = Verdict(
    HOSTILE,
    HOSTILE,
    {HOSTILE: HOSTILE},
    (
        Check(
            HOSTILE,
            HOSTILE,
            FAILED,
            HOSTILE,
            HOSTILE,
            (Difference(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        ),
        Check(HOSTILE, HOSTILE, IMPOSSIBLE, detail=HOSTILE),
        Check(HOSTILE, HOSTILE, LIMITED, detail=HOSTILE),
    ),
    "",
    {HOSTILE: Where(HOSTILE, 1, 1)},
)


@pytest.mark.parametrize("format", VERDICTS)
@pytest.mark.parametrize("several", [True, False])
def test_no_format_lets_control_characters_through(format: str, several: bool) -> None:
    page = render_verdicts([NASTY, BAD, PASSED] if several else [NASTY], format, several)
    assert printable(page)
    if format == "json":
        assert (
            HOSTILE in str(json.loads(page)) or json.loads(page).get("network", HOSTILE) == HOSTILE
        )
    if format == "junit":
        assert ElementTree.fromstring(page).tag == "testsuites"
    if format == "github":
        assert all(
            re.fullmatch(r"::(error|notice)( [^:]*)?::.*", line) for line in page.splitlines()
        )


def test_text_names_layer_quantity_both_values_and_the_cause() -> None:
    page = render_verdicts([BAD], "text", False)
    assert page.splitlines() == [
        "bad: FAILED on CPU, 0 of 3 checks passed",
        "torch 2.13",
        "",
        "FAILED      shapes     against PyTorch on CPU, 12 layers",
        "  conv1, output: calculated 64x56x56, measured 64x55x55",
        "    likely cause: padding or ceil_mode",
        "  conv2, macs: calculated 1,024, measured 1,000",
        "    likely cause: how the work is counted",
        "  conv3, tensors: calculated weight 8x3, measured weight 8x4",
        "    likely cause: groups",
        "  conv4, layer: calculated conv, measured no layer",
        "limited     MACs       against fvcore: meta has no values",
        "IMPOSSIBLE  reference  against timm x: timm has no model x",
    ]


def test_text_of_several_has_a_summary_the_failures_and_the_counts() -> None:
    lines = render_verdicts([PASSED, BAD], "text", True).splitlines()
    assert lines[0].split() == ["Network", "PyTorch", "fvcore", "timm"]
    assert lines[2].split() == ["good", "passed", "–", "–"]
    assert lines[3].split() == [
        "bad",
        "FAILED",
        "shapes",
        "limited",
        "MACs",
        "IMPOSSIBLE",
        "reference",
    ]
    assert lines[-1] == "2 networks: 1 passed, 1 failed."
    assert "good: passed" not in "\n".join(lines)
    assert "bad: FAILED on CPU, 0 of 3 checks passed" in lines


def test_text_shows_the_first_differences_and_counts_the_others() -> None:
    many = Verdict("net", "CPU", {}, (make_check("MACs", "fvcore", "", [WRONG[1]] * 1025),))
    page = render_verdicts([many], "text", False)
    assert page.count("conv2, macs") == 20
    assert page.endswith("\n  and 1,005 more")
    assert (
        len(json.loads(render_verdicts([many], "json", False))["checks"][0]["differences"]) == 1025
    )


@pytest.mark.parametrize("several", [True, False])
def test_json_has_the_keys_of_the_contract(several: bool) -> None:
    data = json.loads(render_verdicts([BAD], "json", several))
    found = data
    if several:
        assert (data["version"], data["passed"]) == (1, False)
        (found,) = data["networks"]
    else:
        assert found.pop("version") == 1
    assert {k: v for k, v in found.items() if k != "checks"} == {
        "network": "bad",
        "passed": False,
        "device": "CPU",
        "versions": {"torch": "2.13"},
        "digest": "abc",
    }
    shapes = found["checks"][0]
    assert list(shapes) == ["check", "against", "status", "compared", "detail", "differences"]
    assert [c["status"] for c in found["checks"]] == ["failed", "limited", "impossible"]
    assert shapes["differences"][0] == {
        "layer": "conv1",
        "quantity": "output",
        "calculated": [64, 56, 56],
        "measured": [64, 55, 55],
        "cause": "padding or ceil_mode",
    }


def test_junit_has_a_suite_a_network_and_a_case_a_check() -> None:
    root = ElementTree.fromstring(render_verdicts([PASSED, BAD], "junit", True))
    assert [s.attrib for s in root] == [
        {
            "name": "good",
            "hostname": "CPU",
            "tests": "1",
            "failures": "0",
            "errors": "0",
            "skipped": "0",
        },
        {
            "name": "bad",
            "hostname": "CPU",
            "tests": "3",
            "failures": "1",
            "errors": "1",
            "skipped": "1",
        },
    ]
    assert [[child.tag for child in case] for case in root.iter("testcase")] == [
        [],
        ["failure"],
        ["skipped"],
        ["error"],
    ]
    failure = next(root.iter("failure"))
    assert str(failure.get("message")).startswith(
        "conv1, output: calculated 64x56x56, measured 64x55x55"
    )
    assert str(failure.text).count("\n") == 3


def test_github_points_at_the_layer_in_the_spec() -> None:
    lines = render_verdicts([BAD], "github", False).splitlines()
    assert (
        lines[0]
        == "::error file=specs/bad.toml,line=7,col=3,title=bad%3A shapes against PyTorch on"
        " CPU::conv1, output: calculated 64x56x56, measured 64x55x55; likely cause: padding or"
        " ceil_mode"
    )
    assert lines[4] == "::error title=bad%3A reference against timm x::timm has no model x"
    assert lines[-1] == "::notice title=cnnspec verify::bad: FAILED on CPU, 0 of 3 checks passed"
    assert render_verdicts([PASSED], "github", False).count("::error") == 0


def test_github_escapes_what_would_end_a_property_or_a_command() -> None:
    page = render_verdicts([NASTY], "github", False)
    assert "%25%3A%2C" in page
    assert "::error" not in page.replace("\n::error", "")[1:]


def test_a_difference_from_a_model_shows_the_spec_and_the_model() -> None:
    differences = [
        Difference("c3.activation", "layer", "tanh", None, "the model lacks this layer"),
        Difference("forward", "layer", None, "relu", "the spec lacks this layer"),
        Difference("c5", "tensor", (8, 3), None, ""),
    ]
    calls = make_check("calls", "mine:Net", "11 of 12 calls aligned", differences)
    page = render_verdicts([Verdict("net", "CPU", {}, (calls,))], "text", False)
    assert page.splitlines()[-6:] == [
        "FAILED      calls  against mine:Net, 11 of 12 calls aligned",
        "  c3.activation, layer; spec: tanh; model: no layer",
        "    likely cause: the model lacks this layer",
        "  forward, layer; spec: no layer; model: relu",
        "    likely cause: the spec lacks this layer",
        "  c5, tensor; spec: 8x3; model: no tensor",
    ]


def test_markdown_is_a_table_of_checks_and_one_of_differences() -> None:
    page = render_verdicts([BAD], "markdown", False)
    assert "| shapes    | PyTorch on CPU | FAILED     | 12 layers  |" in page
    assert "| conv1   | output     | 64x56x56     | 64x55x55   |" in page
    assert "**2 networks: 1 passed, 1 failed**" in render_verdicts([PASSED, BAD], "markdown", True)


def test_a_verdict_prints_itself() -> None:
    shown = PrintedVerdict(**vars(BAD))
    assert str(shown) == render_verdicts([BAD], "text", False)
    assert "<td>conv1</td>" in shown._repr_html_()
    assert "&lt;" in PrintedVerdict(**vars(NASTY))._repr_html_()
    assert not shown
    assert PrintedVerdict(**vars(PASSED))
