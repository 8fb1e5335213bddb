"""From a name or a spec to a graph: the variant, then the settings from outside, then the input,
then the layers."""

from collections.abc import Iterator
from typing import Any

from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.building import GraphBuilder
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError, TooManyProblems, did_you_mean, visible
from cnnspec.spec.model import NetworkSpec, Variant
from cnnspec.spec.network import read_network
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Source, read_source
from cnnspec.spec.zoo import family_name, find_spec, variant_names, zoo_files, zoo_folder
from cnnspec.units import Shape


def load_graph(
    name: str,
    settings: dict[str, Any] | None = None,
    input_shape: Shape | None = None,
    max_lines: int = MAX_LINES,
) -> Graph:
    """The graph of a network of the zoo, of a file, or of ``FILE.toml:variant``, each also
    ``...@REVISION`` of git.

    ``settings`` are arguments given from outside; ``input_shape`` replaces the input. Raises
    SpecError with all the problems of the file, or RequestError."""
    source, variant = open_spec(name)
    return build_graph(source, variant, settings, input_shape, max_lines)


def open_spec(name: str) -> tuple[Source, str]:
    """The source and the variant ("" for the first) that ``name`` means. Raises SpecError,
    RequestError."""
    if "@" in name:
        from cnnspec.spec.revision import open_spec_at_revision  # wanted for few names only

        return open_spec_at_revision(name)
    path, variant = find_spec(name)
    return read_source(path), variant


def build_graph(
    source: Source,
    variant: str = "",
    settings: dict[str, Any] | None = None,
    input_shape: Shape | None = None,
    max_lines: int = MAX_LINES,
) -> Graph:
    """The graph of one variant ("": the first) of a source. Raises SpecError, RequestError.

    At another ``input_shape``, a layer whose parameters depend on the input's size refuses (D008).
    """
    return build_variant(*read_spec(source), variant, settings, input_shape, max_lines)


def read_spec(source: Source) -> tuple[NetworkSpec, SpecReader]:
    """What ``source`` says, and the problems in it that leave something to build. Raises
    SpecError."""
    notes = SpecReader()
    try:
        spec = read_network(notes, source, zoo_folder())
    except TooManyProblems:
        raise SpecError(notes.problems, complete=False) from None
    if spec is None:
        raise SpecError(notes.problems)
    return spec, notes


def build_variant(
    spec: NetworkSpec,
    notes: SpecReader,
    variant: str = "",
    settings: dict[str, Any] | None = None,
    input_shape: Shape | None = None,
    max_lines: int = MAX_LINES,
    known: SpecCache | None = None,
) -> Graph:
    """As :func:`build_graph`, of a source that has been understood, with what is ``known`` of it from its
    other networks."""
    building = GraphBuilder(
        spec, choose_variant(spec, variant), notes, max_lines, input_shape, known
    )
    try:
        with garbage_collection_paused():
            graph = building.run(settings or {})
    except TooManyProblems:
        raise SpecError(building.problems(), complete=False) from None
    if input_shape is not None:
        from cnnspec.graph.resize import refusals

        refused = refusals(graph, build_variant(spec, notes, variant, settings, None, max_lines))
        if refused:
            raise SpecError(refused)
    return graph


def choose_variant(spec: NetworkSpec, variant: str) -> Variant | None:
    """The variant called ``variant``, or the first. Raises RequestError."""
    if not variant:
        return next(iter(spec.variants.values()), None)
    if variant in spec.variants:
        return spec.variants[variant]
    known = list(spec.variants)
    hint = did_you_mean(
        variant, known, "there are " + ", ".join(known) if known else "it has no variants"
    )
    raise RequestError(
        f"{visible(spec.source.name)} has no variant {visible(variant, 60)!r}; {hint}"
    )


def load_zoo_graphs(pattern: str = "") -> Iterator[Graph]:
    """The graphs of the networks of the zoo whose name contains ``pattern``; reads each file once."""
    for file in zoo_files():
        names = variant_names(file)
        if wanted := [name for name in names or [family_name(file)] if pattern in name]:
            spec, notes = read_spec(read_source(file))
            yield from (build_variant(spec, notes, name if names else "") for name in wanted)
