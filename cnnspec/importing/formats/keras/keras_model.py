"""A Keras 3 file as a source of an import: the JSON in a .keras file, or model.to_json()."""

import json
import zipfile
from typing import Any

from cnnspec.importing.canonical.graph_builder import CALL_FAULTS
from cnnspec.importing.formats.keras.keras_activations import ACTIVATIONS
from cnnspec.importing.formats.keras.keras_layers import LAYERS
from cnnspec.importing.formats.keras.keras_shapes import SHAPES
from cnnspec.importing.formats.keras.keras_trace import KerasTracer, input_shape, read_keys
from cnnspec.importing.formats.model_file import FileTrace, ModelFile
from cnnspec.importing.formats.module_classes import name_classes
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.problems import RequestError, visible
from cnnspec.units import Shape

RULES = {**LAYERS, **ACTIVATIONS, **SHAPES}
MOST_BYTES = 64 << 20  # of the JSON


class KerasFile(ModelFile):
    """A Keras file. ``config`` is what it says about the model."""

    format = "Keras"

    def __init__(self, path: str, title: str):
        super().__init__(path, title)
        whole, self.version = read_json(path)
        try:
            self.config: dict[str, Any] = whole["config"]
            self.layers = [*walk_layers(self.config)]
            self.shapes = tuple([input_shape(config) for config in self.find_inputs()])
            formats = [layer["config"].get("data_format") for layer in self.layers]
        except (LookupError, TypeError, ValueError, AttributeError):
            raise RequestError(f"{visible(path)} does not describe a model of Keras 3") from None
        self.channels_last = "channels_first" not in formats

    @property
    def origin(self) -> str:
        return f"Keras file of Keras {visible(self.version, 40)}" if self.version else "Keras file"

    def find_inputs(self) -> list[dict[str, Any]]:
        """Return the settings of the layers that are the inputs."""
        if "input_layers" in self.config:
            named = {layer["config"]["name"]: layer["config"] for layer in self.config["layers"]}
            return [named[name] for name, _, _ in read_keys(self.config["input_layers"])]
        first = self.config["layers"][0]["config"]
        if "input_layers" in first:
            return [{"batch_shape": self.config.get("build_input_shape")}]
        built = {"batch_shape": self.config.get("build_input_shape")}
        return [first if "batch_shape" in first else built]

    def input_shapes(self) -> tuple[Shape | None, ...]:
        return tuple([self.channels_to_front(shape) for shape in self.shapes])

    def channels_to_front(self, shape: Shape | None) -> Shape | None:
        last = self.channels_last and shape and len(shape) > 1
        return (shape[-1], *shape[:-1]) if last and shape else shape

    def trace(self, shapes: tuple[Shape, ...], training: bool = False) -> FileTrace:
        if len(shapes) != len(self.shapes):
            raise RequestError(f"the model has {len(self.shapes)} inputs, not {len(shapes)}")
        tracer = KerasTracer(RULES, training, self.channels_last)
        given = [tracer.writer.input(shape) for shape in shapes]
        try:
            outputs = tracer.run_model(self.config, [tracer.last(x) for x in given])
        except (*CALL_FAULTS, AttributeError, RecursionError):
            raise RequestError(
                f"{visible(self.path)} describes its layers in a way that is not known"
            ) from None
        complaints = tuple(tracer.complaints)
        tracer.writer.modules, tracer.writer.source = (), ""
        run = tracer.writer.run([tracer.first(y) for y in outputs])
        complete = len(run.calls) if tracer.complete < 0 else tracer.complete
        writer, notes = tracer.writer, tuple(tracer.notes)
        return FileTrace(run, writer.parameters, complaints, complete, notes, writer.initial)

    def finish(self, graph: ImportedGraph) -> ImportedGraph:
        return name_classes(graph)


def read_json(path: str) -> tuple[dict[str, Any], str]:
    """Return what a file says about its model, and the version of Keras. Raises RequestError."""
    version = ""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo("config.json").file_size > MOST_BYTES:
                    raise RequestError(f"the config.json in {visible(path)} is too large")
                text = archive.read("config.json")
                if "metadata.json" in archive.namelist():
                    version = str(json.loads(archive.read("metadata.json"))["keras_version"])
        else:
            with open(path, "rb") as file:
                text = file.read(MOST_BYTES)
        found = json.loads(text)
    except KeyError:
        raise RequestError(f"{visible(path)} is a ZIP file without Keras's config.json") from None
    except (OSError, ValueError, zipfile.BadZipFile, RecursionError, NotImplementedError) as error:
        reason = visible(str(error), 200)
        raise RequestError(f"{visible(path)} is no complete Keras file: {reason}") from None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        raise RequestError(f"{visible(path)} does not describe a model of Keras 3")
    return found, version


def walk_layers(config: dict[str, Any]) -> Any:
    """Yield all layers of a model, those of models inside too."""
    for layer in config["layers"]:
        yield layer
        if "layers" in layer["config"]:
            yield from walk_layers(layer["config"])
