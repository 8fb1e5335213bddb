"""Differences with one cause are one row of a report, in every format, with their count."""

import json
from typing import Any
from xml.etree import ElementTree

from cnnspec.analyses.verdict import Difference, Verdict, make_check
from cnnspec.problems import Where
from cnnspec.report.verdicts.data import render_verdicts
from cnnspec.report.verdicts.group import describe_group, group_differences

LACKED = "the spec lacks this layer"


def changed(i: int) -> Difference:
    words = "bias False → True"
    return Difference(f"c{i}", "conv", "bias = False", "bias = True", "bias", 1, words)


def added(i: int, kind: str = "relu", source: str = "net.py:7") -> Difference:
    place = f"blocks.{i}"
    return Difference(place, "layer", None, kind, LACKED, module=place, source=source)


def rewired(i: int, source: str = "net.py:9") -> Difference:
    reads = f"what it reads, in blocks.{i}"
    return Difference(f"b{i}.cat", "reads", f"x{i}, y", f"y, x{i}", reads, source=source)


def groups(*differences: Difference) -> list[tuple[tuple[str, ...], str]]:
    return [
        (g.names, describe_group(g) if len(g.differences) > 1 else g.cause)
        for g in group_differences(differences)
    ]


def test_layers_that_one_line_of_the_model_adds_are_one_row() -> None:
    found = groups(added(0), added(1), added(2, "tanh"), added(3, source="net.py:8"), added(4))
    assert found == [
        (("blocks.0", "blocks.1", "blocks.4"), "layer; the spec lacks 3 times relu (net.py:7)"),
        (("blocks.2",), LACKED),
        (("blocks.3",), LACKED),
    ]


def test_layers_that_one_line_of_the_model_connects_otherwise_are_one_row() -> None:
    found = groups(rewired(0), rewired(1), rewired(2, "net.py:10"))
    sides = "spec: x0, y; model: y, x0"
    assert found == [
        (("b0.cat", "b1.cat"), f"what 2 layers read; the first: {sides} (net.py:9)"),
        (("b2.cat",), "what it reads, in blocks.2"),
    ]


def test_without_a_line_the_name_decides() -> None:
    first, second = (Difference(f"b{i}.act", "layer", None, "relu", LACKED) for i in range(2))
    assert [names for names, _ in groups(first, second)] == [("b0.act", "b1.act")]
    assert len(groups(rewired(0, ""), rewired(1, ""))) == 2


def test_a_row_names_the_modules_and_the_lines_of_the_model() -> None:
    found = [
        changed(i).replace(module=f"layer{i}.conv", source=f"net.py:{7 + i % 2}") for i in range(5)
    ]
    (group,) = group_differences(found)
    places = "layer0.conv, layer1.conv, layer2.conv and 2 more, net.py:7, 8"
    assert describe_group(group) == f"conv: bias False → True in 5 layers ({places})"


def test_modules_with_the_names_of_the_layers_are_not_repeated() -> None:
    (group,) = group_differences([changed(i).replace(module=f"c{i}") for i in range(2)])
    assert describe_group(group) == "conv: bias False → True in 2 layers"


def verdict() -> Verdict:
    found = [*map(changed, range(53)), *map(added, range(3)), rewired(0)]
    check = make_check("calls", "mine:Net", "60 of 60 calls aligned", found)
    return Verdict("net", "CPU", {}, (check,), "", {"c0": Where("net.toml", 3, 5)})


FIRST = "c0, c1, c2, c3 and 49 more, conv: bias False → True in 53 layers"
SECOND = "blocks.0, blocks.1, blocks.2, layer; the spec lacks 3 times relu (net.py:7)"
THIRD = "b0.cat, reads; spec: x0, y; model: y, x0 (net.py:9)"


def test_text_has_a_line_for_each_cause() -> None:
    lines = render_verdicts([verdict()], "text", False).splitlines()
    assert [f"  {FIRST}", f"  {SECOND}", f"  {THIRD}"] == [
        line for line in lines if line.startswith("  ") and not line.startswith("    ")
    ]


def test_markdown_and_html_have_a_row_for_each_cause() -> None:
    page = render_verdicts([verdict()], "markdown", False)
    rows = [line for line in page.splitlines() if line.startswith("| calls, mine:Net")]
    assert len(rows) == 3
    assert "c0, c1, c2, c3 and 49 more" in rows[0]
    assert "bias False → True in 53 layers" in rows[0].replace("\\", "")


def test_junit_counts_causes() -> None:
    root = ElementTree.fromstring(render_verdicts([verdict()], "junit", False))
    failure = next(root.iter("failure"))
    assert failure.get("message") == f"{FIRST}; 3 in all"
    cause = " (what it reads, in blocks.0)"
    assert str(failure.text).splitlines() == [FIRST, SECOND, THIRD + cause]


def test_github_has_an_annotation_for_each_cause() -> None:
    lines = render_verdicts([verdict()], "github", False).splitlines()
    assert len(lines) == 4
    assert (
        lines[0]
        == f"::error file=net.toml,line=3,col=5,title=net%3A calls against mine%3ANet::{FIRST}"
    )
    assert lines[1].endswith(f"::{SECOND}")


def test_json_has_every_difference_and_the_causes() -> None:
    check: Any = json.loads(render_verdicts([verdict()], "json", False))["checks"][0]
    assert len(check["differences"]) == 57
    assert [c["text"] for c in check["causes"]] == [FIRST, SECOND, THIRD]
    assert [c["count"] for c in check["causes"]] == [53, 3, 1]
