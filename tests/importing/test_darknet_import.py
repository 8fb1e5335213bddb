"""Darknet's cfg files become specs with Darknet's counts and sizes."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.importing.canonical.canonicalize import UnsupportedModel
from cnnspec.importing.import_file import import_model_file
from cnnspec.importing.import_pytorch import ImportResult
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module
from tests.importing.model_files import yolov3

NET = "[net]\nwidth={0}\nheight={0}\nchannels=4\n"


def import_text(folder: Path, text: str, size: int = 8) -> ImportResult:
    path = folder / "net.cfg"
    path.write_text(
        (NET.format(size) if not text.lstrip().startswith(("[net", "#")) else "") + text
    )
    return import_model_file(str(path))


def test_yolov3_has_its_published_parameters(tmp_path: Path) -> None:
    """61,949,149 are trained; 62,001,757 is the size of the published weights."""
    found = import_text(tmp_path, yolov3())
    totals = NetworkCosts(found.graph).totals
    assert (totals.params, totals.params + totals.buffers) == (61_949_149, 62_001_757)
    shapes = [(255, 13, 13), (255, 26, 26), (255, 52, 52)]
    assert [n.output for n in found.graph.outputs] == shapes
    assert len(found.text.splitlines()) < 90
    assert "[blocks.residual]" in found.text
    assert found.verdict


# The output of a max pool, as src/maxpool_layer.c computes it: (w + padding - size) / stride + 1.
POOLS: list[tuple[int, int, int, int | None]] = []
POOLS += [(8, 2, 2, None), (9, 2, 2, None), (13, 2, 1, None), (13, 5, 1, None), (13, 13, 1, None)]
POOLS += [(11, 3, 2, None), (8, 3, 2, 0), (8, 3, 2, 1), (7, 3, 2, 2)]


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), POOLS)
def test_max_pools_read_what_darknet_reads(
    size: int, kernel: int, stride: int, padding: int | None, tmp_path: Path
) -> None:
    pad = "" if padding is None else f"padding={padding}\n"
    text = f"[maxpool]\nsize={kernel}\nstride={stride}\n{pad}"
    graph = import_text(tmp_path, text, size).graph
    total = kernel - 1 if padding is None else padding
    positions = (size + total - kernel) // stride + 1
    x = torch.randn(1, 4, size, size)
    wide = nn.functional.pad(x, (total // 2, size + kernel, total // 2, size + kernel), value=-1e9)
    ends = [i * stride for i in range(positions)]
    expected = (
        wide.unfold(2, kernel, 1).unfold(3, kernel, 1)[:, :, ends][:, :, :, ends].amax((4, 5))
    )
    assert torch.equal(build_module(graph).eval()(x), expected)


CASES = {  # a text, and the output
    "a route of groups": ("[route]\nlayers=-1\ngroups=2\ngroup_id=1\n", (2, 8, 8)),
    "layers that are counted from the first": (
        "[convolutional]\nfilters=4\n[maxpool]\nstride=2\nsize=2\n[upsample]\nstride=2\n"
        "[route]\nlayers=-1,0\n",
        (8, 8, 8),
    ),
    "a gate": (
        "[convolutional]\nfilters=4\nactivation=mish\n[avgpool]\n"
        "[convolutional]\nfilters=4\n[scale_channels]\nfrom=-3\n",
        (4, 8, 8),
    ),
    "scores": ("[connected]\noutput=5\nactivation=relu\n[dropout]\n[softmax]\n", (5,)),
    "a stride for each side": (
        "[convolutional]\nsize=3\npad=1\nstride_x=2\nfilters=3\n",
        (3, 8, 4),
    ),
    "a comment": ("; nothing\n[convolutional] # a layer\nfilters=3 # of them\n", (3, 8, 8)),
}


@pytest.mark.parametrize("case", CASES)
def test_sections_give_darknets_shapes(case: str, tmp_path: Path) -> None:
    text, shape = CASES[case]
    assert import_text(tmp_path, text).graph.outputs[0].output == shape


def test_no_check_is_made_of_shapes_that_a_file_does_not_state(tmp_path: Path) -> None:
    verdict = import_text(tmp_path, "[convolutional]\nfilters=3\n").verdict
    assert verdict is not None
    assert [check.name for check in verdict.checks] == ["values"]


def test_unknown_sections_are_all_named(tmp_path: Path) -> None:
    text = "[convolutional]\nfilters=3\n[lstm]\n[convolutional]\n[reorg]\n[shortcut]\nfrom=-9\n"
    with pytest.raises(UnsupportedModel) as found:
        import_text(tmp_path, text)
    assert [c.partition(":")[0] for c in found.value.calls][:1] == ["line 7"]
    assert "[lstm]: no operator does this" in found.value.calls[0]
    assert any("[reorg]: no operator does this" in c for c in found.value.calls)


REFUSED = {
    "no layers": ("[net]\nwidth=8\n", "has no .net. section with layers after it"),
    "neither a section nor a setting": ("[net]\nwidth 8\n", "net.cfg:2: 'width 8' is neither"),
    "a size that is no number": ("[net]\nwidth=x\n[avgpool]\n", "width is 'x', no integer"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_damaged_files_are_refused(case: str, tmp_path: Path) -> None:
    text, message = REFUSED[case]
    with pytest.raises(RequestError, match=message):
        import_text(tmp_path, text)
