"""The JSON Schema (draft-07) of the language, made from the fields of the operators.

A schema cannot check what depends on another place of the file, such as whether a block, layer or
argument exists. Braces tell expressions from names."""

from keyword import kwlist
from typing import Any

from cnnspec.ops.registry import find_installed
from cnnspec.spec import claims as language
from cnnspec.spec.budgets import COUNTS, LIMITS, SETTINGS
from cnnspec.spec.reader import BOUND, CONTROL, KEYS, RESERVED
from cnnspec.spec.schema_lines import (
    EXPRESSION,
    LINES,
    NAME,
    NAMES,
    block_schema,
    hidden_operators_schema,
    line_definitions,
)
from cnnspec.spec.variants import LIBRARIES

SIZE = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, EXPRESSION]}
SHAPE = {"type": "array", "items": SIZE, "minItems": 1, "maxItems": 8}
WORD = r"""^[^\d\s.,:;+*/(){}\[\]="'-][^\s.,:;+*/(){}\[\]="'-]*$"""
TAKEN = (*BOUND, *CONTROL, *RESERVED, *(word for word in kwlist))
TYPES = {
    str: "string",
    list: "array",
    dict: "object",
    bool: "boolean",
    int: "integer",
    float: "number",
}
ARGUMENT = {"type": "string", "pattern": WORD, "not": {"enum": list(TAKEN)}}


def language_schema() -> dict[str, Any]:
    """Return the whole schema as plain data, with the operators of installed packages."""
    find_installed()
    own = {**ARGUMENT, "not": {"enum": [*TAKEN, *(k for k in KEYS if k not in TAKEN)]}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cnnspec network",
        "description": "A convolutional network for cnnspec, in TOML (https://toml.io)",
        "type": "object",
        "required": ["name", "input", "layers"],
        "additionalProperties": False,
        "properties": {
            "name": {**NAME, "description": "the name of the network, or of the family"},
            **about_schema(),
            "args": {
                "type": "object",
                "propertyNames": own,
                "description": "arguments with their defaults, which variants and --set change",
            },
            "inputs": {**NAMES, "description": "the names of several inputs"},
            "outputs": {
                **NAMES,
                "description": "the layers that are outputs of the network; default: the last",
            },
            "layers": LINES,
            "blocks": {
                "type": "object",
                "propertyNames": {
                    **NAME,
                    "not": {"enum": list(RESERVED)},
                },
                "additionalProperties": block_schema(ARGUMENT),
            },
            "variants": {
                "type": "object",
                "propertyNames": NAME,
                "description": "settings of the arguments, by name",
                "additionalProperties": {"type": "object", "properties": about_schema()},
            },
            "include": {
                **NAMES,
                "description": "files with blocks, in specs/ or below the file's own folder",
            },
            "reference": {
                "type": "object",
                "additionalProperties": reference_schema(),
                "description": "the models of libraries that the variants must equal",
            },
            "model": model_schema(),
            "budget": {
                "type": "object",
                "additionalProperties": budget_schema(),
                "description": "limits that the variants must keep",
            },
            "claims": {**claims_schema(), "description": "published figures"},
        },
        "allOf": [hidden_operators_schema()],
        "definitions": line_definitions(),
    }


def about_schema() -> dict[str, Any]:
    """Return the schema of title, year, source, task and input, which variants have too."""
    return {
        "title": {"type": "string", "description": "the title in tables"},
        "year": {"type": "integer", "description": "the year of publication"},
        "source": {"type": "string", "description": "authors (year), title, table"},
        "task": {
            "type": "string",
            "description": "what the network is for: classification, detection, segmentation, ...",
        },
        "input": {
            "anyOf": [SHAPE, {"type": "object", "additionalProperties": SHAPE}, EXPRESSION],
            "description": "channels, height, width; or a table with a shape for each of inputs",
        },
    }


def reference_schema() -> dict[str, Any]:
    """Return the schema of a reference: models by library, and the arguments of the network."""
    models = {
        library: {"type": "string", "description": f"a model of {library}"} for library in LIBRARIES
    }
    settings = {"type": "object", "description": "the arguments with which the network equals it"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**models, "set": settings},
    }


def model_schema() -> dict[str, Any]:
    """Return the schema of [model]: a factory and its arguments."""
    factory = {
        "anyOf": [{"type": "string", "pattern": r"^[\w.]+:[\w.]+$"}, EXPRESSION],
        "description": "package.module:factory, the class or function that makes the model",
    }
    arguments = {"type": "object", "description": "arguments of the factory"}
    return {
        "type": "object",
        "required": ["factory"],
        "additionalProperties": False,
        "properties": {"factory": factory, "args": arguments},
        "description": "the PyTorch model that the network describes, for verify --models",
    }


def budget_schema() -> dict[str, Any]:
    """Return the schema of a budget: limits, and how memory is counted."""
    side, number = r"^\s*(<=|>=)?\s*", r"\d[\d,_ ]*(\.\d+)?\s*"
    forms = {
        "": "[kKmMgGtT]?",
        "MAC": "[kKmMgGtT]?([mM][aA][cC][sS]?|[fF][lL][oO][pP][sS]?)?",
        "B": "[kKmMgGtT]?i?[bB]?",
    }
    limits = {}
    for quantity in LIMITS:
        pattern = f"{side}{number}{forms[COUNTS.get(quantity, 'B')]}\\s*$"
        limits[quantity] = {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": pattern}],
            "description": (
                f"{'at least' if quantity == 'receptive_field' else 'at most'}, unless a "
                "text begins with <= or >="
            ),
        }
    settings: dict[str, Any] = {key: {"enum": list(options)} for key, options in SETTINGS.items()}
    settings["batch"] = {"type": "integer", "minimum": 1}
    return {"type": "object", "additionalProperties": False, "properties": {**limits, **settings}}


def claims_schema() -> dict[str, Any]:
    """Return the schema of claims: published figures, or groups of them with common keys."""
    kinds = {key: takes for kind in language.KINDS.values() for key, takes in kind.items()}
    known = {**language.ABOUT, **language.SUBJECT, **kinds}
    properties: dict[str, Any] = {
        k: {"type": type_names(kind), "description": text} for k, (kind, text) in known.items()
    }
    quantities = {"enum": list(language.QUANTITIES)}
    properties["quantity"] |= quantities
    properties["says"]["propertyNames"] = quantities
    properties["matrix"] |= {"enum": list(language.MATRICES)}
    properties["columns"] |= {
        "minItems": 1,
        "items": [{"enum": ["layer", "network"]}],
        "additionalItems": quantities,
    }
    properties["readings"]["additionalProperties"] = {
        "type": "object",
        "propertyNames": {"enum": list(language.SUBJECT)},
    }
    one = {"type": "object", "properties": properties, "additionalProperties": False}
    own = {key: value for key, value in properties.items() if key != "claims"}
    group = {
        **one,
        "properties": {**own, "claims": {"type": "array", "items": {**one, "properties": own}}},
    }
    whole = {
        "anyOf": [{"required": [kind]} for kind in language.KINDS],
        "dependencies": {kind: list(keys) for kind, keys in language.NEEDED.items()},
    }
    return {
        "type": "array",
        "items": {"if": {"required": ["claims"]}, "then": group, "else": {**one, **whole}},
    }


def type_names(kind: Any) -> list[str]:
    """Return the names of Python types in JSON Schema."""
    return [TYPES[k] for k in (kind if isinstance(kind, tuple) else (kind,))]
