"""A spec to begin with: starter.toml, in which NAME stands for the network's name."""

import os
import re

from cnnspec.spec.reader import RESERVED, name_fault

SCHEMA = "cnnspec.schema.json"  # beside the spec


def starter_spec(path: str, schema: bool = False) -> str:
    """The text of a spec to be written to ``path``, which names the network.

    With ``schema``, its first line tells editors of the schema beside it.
    """
    name = re.sub(r"\W+", "_", os.path.basename(path).removesuffix(".toml")).strip("_")
    if name_fault(name) or name_fault(f"{name}_small") or not name.isascii() or name in RESERVED:
        name = "my_network"  # and a bare key of TOML
    with open(os.path.join(os.path.dirname(__file__), "starter.toml"), encoding="utf-8") as file:
        text = re.sub(r"\bNAME(?=_small|\b)", name, file.read()).replace(
            f"FILE:{name}", "FILE:NAME"
        )
    return (f"#:schema {SCHEMA}\n" if schema else "") + text
