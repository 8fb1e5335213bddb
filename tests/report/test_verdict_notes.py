"""Every format says the same findings of a verdict: each cause once, and the notes too."""

import re
from html import unescape

import pytest

from cnnspec.analyses.verdict import FAILED, PASSED, Check, Difference, Verdict
from cnnspec.report.presets import VERDICTS
from cnnspec.report.verdicts.data import render_verdicts
from cnnspec.report.verdicts.readable import PrintedVerdict

FORMATS = [f for f in VERDICTS if f != "json"]
BIASES = tuple(
    Difference(f"layer{i}.conv", "conv", "bias = False", "bias = True", "bias", change="bias 0 → 1")
    for i in range(6)
)
CALLS = tuple(
    Difference(f"b{i}.pad", "layer", None, "pad", "the spec lacks this layer", source="m.py:3")
    for i in range(5)
)
BUFFER = Difference("mean", "buffer", None, (3,), "a buffer that the spec lacks")
VERDICT = Verdict(
    "net",
    "CPU",
    {},
    (
        Check("calls", "mine", FAILED, "9 calls", differences=BIASES, notes=CALLS),
        Check("tensors", "mine", PASSED, "2 tensors", notes=(BUFFER,)),
    ),
)
FINDINGS = (
    "layer0.conv, layer1.conv, layer2.conv, layer3.conv and 2 more",
    "bias 0 → 1 in 6 layers",
    "b0.pad, b1.pad, b2.pad, b3.pad and 1 more",
    "the spec lacks 5 times pad",
    "mean, buffer",
    "a buffer that the spec lacks",
)


def flatten(text: str) -> str:
    """Return text without markup, escapes and line breaks."""
    plain = unescape(re.sub(r"<[^>]+>", " ", text)).replace("\\", "").replace("%2C", ",")
    return re.sub(r"\s+", " ", plain)


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_says_all_findings_grouped(format: str) -> None:
    text = flatten(render_verdicts([VERDICT], format, False))
    assert [finding for finding in FINDINGS if finding not in text] == []
    assert "layer4.conv" not in text


def test_a_notebook_shows_the_notes() -> None:
    page = flatten(PrintedVerdict(**vars(VERDICT))._repr_html_())
    assert [finding for finding in FINDINGS if finding not in page] == []


@pytest.mark.parametrize("format", FORMATS)
def test_without_notes_none_are_shown(format: str) -> None:
    quiet = VERDICT.replace(checks=tuple(c.replace(notes=()) for c in VERDICT.checks))
    text = render_verdicts([quiet], format, False).lower()
    assert not re.search(r"\bnotes?\b", text)
