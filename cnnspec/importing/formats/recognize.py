"""Recognise the format of a model file by its content, not by its name."""

import os
from collections.abc import Callable

from cnnspec.files import FILES_READ
from cnnspec.importing.formats.model_file import ModelFile
from cnnspec.importing.formats.onnx.onnx_file import looks_like_onnx
from cnnspec.problems import RequestError, visible

FORMATS = "an ONNX file, a Keras file, a Darknet cfg or a Caffe prototxt"
HEAD = 4096  # bytes that show a format


def open_model_file(path: str) -> ModelFile:
    """Read a model file of any format. Raises RequestError."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
        FILES_READ.add(os.path.realpath(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise RequestError(f"{visible(path)} cannot be read: {reason}") from None
    title = os.path.basename(path).partition(".")[0]
    opener = find_format(path, head)
    if opener is None:
        raise RequestError(
            f"{visible(path)} is no model file that cnnspec knows: {explain(path, head)}"
        )
    return opener(path, title)


def find_format(path: str, head: bytes) -> Callable[[str, str], ModelFile] | None:
    """Return what reads a file that begins like this, None if it is of no known format."""
    from cnnspec.importing.formats.caffe.caffe_model import CaffeFile, looks_like_caffe
    from cnnspec.importing.formats.darknet.darknet_model import DarknetFile, looks_like_darknet
    from cnnspec.importing.formats.keras.keras_model import KerasFile
    from cnnspec.importing.formats.onnx.onnx_model import OnnxFile

    if looks_like_onnx(memoryview(head)):
        return OnnxFile
    if head.startswith(b"PK") and b"data.pkl" not in head:
        return KerasFile
    if head.lstrip().startswith(b"{"):
        return KerasFile
    text = head.decode("utf-8", "replace")
    if looks_like_darknet(text):
        return DarknetFile
    if looks_like_caffe(text):
        return CaffeFile
    return None


def explain(path: str, head: bytes) -> str:
    """Say what a file is instead, as far as its name and its first bytes show."""
    if path.endswith(".py"):
        name = visible(os.path.basename(path), 60)
        return f"it is Python code; name what makes the model, as {name}:Net"
    if head.startswith(b"PK") and b"data.pkl" in head:
        return "it is a checkpoint of PyTorch; name the model's code, as package.module:factory"
    if head[4:8] == b"TFL3":
        return "it is a TensorFlow Lite file; export the model as an ONNX file"
    if head.startswith(b"\x89HDF"):
        return "it is an HDF5 file of weights or of Keras 2; save the model as a .keras file"
    return f"it is not {FORMATS}"
