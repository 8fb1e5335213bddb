"""Reads a whole spec: from a Source to a NetworkSpec, reporting every problem on the way."""

import re
from collections.abc import Iterable

from cnnspec.spec.blocks import read_blocks, read_includes, read_ports
from cnnspec.spec.calls import check_line
from cnnspec.spec.lines import read_lines
from cnnspec.spec.model import Block, NetworkSpec
from cnnspec.spec.reader import KEYS, SpecReader, require_key
from cnnspec.spec.scope import FAULTY
from cnnspec.spec.source import Fields, Source
from cnnspec.spec.variants import (
    check_references,
    read_about,
    read_arguments,
    read_bindings,
    read_variants,
)


def read_network(reader: SpecReader, source: Source, zoo: str) -> NetworkSpec | None:
    """Read the network in ``source``; None where it has no layers.

    Problems are reported, and what could not be read is marked broken. ``zoo`` is the folder of the
    zoo, where included files are looked up too.
    """
    data = source.data
    meant = report_unknown_keys(reader, source)
    require_key(reader, source, "name", "a name", 'for example name = "lenet5"')
    require_key(
        reader, source, "input", "an input", "input = [3, 224, 224]: channels, height, width"
    )
    require_key(reader, source, "layers", "layers", "layers = [ ... ], one line for each layer")
    name = data.get("name")
    if name is not None and not reader.check_name(source, ("name",), name, "name"):
        name = None
    args = read_arguments(reader, source) | dict.fromkeys(meant, FAULTY)
    blocks: dict[str, Block] = {}
    read_includes(reader, source, zoo, blocks)
    read_blocks(reader, source, True, blocks)
    inputs, outputs = read_ports(reader, source, (), data)
    layers = read_lines(reader, source, ("layers",), data["layers"]) if "layers" in data else ()
    body = Block(str(name), source, (), True, (), {}, inputs, outputs, layers)
    about = read_about(reader, source, (), data)
    variants = read_variants(reader, source, args)
    checked_blocks = {n: check_block(reader, b, blocks, args) for n, b in blocks.items()}
    references, budgets, claims = read_bindings(reader, source, name, variants)
    check_references(reader, source, args)
    model: Fields = {}
    if "model" in source.data:
        from cnnspec.spec.named_model import read_named_model  # few specs have one

        model = read_named_model(reader, source)
    if not layers:
        return None
    return NetworkSpec(
        source,
        str(name),
        about,
        args,
        check_block(reader, body, blocks, args),
        checked_blocks,
        variants,
        references,
        model,
        budgets,
        claims,
    )


def report_unknown_keys(reader: SpecReader, source: Source) -> list[str]:
    """Report keys that a spec does not have; return those that expressions use as arguments."""
    unknown, meant = [key for key in source.data if key not in KEYS], []
    used = {
        word
        for found in re.findall(r"\{([^{}\n]*)\}", source.text if unknown else "")
        if "=" not in found
        for word in re.findall(r"\w+", found)
    }
    for key in unknown:
        if key in used:
            meant.append(key)
            message = f"{key} is used in expressions, but it is not declared as an argument"
            reader.report(
                source, (key,), "L001", message, f"declare it: args.{key} = ...", key=True
            )
        else:
            reader.report_unknown_key(source, (key,), list(KEYS), "a spec")
    return meant


def check_block(
    reader: SpecReader, block: Block, blocks: dict[str, Block], args: Iterable[str]
) -> Block:
    """Check what the lines of a block call; return it with FAULTY for what is wrong in them."""
    names = [*block.args, *block.defaults, "in_channels", *(args if block.own else [])]
    if block.preset is not None:
        # as a line with rows, because those who call a preset may fill in its fields
        preset = block.preset.replace(path=block.path, each=True)
        return block.replace(preset=check_line(reader, preset, blocks, names).replace(each=None))
    return block.replace(
        layers=tuple([check_line(reader, line, blocks, names) for line in block.layers])
    )
