"""The JSON Schema (draft-07) of the language, made from the operators' own fields.

What depends on another place of a file is beyond it: whether a block, a layer or an argument is
there, and how large anything is. Names are told from expressions by their braces."""

from keyword import kwlist
from typing import Any

from cnnspec.ops.registry import OPERATORS
from cnnspec.spec.headers import KEYS
from cnnspec.spec.reader import BOUND, CONTROL, RESERVED
from cnnspec.spec.schema_lines import EXPRESSION, LINES, NAME, NAMES, block, definitions
from cnnspec.spec.schema_tables import budget, claims, reference

SIZE = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, EXPRESSION]}
SHAPE = {"type": "array", "items": SIZE, "minItems": 1, "maxItems": 8}
WORD = r"""^[^\d\s.,:;+*/(){}\[\]="'-][^\s.,:;+*/(){}\[\]="'-]*$"""
TAKEN = (*BOUND, *CONTROL, *RESERVED, *(word for word in kwlist))
ARGUMENT = {"type": "string", "pattern": WORD, "not": {"enum": list(TAKEN)}}


def language_schema() -> dict[str, Any]:
    """The whole schema, as plain data."""
    own = {**ARGUMENT, "not": {"enum": [*TAKEN, *(k for k in KEYS if k not in TAKEN)]}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cnnspec network",
        "description": "A convolutional network: https://toml.io text that cnnspec reads",
        "type": "object",
        "required": ["name", "input", "layers"],
        "additionalProperties": False,
        "properties": {
            "name": {**NAME, "description": "the network's, or the family's, name"},
            **about(),
            "args": {
                "type": "object",
                "propertyNames": own,
                "description": "arguments with their defaults, which variants and --set change",
            },
            "inputs": {**NAMES, "description": "the names of several inputs"},
            "outputs": {
                **NAMES,
                "description": "the layers that the network gives; default: the last",
            },
            "layers": LINES,
            "blocks": {
                "type": "object",
                "propertyNames": {**NAME, "not": {"enum": [*OPERATORS, *RESERVED]}},
                "additionalProperties": block(ARGUMENT),
            },
            "variants": {
                "type": "object",
                "propertyNames": NAME,
                "description": "settings of the arguments, by name",
                "additionalProperties": {"type": "object", "properties": about()},
            },
            "include": {
                **NAMES,
                "description": "files with blocks, in specs/ or below the file's own folder",
            },
            "reference": {
                "type": "object",
                "additionalProperties": reference(),
                "description": "the models of libraries that variants must equal",
            },
            "budget": {
                "type": "object",
                "additionalProperties": budget(),
                "description": "limits that variants keep",
            },
            "claims": {**claims(), "description": "published figures"},
        },
        "definitions": definitions(),
    }


def about() -> dict[str, Any]:
    """What a network says of itself, and a variant of it."""
    return {
        "title": {"type": "string", "description": "as tables print it"},
        "year": {"type": "integer", "description": "of the publication"},
        "source": {"type": "string", "description": "authors (year), title, table"},
        "input": {
            "anyOf": [SHAPE, {"type": "object", "additionalProperties": SHAPE}, EXPRESSION],
            "description": "channels, height, width; or a table with a shape for each of inputs",
        },
    }
