"""The JSON Schema (draft-07) of the language, made from the operators' own fields.

Lines are told apart by their ``op`` with if/then, which gives editors one clear error; ``oneOf`` gives one an
operator. Any value may be an expression, so each field also takes a string with a brace in it.
"""

from inspect import getdoc
from sys import modules
from typing import Any

from cnnspec.ops.operator import Operator
from cnnspec.ops.registry import OPERATORS, operator

EXPRESSION = {"type": "string", "pattern": r"\{.*\}", "description": "an expression, {...}"}
NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1}
SHAPE = {"type": "array", "items": {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}, "minItems": 1, "maxItems": 8}


def schema() -> dict[str, Any]:
    """The whole schema, as plain data."""
    calls = [
        {"if": {"properties": {"op": {"const": name}}, "required": ["op"]}, "then": fields(operator(name))}
        for name in OPERATORS
    ]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cnnspec network",
        "description": "A convolutional network: https://toml.io text that cnnspec reads",
        "type": "object",
        "required": ["name", "input", "layers"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "description": "the network's, or the family's, name"},
            **about(),
            "args": {"type": "object", "description": "arguments with their defaults, which variants and --set change"},
            "inputs": {**NAMES, "description": "the names of several inputs"},
            "outputs": {**NAMES, "description": "the layers that the network gives; default: the last"},
            "layers": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/line"}},
            "blocks": {"type": "object", "additionalProperties": {"$ref": "#/definitions/block"}},
            "variants": {"type": "object", "additionalProperties": {"type": "object", "properties": about()}},
            "include": {**NAMES, "description": "files with blocks, in specs/ or below the file's own folder"},
            "reference": {"type": "object", "description": "the models that variants must equal"},
            "budget": {"type": "object", "description": "limits that variants keep"},
            "claims": {"type": "array", "items": {"type": "object"}, "description": "published figures"},
        },
        "definitions": {"line": line(calls), "block": block(), "expression": EXPRESSION},
    }


def about() -> dict[str, Any]:
    return {
        "title": {"type": "string"},
        "year": {"type": "integer"},
        "source": {"type": "string", "description": "authors (year), title, table"},
        "input": {"anyOf": [SHAPE, {"type": "object", "additionalProperties": SHAPE}, EXPRESSION],
                  "description": "channels, height, width; or a table with a shape for each of inputs"},
    }


def line(calls: list[dict[str, Any]]) -> dict[str, Any]:
    """A line of layers: its control keys, and the fields of the operator that it calls."""
    return {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "op": {"type": "string", "description": "an operator (" + ", ".join(OPERATORS) + "), or a block"},
            "from": {"anyOf": [{"type": "string"}, NAMES],
                     "description": "what it reads: input, previous (the default), lines above, paths down into blocks"},
            "repeat": {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]},
            "each": {"anyOf": [{"type": "array"}, EXPRESSION], "description": "one line for each row; i counts from 0"},
            "when": {"anyOf": [{"type": "boolean"}, EXPRESSION], "description": "whether the line is there"},
            "share": {"type": "string", "description": "the line whose parameters are used again"},
            "training_only": {"type": "boolean"},
            "norm": {"type": ["string", "object"], "description": "the norm after the operator"},
            "activation": {"type": ["string", "object"], "description": "the activation after that"},
        },
        "allOf": calls,
    }


def fields(cls: type[Operator]) -> dict[str, Any]:
    """The fields of an operator's line."""
    properties = {}
    for name, field in cls.fields.items():
        properties[name] = {"anyOf": [field.schema(), EXPRESSION], "description": field.doc}
        if not field.required and field.default is not None:
            properties[name]["default"] = field.default
    control = dict.fromkeys(("name", "op", "from", "repeat", "each", "when", "training_only", "norm", "activation"), True)
    doc = getdoc(modules[cls.__module__]) or ""
    return {"description": doc.split("\n\n")[0], "properties": {**control, **properties}, "additionalProperties": False}


def block() -> dict[str, Any]:
    """A block: a list of layers with arguments and ports, or a preset with an op."""
    return {
        "type": "object",
        "properties": {
            "op": {"type": "string", "description": "the operator that this preset fills in"},
            "args": {"type": "array", "items": {"type": "string"}, "description": "required arguments, a row's order"},
            "defaults": {"type": "object", "description": "optional arguments with their values"},
            "inputs": {**NAMES, "description": "default: one, input"},
            "outputs": {**NAMES, "description": "default: the last line"},
            "layers": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/line"}},
        },
        "anyOf": [{"required": ["op"]}, {"required": ["layers"]}],
    }
