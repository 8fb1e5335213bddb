"""The JSON Schema of what a spec says about its networks: references, budgets and claims."""

from typing import Any

from cnnspec.spec import claims as language
from cnnspec.spec.budgets import COUNTS, LIMITS, SETTINGS
from cnnspec.spec.references import LIBRARIES

TYPES = {
    str: "string",
    list: "array",
    dict: "object",
    bool: "boolean",
    int: "integer",
    float: "number",
}


def reference() -> dict[str, Any]:
    """A reference of a variant: a model by library, and the arguments with which the variant equals
    it."""
    models = {
        library: {"type": "string", "description": f"a model of {library}"} for library in LIBRARIES
    }
    settings = {"type": "object", "description": "the arguments with which the network equals it"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**models, "set": settings},
    }


def budget() -> dict[str, Any]:
    """The limits of a variant, or of the network, and what they mean by its memory."""
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


def claims() -> dict[str, Any]:
    """Published statements, or groups of them, whose keys hold for each."""
    kinds = {key: takes for kind in language.KINDS.values() for key, takes in kind.items()}
    known = {**language.ABOUT, **language.SUBJECT, **kinds}
    properties: dict[str, Any] = {
        k: {"type": types(kind), "description": text} for k, (kind, text) in known.items()
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


def types(kind: Any) -> list[str]:
    """The JSON Schema's names of Python's types."""
    return [TYPES[k] for k in (kind if isinstance(kind, tuple) else (kind,))]
