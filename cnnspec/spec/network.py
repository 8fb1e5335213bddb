"""Reading a whole file: from a Source to a NetworkSpec, noting every problem on the way."""

from typing import Any

from cnnspec.ops.fields import described
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.blocks import read_blocks, read_includes, read_ports
from cnnspec.spec.collect import Collector, is_dynamic
from cnnspec.spec.lines import check_line, read_lines
from cnnspec.spec.model import Block, Fields, NetworkSpec, Variant
from cnnspec.spec.source import Path, Source

ABOUT = ("title", "year", "source", "input")
KEYS = (
    "name", *ABOUT, "args", "inputs", "outputs", "layers", "blocks", "variants", "include", "reference", "budget",
    "claims",
)


def read_network(notes: Collector, source: Source, home: str) -> NetworkSpec | None:
    """The network in ``source``, with what could not be read marked broken; None where there are no layers.

    ``home`` is the folder of the zoo, where includes are looked up too.
    """
    data = source.data
    for key in data:
        if key not in KEYS:
            notes.unknown(source, (key,), list(KEYS), "a spec")
    name = data.get("name")
    if name is None:
        notes.add(source, (), "L002", "a spec has a name", 'name = "lenet5", say')
    elif not notes.named(source, ("name",), name, "name"):
        name = None
    args = read_args(notes, source)
    blocks: dict[str, Block] = {}
    read_includes(notes, source, home, blocks)
    read_blocks(notes, source, True, blocks)
    if "layers" not in data:
        missing_layers(notes, source)
        return None
    inputs, outputs = read_ports(notes, source, (), data)
    layers = read_lines(notes, source, ("layers",), data["layers"])
    body = Block(str(name), source, (), True, (), {}, inputs, outputs, layers)
    about = read_about(notes, source, (), data)
    if "input" not in data:
        notes.add(source, (), "L002", "a spec has an input", "input = [3, 224, 224]: channels, height, width")
    variants = read_variants(notes, source, args)
    good_blocks = {n: checked(notes, b, blocks) for n, b in blocks.items()}
    bindings = read_bindings(notes, source, str(name), variants)
    return NetworkSpec(
        source, str(name), about, args, checked(notes, body, blocks), good_blocks, variants, *bindings
    )


def checked(notes: Collector, block: Block, blocks: dict[str, Block]) -> Block:
    """The block with the lines that call what is not there, or fill in what does not fit, marked broken."""
    if block.preset is not None:
        preset = block.preset._replace(path=block.path)
        good = preset.broken or check_line(notes, preset._replace(each=True), blocks)
        return block._replace(preset=preset._replace(broken=preset.broken or not good))
    lines = [ln if ln.broken or check_line(notes, ln, blocks) else ln._replace(broken=True) for ln in block.layers]
    return block._replace(layers=tuple(lines))


def missing_layers(notes: Collector, source: Source) -> None:
    """Say that layers is missing, and, where a table's header has swallowed it, which."""
    hint = ""
    args = source.data.get("args")
    if isinstance(args, dict) and "layers" in args:
        hint = "layers stands below [args], which makes it args.layers: move it above the header, or write args.x = ..."
    notes.add(source, ("args", "layers") if hint else (), "L002", "a spec has layers", hint, key=bool(hint))


def read_args(notes: Collector, source: Source) -> Fields:
    """The arguments of the network with their default values."""
    args = notes.typed(source, ("args",), source.data.get("args", {}), dict, "a table of arguments") or {}
    swallowed = [k for k in args if k in KEYS and k != "name"]
    for key in swallowed:
        if key in source.data or key != "layers":
            notes.add(source, ("args", key), "L015", f"an argument may not be called {key}",
                      f"{key} stands below [args], which makes it args.{key}: move it above the header", key=True)
    good = {k: v for k, v in args.items() if k not in swallowed and notes.named(source, ("args", k), k, "argument")}
    return {k: notes.compile(source, ("args", k), v) for k, v in good.items()}


def read_about(notes: Collector, source: Source, path: Path, table: Fields) -> Fields:
    """Title, year, source and input of a network or a variant."""
    about: Fields = {}
    for key in ABOUT:
        if key not in table:
            continue
        where = (*path, key)
        if key == "input":
            about[key] = notes.compile(source, where, table[key])
            if not is_dynamic(about[key]) and not isinstance(about[key], list | dict):
                notes.add(source, where, "L003", f"input is a shape such as [3, 224, 224], not {described(table[key])}")
        elif key == "year":
            about[key] = notes.typed(source, where, table[key], int, "a year")
        else:
            about[key] = notes.typed(source, where, table[key], str, "text")
    return about


def read_variants(notes: Collector, source: Source, args: Fields) -> dict[str, Variant]:
    """The variants: named settings of arguments that the network declares."""
    found = {}
    tables = notes.typed(source, ("variants",), source.data.get("variants", {}), dict, "a table of variants") or {}
    for name, table in tables.items():
        path: Path = ("variants", name)
        good = notes.named(source, path, name, "variant")
        if not good or notes.typed(source, path, table, dict, "a table of arguments") is None:
            continue
        values = {}
        for key, value in table.items():
            if key in args:
                values[key] = notes.compile(source, (*path, key), value)
            elif key not in ABOUT:
                known = [*args, *ABOUT]
                hint = did_you_mean(key, known, "it declares " + (", ".join(args) or "none") + ": add args." + visible(key, 40))
                notes.add(source, (*path, key), "L015", f"{visible(key, 60)} is not an argument of the network", hint, key=True)
        found[name] = Variant(name, path, values, read_about(notes, source, path, table))
    return found


def read_bindings(notes: Collector, source: Source, name: str, variants: dict[str, Variant]) -> tuple[Any, Any, Any]:
    """References, budgets and claims; each is bound to a variant, or to the network where it has none."""
    known = list(variants) or [name]
    tables: list[Any] = []
    for key in ("reference", "budget"):
        table = notes.typed(source, (key,), source.data.get(key, {}), dict, "a table with one table a variant") or {}
        for variant, value in table.items():
            bind(notes, source, (key, variant), variant, known)
            notes.typed(source, (key, variant), value, dict, "a table")
        tables.append(table)
    claims = notes.typed(source, ("claims",), source.data.get("claims", []), list, "an array of tables [[claims]]") or []
    for i, claim in enumerate(claims):
        if notes.typed(source, ("claims", i), claim, dict, "a table") and "variant" in claim:
            bind(notes, source, ("claims", i, "variant"), claim["variant"], known)
    return tables[0], tables[1], claims


def bind(notes: Collector, source: Source, path: Path, variant: Any, known: list[str]) -> None:
    if variant not in known:
        notes.add(source, path, "L015", f"{described(variant)} is not a variant of the network",
                  did_you_mean(str(variant), known, "there are " + ", ".join(known[:12])), key=path[-1] == variant)
