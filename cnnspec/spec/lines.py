"""Reads the lines of a list of layers: the keys that every line has, and the others as they are."""

from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import visible
from cnnspec.spec.model import Line
from cnnspec.spec.reader import CONTROL, SpecReader
from cnnspec.spec.scope import FAULTY, Dynamic
from cnnspec.spec.source import Path, Source

OTHER_NAMES_OF_OP = ("type", "kind", "layer", "operator", "class")


def read_lines(reader: SpecReader, source: Source, path: Path, value: Any) -> tuple[Line, ...]:
    """Read a list of layers. A line that has a problem is marked broken."""
    items = reader.check_type(source, path, value, list, "a list of lines { name = ..., op = ... }")
    if items == []:
        reader.report(source, path, "L002", "a list of layers needs at least one line")
    return tuple(read_line(reader, source, (*path, i), item) for i, item in enumerate(items or []))


def read_line(reader: SpecReader, source: Source, path: Path, item: Any) -> Line:
    """Read one line of a list of layers."""
    before = len(reader.problems)
    if not isinstance(item, dict):
        message = f"a line is a table {{ name = ..., op = ... }}, not {describe_value(item)}"
        reader.report(source, path, "L003", message)
        return Line(source, path, FAULTY, FAULTY, {}, broken=True)
    values = {
        key: reader.compile_expressions(source, (*path, key), value) for key, value in item.items()
    }
    if "name" not in values:
        reader.report(source, path, "L002", "a line needs a name")
    elif not isinstance(values["name"], Dynamic):
        reader.check_name(source, (*path, "name"), values["name"], "name")
    check_op_or_share(reader, source, path, values)
    training = values.get("training_only", False)
    if not isinstance(training, bool) and training is not FAULTY:
        given = describe_value(item["training_only"])
        message = f"training_only is true or false, not {given}"
        reader.report(source, (*path, "training_only"), "L003", message)
    when = values.get("when", True)
    if not isinstance(when, bool | Dynamic):
        reader.report(source, (*path, "when"), "L003", *not_boolean(when))
        values["when"] = True
    check_repetition(reader, source, path, values)
    return Line(
        source,
        path,
        values.get("name", FAULTY),
        values.get("op", FAULTY),
        {k: v for k, v in values.items() if k not in CONTROL},
        values.get("from"),
        values.get("repeat"),
        values.get("each"),
        values.get("when", True),
        values.get("share"),
        training is True,
        broken=len(reader.problems) > before,
    )


def check_op_or_share(
    reader: SpecReader, source: Source, path: Path, values: dict[str, Any]
) -> None:
    """Report a line without exactly one of op and share, and the fields of a line with share."""
    if "op" in values and "share" in values:
        values["op"] = values["share"] = FAULTY
        message = "a line has op or share, not both"
        reader.report(source, path, "L001", message, "share replaces op and its fields")
    elif "op" not in values and "share" not in values:
        wrong = next((key for key in OTHER_NAMES_OF_OP if key in values), "")
        hint = f"{wrong} is called op here" if wrong else ""
        reader.report(source, path, "L002", "a line needs op, or share", hint)
    elif "share" in values:
        for key in values:
            if key not in CONTROL:
                message = f"a line with share takes no {visible(key, 60)}"
                hint = "share repeats a line with its fields, its norm and its activation"
                reader.report(source, (*path, key), "L001", message, hint, key=True)


def check_repetition(
    reader: SpecReader, source: Source, path: Path, values: dict[str, Any]
) -> None:
    """Report a line with both repeat and each, and a repeated line that always reads the same."""
    if "repeat" in values and "each" in values:
        message, hint = "a line has repeat or each, not both", "each counts its rows"
        reader.report(source, (*path, "each"), "L009", message, hint, key=True)
        values["repeat"] = values["each"] = FAULTY
    if ("repeat" in values or "each" in values) and "from" in values:
        sources = values["from"] if isinstance(values["from"], list) else [values["from"]]
        if not isinstance(values["from"], Dynamic) and "previous" not in sources:
            message = (
                "a repeated line must not read the same layers every time: "
                "that would make parallel copies"
            )
            hint = 'name "previous", or use an expression of i'
            reader.report(source, (*path, "from"), "L009", message, hint)


def not_boolean(value: Any) -> tuple[str, str]:
    """Return the message and the hint for a `when` that is neither true nor false."""
    message = f"when is true or false, not {describe_value(value)}"
    return message, 'use a comparison: when = "{n > 0}"'
