"""What ``import cnnspec`` offers: a network by its name or file, and what can be asked of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.build import load_graph, load_zoo_graphs
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError, SpecError
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.zoo import family_name, variant_names, zoo_files
from cnnspec.units import Shape

if TYPE_CHECKING:
    import pandas
    import torch

    from cnnspec.analyses.memory.network_memory import NetworkMemory
    from cnnspec.report.compared import Comparison
    from cnnspec.report.diagram.draw import Picture
    from cnnspec.report.verdicts.readable import PrintedVerdict

__all__ = ["Network", "RequestError", "SpecError", "compare", "load", "networks", "verify"]


class Network(NetworkCosts):
    """A network at one setting of its arguments, and its costs. Made by :func:`load`.

    ``layers`` are the rows of the table and ``totals`` their sums, as at inference.
    """

    def __init__(self, graph: Graph, again: Callable[[dict[str, Any]], Graph] | None = None):
        super().__init__(graph)
        self.again = again  # makes the graph anew with more arguments

    def node(self, name: str) -> Node | None:
        """The node called ``name``, or None."""
        return next((n for n in self.graph.nodes if n.name == name), None)

    def to_frame(self) -> "pandas.DataFrame":
        """The rows as a pandas DataFrame, with the columns of the JSON contract. Raises
        RequestError without pandas."""
        from cnnspec.report.frame import frame

        return frame(self)

    def draw(self, depth: int | None = None) -> "Picture":
        """The architecture as the text of an SVG, which a notebook shows as a picture.

        ``depth`` opens blocks so many levels deep (1: none); without it as deep as a page holds,
        and each kind of block that stays folded is shown in a panel. Raises RequestError for a
        picture of too many boxes."""
        from cnnspec.report.diagram.draw import draw_network

        return draw_network(self, depth)

    def build(
        self, device: str | None = None, dtype: "torch.dtype | None" = None
    ) -> "torch.nn.Module":
        """The network as a torch.nn.Module: a flat executor with readable parameter names. Raises
        RequestError."""
        try:
            from cnnspec.pytorch.built_module import build_module
        except ImportError:
            raise RequestError(
                "building a network needs PyTorch: pip install 'cnnspec[verify]'"
            ) from None
        return build_module(self.graph, device, dtype)

    def memory(
        self,
        batch: int = 1,
        dtype: str = "float32",
        optimizer: str = "none",
        loss: str = "",
        mode: str = "training",
        freeze: Sequence[str] = (),
    ) -> "NetworkMemory":
        """What it needs in memory, in bytes, with ``saved``, ``inference_peak``, ``training_peak``
        and their parts.

        ``freeze`` are patterns such as ``layer1.*`` of layers that are not trained; both peaks are
        found whatever the ``mode``, of which ``peak`` is the one. Raises RequestError for a batch,
        dtype, optimizer, loss, mode or pattern that there is not."""
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
    name: str, *, input: Shape | None = None, max_lines: int = MAX_LINES, **settings: Any
) -> Network:
    """The network called ``name``: one of the zoo, a file, or ``FILE.toml:variant``.

    ``settings`` set the network's arguments, ``input`` replaces its input shape, ``max_lines``
    bounds the lines of the unrolled network. Raises SpecError with all the problems of the spec, or
    RequestError."""

    def again(more: dict[str, Any]) -> Graph:
        return load_graph(name, {**more, **settings}, input, max_lines)

    return Network(load_graph(name, settings, input, max_lines), again)


def verify(
    net: Network | str,
    model: "torch.nn.Module | None" = None,
    device: str = "auto",
    against: tuple[str, ...] | str = (),
    model_name: str = "",
    memory: bool = False,
) -> "PrintedVerdict":
    """Whether a network's twin in PyTorch, and the models that it must equal, are what its sheet
    says.

    ``model`` is one of yours; it is copied, and stays as it is. ``against`` names libraries
    (torchvision, timm) in which the spec has a reference. ``device`` is auto, cpu, cuda or meta.
    ``memory`` measures what it needs, too. The verdict is true where all holds, and prints itself.
    Nothing that is found is raised; RequestError is, for a request that cannot be carried out."""
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
        network.graph, device, libraries, theirs, model_name, rebuild=network.again, memory=memory
    )
    return PrintedVerdict(**vars(found))


def compare(
    nets: "Iterable[Network | str]",
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
    """Networks, or names of networks, side by side.

    Memory is for ``batch``, ``dtype``, ``optimizer`` and ``loss``. ``conventions`` are tools whose
    counts are shown besides, ``columns`` the measures instead of the usual, ``sort`` a measure
    ("-macs": descending) and ``filters`` conditions such as "params < 10M". Raises RequestError for
    what there is not, SpecError for a spec with problems."""
    from cnnspec.analyses import comparison, comparison_selection
    from cnnspec.analyses.memory.request import check_request
    from cnnspec.report.compared import Comparison

    check_request(batch, dtype, optimizer)
    setting = comparison.ComparisonSettings(batch, dtype, optimizer, loss)
    keys = [*dict.fromkeys([*(comparison.DEFAULT if columns is None else columns), *conventions])]
    measures = [comparison.find_measure(key) for key in keys]
    conditions = [comparison_selection.parse_condition(text) for text in filters]
    loaded = [load(net) if isinstance(net, str) else net for net in nets]
    found = [comparison.ComparedNetwork(net, setting) for net in loaded]
    found = [s for s in found if all(holds(s) for holds in conditions)]
    return Comparison(
        comparison_selection.sort_networks(found, sort) if sort else found, measures, setting
    )


def load_zoo(pattern: str = "") -> Iterator[Network]:
    """The networks of the zoo whose name contains ``pattern``."""
    return map(Network, load_zoo_graphs(pattern))


def networks() -> dict[str, list[str]]:
    """The families of the zoo, each with the names of its variants (a family without variants has
    its own)."""
    return {family_name(file): variant_names(file) or [family_name(file)] for file in zoo_files()}
