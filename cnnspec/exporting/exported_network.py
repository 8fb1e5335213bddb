"""What a network offers to write itself in other languages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.build import GraphLoader
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError

if TYPE_CHECKING:
    import onnx


class ExportedNetwork(NetworkCosts):
    """A network that can be written in other languages.

    ``rebuild`` builds it again with more arguments, or an input."""

    def __init__(self, graph: Graph, rebuild: Callable[..., Graph] | None = None):
        super().__init__(graph)
        self.rebuild = rebuild

    def to_pytorch(self) -> str:
        """The network as the source of a PyTorch file that needs PyTorch alone.

        It has one class for each block. Raises RequestError for a network that cannot be written.
        The command ``export`` also compares it with the spec."""
        from cnnspec.exporting.pytorch.write_file import PyTorchSource, write_pytorch

        load = self.find_loader()
        return (write_pytorch(load) if load else PyTorchSource(self.graph)).text

    def to_keras(self) -> str:
        """The network at inference as the source of a functional model of Keras 3.

        It has one function for each block, and its maps have the channels last. Raises RequestError
        with all layers that Keras cannot express. The command ``export`` also compares it with the
        spec."""
        from cnnspec.exporting.keras.write_file import KerasSource, write_keras

        load = self.find_loader()
        return (write_keras(load) if load else KerasSource(self.graph)).text

    def find_loader(self) -> Callable[[dict[str, Any]], Graph] | None:
        """Return what builds the network with more settings, or None where it has no spec."""
        loader = self.rebuild
        if not isinstance(loader, GraphLoader):
            return None
        own = loader.settings
        return lambda more: loader.replace(settings={**own, **more})({})

    def to_onnx(self, *, dynamic: bool = False, seed: int = 0) -> "onnx.ModelProto":
        """The network at inference as an ONNX model in float32, checked by onnx's checker.

        Its weights are random, drawn from ``seed``; its batch is 1, or any with ``dynamic``. Raises
        RequestError without onnx or PyTorch, and for a network that ONNX cannot express."""
        from cnnspec.exporting.onnx.write_model import import_onnx, write_onnx_model

        import_onnx()
        try:
            from cnnspec.pytorch.check_onnx import OnnxWeights
        except ImportError:
            raise RequestError(
                "an export to ONNX needs PyTorch: pip install 'cnnspec[verify]'"
            ) from None
        weights = OnnxWeights(self.graph, seed)
        model: onnx.ModelProto = write_onnx_model(self.graph, weights.tensor, dynamic)
        return model
