"""Networks of a spec that share a cache are the same as those built alone."""

from pathlib import Path

import pytest

from cnnspec.graph import cache
from cnnspec.graph.build import VariantRequest, build_graph, build_variant, read_spec
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import graph_digest
from cnnspec.problems import SpecError
from cnnspec.spec.source import Source, read_source
from cnnspec.spec.zoo import zoo_files

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


SOME = [f for f in zoo_files() if Path(f).stem in ("resnet", "unet", "mobilenet_v3", "segnet")]


@pytest.mark.parametrize("path", SOME, ids=lambda f: Path(f).stem)
def test_networks_are_the_same_with_and_without_a_shared_cache(path: str) -> None:
    spec, reader = read_spec(read_source(path))
    shared = SpecCache()
    for name in [*spec.variants] or [""]:
        assert graph_digest(
            build_variant(VariantRequest(spec, reader, name, cache=shared))
        ) == graph_digest(build_graph(read_source(path), name))


def test_each_variant_reports_its_own_problems() -> None:
    spec, reader = read_spec(Source("net.toml", NET.replace("width = 12", "width = -1")))
    shared = SpecCache()
    build_variant(VariantRequest(spec, reader, "first", cache=shared))
    with pytest.raises(SpecError, match="out_channels is an integer from 1"):
        build_variant(VariantRequest(spec, reader, "second", cache=shared))
    third = build_variant(VariantRequest(spec, reader, "third", cache=shared))
    assert [n.output for n in third.nodes] == [
        n.output for n in build_graph(spec.source, "first").nodes
    ]


def test_a_cache_that_is_too_large_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec, reader = read_spec(Source("net.toml", NET))
    shared = SpecCache()
    build_variant(VariantRequest(spec, reader, "first", cache=shared))
    assert shared.or_empty_if_large() is shared
    monkeypatch.setattr(cache, "MAX_ENTRIES", 3)
    assert shared.or_empty_if_large() is not shared
    assert not shared.or_empty_if_large().operators


def test_a_network_is_freed_without_garbage_collection() -> None:
    import gc

    spec, reader = read_spec(Source("net.toml", NET))
    gc.collect()
    gc.disable()
    try:
        build_variant(VariantRequest(spec, reader, "second", cache=SpecCache()))
        assert gc.collect() == 0
    finally:
        gc.enable()
