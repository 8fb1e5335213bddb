"""Caffe's prototxt files become specs with Caffe's counts and sizes."""

from pathlib import Path

import pytest

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.analyses.verdict import LIMITED
from cnnspec.importing.canonical.canonicalize import UnsupportedModel
from cnnspec.importing.formats.caffe.text_format import read_text_format
from cnnspec.importing.import_file import import_model_file
from cnnspec.importing.import_pytorch import ImportResult
from cnnspec.problems import RequestError
from cnnspec.report.verdicts.readable import summarize_verdict
from tests.importing.model_files import alexnet, googlenet

INPUT = 'name: "Net"\ninput: "data"\ninput_dim: 1 input_dim: 4 input_dim: 8 input_dim: 9\n'


def import_text(folder: Path, text: str) -> ImportResult:
    path = folder / "deploy.prototxt"
    path.write_text(text)
    return import_model_file(str(path))


def layer(kind: str, name: str, bottom: str = "data", settings: str = "", top: str = "") -> str:
    reads = f'bottom: "{bottom}" top: "{top or name}"'
    return f'layer {{ name: "{name}" type: "{kind}" {reads} {settings} }}\n'


# The sizes of the weights of the Caffe zoo's models.
@pytest.mark.parametrize(
    ("text", "params", "lines"), [(alexnet(), 60_965_224, 36), (googlenet(), 6_998_552, 70)]
)
def test_networks_have_their_published_parameters(
    text: str, params: int, lines: int, tmp_path: Path
) -> None:
    found = import_text(tmp_path, text)
    assert NetworkCosts(found.graph).totals.params == params
    assert found.graph.outputs[0].output == (1000,)
    assert len(found.text.splitlines()) < lines
    assert found.verdict


def test_blocks_of_googlenet_are_a_block(tmp_path: Path) -> None:
    text = import_text(tmp_path, googlenet()).text
    assert "[blocks.inception]" in text
    assert 'op = "dropout"' in text


CASES = {  # layers, and the output
    "a pool that rounds up": (
        layer("Pooling", "p", settings="pooling_param { kernel_size: 2 stride: 2 }"),
        (4, 4, 5),
    ),
    "a pool that rounds down": (
        layer(
            "Pooling", "p", settings="pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }"
        ),
        (4, 4, 4),
    ),
    "a mean of all": (
        layer("Pooling", "p", settings="pooling_param { pool: AVE global_pooling: true }"),
        (4, 1, 1),
    ),
    "sides of their own": (
        layer(
            "Convolution",
            "c",
            settings="convolution_param { num_output: 6 kernel_h: 1 kernel_w: 3 pad_w: 1 }",
        ),
        (6, 8, 9),
    ),
    "a larger map": (
        layer(
            "Deconvolution",
            "d",
            settings="convolution_param { num_output: 4 kernel_size: 4 stride: 2 pad: 1 group: 4 }",
        ),
        (4, 16, 18),
    ),
    "scores": (layer("InnerProduct", "f", settings="inner_product_param { num_output: 5 }"), (5,)),
}


@pytest.mark.parametrize("case", CASES)
def test_layers_give_caffes_shapes(case: str, tmp_path: Path) -> None:
    text, shape = CASES[case]
    assert import_text(tmp_path, INPUT + text).graph.outputs[0].output == shape


def test_residual_units_with_batch_norm_and_scale_are_blocks(tmp_path: Path) -> None:
    text, x = INPUT, "data"
    for i in range(3):
        conv = "convolution_param { num_output: 4 kernel_size: 3 pad: 1 bias_term: false }"
        text += layer("Convolution", f"c{i}", x, conv)
        text += layer("BatchNorm", f"b{i}", f"c{i}", top=f"c{i}")
        text += layer("Scale", f"s{i}", f"c{i}", "scale_param { bias_term: true }", f"c{i}")
        text += layer("ReLU", f"r{i}", f"c{i}", top=f"c{i}")
        text += layer("Convolution", f"d{i}", f"c{i}", conv, f"c{i}")
        text += (
            f'layer {{ name: "e{i}" type: "Eltwise" bottom: "{x}" bottom: "c{i}" top: "e{i}" }}\n'
        )
        x = f"e{i}"
    found = import_text(tmp_path, text)
    totals = NetworkCosts(found.graph).totals
    assert (totals.params, totals.buffers) == (3 * (2 * 4 * 4 * 9 + 8), 3 * 8)
    assert "[blocks.residual]" in found.text
    assert "repeat = 3" in found.text


def test_a_training_file_is_read_without_its_data_and_losses(tmp_path: Path) -> None:
    text = """
        name: 'Net'  # two phases
        layers { name: "d" type: DATA top: "data" top: "label" include: { phase: TRAIN }
                 transform_param < crop_size: 12 > }
        layers { name: "d" type: DATA top: "data" top: "label" include { phase: TEST } }
        layers { name: "f" type: INNER_PRODUCT bottom: "data" top: "f"
                 inner_product_param { num_output: 3 } }
        layers { name: "drop" type: DROPOUT bottom: "f" top: "f" }
        layers { name: "loss" type: SOFTMAX_LOSS bottom: "f" bottom: "label" top: "loss" }
        layers { name: "a" type: ACCURACY bottom: "f" bottom: "label" include { phase: TEST } }
    """
    found = import_text(tmp_path, text)
    assert NetworkCosts(found.graph).totals.params == 3 * 12 * 12 * 3 + 3
    assert "dropout" in found.text


def test_unknown_layers_are_all_named(tmp_path: Path) -> None:
    text = (
        INPUT + layer("Odd", "first") + layer("ReLU", "r", "first") + layer("Strange", "last", "r")
    )
    text += layer("ReLU", "alone", "nowhere")
    with pytest.raises(UnsupportedModel) as found:
        import_text(tmp_path, text)
    assert "first: Odd: no operator does this" in found.value.calls
    assert "last: Strange: no operator does this" in found.value.calls
    assert "alone: ReLU: it reads nowhere, which nothing makes" in found.value.calls


REFUSED = {
    "a message that does not end": (INPUT + "layer { name: 'x'", r":4: the message .* has no \}"),
    "a name without a value": (INPUT + "layer { name }", "a colon or a brace belongs after name"),
    "a list that does not end": (INPUT + "layer { a: [1, 2", "a value belongs here"),
    "other signs": (INPUT + "layer { name: $ }", "is not expected"),
    "a solver": ("net: 'train.prototxt'\nbase_lr: 0.01\n", "is no model file"),
    "no layers": ("name: 'x'\n", "has no layers"),
    "no input": ("layer { name: 'x' type: 'ReLU' }", "names no input"),
    "deep messages": ("layer {" + "a {" * 99, "nested too deeply"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_damaged_files_are_refused(case: str, tmp_path: Path) -> None:
    text, message = REFUSED[case]
    with pytest.raises(RequestError, match=message):
        import_text(tmp_path, text)


def test_the_text_format_is_read() -> None:
    text = "a: 1 a: -2.5e3f b: 'x' \"y\" c { d: true } c < d: FALSE >; e: [1, 2] # end"
    found = read_text_format("file", text)
    assert found.all("a") == [1, -2500.0]
    assert found.get("b") == "xy"
    assert [m.get("d") for m in found.messages("c")] == [True, "FALSE"]
    assert found.all("e") == [1, 2]


def test_what_nothing_can_compare_is_not_called_passed(tmp_path: Path) -> None:
    verdict = import_text(tmp_path, INPUT + layer("ReLU", "relu")).verdict
    assert verdict
    assert {check.status for check in verdict.checks} == {LIMITED}
    assert summarize_verdict(verdict) == "net: nothing compared on CPU, 0 of 1 checks passed"
