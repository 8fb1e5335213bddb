"""Finding specs: the networks that ship with cnnspec by name, files by path, and a file's variant
by ``:name``."""

import os

from cnnspec.problems import RequestError, did_you_mean, visible

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def zoo_folder() -> str:
    """The folder of the zoo: inside the wheel, or, in a source tree, beside the package."""
    shipped = os.path.join(HERE, "specs")
    return shipped if os.path.isdir(shipped) else os.path.join(os.path.dirname(HERE), "specs")


def zoo_files() -> list[str]:
    """The files of the zoo, in the order of their names."""
    folder = zoo_folder()
    return sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".toml"))


def family_name(file: str) -> str:
    """The name of a family, by its file."""
    return os.path.basename(file)[: -len(".toml")]


def find_spec(name: str) -> tuple[str, str]:
    """The file and the variant ("" for the first) that ``name`` means.

    ``name`` is a network of the zoo, a family of it, a file, or ``FILE.toml:variant``. Raises
    RequestError."""
    path, _, variant = name.partition(".toml:") if ".toml:" in name else (name, "", "")
    if variant:
        return path + ".toml", variant
    if name.endswith(".toml") or os.sep in name:
        return name, ""
    whole = os.path.join(zoo_folder(), f"{name}.toml")
    if name.isprintable() and os.path.isfile(whole):
        return whole, ""
    header = f"[variants.{name}]".encode(errors="replace")
    for file in sorted(
        zoo_files(), key=lambda f: not name.startswith(os.path.basename(f)[:3])
    ):  # the likely ones first
        with open(file, "rb") as text:
            if header in text.read() and name in variant_names(file):
                return file, name
    known = [n for file in zoo_files() for n in variant_names(file) or [family_name(file)]]
    raise RequestError(
        f"there is no network {visible(name, 60)!r}; cnnspec list shows those there are"
        + (f"; {hint}" if (hint := did_you_mean(name, known)) else "")
    )


def variant_names(file: str) -> list[str]:
    """The names of the variants in a spec of the zoo, read off its headers ``[variants.NAME]`` for
    speed."""
    with open(file, encoding="utf-8") as text:
        return [
            line[10 : line.index("]")].strip('"') for line in text if line.startswith("[variants.")
        ]
