"""Import a PyTorch model: capture it, write its spec, and prove the spec by comparing both."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.verdict import Verdict
from cnnspec.graph.build import build_graph
from cnnspec.graph.model import Graph
from cnnspec.importing.canonical.canonicalize import UnsupportedModel, canonicalize
from cnnspec.importing.canonical.cut_runs import cut_run, find_first_unsupported
from cnnspec.importing.canonical.two_sizes import enlarge, generalize_sizes, has_literal_sizes
from cnnspec.importing.folding import write_spec
from cnnspec.importing.folding.names import make_identifier
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.importing.prove_import import prove_import
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.spec.source import Source
from cnnspec.units import Shape, format_shape

if TYPE_CHECKING:
    from cnnspec.pytorch.capture.capture import Capture

MAX_LINES = 1_000_000  # an imported network is as large as its model
DEFAULT_INPUT = (3, 224, 224)
MISSING = "an import needs PyTorch: pip install 'cnnspec[verify]'"


class ImportRequest(Record):
    """What to import: a model, its name, where it comes from, and its inputs without the batch.

    With ``partial``, a model with calls that no operator can express gives the part before them."""

    model: Any
    name: str
    origin: str
    inputs: tuple[Shape, ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    partial: bool = False


class ImportResult(Record):
    """The text of a spec, its graph, and the verdict of its comparison with the model.

    ``unsupported`` are the calls that are missing where only a part was written, and ``notes`` say
    what else a reader should know of the text."""

    text: str
    graph: Graph
    verdict: Verdict | None
    unsupported: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def rebuild(self, settings: dict[str, Any], shape: Shape | None = None) -> Graph:
        """Build the graph again with other arguments, or for another input."""
        return rebuild_graph(self.graph.name, self.text, settings, shape)


def import_model(model: Any, inputs: Shape | Sequence[Shape], name: str) -> ImportResult:
    """Import a copy of a user's model. Raises RequestError."""
    try:
        from cnnspec.pytorch.load_models import copy_model
    except ImportError:
        raise RequestError(MISSING) from None
    several: Any = inputs if inputs and not isinstance(inputs[0], int) else [inputs]
    shapes: tuple[Shape, ...] = tuple([tuple(shape) for shape in several])
    copied = copy_model(model)
    title = type(model).__name__
    shapes, _ = choose_inputs(shapes, None)
    origin = f"{type(model).__module__}.{type(model).__qualname__}"
    name = name or make_identifier(title) or "network"
    return import_pytorch(ImportRequest(copied, name, origin, shapes, title))


def import_named_source(
    source: str,
    arguments: dict[str, Any],
    inputs: tuple[Shape, ...] = (),
    name: str = "",
    partial: bool = False,
) -> ImportResult:
    """Import the model that ``torchvision:NAME``, ``package.module:factory`` and the like name.

    ``arguments`` are the factory's. Raises RequestError."""
    try:
        from cnnspec.pytorch.capture.model_sources import load_source
    except ImportError:
        raise RequestError(MISSING) from None
    loaded = load_source(source, arguments)
    shapes, notes = choose_inputs(inputs, loaded.input)
    name = name or make_identifier(loaded.name) or "network"
    return import_pytorch(
        ImportRequest(loaded.model, name, loaded.origin, shapes, loaded.title, notes, partial)
    )


def import_pytorch(request: ImportRequest) -> ImportResult:
    """Import a model. Raises RequestError, for calls without an operator UnsupportedModel."""
    from cnnspec.pytorch.capture.capture import capture_model
    from cnnspec.pytorch.transplant_weights import replace_normalized_weights

    if replaced := replace_normalized_weights(request.model):
        request = request.replace(notes=(*request.notes, describe_normalized(replaced)))
    found = capture_model(request.model, request.inputs)
    unsupported: tuple[str, ...] = ()
    try:
        imported = generalize(request, make_graph(request, found))
    except UnsupportedModel as error:
        if not request.partial:
            raise
        unsupported = error.calls
        imported = make_partial_graph(request, found, unsupported)
    text, notes = write_spec(imported)
    graph = rebuild_graph(imported.name, text)
    verdict = None
    if not unsupported:
        rebuild = None if imported.fixed_size else partial(rebuild_graph, request.name, text)
        origin = request.origin or request.name
        verdict = prove_import(request.model, origin, found, graph, imported, rebuild)
    return ImportResult(text, graph, verdict, unsupported, notes)


def describe_normalized(names: list[str]) -> str:
    """Return the note that says which weights are computed from others."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        "Weight or spectral normalization is left out, as it changes only how weights are trained:"
        f" {', '.join(names[:3])}{more}."
    )


def make_graph(request: ImportRequest, found: "Capture") -> ImportedGraph:
    """Return the imported graph of a captured model. Raises UnsupportedModel."""
    return canonicalize(
        request.name,
        request.title or request.name,
        request.origin,
        found.inference,
        found.training,
        found.parameters,
        request.notes,
        found.initial,
    )


def generalize(request: ImportRequest, imported: ImportedGraph) -> ImportedGraph:
    """Return the graph without sizes that hold for its input only, where it takes another."""
    from cnnspec.pytorch.capture.capture import capture_model

    def make_other(shapes: tuple[Shape, ...]) -> ImportedGraph:
        return make_graph(request, capture_model(request.model, shapes))

    return generalize_graph(imported, request.inputs, make_other)


def generalize_graph(
    imported: ImportedGraph,
    inputs: tuple[Shape, ...],
    make_other: Callable[[tuple[Shape, ...]], ImportedGraph],
) -> ImportedGraph:
    """Return the graph without sizes that only hold for its inputs; ``make_other`` makes it anew.

    Where the model takes no larger inputs, a note says so."""
    larger = tuple(map(enlarge, inputs))
    if not has_literal_sizes(imported) or larger == inputs:
        return imported
    try:
        other = make_other(larger)
    except RequestError:
        note = (
            f"The model does not take {' and '.join(map(format_shape, larger))}; sizes are fixed."
        )
        return imported.replace(notes=(*imported.notes, note))
    return generalize_sizes(imported, other)


def make_partial_graph(
    request: ImportRequest, found: "Capture", unsupported: tuple[str, ...]
) -> ImportedGraph:
    """Return the imported graph of what a model computes before the first unsupported call."""
    runs = [
        cut_run(run, find_first_unsupported(run, found.parameters))
        for run in (found.inference, found.training)
    ]
    note = f"Only the part before a call that no operator can express: {unsupported[0]}."
    cut = found.replace(inference=runs[0], training=runs[1])
    return make_graph(request.replace(notes=(*request.notes, note)), cut)


def rebuild_graph(
    name: str, text: str, settings: dict[str, Any] | None = None, shape: Shape | None = None
) -> Graph:
    """Build the graph of an imported spec."""
    return build_graph(Source(f"{name}.toml", text), "", settings, shape, MAX_LINES)


def choose_inputs(
    given: tuple[Shape, ...], known: Shape | None
) -> tuple[tuple[Shape, ...], tuple[str, ...]]:
    """Return the inputs to import with, and a note where nobody says them.

    Raises RequestError for an input that is no shape."""
    for shape in given:
        if not shape or not all(isinstance(n, int) and n > 0 for n in shape):
            raise RequestError(f"an input is sizes such as 3,224,224, channels first, not {shape}")
    if given or known:
        return given or ((known or DEFAULT_INPUT),), ()
    note = f"The input is assumed to be {format_shape(DEFAULT_INPUT)}."
    return (DEFAULT_INPUT,), (note,)
