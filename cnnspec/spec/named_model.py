"""Reads the table [model]: the PyTorch model that a network describes.

Reading a spec never imports the model; only ``cnnspec verify --models`` does."""

from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import FAULTY, Dynamic
from cnnspec.spec.source import Fields, Source

TAKES = "package.module:factory, the class or function that makes the model"


def read_named_model(reader: SpecReader, source: Source) -> Fields:
    """Read [model]: the factory and its arguments, in which expressions are compiled."""
    value = source.data.get("model", {})
    table = reader.check_type(source, ("model",), value, dict, "a table with a factory") or {}
    for key in table:
        if key not in ("factory", "args"):
            reader.report_unknown_key(source, ("model", key), ["factory", "args"], "model")
    if "model" in source.data and isinstance(value, dict) and "factory" not in table:
        example = 'factory = "package.module:Net"'
        reader.report(source, ("model",), "L002", "model needs a factory", example, key=True)
    found: Fields = {}
    if "factory" in table:
        path = ("model", "factory")
        factory = reader.compile_expressions(source, path, table["factory"])
        if factory is not FAULTY and not isinstance(factory, Dynamic):
            fault = factory_fault(factory)
            if fault:
                reader.report(source, path, "L003", fault)
        found["factory"] = factory
    if "args" in table:
        path = ("model", "args")
        takes = "a table of arguments for the factory"
        given = reader.check_type(source, path, table["args"], dict, takes)
        found["args"] = reader.compile_expressions(source, path, given or {})
    return found


def factory_fault(value: Any) -> str:
    """Say what keeps a value from naming a factory, or nothing."""
    if isinstance(value, str):
        module, _, names = value.partition(":")
        if all(part.isidentifier() for part in [*module.split("."), *names.split(".")]):
            return ""
    return f"factory is {TAKES}, not {describe_value(value)}"
