"""The specs that ship with cnnspec, found by name, and the starter of a new one."""

import os

from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.spec.source import STDIN

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEMA = "cnnspec.schema.json"  # the file of the JSON Schema, beside a new spec


def zoo_folder() -> str:
    """Return the folder of the zoo: inside the wheel or, in a source tree, beside the package."""
    shipped = os.path.join(HERE, "specs")
    return shipped if os.path.isdir(shipped) else os.path.join(os.path.dirname(HERE), "specs")


def zoo_files() -> list[str]:
    """List the files of the zoo, in the order of their names."""
    folder = zoo_folder()
    return sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".toml"))


def family_name(file: str) -> str:
    """Return the name of a family, which is that of its file."""
    return os.path.basename(file)[: -len(".toml")]


def find_spec(name: str) -> tuple[str, str]:
    """Return the file and the variant ("" for the first) that ``name`` means.

    ``name`` is a network of the zoo, a family of it, a file, ``FILE.toml:variant``, or - for
    standard input. Raises RequestError."""
    if name == STDIN:
        return name, ""
    path, _, variant = name.partition(".toml:") if ".toml:" in name else (name, "", "")
    if variant:
        return path + ".toml", variant
    if name.endswith(".toml") or os.sep in name:
        return name, ""
    whole = os.path.join(zoo_folder(), f"{name}.toml")
    if name.isprintable() and os.path.isfile(whole):
        return whole, ""
    header = f"[variants.{name}]".encode(errors="replace")
    # files with the same first letters are the likely ones
    for file in sorted(zoo_files(), key=lambda f: not name.startswith(os.path.basename(f)[:3])):
        with open(file, "rb") as text:
            if header in text.read() and name in variant_names(file):
                return file, name
    known = [n for file in zoo_files() for n in variant_names(file) or [family_name(file)]]
    hint = did_you_mean(name, known)
    raise RequestError(
        f"there is no network {visible(name, 60)!r}; cnnspec list shows all networks"
        + (f"; {hint}" if hint else "")
    )


def variant_names(file: str) -> list[str]:
    """List the variants of a spec of the zoo, from its headers ``[variants.NAME]`` for speed."""
    with open(file, encoding="utf-8") as text:
        return [
            line[10 : line.index("]")].strip('"') for line in text if line.startswith("[variants.")
        ]


def starter_spec(path: str, schema: bool = False) -> str:
    """Return the text of a first spec at ``path``, whose file names the network.

    With ``schema``, its first line points editors to the schema beside it.
    """
    import re  # only for new specs

    from cnnspec.spec.reader import RESERVED, name_fault

    name = re.sub(r"\W+", "_", os.path.basename(path).removesuffix(".toml")).strip("_")
    if name_fault(name) or name_fault(f"{name}_small") or not name.isascii() or name in RESERVED:
        name = "my_network"  # the name must also be a bare key of TOML
    with open(os.path.join(os.path.dirname(__file__), "starter.toml"), encoding="utf-8") as file:
        text = re.sub(r"\bNAME(?=_small|\b)", name, file.read())
    text = text.replace(f"FILE:{name}", "FILE:NAME")
    return (f"#:schema {SCHEMA}\n" if schema else "") + text
