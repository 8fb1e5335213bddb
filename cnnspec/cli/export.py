"""cnnspec export: a network in PyTorch, Keras or ONNX, and proof that it is the same."""

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from cnnspec.cli.command import Command
from cnnspec.cli.options import (
    complete_with,
    network_options,
    parse_settings,
    parse_shape,
    print_input_notes,
    strict_input_option,
)
from cnnspec.cli.output import check_writable, print_note, print_page, save_page
from cnnspec.files import write_file
from cnnspec.graph.build import load_graph
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, visible

NEEDS_PYTORCH = "needs PyTorch: pip install 'cnnspec[verify]'"


@click.command(
    cls=Command, name="export", short_help="Write a network as PyTorch or Keras source, or ONNX."
)
@click.argument("name", shell_complete=complete_with("networks"))
@network_options
@strict_input_option
@click.option(
    "--to",
    "target",
    type=click.Choice(["pytorch", "onnx", "keras"]),
    required=True,
    help=(
        "What to write: pytorch and keras are Python files that need PyTorch, or Keras 3, alone;"
        " onnx is a model file."
    ),
)
@click.option(
    "--output",
    metavar="FILE",
    help="Write into a file; without it, source is printed.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--no-check",
    "unchecked",
    is_flag=True,
    help="Do not run the result to compare it with the spec; for source, this needs no PyTorch.",
)
@click.option("--dynamic", is_flag=True, help="Of ONNX: accept any batch size instead of 1.")
@click.option("--weights", metavar="FILE.pt", help="Of ONNX: a state_dict with the spec's names.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Of ONNX: the seed of random weights, as PyTorch initialises them  [default: 0]",
)
def command(
    name: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    strict_input: bool,
    target: str,
    output: str | None,
    force: bool,
    unchecked: bool,
    dynamic: bool,
    weights: str | None,
    seed: int | None,
) -> None:
    """Write the network NAME as source with one class for each block, or as an ONNX model.

    \b
    cnnspec export resnet18 --to pytorch --output resnet18.py
    cnnspec export lenet5 --to pytorch
    cnnspec export my_network.toml --to pytorch --set classes=20
    cnnspec export lenet5 --to onnx --dynamic --output lenet5.onnx
    cnnspec export resnet18 --to keras --output resnet18_keras.py

    python resnet18.py prints the shapes of the outputs and the number of parameters.

    The source has a class for the network, and a function that makes it with the default number of
    classes. The names of its weights are those of the spec's layers, so it loads the state_dict of
    what Network.build gives. Then it is run with random weights, in inference and in training:
    tensors and outputs must be those of the spec, within 1e-9 in float64. A file that differs is
    not written.

    The ONNX model (opset 20, float32) is the network at inference. Its nodes have the names of the
    layers. It has random weights or those of --weights. onnx's checker reads it, and onnxruntime,
    or onnx's reference evaluator, runs it with random weights: outputs must be those of PyTorch,
    within 1e-4 of the largest value. It needs the packages of cnnspec[onnx] and PyTorch.

    The Keras source is a functional model at inference, with a function for each block; maps have
    the channels last. Auxiliary heads are left out, and the layers that Keras cannot express are
    named. Then it is run with the weights of the PyTorch module, with the backend of KERAS_BACKEND,
    or PyTorch: outputs must be the same within 1e-4 of the largest value. The check needs the
    packages of cnnspec[keras].

    Exit codes: 0 the file is written, 1 it differs, 2 the request cannot be understood or the
    network cannot be exported."""
    if target == "onnx" and not output:
        raise RequestError("an ONNX model is no text: name a file with --output")
    if target != "onnx" and (dynamic or weights or seed is not None):
        raise RequestError("--dynamic, --weights and --seed are for --to onnx")
    if weights and seed is not None:
        raise RequestError("--seed is for random weights, but --weights names a file of weights")
    if output:
        check_writable(output)
        if os.path.exists(output) and not force:
            raise RequestError(f"{visible(output)} exists; --force replaces it")
    shape, given = parse_shape(input_shape), parse_settings(settings)

    def load(more: dict[str, Any]) -> Graph:
        return load_graph(name, {**given, **more}, shape, max_lines, strict_input)

    if output and target == "onnx":
        graph = load({})
        print_input_notes([graph])
        export_onnx(graph, output, dynamic, weights or "", seed or 0, unchecked)
        return
    source = write_source(load, target)
    print_input_notes([source.graph])
    if not unchecked and target == "keras":
        check_keras_source(source)
    elif not unchecked:
        check_source(source)
    if output:
        save_page(output, source.text.removesuffix("\n"))
    else:
        print_page(source.text.removesuffix("\n"))


def write_source(load: Callable[[dict[str, Any]], Graph], target: str) -> Any:
    """Return the source in PyTorch or Keras."""
    if target == "keras":
        from cnnspec.exporting.keras.write_file import write_keras

        return write_keras(load)
    from cnnspec.exporting.pytorch.write_file import write_pytorch

    return write_pytorch(load)


def check_keras_source(source: Any) -> None:
    """Compare Keras source with its spec. Exits with 1 where they differ."""
    try:
        from cnnspec.pytorch.check_keras import TOLERANCE, check_keras
    except ImportError:
        raise RequestError(f"the check of an export {NEEDS_PYTORCH}, or --no-check") from None
    found = check_keras(source.graph, source.text, source.function, source.weights)
    report_differences("source", found.differences)
    print_note(
        f"{found.tensors} weights are set, and outputs differ from PyTorch's by at most"
        f" {found.largest:.1g}; {TOLERANCE:g} is allowed"
    )


def check_source(source: Any) -> None:
    """Compare the source with its spec. Exits with 1 where they differ."""
    try:
        from cnnspec.pytorch.check_export import check_export
    except ImportError:
        raise RequestError(f"the check of an export {NEEDS_PYTORCH}, or --no-check") from None
    found = check_export(source.graph, source.text, source.function)
    report_differences("source", found.differences)
    print_note(
        f"{found.tensors} tensors are equal, and outputs differ by at most"
        f" {found.largest:.1g} in inference and training (float64)"
    )


def export_onnx(
    graph: Graph, output: str, dynamic: bool, weights: str, seed: int, unchecked: bool
) -> None:
    """Write the ONNX model of a graph into a file, after a check. Exits with 1 where it differs."""
    from cnnspec.exporting.onnx.write_model import OPSET, import_onnx, write_onnx_model

    import_onnx()
    try:
        from cnnspec.pytorch.check_onnx import TOLERANCE, OnnxWeights, check_onnx
    except ImportError:
        raise RequestError(f"an export to ONNX {NEEDS_PYTORCH}") from None
    chosen = OnnxWeights(graph, seed, file=weights)
    model = write_onnx_model(graph, chosen.tensor, dynamic)
    said = "not checked"
    if not unchecked:
        # initial weights are often constant, which hides faults
        tried = chosen if weights else OnnxWeights(graph, seed, drawn=True)
        same = model if weights else write_onnx_model(graph, tried.tensor, dynamic)
        found = check_onnx(graph, tried, same, batch=2 if dynamic else 1)
        report_differences("model", found.differences)
        said = (
            f"outputs differ from PyTorch's by at most {found.largest:.1g}, and {TOLERANCE:g} is"
            " allowed"
        )
    write_file(output, model.SerializeToString())
    print_note(f"{visible(output)} has {len(model.graph.node)} nodes of opset {OPSET}; {said}")


def report_differences(what: str, differences: tuple[str, ...]) -> None:
    """Print the differences from the spec, if there are any, and exit with 1."""
    if differences:
        lines = "\n".join(f"  {line}" for line in differences[:20])
        click.echo(f"cnnspec: the {what} differs from the spec:\n{lines}", err=True)
        sys.exit(1)
