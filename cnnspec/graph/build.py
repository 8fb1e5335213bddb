"""From a name or a spec to a graph: the variant, then the settings from outside, then the input,
then the layers."""

from collections.abc import Iterator
from typing import Any

from cnnspec.garbage import kept
from cnnspec.graph.building import Building
from cnnspec.graph.known import Known
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError, TooMany, did_you_mean, visible
from cnnspec.spec.collect import Collector
from cnnspec.spec.model import NetworkSpec, Variant
from cnnspec.spec.network import read_network
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Source, read
from cnnspec.spec.zoo import families, family, find, home, variants
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
    source, variant = opened(name)
    return build(source, variant, settings, input_shape, max_lines)


def opened(name: str) -> tuple[Source, str]:
    """The source and the variant ("" for the first) that ``name`` means. Raises SpecError,
    RequestError."""
    if "@" in name:
        from cnnspec.spec.revision import opened_then  # wanted for few names only

        return opened_then(name)
    path, variant = find(name)
    return read(path), variant


def build(
    source: Source,
    variant: str = "",
    settings: dict[str, Any] | None = None,
    input_shape: Shape | None = None,
    max_lines: int = MAX_LINES,
) -> Graph:
    """The graph of one variant ("": the first) of a source. Raises SpecError, RequestError.

    At another ``input_shape``, a layer whose parameters depend on the input's size refuses (D008).
    """
    return build_variant(*understood(source), variant, settings, input_shape, max_lines)


def understood(source: Source) -> tuple[NetworkSpec, Collector]:
    """What ``source`` says, and the problems in it that leave something to build. Raises
    SpecError."""
    notes = Collector()
    try:
        spec = read_network(notes, source, home())
    except TooMany:
        raise SpecError(notes.problems, complete=False) from None
    if spec is None:
        raise SpecError(notes.problems)
    return spec, notes


def build_variant(
    spec: NetworkSpec,
    notes: Collector,
    variant: str = "",
    settings: dict[str, Any] | None = None,
    input_shape: Shape | None = None,
    max_lines: int = MAX_LINES,
    known: Known | None = None,
) -> Graph:
    """As :func:`build`, of a source that has been understood, with what is ``known`` of it from its
    other networks."""
    building = Building(spec, choose(spec, variant), notes, max_lines, input_shape, known)
    try:
        with kept():
            graph = building.run(settings or {})
    except TooMany:
        raise SpecError(building.problems(), complete=False) from None
    if input_shape is not None:
        from cnnspec.graph.resize import refusals

        refused = refusals(graph, build_variant(spec, notes, variant, settings, None, max_lines))
        if refused:
            raise SpecError(refused)
    return graph


def choose(spec: NetworkSpec, variant: str) -> Variant | None:
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
    for file in families():
        names = variants(file)
        if wanted := [name for name in names or [family(file)] if pattern in name]:
            spec, notes = understood(read(file))
            yield from (build_variant(spec, notes, name if names else "") for name in wanted)
