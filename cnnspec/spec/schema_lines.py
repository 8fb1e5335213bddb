"""The JSON Schema of layers: lines, the operators that they call, and blocks.

if/then on ``op`` gives editors one clear error; ``oneOf`` would give one for each operator. Any
value may be an expression, so each field also takes a string with a brace in it."""

from inspect import getdoc
from sys import modules
from typing import Any

from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.spec.reader import RESERVED, SHORTHAND

Schema = dict[str, Any]
EXPRESSION: Schema = {"type": "string", "pattern": r"\{.*\}", "description": "an expression, {...}"}
NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 100,
    "pattern": r"""^[^./\\"'`:]+$""",
    "not": {"enum": list(RESERVED)},
}
NAMES: Schema = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
LINES: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"$ref": "#/definitions/line"},
    "description": "one line for each layer; it reads the line before, or what from names",
}
CALLED = ("name", "op", "from", "repeat", "each", "when", "training_only", *SHORTHAND)
SHARED = ("name", "share", "from", "repeat", "when", "training_only")


def line_definitions() -> Schema:
    """Return the definitions that lines use: operators, norms, activations and expressions."""
    known = {
        **{name: operator_schema(name) for name in OPERATORS},
        **{part: part_schema(part) for part in SHORTHAND},
    }
    return {**known, "line": line_schema(), "calls": calls_schema(), "expression": EXPRESSION}


def line_schema() -> Schema:
    """Return the schema of a line: the keys of every line, and the fields of its operator."""
    anew = {"type": "string", "pattern": r"^previous$|\{"}  # reads another layer every time
    repeated = {"required": ["from"], "anyOf": [{"required": ["repeat"]}, {"required": ["each"]}]}
    return {
        "type": "object",
        "required": ["name"],
        "oneOf": [{"required": ["op"]}, {"required": ["share"]}],
        "not": {"required": ["repeat", "each"]},
        "properties": {
            "name": {
                "anyOf": [NAME, EXPRESSION],
                "description": "the name in lines below, tables and messages",
            },
            "op": {
                "anyOf": [{"enum": list(OPERATORS)}, {"type": "string"}],
                "description": "an operator, or a block of this file or of an included file",
            },
            "from": {
                "anyOf": [{"type": "string", "minLength": 1}, NAMES],
                "description": (
                    "what it reads: input, previous (the default), lines above, paths into blocks"
                ),
            },
            "repeat": {
                "anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION],
                "description": "how often the line is repeated; i counts from 0",
            },
            "each": {
                "anyOf": [{"type": "array"}, EXPRESSION],
                "description": (
                    "one instance of the line for each row, which gives arguments; i counts from 0"
                ),
            },
            "when": {
                "anyOf": [{"type": "boolean"}, EXPRESSION],
                "description": "false leaves the line out",
            },
            "share": {
                "type": "string",
                "description": "the line above whose parameters this one uses",
            },
            "training_only": {
                "type": "boolean",
                "default": False,
                "description": "true for layers that inference leaves out",
            },
            "norm": {"description": "the norm after the operator"},
            "activation": {"description": "the activation after that"},
        },
        "allOf": [
            {"if": {"required": ["share"]}, "then": {"propertyNames": {"enum": [*SHARED, "op"]}}},
            {
                "if": repeated,
                "then": {
                    "properties": {"from": {"anyOf": [anew, {"type": "array", "contains": anew}]}}
                },
            },
        ],
    }


def calls_schema() -> Schema:
    """Return the conditions for lines that call operators, besides those of every line."""
    calls = [call_schema(name, CALLED, whole=True) for name in OPERATORS]
    return {"allOf": [parts_schema(), *calls]}


def hidden_operators_schema() -> Schema:
    """Return the condition for files none of whose blocks has the name of an operator.

    Such a block hides the operator, so that its lines have the block's arguments; which operators
    are hidden there is not known in a schema."""
    lines: Schema = {"items": {"$ref": "#/definitions/calls"}}
    named = {"properties": {"blocks": {"propertyNames": {"not": {"enum": list(OPERATORS)}}}}}
    block = {
        "if": {"required": ["op"]},
        "then": preset_schema(),
        "else": {"properties": {"layers": lines}},
    }
    then = {"properties": {"layers": lines, "blocks": {"additionalProperties": block}}}
    return {"if": named, "then": then}


def operator_schema(name: str) -> Schema:
    """Return the schema of an operator: its documentation and its fields."""
    cls, properties = load_operator(name), {}
    for key, field in cls.fields.items():
        properties[key] = {**with_expressions(field.schema()), "description": field.doc}
        if not field.required and field.default is not None:
            properties[key]["default"] = field.default
    return {"description": operator_summary(name), "properties": properties}


def operator_summary(name: str) -> str:
    """Return the first paragraph of an operator's documentation."""
    return (getdoc(modules[load_operator(name).__module__]) or "").split("\n\n")[0]


def with_expressions(plain: Schema) -> Schema:
    """Return a field's schema that also takes an expression for any value, in lists too."""
    options = [
        o | {"items": with_expressions(o["items"])} if "items" in o else o
        for o in plain.get("anyOf", [plain])
    ]
    return {"anyOf": [*options, {"$ref": "#/definitions/expression"}]}


def call_schema(name: str, keys: tuple[str, ...], whole: bool = False) -> Schema:
    """Return the condition for lines that call ``name``: its fields, besides ``keys``.

    ``whole`` requires all required fields, which rows of ``each`` may fill in.
    """
    own = load_operator(name).fields
    then: Schema = {
        "allOf": [{"$ref": f"#/definitions/{name}"}],
        "propertyNames": {"enum": [*keys, *own]},
    }
    required = [key for key, field in own.items() if field.required]
    if whole:
        fewest, most = load_operator(name).arity
        then["properties"] = {"from": inputs_schema(fewest, most)}
        then["required"] = ["from"] if fewest > 1 else []
        then["anyOf"] = [{"required": required}, {"required": ["each"]}]
    return {"if": {"properties": {"op": {"const": name}}, "required": ["op"]}, "then": then}


def parts_schema() -> Schema:
    """Return the condition for lines that call an operator: norm and activation are its keys."""
    refs = {part: {"$ref": f"#/definitions/{part}"} for part in SHORTHAND}
    return {
        "if": {"properties": {"op": {"enum": list(OPERATORS)}}, "required": ["op"]},
        "then": {"properties": refs},
    }


def inputs_schema(fewest: int, most: int) -> Schema:
    """Return the schema of `from` for an operator with that many inputs."""
    several = {"type": "array", "minItems": fewest, "maxItems": most}
    return {"anyOf": [{"type": "string"} if fewest == 1 else EXPRESSION, several]}


def part_schema(part: str) -> Schema:
    """Return the schema of ``norm`` or ``activation``: a name, or a table with op and fields."""
    known = [name for name in OPERATORS if load_operator(name).role == part]
    others = [name for name in OPERATORS if name not in known]
    named: Schema = {
        "anyOf": [{"enum": [*known, "none"]}, {"type": "string", "not": {"enum": others}}]
    }
    table = {
        "type": "object",
        "required": ["op"],
        "properties": {"op": named},
        "allOf": [call_schema(name, ("op",)) for name in known],
    }
    return {
        "anyOf": [*named["anyOf"], table],
        "description": (
            f"{', '.join(known)}, a preset, or none; alone, or in a "
            f'table with fields: {{ op = "{known[0]}", ... }}'
        ),
    }


def block_schema(argument: Schema) -> Schema:
    """Return the schema of a block: a preset with op, or layers with arguments and ports."""
    args = {
        "args": {
            "type": "array",
            "items": argument,
            "description": "required arguments, in the order of rows",
        },
        "defaults": {
            "type": "object",
            "propertyNames": argument,
            "description": "optional arguments, with values",
        },
    }
    properties = {
        **args,
        "inputs": {**NAMES, "description": "names of the inputs; default: one, called input"},
        "outputs": {**NAMES, "description": "names of the output lines; default: the last line"},
        "layers": LINES,
    }
    operator = {"type": "string", "description": "the operator that this preset calls"}
    return {
        "type": "object",
        "if": {"required": ["op"]},
        "then": {"properties": {"op": operator, **args}},
        "else": {"required": ["layers"], "properties": properties, "additionalProperties": False},
    }


def preset_schema() -> Schema:
    """Return the conditions for a preset of an operator: its fields."""
    keys = ("op", "args", "defaults", *SHORTHAND)
    return {"allOf": [parts_schema(), *[call_schema(name, keys) for name in OPERATORS]]}
