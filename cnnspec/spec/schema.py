"""The JSON Schema (draft-07) of the language, made from the operators' own fields.

Lines are told apart by their ``op`` with if/then, which gives editors one clear error; ``oneOf`` gives one an
operator. Any value may be an expression, so each field also takes a string with a brace in it.
"""

from inspect import getdoc
from sys import modules
from typing import Any

from cnnspec.ops.registry import OPERATORS, operator
from cnnspec.spec.budgets import COUNTS, LIMITS, SETTINGS
from cnnspec.spec.references import LIBRARIES

EXPRESSION = {"type": "string", "pattern": r"\{.*\}", "description": "an expression, {...}"}
CALLED = ("name", "op", "from", "repeat", "each", "when", "training_only", "norm", "activation")
NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1}
SIZE = {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}
SHAPE = {"type": "array", "items": SIZE, "minItems": 1, "maxItems": 8}


def schema() -> dict[str, Any]:
    """The whole schema, as plain data."""
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
            "reference": {"type": "object", "additionalProperties": reference(),
                          "description": "the models of libraries that variants must equal"},
            "budget": {"type": "object", "additionalProperties": budget(), "description": "limits that variants keep"},
            "claims": {"type": "array", "items": {"type": "object"}, "description": "published figures"},
        },
        "definitions": {**operators(), "line": line(), "block": block(), "expression": EXPRESSION},
    }


def about() -> dict[str, Any]:
    return {
        "title": {"type": "string"},
        "year": {"type": "integer"},
        "source": {"type": "string", "description": "authors (year), title, table"},
        "input": {"anyOf": [SHAPE, {"type": "object", "additionalProperties": SHAPE}, EXPRESSION],
                  "description": "channels, height, width; or a table with a shape for each of inputs"},
    }


def reference() -> dict[str, Any]:
    """A reference of a variant: a model by library, and the arguments with which the variant equals it."""
    models = {library: {"type": "string", "description": f"a model of {library}"} for library in LIBRARIES}
    settings = {"type": "object", "description": "the arguments with which the network equals it"}
    return {"type": "object", "additionalProperties": False, "properties": {**models, "set": settings}}


def budget() -> dict[str, Any]:
    """The limits of a variant, or of the network, and what they mean by its memory."""
    side, number = r"^\s*(<=|>=)?\s*", r"\d[\d,_ ]*(\.\d+)?\s*"
    forms = {"": "[kKmMgGtT]?", "MAC": "[kKmMgGtT]?([mM][aA][cC][sS]?|[fF][lL][oO][pP][sS]?)?",
             "B": "[kKmMgGtT]?i?[bB]?"}
    limits = {}
    for quantity in LIMITS:
        pattern = f"{side}{number}{forms[COUNTS.get(quantity, 'B')]}\\s*$"
        limits[quantity] = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": pattern}],
                            "description": f"{'at least' if quantity == 'receptive_field' else 'at most'}, unless a "
                                           "text begins with <= or >="}
    settings: dict[str, Any] = {key: {"enum": list(options)} for key, options in SETTINGS.items()}
    settings["batch"] = {"type": "integer", "minimum": 1}
    return {"type": "object", "additionalProperties": False, "properties": {**limits, **settings}}


def line() -> dict[str, Any]:
    """A line of layers: its control keys, and the fields of the operator that it calls."""
    return {
        "type": "object",
        "required": ["name"],
        "oneOf": [{"required": ["op"]}, {"required": ["share"]}],
        "properties": {
            "name": {"type": "string"},
            "op": {"type": "string", "description": "an operator (" + ", ".join(OPERATORS) + "), or a block"},
            "from": {"anyOf": [{"type": "string"}, NAMES],
                     "description": "what it reads: input, previous (the default), lines above, paths into blocks"},
            "repeat": {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]},
            "each": {"anyOf": [{"type": "array"}, EXPRESSION], "description": "one line for each row; i counts from 0"},
            "when": {"anyOf": [{"type": "boolean"}, EXPRESSION], "description": "whether the line is there"},
            "share": {"type": "string", "description": "the line whose parameters are used again"},
            "training_only": {"type": "boolean"},
            "norm": {"type": ["string", "object"], "description": "the norm after the operator"},
            "activation": {"type": ["string", "object"], "description": "the activation after that"},
        },
        "allOf": [call(name, CALLED, whole=True) for name in OPERATORS],
    }


def operators() -> dict[str, Any]:
    """A definition for each operator: its documentation and its fields."""
    found = {}
    for name in OPERATORS:
        cls = operator(name)
        properties = {}
        for key, field in cls.fields.items():
            properties[key] = {**dynamic(field.schema()), "description": field.doc}
            if not field.required and field.default is not None:
                properties[key]["default"] = field.default
        doc = getdoc(modules[cls.__module__]) or ""
        found[name] = {"description": doc.split("\n\n")[0], "properties": properties}
    return found


def dynamic(plain: dict[str, Any]) -> dict[str, Any]:
    """A field's schema, where an expression may stand for any value, in lists too."""
    options = [o | {"items": dynamic(o["items"])} if "items" in o else o for o in plain.get("anyOf", [plain])]
    return {"anyOf": [*options, {"$ref": "#/definitions/expression"}]}


def call(name: str, keys: tuple[str, ...], whole: bool = False) -> dict[str, Any]:
    """What holds where ``op`` is the operator ``name``: its fields, beside ``keys``; ``whole``: none left out.

    Rows of ``each`` may fill in required fields.
    """
    fields = operator(name).fields
    then = {"allOf": [{"$ref": f"#/definitions/{name}"}], "propertyNames": {"enum": [*keys, *fields]}}
    required = [key for key, field in fields.items() if field.required]
    if whole and required:
        then["anyOf"] = [{"required": required}, {"required": ["each"]}]
    return {"if": {"properties": {"op": {"const": name}}, "required": ["op"]}, "then": then}


def block() -> dict[str, Any]:
    """A block: a preset, with an op; or a list of layers with arguments and ports, and nothing else."""
    properties = {
        "args": {"type": "array", "items": {"type": "string"}, "description": "required arguments, a row's order"},
        "defaults": {"type": "object", "description": "optional arguments with their values"},
        "inputs": {**NAMES, "description": "default: one, input"},
        "outputs": {**NAMES, "description": "default: the last line"},
        "layers": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/line"}},
    }
    preset = {
        "properties": {"op": {"type": "string", "description": "the operator that this preset fills in"}},
        "allOf": [call(name, ("op", "args", "defaults", "norm", "activation")) for name in OPERATORS],
    }
    return {"type": "object", "if": {"required": ["op"]}, "then": preset,
            "else": {"required": ["layers"], "properties": properties, "additionalProperties": False}}
