"""What the networks of a spec share while they are built changes none of them."""

from pathlib import Path

import pytest

from cnnspec.graph import known
from cnnspec.graph.build import build, build_variant, understood
from cnnspec.graph.digest import digest
from cnnspec.graph.known import Known
from cnnspec.problems import SpecError
from cnnspec.spec.source import Source, read
from cnnspec.spec.zoo import families

NET = """name = "net"
input = [3, 16, 16]
args.width = 8
layers = [
  { name = "a", op = "conv_bn", out_channels = "{width}", kernel_size = 3, activation = "relu" },
  { name = "b", op = "conv_bn", out_channels = "{width}", kernel_size = 3, norm = "lrn" },
]
[blocks.conv_bn]
op = "conv"
bias = false
norm = "batchnorm"
[variants.first]
[variants.second]
width = 12
[variants.third]
"""


SOME = [f for f in families() if Path(f).stem in ("resnet", "unet", "mobilenet_v3", "segnet")]


@pytest.mark.parametrize("path", SOME, ids=lambda f: Path(f).stem)
def test_networks_are_the_same_with_and_without(path: str) -> None:
    spec, notes = understood(read(path))
    shared = Known()
    for name in [*spec.variants] or [""]:
        assert digest(build_variant(spec, notes, name, known=shared)) == digest(
            build(read(path), name)
        )


def test_each_variant_tells_its_own_faults() -> None:
    spec, notes = understood(Source("net.toml", NET.replace("width = 12", "width = -1")))
    shared = Known()
    build_variant(spec, notes, "first", known=shared)
    with pytest.raises(SpecError, match="out_channels is an integer from 1"):
        build_variant(spec, notes, "second", known=shared)
    third = build_variant(spec, notes, "third", known=shared)
    assert [n.output for n in third.nodes] == [n.output for n in build(spec.source, "first").nodes]


def test_what_is_known_is_forgotten_where_it_grows_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec, notes = understood(Source("net.toml", NET))
    shared = Known()
    build_variant(spec, notes, "first", known=shared)
    assert shared.bounded() is shared
    monkeypatch.setattr(known, "MANY", 3)
    assert shared.bounded() is not shared
    assert not shared.bounded().ops


def test_a_network_leaves_no_cycles_behind() -> None:
    import gc

    spec, notes = understood(Source("net.toml", NET))
    gc.collect()
    gc.disable()
    try:
        build_variant(spec, notes, "second", known=Known())
        assert gc.collect() == 0
    finally:
        gc.enable()
