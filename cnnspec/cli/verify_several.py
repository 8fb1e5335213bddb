"""Verify several networks, those in folders too, in processes."""

import os
import sys
from collections.abc import Iterable

import click

from cnnspec.analyses.verdict import Verdict
from cnnspec.cli.options import parse_settings, parse_shape, print_input_notes
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.spec.source import STDIN

MISSING = "verifying needs PyTorch and fvcore: pip install 'cnnspec[verify]'"


def list_networks(names: Iterable[str], models: bool) -> list[str]:
    """Return the networks that ``names`` mean, each once.

    A folder means every variant of every spec in it, and with ``models`` so does a file. Raises
    SpecError for a spec that cannot be read, and RequestError.
    """
    found: dict[str, None] = {}
    if STDIN in names:
        raise RequestError("- is one spec: give it alone, and without --models")
    for name in names:
        if not models and not os.path.isdir(name):
            found[name] = None
            continue
        from cnnspec.gate.files import collect_specs

        for file, variant in collect_specs([name]).specs:
            variants = [variant] if variant else list_variants(file)
            found.update(dict.fromkeys([f"{file}:{v}" for v in variants] or [file]))
    return list(found)


def list_variants(file: str) -> list[str]:
    """Return the names of a spec's variants. Raises SpecError."""
    from cnnspec.graph.build import read_spec
    from cnnspec.spec.source import read_source

    return list(read_spec(read_source(file))[0].variants)


class VerifyOptions(Record):
    """The options of cnnspec verify that concern each network, as they were written."""

    libraries: tuple[str, ...]
    strict: bool
    seed: int
    device: str
    settings: tuple[str, ...]
    input_shape: str | None
    max_lines: int
    strict_input: bool
    memory: bool


def verify_several(
    names: tuple[str, ...], options: VerifyOptions, jobs: int | None, models: bool
) -> list[Verdict]:
    """Return the verdicts on the networks, or on all without names, from several processes.

    With ``models``, each is also compared with the model that its spec names.
    """
    from cnnspec.api import networks
    from cnnspec.graph.build import load_graph

    given, shape = parse_settings(options.settings), parse_shape(options.input_shape)
    wanted = list_networks(names, models)
    # report problems before any process starts
    graphs = [
        load_graph(name, given, shape, options.max_lines, options.strict_input) for name in wanted
    ]
    print_input_notes(graphs)
    if models:
        require_models(graphs)
    try:
        from cnnspec.pytorch.devices import choose_device
        from cnnspec.pytorch.load_models import check_libraries
        from cnnspec.pytorch.parallel import VerificationTask, verify_in_processes
    except ImportError:
        raise RequestError(MISSING) from None
    check_libraries(options.libraries)
    device = choose_device(options.device)
    wanted = wanted or [name for variants in networks().values() for name in variants]
    tasks = [
        VerificationTask(
            name,
            given,
            shape,
            options.max_lines,
            device,
            options.libraries,
            options.memory,
            models,
            options.strict,
            options.seed,
        )
        for name in wanted
    ]
    processes = min(jobs or (1 if device == "cuda" else os.cpu_count() or 1), len(tasks))
    if not sys.stderr.isatty():
        return verify_in_processes(tasks, processes)
    with click.progressbar(
        length=len(tasks), label="Verifying", file=sys.stderr, show_pos=True
    ) as bar:
        return verify_in_processes(tasks, processes, lambda: bar.update(1))


def require_models(graphs: list[Graph]) -> None:
    """Raise RequestError if no spec names a model."""
    if not any(graph.model for graph in graphs):
        raise RequestError(
            "--models compares with the models that specs name, and none of these names one; a"
            ' spec names it in the table [model]: factory = "package.module:Net"'
        )


def asks_for_several(names: tuple[str, ...], whole: bool, models: bool) -> bool:
    """Return whether a request may be about several networks, so that the report lists them."""
    return whole or models or len(names) > 1 or any(map(os.path.isdir, names))
