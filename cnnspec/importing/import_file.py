"""Import a model file: read its calls, write its spec, and compare both as far as possible."""

from cnnspec.analyses.verdict import LIMITED, Check, Difference, Verdict, make_check
from cnnspec.graph.model import Graph, graph_digest
from cnnspec.importing.canonical.canonicalize import NO_OUTPUT, UnsupportedModel, canonicalize
from cnnspec.importing.canonical.cut_runs import cut_run, find_first_unsupported
from cnnspec.importing.folding import write_spec
from cnnspec.importing.folding.names import make_identifier
from cnnspec.importing.formats.model_file import FileTrace, ModelFile
from cnnspec.importing.formats.recognize import open_model_file
from cnnspec.importing.import_pytorch import (
    ImportResult,
    choose_inputs,
    generalize_graph,
    rebuild_graph,
)
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.units import Shape, format_plural


class FileImport:
    """The import of one file under a name, at inputs of some shapes without the batch."""

    def __init__(self, file: ModelFile, name: str, inputs: tuple[Shape, ...]):
        self.file = file
        self.notes: tuple[str, ...] = ()
        self.name = name or make_identifier(file.title.lower()) or "network"
        self.inputs = inputs or self.choose_inputs()

    def choose_inputs(self) -> tuple[Shape, ...]:
        """Return the inputs that the file states; one that it does not is assumed."""
        found = []
        for known in self.file.input_shapes():
            (shape,), notes = choose_inputs((), known)
            found.append(shape)
            self.notes += notes
        return tuple(found)

    def trace(self, shapes: tuple[Shape, ...]) -> tuple[FileTrace, FileTrace]:
        """Return the calls of inference and of training."""
        return self.file.trace(shapes), self.file.trace(shapes, training=True)

    def make_graph(self, traces: tuple[FileTrace, FileTrace]) -> ImportedGraph:
        """Return the imported graph. Raises UnsupportedModel with all layers that are unknown."""
        complaints = [c for trace in traces for c in trace.complaints]
        inference, training = traces
        notes = (*self.notes, *training.notes)
        found = None
        try:
            found = canonicalize(
                self.name,
                self.file.title,
                self.file.origin,
                inference.run,
                training.run,
                training.parameters,
                notes,
                training.initial,
            )
        except UnsupportedModel as error:
            complaints += [c for c in error.calls if c != NO_OUTPUT or not complaints]
        if complaints or found is None:  # with those of the canonical rules
            raise UnsupportedModel(tuple(dict.fromkeys(complaints)))
        return self.file.finish(found)

    def make_graph_for(self, shapes: tuple[Shape, ...]) -> ImportedGraph:
        """Return the graph for other inputs. Raises RequestError where the file takes none."""
        return self.make_graph(self.trace(shapes))

    def make_partial_graph(
        self, traces: tuple[FileTrace, FileTrace], unsupported: tuple[str, ...]
    ) -> ImportedGraph:
        """Return the imported graph of what comes before the first layer that is unknown."""
        cut = []
        for trace in traces:
            end = min(trace.complete, find_first_unsupported(trace.run, trace.parameters))
            cut.append(trace.replace(run=cut_run(trace.run, end), complaints=()))
        note = f"Only the part before a layer that no operator can express: {unsupported[0]}."
        self.notes = (*self.notes, note)
        return self.make_graph((cut[0], cut[1]))

    def verify(self, graph: Graph, imported: ImportedGraph) -> Verdict:
        """Compare the spec with what the file states, and with what it computes if that can run."""
        file = self.file
        checks = check_shapes(file, graph)
        versions = {}
        try:
            from cnnspec.pytorch.verify import tool_versions

            checks += file.prove(graph, imported) or [not_compared(file)]
            versions = tool_versions()
        except ImportError as error:
            detail = f"the outputs are not compared, as {error.name} is not installed"
            checks.append(Check("values", f"the {file.format} file", LIMITED, detail=detail))
        return Verdict(graph.name, "CPU", versions, tuple(checks), graph_digest(graph))


def import_model_file(
    path: str, inputs: tuple[Shape, ...] = (), name: str = "", partial: bool = False
) -> ImportResult:
    """Import a model file. Raises RequestError, for unknown layers UnsupportedModel."""
    found = FileImport(
        open_model_file(path), name, choose_inputs(inputs, (1,))[0] if inputs else ()
    )
    traces = found.trace(found.inputs)
    unsupported: tuple[str, ...] = ()
    try:
        imported = found.make_graph(traces)
        imported = generalize_graph(
            imported, found.inputs, lambda shapes: found.make_graph(found.trace(shapes))
        )
    except UnsupportedModel as error:
        if not partial:
            raise
        unsupported = error.calls
        imported = found.make_partial_graph(traces, unsupported)
    text, notes = write_spec(imported)
    graph = rebuild_graph(imported.name, text)
    verdict = None if unsupported else found.verify(graph, imported)
    return ImportResult(text, graph, verdict, unsupported, notes)


def not_compared(file: ModelFile) -> Check:
    """Return the check of a file that nothing here can run."""
    detail = f"the outputs are not compared, as cnnspec does not run {file.format} files"
    return Check("values", f"the {file.format} file", LIMITED, detail=detail)


def check_shapes(file: ModelFile, graph: Graph) -> list[Check]:
    """Compare the shapes of the outputs with those that the file states; nothing if it has none."""
    found, stated = [], file.output_shapes()
    for node, shape in zip(graph.outputs, stated, strict=False):
        if shape is not None and shape != node.output:
            found.append(Difference(node.name, "output", node.output, shape, "another shape"))
    if len(stated) not in (0, len(graph.outputs)):
        found.append(
            Difference("outputs", "outputs", len(graph.outputs), len(stated), "another number")
        )
    known = sum(shape is not None for shape in stated)
    if not known and not found:
        return []
    compared = f"{format_plural(known, 'output shape')} of {len(graph.outputs)}"
    return [make_check("outputs", f"the {file.format} file", compared, found)]
