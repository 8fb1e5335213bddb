"""An ONNX file as a source of an import."""

from typing import Any

from cnnspec.importing.formats.model_file import BATCH, FileTrace, ModelFile
from cnnspec.importing.formats.module_classes import name_classes
from cnnspec.importing.formats.onnx.onnx_arithmetic import ARITHMETIC
from cnnspec.importing.formats.onnx.onnx_file import read_onnx
from cnnspec.importing.formats.onnx.onnx_idioms import find_idioms
from cnnspec.importing.formats.onnx.onnx_layers import LAYERS
from cnnspec.importing.formats.onnx.onnx_records import OnnxInput, OnnxNode
from cnnspec.importing.formats.onnx.onnx_shapes import SHAPES
from cnnspec.importing.formats.onnx.onnx_sizes import SIZES
from cnnspec.importing.formats.onnx.onnx_trace import OnnxTracer, trace_onnx
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.problems import RequestError, visible
from cnnspec.units import Shape, format_plural

FOLDED = (
    "Batch normalization is assumed to be folded into convolutions, as exporters do: they have"
    " biases instead."
)

RULES = {**LAYERS, **ARITHMETIC, **SHAPES, **SIZES}


class OnnxFile(ModelFile):
    """An ONNX file. ``tracer`` is that of the last trace."""

    format = "ONNX"

    def __init__(self, path: str, title: str):
        super().__init__(path, title)
        self.model = read_onnx(path)
        self.nodes = find_idioms(self.model)
        self.tracer: OnnxTracer | None = None
        batches = {i.shape[0] for i in self.model.inputs if i.shape}
        fixed = [n for n in batches if isinstance(n, int)]
        self.fixed_batch = fixed[0] if len(fixed) == 1 else None

    @property
    def origin(self) -> str:
        by = f" by {visible(self.model.producer, 40)}" if self.model.producer else ""
        return f"ONNX file{by}, operator set {self.model.opset}"

    def input_shapes(self) -> tuple[Shape | None, ...]:
        return tuple(map(find_shape, self.model.inputs))

    def output_shapes(self) -> tuple[Shape | None, ...]:
        return tuple(map(find_shape, self.model.outputs))

    def trace(self, shapes: tuple[Shape, ...], training: bool = False) -> FileTrace:
        names = [i.name for i in self.model.inputs]
        if len(shapes) != len(names):
            count, shown = format_plural(len(names), "input"), ", ".join(names)
            raise RequestError(
                f"{visible(self.path)} has {count} ({visible(shown)}), not {len(shapes)}"
            )
        given = dict(zip(names, shapes, strict=True))
        self.tracer, found = trace_onnx(self.model, self.nodes, given, self.fixed_batch, RULES)
        return found.replace(notes=tuple(self.list_notes()))

    def list_notes(self) -> list[str]:
        """Return what the spec says about things that the file does not show."""
        found = []
        if any(n.operator == "Conv" and has_renamed_bias(n) for n in self.model.nodes):
            found.append(FOLDED)
        assert self.tracer is not None
        if self.tracer.copied:
            count = format_plural(len(self.tracer.copied), "tensor")
            found.append(f"The file stores equal tensors once; here {count} more are counted.")
        constants = [n for n in self.tracer.constants if "::" not in n]
        names = [n for n in dict.fromkeys(constants) if n in self.model.tensors]
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            shown = ", ".join(visible(n, 60) for n in names[:3])
            found.append(f"Tensors of one element are taken as fixed numbers: {shown}{more}.")
        return found

    def finish(self, graph: ImportedGraph) -> ImportedGraph:
        return name_classes(graph)

    def prove(self, graph: Any, imported: ImportedGraph) -> list[Any]:
        from cnnspec.importing.formats.onnx.onnx_proof import prove_onnx

        assert self.tracer is not None
        batch = self.fixed_batch or BATCH
        return prove_onnx(self.path, graph, imported, self.tracer.uses, self.tracer.shapes, batch)


def has_renamed_bias(node: OnnxNode) -> bool:
    """Tell whether a layer has a bias that is not called as its weight is.

    That is what exporters leave where they fold batch normalization."""
    weight, bias = (*node.inputs, "", "", "")[1:3]
    owner = weight.removesuffix("weight") if weight.endswith("weight") else None
    return bool(bias) and owner != bias.removesuffix("bias")


def find_shape(given: OnnxInput) -> Shape | None:
    """Return the shape of an input or output without the batch, None if a size is not fixed."""
    sizes = tuple([n for n in given.shape[1:] if isinstance(n, int) and n > 0])
    return sizes if sizes and len(sizes) == len(given.shape) - 1 else None
