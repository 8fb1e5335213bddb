"""Training-only layers that do not fit another input size do not prevent inference at it."""

import pytest

from cnnspec import SpecError
from cnnspec.api import Network
from cnnspec.graph.build import build_graph
from cnnspec.spec.source import Source

TEXT = """
name = "x"
input = [3, 16, 16]
layers = [
  { name = "a",    op = "conv", out_channels = 4, kernel_size = 3 },
  { name = "aux",  op = "conv", out_channels = 4, kernel_size = 9, training_only = true },
  { name = "flat", op = "flatten" },
]
"""


def test_fitting_input_shows_them_in_training() -> None:
    net = Network(build_graph(Source("x.toml", TEXT)))
    assert [row.name for row in net.rows(training=True)] == ["a", "aux", "flat"]
    assert net.graph.unfit == ()


def test_smaller_input_is_analysed_as_at_inference() -> None:
    net = Network(build_graph(Source("x.toml", TEXT), input_shape=(3, 8, 8)))
    assert [row.name for row in net.layers] == ["a", "flat"]
    with pytest.raises(SpecError, match=r"x\.toml:6:.*D002"):
        net.rows(training=True)


def test_own_input_of_the_spec_must_fit_all_layers() -> None:
    with pytest.raises(SpecError, match="D002"):
        build_graph(Source("x.toml", TEXT.replace("16, 16", "8, 8")))
