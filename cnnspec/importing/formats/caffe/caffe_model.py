"""A Caffe prototxt file as a source of an import."""

import re
from typing import Any

from cnnspec.analyses.flat_calls import ModuleCall, Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.caffe.caffe_layers import LAYERS, CaffeTracer
from cnnspec.importing.formats.caffe.text_format import Message, read_text_format
from cnnspec.importing.formats.model_file import FileTrace, ModelFile
from cnnspec.importing.formats.module_classes import name_classes
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.problems import RequestError, visible
from cnnspec.units import Shape

DATA = ("Data", "ImageData", "HDF5Data", "MemoryData", "DummyData", "WindowData", "Python")
LOSSES = ("Accuracy", "Silence", "ArgMax")
BEGINNING = re.compile(r"(?:\s|#[^\n]*\n)*(?:name|input|input_dim|input_shape|layers?)\s*[:{]")
OLD_NAMES = {name.upper(): name for name in [*LAYERS, *DATA, *LOSSES, "Input"]}
MOST_BYTES = 16 << 20


class CaffeFile(ModelFile):
    """A Caffe prototxt file. ``net`` is all that it says."""

    format = "Caffe"

    def __init__(self, path: str, title: str):
        super().__init__(path, title)
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                self.net = read_text_format(path, file.read(MOST_BYTES))
        except OSError as error:
            raise RequestError(f"{visible(path)} cannot be read: {error.strerror}") from None
        self.layers = self.net.messages("layer") + self.net.messages("layers")
        if not self.layers:
            raise RequestError(f"{visible(path)} has no layers: is it the prototxt of a solver?")
        self.title = str(self.net.get("name", title))

    @property
    def origin(self) -> str:
        return "Caffe prototxt file"

    def find_inputs(self) -> list[tuple[str, Shape | None]]:
        """Return the names of the inputs, and their shapes without the batch."""
        shapes = [tuple(m.all("dim")) for m in self.net.messages("input_shape")]
        dims, names = self.net.all("input_dim"), [str(n) for n in self.net.all("input")]
        shapes = shapes or [tuple(dims[i : i + 4]) for i in range(0, len(dims), 4)]
        found = [
            (name, check_shape(shapes[i][1:]) if i < len(shapes) else None)
            for i, name in enumerate(names)
        ]
        for layer in self.layers:
            kind, tops = read_kind(layer), [str(n) for n in layer.all("top")]
            if kind == "Input":
                given = [m.all("dim") for m in layer.message("input_param").messages("shape")]
                known = [check_shape(tuple(dims)[1:]) for dims in given] or [None]
                found += [(top, known[min(i, len(known) - 1)]) for i, top in enumerate(tops)]
            elif kind in DATA and tops and tops[0] not in dict(found):
                crop = layer.message("transform_param").get("crop_size")
                found.append((tops[0], check_shape((3, crop, crop)) if crop else None))
        if not found:
            raise RequestError(f"{visible(self.path)} names no input")
        return found

    def input_shapes(self) -> tuple[Shape | None, ...]:
        return tuple([shape for _, shape in self.find_inputs()])

    def trace(self, shapes: tuple[Shape, ...], training: bool = False) -> FileTrace:
        inputs = self.find_inputs()
        if len(shapes) != len(inputs):
            raise RequestError(f"the network has {len(inputs)} inputs, not {len(shapes)}")
        tracer = CaffeTracer(training)
        for (name, _), shape in zip(inputs, shapes, strict=True):
            tracer.values[name] = tracer.writer.input(shape)
        labels = {str(n) for m in self.layers if read_kind(m) in DATA for n in m.all("top")[1:]}
        unread = dict.fromkeys([name for name, _ in inputs])  # in the order in which they are made
        lost: set[str] = set()  # what layers without an operator make
        complaints: list[str] = []
        complete = -1
        for layer in self.layers:
            kind = read_kind(layer)
            if (
                not runs(layer, training)
                or kind in ("Input", *DATA, *LOSSES)
                or "LOSS" in kind.upper()
            ):
                continue
            bottoms = [str(n) for n in layer.all("bottom") if n not in labels]
            tops = [str(n) for n in layer.all("top")]
            self.enter(tracer, layer)
            try:
                if kind not in LAYERS:
                    raise UnsupportedCall("no operator does this")
                absent = [name for name in bottoms if name not in tracer.values]
                if absent and not lost.isdisjoint(absent):
                    lost.update(tops)
                    continue
                if absent:
                    raise UnsupportedCall(f"it reads {visible(absent[0], 60)}, which nothing makes")
                found = LAYERS[kind](tracer, [tracer.values[name] for name in bottoms])
            except (
                UnsupportedCall,
                LookupError,
                TypeError,
                ValueError,
                ZeroDivisionError,
            ) as error:
                is_known = isinstance(error, UnsupportedCall)
                reason = str(error) if is_known else "it is written in a way that is not known"
                complaints.append(f"{visible(tracer.name, 120)}: {visible(kind, 60)}: {reason}")
                complete = len(tracer.writer.calls) if complete < 0 else complete
                lost.update(tops)
                for name in tops:
                    tracer.values.pop(name, None)
                continue
            for name in bottoms:
                unread.pop(name, None)
            parts: list[Any] = found if isinstance(found, list) else [found]
            for name, value in zip(tops, parts, strict=False):
                tracer.values[name] = value
                unread[name] = None
        outputs = [v for n in unread if isinstance(v := tracer.values.get(n), Value)]
        run = tracer.writer.run(outputs)
        end = len(run.calls) if complete < 0 else complete
        return FileTrace(run, tracer.writer.parameters, tuple(complaints), end)

    def enter(self, tracer: CaffeTracer, layer: Message) -> None:
        """Let a layer be the current one. Names with slashes say which block it belongs to."""
        tracer.layer, tracer.name = layer, str(layer.get("name", ""))
        tracer.writer.source = tracer.name
        has_joins = any(read_kind(m) == "Eltwise" for m in self.layers)
        has_blocks = any("/" in str(m.get("name", "")) for m in self.layers)
        if has_joins and not has_blocks:  # blocks are found by structure
            return
        parts = tracer.name.replace(".", "_").strip("/").split("/")
        paths = [".".join(parts[: i + 1]) for i in range(len(parts))]
        tracer.writer.modules = (ModuleCall("", ""), *(ModuleCall(p, "") for p in paths if p))

    def finish(self, graph: ImportedGraph) -> ImportedGraph:
        return name_classes(graph)


def looks_like_caffe(head: str) -> bool:
    """Tell whether a text begins as a network of Caffe does."""
    return BEGINNING.match(head) is not None


def read_kind(layer: Message) -> str:
    """Return the type of a layer. Older files write INNER_PRODUCT for InnerProduct."""
    kind = str(layer.get("type", ""))
    return OLD_NAMES.get(kind.replace("_", "").upper(), kind)


def runs(layer: Message, training: bool) -> bool:
    """Tell whether a layer is there in a phase."""
    phase = "TRAIN" if training else "TEST"
    included = [m.get("phase") for m in layer.messages("include")]
    excluded = [m.get("phase") for m in layer.messages("exclude")]
    return (not included or phase in included) and phase not in excluded


def check_shape(sizes: tuple[Any, ...]) -> Shape | None:
    """Return sizes if all are sizes."""
    return sizes if sizes and all(type(n) is int and n > 0 for n in sizes) else None
