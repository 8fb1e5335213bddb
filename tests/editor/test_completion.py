"""Completion offers what the language has at a place, and what it writes can be read."""

import pytest

from cnnspec.editor.completion import Completion, find_completions
from cnnspec.editor.document import Document
from cnnspec.editor.fixes import apply_edits
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.spec.functions import FUNCTIONS
from tests.editor.marked import SPEC, at, marked


def offered(place: str, text: str = SPEC) -> dict[str, Completion]:
    """What is offered at the mark in a place of a text, by label."""
    return {found.label: found for found in find_completions(*at(place, text))}


@pytest.mark.parametrize(
    ("place", "labels"),
    [
        ('op = "co^nv", out', {"conv", "linear", "unit", "conv_bn", "project"}),
        ('op = "linear", ^out_features', {"out_features", "bias", "from", "repeat", "norm"}),
        ('op = "unit", ^each', {"out", "stride", "inner", "each", "when"}),
        ('["conv2", "^short"]', {"short", "conv2", "conv1", "input", "previous"}),
        ('from = "inp^ut"', {"conv2", "conv1", "input", "previous"}),
        ('out_channels = "{inn^er}"', {"inner", "out", "stride", "width", "in_channels", "max"}),
        ('each = "{^rows}"', {"rows", "width", "i"}),
        ("[variants.wide]\ntit^le", {"title", "year", "source", "input", "rows"}),
        ("bi^as        = false", {"bias", "groups", "stride", "dilation"}),
        ("keepdim = ^false", {"true", "false"}),
        ("kernel_size = 3, padding = ^1", {"same", "valid", "half", "{width}"}),
        ('norm        = "^batchnorm"', {"batchnorm", "layernorm", "none"}),
        ("two ^of them", {"S001", "A001", "B001"}),
        ("[^blocks.unit]", {"blocks.", "variants.", "claims", "budget.wide"}),
    ],
)
def test_it_offers(place: str, labels: set[str]) -> None:
    assert labels <= offered(place).keys()


@pytest.mark.parametrize(
    ("place", "labels"),
    [
        ('op = "linear", ^out_features', {"name", "op"}),
        ('from = "inp^ut"', {"short", "add", "first"}),
        ('norm        = "^batchnorm"', {"relu", "conv", "unit"}),
        ('out_channels = "{^width}"', {"out", "inner", "i", "in_channels"}),
        ("two ^of them", {"L001", "G001"}),
        ('name  = "net"^\n', {"title"}),
        ("keepdim = ^false", {"valid"}),
    ],
)
def test_it_does_not_offer(place: str, labels: set[str]) -> None:
    assert not labels & offered(place).keys()


def test_layers_come_nearest_first_with_their_shapes() -> None:
    found = list(offered('["conv2", "^short"]').values())
    assert [c.label for c in found[:3]] == ["short", "conv2", "conv1"]
    assert found[0].detail.startswith("2 calls, 2 shapes")


def test_instances_of_a_repeated_line_are_offered() -> None:
    text = SPEC.replace("keepdim = false", 'keepdim = false, from = ""')
    good = Document(SPEC, "net.toml")
    assert good.network
    document, position = marked(text.replace('from = ""', 'from = "^"'))
    later = Document(document.text, "net.toml", before=good)
    labels = [c.label for c in find_completions(later, position)]
    assert labels[:3] == ["unit0", "unit1", "first"]


@pytest.mark.parametrize("name", list(OPERATORS))
def test_the_fields_of_each_operator_are_offered_required_ones_first(name: str) -> None:
    document, position = marked(f'layers = [ {{ name = "a", op = "{name}", ^ }} ]')
    found = [c for c in find_completions(document, position) if c.kind == "field"]
    fields = load_operator(name).fields
    assert {c.label for c in found} == fields.keys()
    required = [fields[c.label].required for c in found]
    assert required == sorted(required, reverse=True)
    assert all(c.edit.new_text == f"{c.label} = " for c in found)


def test_what_is_offered_in_a_string_replaces_what_is_in_it() -> None:
    document, position = at('op = "glob^al_avgpool"')
    found = {c.label: c for c in find_completions(document, position)}
    text = apply_edits(document.text, (found["flatten"].edit,))
    assert text == SPEC.replace("global_avgpool", "flatten")


def test_a_value_outside_a_string_gets_quotes() -> None:
    document, position = marked('layers = [ { name = "a", op = ^ } ]')
    found = {c.label: c for c in find_completions(document, position)}
    text = apply_edits(document.text, (found["relu"].edit,))
    assert text == 'layers = [ { name = "a", op = "relu" } ]'


def test_all_functions_of_expressions_are_described() -> None:
    found = offered('out_channels = "{inn^er}"')
    functions = {c.label: c.detail for c in found.values() if c.kind == "function"}
    assert functions.keys() == FUNCTIONS.keys()
    assert all(functions.values())


def test_a_spec_can_be_begun_from_nothing() -> None:
    text = ""
    for key, written in (("name", '"net"\n'), ("input", "[3, 8, 8]\n"), ("layers", "\n")):
        document = Document(text, "net.toml")
        assert document.may_be_spec
        end = document.lines.position(len(text))
        found = {c.label: c for c in find_completions(document, end)}
        assert next(iter(found)) == key
        text = apply_edits(text, (found[key].edit,)) + written
    document, position = marked(text.replace('op = ""', 'op = "^"'))
    assert "conv" in {c.label for c in find_completions(document, position)}
    assert not Document('[project]\nname = "x"\n', "pyproject.toml").may_be_spec
