"""The networks of the zoo as Keras models: run with PyTorch as backend and compared with it."""

from pathlib import Path

import pytest

import cnnspec
from cnnspec.exporting.keras.write_file import KerasSource, write_keras
from cnnspec.graph.build import load_graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.check_keras import check_keras, import_keras, run_source
from tests.exporting.ruff_check import assert_ruff_leaves

FIRST = [names[0] for names in cnnspec.networks().values()]
QUICK = ("lenet5_original", "resnet20_cifar", "cnn_1d", "conv_autoencoder", "densenet_40_12")
NOT_IN_KERAS = {  # by network: the reason that the refusal gives
    "deconvnet": "(maxunpool): it is not written in Keras",
    "fasterrcnn_resnet50_fpn": "it has the weights of another layer",
    "retinanet_resnet50_fpn": "it has the weights of another layer",
    "sam_vit_b": "(attention) and 2 more: it is not written in Keras",
    "segnet": "(maxunpool): it is not written in Keras",
    "siamese": "it has the weights of another layer",
}
MOST_MACS = 6e9  # larger ones are not run


def write(name: str) -> KerasSource:
    return write_keras(lambda more: load_graph(name, more))


def differences_of(source: KerasSource) -> tuple[str, ...]:
    return check_keras(source.graph, source.text, source.function, source.weights).differences


@pytest.mark.parametrize("name", QUICK)
def test_a_network_is_written_in_keras(name: str) -> None:
    assert differences_of(write(name)) == ()


@pytest.mark.long
@pytest.mark.parametrize("name", FIRST)
def test_the_first_network_of_each_family_is_written_in_keras(name: str) -> None:
    if name in NOT_IN_KERAS:
        with pytest.raises(RequestError) as refused:
            write(name)
        assert NOT_IN_KERAS[name] in str(refused.value)
        return
    source = write(name)
    if cnnspec.load(name).totals.macs <= MOST_MACS:
        assert differences_of(source) == ()


@pytest.mark.parametrize("name", [n for n in FIRST if n not in NOT_IN_KERAS])
def test_the_source_is_as_ruff_leaves_it(name: str, tmp_path: Path) -> None:
    assert_ruff_leaves(write(name).text, tmp_path)


def test_blocks_are_functions_and_repeated_layers_loops() -> None:
    text = write("resnet50").text
    assert "def bottleneck(x: KerasTensor, width: int, stride: int, name: str)" in text
    assert "if in_channels != 4 * width:" in text
    assert "for i, (repeats, stride, width) in enumerate(table):" in text
    assert "bottleneck2" not in text
    assert len(text.splitlines()) <= 100


def test_a_wrong_file_is_found() -> None:
    source = write("resnet20_cifar")
    assert "layers.Add()" in source.text
    source.text = source.text.replace("layers.Add()", "layers.Subtract()")
    assert differences_of(source)[0].startswith("fc: a relative difference of")


def test_a_model_can_be_saved_and_loaded(tmp_path: Path) -> None:
    source = write("mobilenet_v3_small")
    model = run_source(source.text, source.function)
    model.save(tmp_path / "net.keras")
    loaded = import_keras().saving.load_model(tmp_path / "net.keras")
    assert loaded.count_params() == model.count_params()
    trained = sum(w.value.numel() for w in model.trainable_weights)
    assert trained == cnnspec.load("mobilenet_v3_small").totals.params
