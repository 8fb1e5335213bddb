"""Build networks of TOML text in tests."""

from typing import Any

from cnnspec.api import Network
from cnnspec.graph.build import build_graph
from cnnspec.spec.source import Source


def network(
    layers: str, shape: list[int] | None = None, rest: str = "", top: str = "", **settings: Any
) -> Network:
    """Build the network of these lines of TOML; ``top`` comes before the layers, ``rest`` after."""
    text = f'name = "net"\ninput = {shape or [3, 32, 32]}\n{top}\nlayers = [\n{layers}\n]\n{rest}'
    return Network(build_graph(Source("net.toml", text), settings=settings))
