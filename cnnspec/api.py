"""The Python API: load a network by name or file, then read, draw, build or verify it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cnnspec.exporting.exported_network import ExportedNetwork
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.build import GraphLoader, load_zoo_graphs
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError, SpecError
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.zoo import family_name, variant_names, zoo_files
from cnnspec.units import GivenInput, Shape

if TYPE_CHECKING:
    import pandas
    import torch

    from cnnspec.analyses.comparison import ComparedNetwork
    from cnnspec.analyses.memory.network_memory import NetworkMemory
    from cnnspec.importing.imported_spec import ImportedSpec
    from cnnspec.report.comparison import Comparison
    from cnnspec.report.diagram.draw import Picture
    from cnnspec.report.verdicts.readable import PrintedVerdict

__all__ = ["Network", "RequestError", "SpecError"]
__all__ += ["compare", "from_pytorch", "load", "networks", "verify"]


class Network(ExportedNetwork):
    """A network with its arguments set, and its costs. Made by :func:`load`.

    ``layers`` are the rows of the table, and ``totals`` their sums, as at inference."""

    def __init__(self, graph: Graph, rebuild: Callable[..., Graph] | None = None):
        super().__init__(graph, rebuild)

    @property
    def notes(self) -> list[str]:
        """What a reader of the numbers must know about the input, such as a doubtful shape."""
        from cnnspec.analyses.input_layout import describe_input

        return describe_input(self.graph)

    def node(self, name: str) -> Node | None:
        """The node called ``name``, or None."""
        return next((n for n in self.graph.nodes if n.name == name), None)

    def to_frame(self) -> "pandas.DataFrame":
        """The rows as a pandas DataFrame, with the columns of the JSON.

        Raises RequestError without pandas."""
        from cnnspec.report.contract import make_frame, row_json

        return make_frame([row_json(row) for row in self.layers])

    def draw(self, depth: int | None = None) -> "Picture":
        """The architecture as the text of an SVG, which notebooks show as a picture.

        ``depth`` opens blocks that many levels deep (1: none). Without it blocks are opened as deep
        as a page permits, and each kind of folded block is shown in a panel. Raises RequestError
        for too many boxes."""
        from cnnspec.report.diagram.draw import draw_network

        return draw_network(self, depth)

    def build(
        self, device: str | None = None, dtype: "torch.dtype | None" = None
    ) -> "torch.nn.Module":
        """The network as a torch.nn.Module whose parameters are named after the spec's layers.

        Raises RequestError without PyTorch or for an unknown device."""
        try:
            from cnnspec.pytorch.built_module import build_module
        except ImportError:
            raise RequestError(
                "building a network needs PyTorch: pip install 'cnnspec[verify]'"
            ) from None
        return build_module(self.graph, device, dtype)

    def fold_batchnorm(self) -> "Network":
        """The network as it is deployed: batch norms folded into the weights before them."""
        from cnnspec.graph.fold_batchnorm import fold_batchnorm

        return Network(fold_batchnorm(self.graph).graph)

    def memory(
        self,
        batch: int = 1,
        dtype: str = "float32",
        optimizer: str = "none",
        loss: str = "",
        mode: str = "training",
        freeze: Sequence[str] = (),
    ) -> "NetworkMemory":
        """The memory that the network needs, in bytes.

        The result has ``saved``, ``inference_peak``, ``training_peak`` and their parts; ``peak`` is
        that of ``mode``. ``freeze`` are patterns of layers that are not trained, such as
        ``layer1.*``. Raises RequestError for an invalid batch or an unknown dtype, optimizer, loss,
        mode or pattern."""
        from cnnspec.analyses.memory.network_memory import plan_memory

        with garbage_collection_paused():
            return plan_memory(self.graph, batch, dtype, optimizer, loss, mode, freeze)

    def __repr__(self) -> str:
        return (
            f"<Network {self.name}: {self.totals.params:,} parameters, {self.totals.macs:,} MACs>"
        )

    def _repr_html_(self) -> str:
        from cnnspec.report.table import render_table

        return render_table(self, "html")


def load(
    name: str,
    *,
    input: GivenInput = None,
    max_lines: int = MAX_LINES,
    strict_input: bool = False,
    **settings: Any,
) -> Network:
    """Load the network called ``name``: one of the zoo, a file, or ``FILE.toml:variant``.

    ``settings`` set the network's arguments, ``input`` replaces its input shape (channels first,
    without the batch; a dict has shapes for some of several inputs), and ``max_lines`` limits the
    lines of the expanded network. ``strict_input`` refuses an input at which layers have other
    parameters than at the spec's own. Raises SpecError with all problems of the spec, or
    RequestError."""

    rebuild = GraphLoader(name, settings, input, max_lines, strict_input)
    return Network(rebuild({}), rebuild)


def verify(
    net: Network | str,
    model: "torch.nn.Module | None" = None,
    device: str = "auto",
    against: tuple[str, ...] | str = (),
    model_name: str = "",
    memory: bool = False,
    strict: bool = False,
    seed: int = 2016,
) -> "PrintedVerdict":
    """Compare a network's spec with the PyTorch module built from it and with reference models.

    ``model`` is a model of your own that the spec describes; it is copied, not changed. A model
    with other calls that compute the same passes, except where ``strict``; ``seed`` draws its
    weights and inputs. ``against`` names libraries (torchvision, timm) in which the spec has a
    reference. ``device`` is auto, cpu, cuda or meta. ``memory`` also measures the memory that the
    module needs. The verdict is true if everything agrees, and prints itself. Differences are not
    raised; RequestError is raised for a request that cannot be carried out."""
    from cnnspec.report.verdicts.readable import PrintedVerdict

    network = load(net) if isinstance(net, str) else net
    libraries = (against,) if isinstance(against, str) else tuple(against)
    try:
        from cnnspec.pytorch.devices import check_device
        from cnnspec.pytorch.load_models import check_libraries, copy_model
        from cnnspec.pytorch.verify import verify
    except ImportError:
        raise RequestError(
            "verifying needs PyTorch and fvcore: pip install 'cnnspec[verify]'"
        ) from None
    check_device(device)
    check_libraries(libraries, network.graph)
    theirs = None if model is None else copy_model(model)
    found = verify(
        network.graph,
        device,
        libraries,
        theirs,
        model_name,
        rebuild=network.rebuild,
        memory=memory,
        strict=strict,
        seed=seed,
    )
    return PrintedVerdict(**vars(found))


def from_pytorch(
    model: "torch.nn.Module", *, input: Shape | Sequence[Shape] = (3, 224, 224), name: str = ""
) -> "ImportedSpec":
    """Write the spec of a PyTorch model, and compare it with the model.

    ``input`` is the shape of the model's input without the batch, or a list with one for each
    input. ``name`` is the network's (default: the model's class). The model is copied, not changed.
    The result has ``text``, ``save(path)``, ``network`` and ``verdict``. Raises RequestError for a
    model that cannot be run, or with calls that no operator can express."""
    from cnnspec.importing.import_pytorch import import_model
    from cnnspec.importing.imported_spec import ImportedSpec
    from cnnspec.report.verdicts.readable import PrintedVerdict

    found = import_model(model, input, name)
    assert found.verdict is not None, "a whole import is compared"
    network = Network(found.graph, found.rebuild)
    return ImportedSpec(found.text, network, PrintedVerdict(**vars(found.verdict)))


def compare(
    nets: "Iterable[Network | ComparedNetwork | str]",
    *,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "none",
    loss: str = "",
    conventions: Iterable[str] = (),
    columns: Iterable[str] | None = None,
    sort: str = "",
    filters: Iterable[str] = (),
) -> "Comparison":
    """Compare networks, or networks given by name, side by side.

    Memory is calculated for ``batch``, ``dtype``, ``optimizer`` and ``loss``. ``conventions`` are
    tools whose counts get a column each, ``columns`` are measures in place of the default ones,
    ``sort`` is a measure ("-macs": descending), and ``filters`` are conditions such as
    "params < 10M". Raises RequestError for an unknown name or value, and SpecError for a spec with
    problems."""
    from cnnspec.analyses import comparison, comparison_selection
    from cnnspec.analyses.memory.request import check_request
    from cnnspec.report.comparison import Comparison

    check_request(batch, dtype, optimizer)
    setting = comparison.ComparisonSettings(batch, dtype, optimizer, loss)
    keys = [*dict.fromkeys([*(comparison.DEFAULT if columns is None else columns), *conventions])]
    measures = [comparison.find_measure(key) for key in keys]
    conditions = [comparison_selection.parse_condition(text) for text in filters]
    compared = comparison.ComparedNetwork
    loaded = [load(net) if isinstance(net, str) else net for net in nets]
    found = [net if isinstance(net, compared) else compared(net, setting) for net in loaded]
    unknown = comparison_selection.describe_unknown_texts(conditions, found)
    found = [s for s in found if all(holds(s) for holds in conditions)]
    found = comparison_selection.sort_networks(found, sort) if sort else found
    return Comparison(found, measures, setting, unknown)


def load_zoo(pattern: str = "") -> Iterator[Network]:
    """The networks of the zoo whose name contains ``pattern``."""
    return map(Network, load_zoo_graphs(pattern))


def networks() -> dict[str, list[str]]:
    """The families of the zoo, each with the names of its networks."""
    return {family_name(file): variant_names(file) or [family_name(file)] for file in zoo_files()}
