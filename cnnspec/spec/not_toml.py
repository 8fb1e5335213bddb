"""What would mend a text that is not TOML: a guess from what stands where reading stopped."""

import re

from cnnspec.problems import visible


def toml_hint(reason: str, text: str, line: int, column: int) -> str:
    """What to write instead, where tomllib stopped for ``reason``; nothing where that is anyone's
    guess."""
    lines = [*text.split("\n"), ""]
    here = lines[line - 1]
    before, after = here[: column - 1], here[column - 1 :]
    if open_table(before) and not after.strip():
        return "TOML 1.0 keeps an inline table { ... } on one line"
    if (
        reason.startswith("Invalid initial character")
        and before.rstrip().endswith(",")
        and after.startswith("}")
    ):
        return "TOML 1.0 takes no comma before the }"
    if reason == "Unclosed inline table":
        return "a comma is missing here, or the } behind it"
    if reason == "Unclosed array":
        return "a comma is missing in front of this, or the ] at the end of the list"
    if reason == "Invalid value":
        return (
            value(after)
            if "".join([after, *lines[line:]]).strip()
            else "the ] at the end of a list is missing"
        )
    if reason == "Illegal character '\\n'":
        return "a quote is missing: text on one line ends in the quote that it starts with"
    if reason.startswith("Expected '='"):
        return "a line is key = value"
    if reason.startswith(
        ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Cannot redefine", "Duplicate")
    ):
        return twice(before, lines[: line - 1])
    return ""


def open_table(before: str) -> bool:
    """Whether an inline table is open at the end of ``before``, braces in strings aside."""
    plain = re.sub(r'"(\\.|[^"\\])*"|\'[^\']*\'', "", before)
    return plain.count("{") > plain.count("}")


def value(after: str) -> str:
    """The hint for a value that is none."""
    word = re.match(r"[A-Za-z_][\w.-]*", after)
    if word and word[0] in ("True", "False"):
        return f"TOML writes {word[0].lower()}"
    if word and word[0] in ("None", "null", "nil"):
        return "TOML has no such value: leave the key out"
    if word:
        return f'text stands in quotes: "{visible(word[0], 40)}"'
    return "lists stand in brackets: [3, 224, 224]" if after.startswith("(") else ""


def twice(before: str, above: list[str]) -> str:
    """The hint for a table or a key that is there twice, with the header that it stands below."""
    if before.lstrip().startswith("["):
        return (
            "a table is written in one place: all its keys below one header, or all as table.key"
            " = ..."
        )
    key = re.match(r"\s*([^=]*?)\s*=", before)
    if not key:
        return "a key may be there once"
    headers = [
        found[1]
        for found in (re.match(r"\s*(\[[^\[\]=,{}\"']+\])\s*(#|$)", text) for text in above)
        if found
    ]
    network = (
        f", in {visible(headers[-1], 60)}; the network's own keys stand above all headers"
        if headers
        else ""
    )
    return f"{visible(key[1], 60)} is there already, above{network}"
