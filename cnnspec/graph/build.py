"""Builds the graph of a network: from a name or a spec, for one variant and its settings."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.builder import GraphBuilder
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError, TooManyProblems, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.model import NetworkSpec, Variant
from cnnspec.spec.network import read_network
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Source, read_source
from cnnspec.spec.zoo import family_name, find_spec, variant_names, zoo_files, zoo_folder
from cnnspec.units import GivenInput, Shape

if TYPE_CHECKING:
    from cnnspec.graph.summed_calls import SummedCalls

# A larger network is not built again to find the sizes that fit, because that takes too long.
LINES_TO_TRY, STEPS_TO_TRY = 2000, 50_000


def load_graph(
    name: str,
    settings: dict[str, Any] | None = None,
    input_shape: GivenInput = None,
    max_lines: int = MAX_LINES,
    strict_input: bool = False,
) -> Graph:
    """Build the graph of a network of the zoo, of a file, or of ``FILE.toml:variant``.

    ``...@REVISION`` reads any of them from a revision of git. ``settings`` are arguments given
    from outside; ``input_shape`` replaces the input, or those of several inputs that it names.
    Raises SpecError with all the problems of the file, or RequestError. ``strict_input`` refuses an
    input as :func:`build_graph` says."""
    source, variant = open_spec(name)
    return build_graph(source, variant, settings, input_shape, max_lines, strict_input)


class GraphLoader(Record):
    """Loads a network again, with more arguments or another input. It can be pickled."""

    name: str
    settings: dict[str, Any]
    input: GivenInput
    max_lines: int
    strict_input: bool

    def __call__(self, more: dict[str, Any], shape: GivenInput = None) -> Graph:
        """Load the graph with ``more`` arguments; its own settings replace equal ones."""
        settings = {**more, **self.settings}
        given = shape or self.input
        return load_graph(self.name, settings, given, self.max_lines, self.strict_input)


def open_spec(name: str) -> tuple[Source, str]:
    """Return the source and the variant ("" for the first) that ``name`` means.

    Raises SpecError, RequestError.
    """
    if "@" in name:
        from cnnspec.spec.revision import open_spec_at_revision  # only for few names

        return open_spec_at_revision(name)
    path, variant = find_spec(name)
    return read_source(path), variant


def build_graph(
    source: Source,
    variant: str = "",
    settings: dict[str, Any] | None = None,
    input_shape: GivenInput = None,
    max_lines: int = MAX_LINES,
    strict_input: bool = False,
) -> Graph:
    """Build the graph of one variant ("": the first) of a source. Raises SpecError, RequestError.

    At another ``input_shape``, layers may have parameters of other shapes. They are in the graph's
    ``resized``; with ``strict_input`` they are a SpecError (D008).
    """
    wanted = VariantRequest(*read_spec(source), variant, settings, input_shape, max_lines)
    return build_variant(wanted, strict_input)


def read_spec(source: Source) -> tuple[NetworkSpec, SpecReader]:
    """Read a spec. The reader returned has problems that do not keep a graph from being built.

    Raises SpecError.
    """
    reader = SpecReader()
    try:
        spec = read_network(reader, source, zoo_folder())
    except TooManyProblems:
        raise SpecError(reader.problems, complete=False) from None
    if spec is None:
        raise SpecError(reader.problems)
    return spec, reader


class VariantRequest(Record):
    """A variant ("": the first) of a spec that was read, and what it is built with.

    ``cache`` keeps what the networks of the spec have in common."""

    spec: NetworkSpec
    reader: SpecReader
    variant: str = ""
    settings: dict[str, Any] | None = None
    input_shape: GivenInput = None
    max_lines: int = MAX_LINES
    cache: SpecCache | None = None

    def make_builder(self) -> GraphBuilder:
        """Return the builder of the variant. Raises RequestError where the spec has no such."""
        chosen, cache = choose_variant(self.spec, self.variant), self.cache or SpecCache()
        return GraphBuilder(self.spec, chosen, self.reader, self.max_lines, self.input_shape, cache)


def build_variant(wanted: VariantRequest, strict_input: bool = False) -> Graph:
    """Build a graph as :func:`build_graph` does, of a spec that was read."""
    wanted = wanted.replace(cache=wanted.cache or SpecCache())
    builder = wanted.make_builder()
    try:
        graph = run_builder(builder, wanted.settings)
    except SpecError as error:

        def fits(shapes: dict[str, Shape]) -> bool:
            try:
                wanted.replace(input_shape=shapes).make_builder().build(wanted.settings or {})
            except (SpecError, TooManyProblems):
                return False
            return True

        work = builder.expansion.work
        if not error.complete or work.lines > LINES_TO_TRY or work.steps > STEPS_TO_TRY:
            raise
        from cnnspec.graph.fitting_sizes import suggest_sizes

        raise SpecError(suggest_sizes(error.problems, builder.inputs, fits)) from None
    if wanted.input_shape is not None:
        native = build_variant(wanted.replace(input_shape=None))
        from cnnspec.graph.resized_parameters import size_problems

        problems = size_problems(graph, native)
        if problems and strict_input:
            raise SpecError(problems)
        return graph.replace(resized=tuple(problems))
    return graph


def build_candidate(wanted: VariantRequest, summed: "SummedCalls | None" = None) -> Graph:
    """Build a graph as :func:`build_variant` does, but only once: for one of many settings.

    It is not compared with the network at its own input (``resized`` is empty), and the hints of
    problems name no other size of the input. With ``summed``, a call of a block may be one node
    that stands for all in it. Raises SpecError, RequestError.
    """
    builder = wanted.make_builder()
    builder.expansion.summed_calls = summed
    return run_builder(builder, wanted.settings)


def run_builder(builder: GraphBuilder, settings: dict[str, Any] | None) -> Graph:
    """Build a graph. Raises SpecError."""
    try:
        with garbage_collection_paused():
            return builder.build(settings or {})
    except TooManyProblems:
        raise SpecError(builder.problems(), complete=False) from None


def choose_variant(spec: NetworkSpec, variant: str) -> Variant | None:
    """Return the variant called ``variant``, or the first for "". Raises RequestError."""
    if not variant:
        return next(iter(spec.variants.values()), None)
    if variant in spec.variants:
        return spec.variants[variant]
    known = list(spec.variants)
    listed = "its variants are " + ", ".join(known) if known else "it has no variants"
    raise RequestError(
        f"{visible(spec.source.name)} has no variant {visible(variant, 60)!r}; "
        + did_you_mean(variant, known, listed)
    )


def load_zoo_graphs(pattern: str = "") -> Iterator[Graph]:
    """Build the graphs of the zoo's networks whose name contains ``pattern``, file by file."""
    for file in zoo_files():
        names = variant_names(file)
        if wanted := [name for name in names or [family_name(file)] if pattern in name]:
            spec, reader = read_spec(read_source(file))
            requests = (VariantRequest(spec, reader, name if names else "") for name in wanted)
            yield from map(build_variant, requests)
