"""The session that the playground's worker runs: its answers are those of the other commands."""

import json
from typing import Any

import pytest

import cnnspec
from cnnspec.site.session import PlaygroundSession

SPEC = """name = "small"
input = [3, 32, 32]
layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 3 },
  { name = "b", op = "maxpool", kernel_size = 2 },
]
"""


@pytest.fixture
def session() -> PlaygroundSession:
    return PlaygroundSession()


def ask(session: PlaygroundSession, method: str, *arguments: Any) -> Any:
    return json.loads(session.answer(method, json.dumps(arguments)))


def test_hints_follow_the_text(session: PlaygroundSession) -> None:
    ask(session, "write", SPEC)
    found = ask(session, "edit")
    assert [hint["shapes"] for hint in found["hints"][1:]] == [[[4, 30, 30]], [[4, 15, 15]]]
    assert (found["diagnostics"], found["stale"], found["variant"]) == ([], False, "small")
    ask(session, "write", SPEC.replace("kernel_size = 3", "kernel_size = 3, stride = 2"))
    assert ask(session, "edit")["hints"][1]["shapes"] == [[4, 15, 15]]


def test_the_last_good_version_answers_while_the_text_is_broken(session: PlaygroundSession) -> None:
    ask(session, "write", SPEC)
    table = ask(session, "view", "table")
    ask(session, "write", SPEC.replace('"maxpool"', '"maxpol"'))
    found = ask(session, "edit")
    assert found["stale"]
    (problem,) = [one for one in found["diagnostics"] if one["severity"] == "error"]
    assert problem["range"]["start"]["line"] == 4
    assert "maxpol" in problem["message"]
    assert problem["fixes"]
    assert ask(session, "view", "table") == table


@pytest.mark.parametrize("name", ["lenet5", "resnet34", "ssd300_vgg16"])
def test_a_network_of_the_zoo_opens_with_its_variant(session: PlaygroundSession, name: str) -> None:
    found = ask(session, "open_network", name)
    ask(session, "write", found["text"], found["variant"])
    answer = ask(session, "edit")
    totals = cnnspec.load(name).totals
    assert answer["variant"] == name
    assert (answer["hints"][0]["params"], answer["hints"][0]["macs"]) == (
        totals.params,
        totals.macs,
    )
    assert f"{totals.params:,}" in ask(session, "view", "table")
    assert ask(session, "view", "picture").startswith("<figure><svg")
    assert ask(session, "view", "memory").count("<svg") == 2


def test_views_of_an_empty_text_say_that_there_are_no_layers(session: PlaygroundSession) -> None:
    for name in ("table", "picture", "memory"):
        assert "no layers" in ask(session, "view", name)
    assert ask(session, "explain", 0, 0) == ""
    assert ask(session, "edit")["hints"] == []


@pytest.mark.parametrize("character", [0, 4, 30, 65])
def test_a_line_is_explained_from_any_place_in_it(
    session: PlaygroundSession, character: int
) -> None:
    ask(session, "write", SPEC)
    assert "a: conv, input" in ask(session, "explain", 3, character)


def test_elsewhere_the_word_is_explained(session: PlaygroundSession) -> None:
    ask(session, "write", SPEC)
    assert "shape" in ask(session, "explain", 1, 2)


def test_a_completion_is_documented(session: PlaygroundSession) -> None:
    ask(session, "write", SPEC.replace('"maxpool"', '""'))
    found = ask(session, "complete", 4, SPEC.split("\n")[4].index('"maxpool"') + 1)
    assert {"maxpool", "conv"} <= {one["label"] for one in found}
    assert "<" in ask(session, "document_completion", "maxpool")
    assert ask(session, "document_completion", "no such thing") == ""


def test_the_first_spec_is_right_and_formatted(session: PlaygroundSession) -> None:
    ask(session, "write", ask(session, "first_spec"))
    assert ask(session, "edit")["diagnostics"] == []
    assert ask(session, "format") == []


@pytest.mark.parametrize("name", ["no_such", "../lenet5", "/etc/passwd", "", "lenet5.toml", "-"])
def test_only_networks_of_the_zoo_open(session: PlaygroundSession, name: str) -> None:
    assert "there is no network" in ask(session, "open_network", name)["error"]


def test_all_networks_can_be_opened(session: PlaygroundSession) -> None:
    names = [name for family in ask(session, "networks").values() for name in family]
    assert all("text" in ask(session, "open_network", name) for name in names)
