"""The JSON Schema is valid, accepts the zoo, and refuses what the language refuses."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.spec.schema import language_schema
from cnnspec.spec.zoo import zoo_files
from tests.spec.schema_validators import VALIDATOR, accepts

BAD = Path(__file__).parent / "bad"


def test_the_schema_is_a_draft_07_schema() -> None:
    Draft7Validator.check_schema(language_schema())
    assert language_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_patterns_are_read_alike_by_editors() -> None:
    """JavaScript's validators compile patterns with the flag u, which allows few escapes."""

    def inside(value: Any) -> list[str]:
        if isinstance(value, list):
            return [p for v in value for p in inside(v)]
        own = (
            [value["pattern"]]
            if isinstance(value, dict) and isinstance(value.get("pattern"), str)
            else []
        )
        return (
            own + [p for v in value.values() for p in inside(v)] if isinstance(value, dict) else own
        )

    patterns = inside(language_schema())
    assert len(patterns) > 20
    assert {c for p in patterns for c in re.findall(r"\\(.)", p)} <= set(r"^$\.*+?()[]{}|/dDsSwW")


@pytest.mark.parametrize("path", zoo_files(), ids=lambda p: Path(p).stem)
def test_every_spec_of_the_zoo_is_accepted(path: str) -> None:
    data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    assert [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in VALIDATOR.iter_errors(data)
    ] == []
    assert accepts(data)


BEYOND = {
    "it is about the command line": (
        """
        input_from_outside_is_no_list_of_sizes input_from_outside_is_no_shape
        setting_does_not_fit setting_of_what_is_not_declared setting_without_a_value
        another_input_size_is_refused"""
    ),
    "it is in an included file": (
        """
        block_included_twice included_block_sees_only_its_own_arguments
        included_file_is_not_toml included_file_with_layers"""
    ),
    "whether a block, layer, argument or input exists depends on another place": (
        """
        argument_declared_below argument_required_and_optional block_arguments
        block_calls_itself block_called_as_an_operator block_reads_two_inputs
        from_a_block_with_several_outputs
        from_itself from_misspelled from_path_into_a_block_misspelled
        from_reads_what_stands_below input_table_names_other_inputs names_twice
        nobody_reads_it operator_misspelled operator_of_an_expression outputs_misspelled
        preset_calls_itself preset_lacks_field repeated_names_twice rows_that_do_not_fit
        training_only_feeds_inference training_only_is_an_output unpool_of_no_pool"""
    ),
    "expressions are text to it": (
        """
        conditional_without_else default_of_an_argument_has_no_value
        expressions_without_a_value faults_in_defaults input_of_expressions_is_no_shape
        size_from_an_expression_is_no_integer"""
    ),
    "shapes and sizes have to be computed": (
        """
        branch_lacks_padding conv_after_a_flatten fault_affects_only_what_depends_on_it
        faults_inside_repeats_are_folded gate_of_other_channels groups_do_not_divide
        input_too_large join_of_a_map_and_a_vector linear_after_a_feature_map
        network_shrinks_to_nothing output_too_large reshape_to_other_elements
        share_has_more share_on_other_channels shortcut_lacks_a_stride shortcut_lacks_both
        shortcut_lacks_channels three_strides_for_two_dimensions too_many_lines
        too_many_lines_together weights_too_large window_does_not_fit"""
    ),
}
MISSED = {name for names in BEYOND.values() for name in names.split()}


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda p: p.stem)
def test_a_bad_spec_is_refused_unless_that_is_beyond_a_schema(path: Path) -> None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return  # editors say themselves what is no TOML
    missed = accepts(data)
    assert missed == (path.stem in MISSED), (
        "a new bad spec? The schema refuses it, or BEYOND says why it cannot"
    )


def test_what_is_beyond_a_schema_is_there() -> None:
    assert {p.stem for p in BAD.glob("*.toml")} >= MISSED


def test_operators_are_described_from_their_own_definitions() -> None:
    definitions = language_schema()["definitions"]
    line = definitions["line"]
    assert line["properties"]["op"]["anyOf"][0]["enum"] == list(OPERATORS)
    for name in OPERATORS:
        found, fields = definitions[name]["properties"], load_operator(name).fields
        assert {k: v["description"] for k, v in found.items()} == {
            k: f.doc for k, f in fields.items()
        }
        assert {k: v["default"] for k, v in found.items() if "default" in v} == {
            k: f.default for k, f in fields.items() if not f.required and f.default is not None
        }
        assert definitions[name]["description"].endswith((".", ":"))
    assert all("description" in v for v in line["properties"].values())


SCALARS = st.one_of(
    st.integers(-2, 6),
    st.integers(),
    st.booleans(),
    st.sampled_from(["valid", "same", "half", "constant", "x"]),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer()),
)  # JSON's 1.0 is an integer
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=4),
    st.lists(st.lists(st.integers(-1, 4), max_size=3), max_size=3),
    st.dictionaries(st.just("a"), SCALARS, max_size=1),
)
FIELDS = [(name, key) for name in OPERATORS for key in load_operator(name).fields]


@settings(deadline=None)
@given(st.sampled_from(FIELDS), VALUES)
def test_a_field_takes_what_its_schema_takes(field: tuple[str, str], value: Any) -> None:
    name, key = field
    try:
        load_operator(name).fields[key].read(value)
        taken = True
    except OperatorError:
        taken = False
    assert Draft7Validator(load_operator(name).fields[key].schema()).is_valid(value) == taken


HIDING = """
name = "net"
input = [3, 8, 8]
layers = [{{ name = "a", op = "{op}", depth = 4 }}]
[blocks.{block}]
args = ["depth"]
layers = [{{ name = "x", op = "depthwise_conv", kernel_size = 3 }}]
"""


def test_a_block_with_the_name_of_an_operator_has_arguments_of_its_own() -> None:
    assert accepts(tomllib.loads(HIDING.format(op="conv", block="conv")))
    assert accepts(tomllib.loads(HIDING.format(op="unit", block="unit")))
    assert not accepts(tomllib.loads(HIDING.format(op="conv", block="unit")))
