"""Keras 3 files become specs with Keras's counts, which compute what Keras computes."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.analyses.verdict import LIMITED
from cnnspec.cli import cli
from cnnspec.importing.canonical.canonicalize import UnsupportedModel
from cnnspec.importing.formats.keras.keras_shapes import FLATTENED
from cnnspec.importing.formats.recognize import open_model_file
from cnnspec.importing.import_file import FileImport, import_model_file
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
if keras.backend.backend() != "torch":
    pytest.skip("Keras runs with another backend", allow_module_level=True)
layers = keras.layers


def functional(shape: tuple[int, ...], run: Any) -> Any:
    x = keras.Input(shape)
    return keras.Model(x, run(x))


def residual(x: Any) -> Any:
    for i in range(3):
        y = layers.Conv2D(6, 3, padding="same", use_bias=False, name=f"block{i}_conv")(x)
        y = layers.BatchNormalization(name=f"block{i}_bn")(y)
        y = layers.Activation("relu", name=f"block{i}_relu")(y)
        x = layers.Add(name=f"block{i}_add")([x, y])
    return layers.GlobalAveragePooling2D()(x)


def squeeze(x: Any) -> Any:
    y = layers.GlobalAveragePooling2D()(x)
    y = layers.Dense(6, activation="sigmoid")(layers.Reshape((1, 1, 6))(y))
    return layers.Multiply()([x, y])


def branches(x: Any) -> Any:
    y = [layers.Conv2D(4, 1)(x), layers.MaxPooling2D(3, 1, padding="same")(x)]
    return layers.Concatenate()([*y, layers.Average()([x, x * 2.0 + 1.0])])


SHAPE = (7, 10, 6)
MODELS: dict[str, Any] = {
    "residual units": lambda: functional(SHAPE, residual),
    "squeeze and excitation": lambda: functional(SHAPE, squeeze),
    "branches": lambda: functional(SHAPE, branches),
    "same and stride": lambda: keras.Sequential(
        [keras.Input(SHAPE), layers.Conv2D(4, 3, 2, padding="same"), layers.Conv2D(3, 4, 3)]
    ),
    "an even kernel": lambda: keras.Sequential(
        [keras.Input(SHAPE), layers.Conv2D(4, (2, 4), padding="same", dilation_rate=2)]
    ),
    "pools": lambda: keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.MaxPooling2D(3, 2, "same"),
            layers.AveragePooling2D(2, 2, "same"),
        ]
    ),
    "separable": lambda: keras.Sequential(
        [keras.Input(SHAPE), layers.SeparableConv2D(8, 3, 2, "same", depth_multiplier=2)]
    ),
    "depthwise": lambda: keras.Sequential(
        [keras.Input(SHAPE), layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh")]
    ),
    "groups": lambda: keras.Sequential([keras.Input(SHAPE), layers.Conv2D(9, 1, groups=3)]),
    "transposed": lambda: keras.Sequential(
        [keras.Input(SHAPE), layers.Conv2DTranspose(4, 4, 2, padding="same")]
    ),
    "transposed, smaller than its stride": lambda: keras.Sequential(
        [keras.Input(SHAPE), layers.Conv2DTranspose(4, 2, 3, padding="same")]
    ),
    "sizes": lambda: keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.ZeroPadding2D(((1, 2), (0, 1))),
            layers.Cropping2D(1),
            layers.UpSampling2D(2),
            layers.UpSampling2D(2, interpolation="bilinear"),
        ]
    ),
    "norms": lambda: keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.LayerNormalization(),
            layers.GroupNormalization(3),
            layers.BatchNormalization(scale=False),
            layers.BatchNormalization(center=False),
        ]
    ),
    "activations": lambda: keras.Sequential(
        [keras.Input(SHAPE)]
        + [layers.Activation(n) for n in ("relu6", "swish", "gelu", "hard_sigmoid", "elu")]
        + [layers.LeakyReLU(0.3), layers.PReLU(shared_axes=[1, 2]), layers.ReLU(2.0)]
        + [layers.Activation(n) for n in ("hard_silu", "leaky_relu", "selu", "softmax")]
    ),
    "one dimension": lambda: keras.Sequential(
        [keras.Input((20, 3)), layers.Conv1D(4, 5, 2, "same"), layers.GlobalMaxPooling1D()]
    ),
    "vectors": lambda: keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, "relu"), layers.Dropout(0.2), layers.Dense(3)]
    ),
    "a model in a model": lambda: keras.Sequential(
        [keras.Input(SHAPE), keras.Sequential([layers.Conv2D(4, 3), layers.ReLU()]), layers.ReLU()]
    ),
}


def arrange(name: str, value: Any, shape: tuple[int, ...]) -> torch.Tensor:
    """Return a tensor of Keras in PyTorch's order of dimensions."""
    tensor = torch.from_numpy(value)
    if name.endswith("kernel") and tensor.dim() > 1:
        depthwise = "depthwise" in name or (tensor.dim() > 2 and shape[1] == 1 < tensor.shape[-2])
        tensor = tensor.flatten(-2).unsqueeze(-2) if depthwise else tensor
        tensor = tensor.permute(-1, -2, *range(tensor.dim() - 2))
    return tensor.reshape(shape)


@pytest.mark.parametrize("case", MODELS)
def test_a_spec_computes_what_keras_computes(case: str, tmp_path: Path) -> None:
    model = MODELS[case]()
    generator = torch.Generator().manual_seed(1)
    for variable in model.weights:
        variable.assign(torch.rand(variable.shape, generator=generator) * 0.6 + 0.1)
    path = tmp_path / "net.keras"
    model.save(path)
    result = import_model_file(str(path))
    totals = NetworkCosts(result.graph).totals
    assert totals.params + totals.buffers == model.count_params()
    assert totals.params == sum(w.value.numel() for w in model.trainable_weights)
    known = {w.path.split("/", 1)[-1]: w for w in model.weights}
    known |= {w.path: w for w in model.weights}
    opened = FileImport(open_model_file(str(path)), "net", ())
    imported = opened.make_graph_for(opened.inputs)
    built = build_module(result.graph).eval()
    modules = {step.node: step.module for step in built.plans[False]}
    for node, source in zip(result.graph.nodes, imported.nodes, strict=True):
        names = list(built.tensor_shapes.get(node.index, {}))
        for name, weight in zip(names, source.weights, strict=True):
            target: Any = modules[node.index]
            for part in name.split("."):
                target = getattr(target, part)
            weight = weight.replace(".", "/").replace("moving_var", "moving_variance")
            value = known[weight].value.detach().cpu().numpy()
            target.data.copy_(arrange(weight, value, tuple(target.shape)))
    x = torch.randn(2, *model.input_shape[1:], generator=generator)
    theirs = torch.as_tensor(model(x, training=False)).detach()
    rank = x.dim()
    with torch.no_grad():
        ours = built(x.permute(0, rank - 1, *range(1, rank - 1)) if rank > 2 else x)
    if theirs.dim() > 2:
        theirs = theirs.permute(0, theirs.dim() - 1, *range(1, theirs.dim() - 1))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_flattened_maps_are_stated(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(3)])
    model.save(tmp_path / "net.keras")
    found = import_model_file(str(tmp_path / "net.keras"))
    assert FLATTENED in " ".join(found.text.replace("\n#", "").split())
    assert NetworkCosts(found.graph).totals.params == model.count_params()


def test_a_file_is_imported_by_the_command_and_not_called_proven(tmp_path: Path) -> None:
    model = MODELS["residual units"]()
    (tmp_path / "net.json").write_text(model.to_json())
    result = CliRunner().invoke(cli, ["import", str(tmp_path / "net.json"), "--name", "small"])
    assert result.exit_code == 0, result.output
    assert 'name   = "small"' in result.stdout
    assert "the outputs are not compared" in " ".join(result.stderr.split())
    found = import_model_file(str(tmp_path / "net.json"))
    assert found.verdict
    assert found.verdict.checks[-1].status == LIMITED
    assert "[blocks." in found.text


def test_unknown_layers_are_all_named(tmp_path: Path) -> None:
    def run(x: Any) -> Any:
        x = layers.Conv2D(4, 3, name="first")(x)
        x = layers.UnitNormalization(name="odd")(x)
        return layers.Conv2DTranspose(4, 3, 2, padding="same", name="uneven")(layers.ReLU()(x))

    (tmp_path / "net.json").write_text(functional(SHAPE, run).to_json())
    with pytest.raises(UnsupportedModel) as found:
        import_model_file(str(tmp_path / "net.json"))
    assert found.value.calls == ("odd: UnitNormalization: no operator does this",)
    part = import_model_file(str(tmp_path / "net.json"), partial=True)
    assert 'op = "conv"' in part.text


def conv_file(groups: int, batch_shape: Any) -> dict[str, Any]:
    """A file with one convolution."""
    conv = {"name": "c", "filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "groups": groups}
    first = {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": batch_shape}}
    conv |= {"padding": "same", "use_bias": True, "activation": "relu"}
    return {"config": {"layers": [first, {"class_name": "Conv2D", "config": conv}]}}


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole, path = tmp_path / "net.keras", tmp_path / "bad.keras"
    MODELS["vectors"]().save(whole)
    path.write_bytes(whole.read_bytes()[:300])
    contents = {
        "{": "no complete Keras file",
        "{}": "does not describe",
        '{"config": 3}': "does not",
    }
    contents[json.dumps({"config": {"layers": [{"class_name": "Dense"}]}})] = "does not describe"
    with pytest.raises(RequestError, match="no complete Keras file"):
        import_model_file(str(path))
    for text, message in contents.items():
        path.write_text(text)
        with pytest.raises(RequestError, match=message):
            import_model_file(str(path))
    shapes: list[Any] = [1, [None, 0, -1, 3], {}, [[]]]
    for built in shapes:
        path.write_text(json.dumps(conv_file(groups=0, batch_shape=built)))
        with pytest.raises(RequestError, match=r"does not describe|in an unknown way"):
            import_model_file(str(path))
    path.write_text(json.dumps({"config": {"layers": [{"class_name": "A", "config": [1]}]}}))
    with pytest.raises(RequestError, match="does not describe"):
        import_model_file(str(path))
    strange = {"class_name": "Odd", "config": {"name": "odd", "data_format": []}}
    path.write_text(json.dumps({"config": {"layers": [strange]}}))
    with pytest.raises(RequestError, match="no operator does this"):
        import_model_file(str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(RequestError, match=r"without Keras's config.json"):
        import_model_file(str(path))


NETWORKS = ["ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small", "VGG16"]
NETWORKS += ["DenseNet121", "Xception", "InceptionV3", "ConvNeXtTiny", "EfficientNetV2B0"]
UNCOUNTED = {"EfficientNetB0": 7}  # the statistics of the layer that prepares images


@pytest.mark.long
@pytest.mark.parametrize("name", [*NETWORKS, *UNCOUNTED])
def test_applications_of_keras_have_its_counts(name: str, tmp_path: Path) -> None:
    model = getattr(keras.applications, name)(weights=None)
    (tmp_path / "net.json").write_text(model.to_json())
    totals = NetworkCosts(import_model_file(str(tmp_path / "net.json")).graph).totals
    assert totals.params + totals.buffers == model.count_params() - UNCOUNTED.get(name, 0)
    assert totals.params == sum(w.value.numel() for w in model.trainable_weights)
