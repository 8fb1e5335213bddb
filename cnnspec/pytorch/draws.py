"""Draw weights and inputs, and run a model on them.

One draw is a run in training and one in inference, on two random examples, with all weights drawn
at random.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment, align_recordings
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.graph.model import Graph
from cnnspec.problems import describe_exception
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.compare_values import ModelRun, RunFunction, run_model
from cnnspec.pytorch.precision import FLOAT64, Precision
from cnnspec.pytorch.quick_shapes import QuickShapes
from cnnspec.pytorch.random_weights import RunningStatistics, draw_weights, in_mode
from cnnspec.pytorch.recording.fixed_numbers import convert_exactly
from cnnspec.pytorch.recording.recorder import record_built_module
from cnnspec.pytorch.tensor_pairs import TensorPairs
from cnnspec.pytorch.transplant_weights import replace_normalized_weights
from cnnspec.records import Record
from cnnspec.units import Shape

BATCH = 2  # examples, which must have different values
MOST_DRAWS = 5  # until all values vary with the input
Batch = tuple[torch.Tensor, ...]


class ModelUnderTest(Record):
    """A model, its name in reports, its device, how it is run, what is asked, and how exactly.

    ``pairs`` are the tensors of the spec and of the model that an import knows to be the same."""

    model: nn.Module
    name: str
    device: str
    run: RunFunction | None
    demand: str
    precision: Precision = FLOAT64
    pairs: TensorPairs = []


class Draw(Record):
    """The runs of a model on one draw, and its running statistics after training.

    ``marks`` says that values were changed where dropout acts."""

    inputs: Batch
    inferred: ModelRun
    trained: ModelRun
    statistics: dict[str, torch.Tensor]
    marks: bool = False


class ModelError(Exception):
    """An exception that a model raised, in one line."""


def run_draw(
    graph: Graph,
    tested: ModelUnderTest,
    seed: int,
    scales: tuple[float, float] = (1.0, 1.0),
    marks: bool = False,
    rounded: bool = False,
) -> Draw:
    """Run the model on one draw. Raises ModelError for all that it raises, SystemExit too."""
    with raising_model_errors():
        return draw_runs(tested, [n.output for n in graph.inputs], seed, *scales, marks, rounded)


@contextmanager
def raising_model_errors() -> Iterator[None]:
    """Raise ModelError for all that a model raises inside, SystemExit too, but not Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ModelError(describe_exception(error)) from None


def draw_runs(
    tested: ModelUnderTest,
    shapes: list[Shape],
    seed: int,
    input_scale: float = 1.0,
    weight_scale: float = 1.0,
    marks: bool = False,
    rounded: bool = False,
) -> Draw:
    """Draw inputs of the shapes (without the batch) and weights, and run the model on them.

    With ``rounded`` the inputs are the next floating-point numbers. Raises what the model raises.
    """
    generator = torch.Generator().manual_seed(seed)
    inputs = draw_inputs(tested, shapes, generator, input_scale)
    if rounded:
        inputs = tuple(torch.nextafter(x, 2 * x) for x in inputs)
    model = prepare_model(tested.model, inputs, tested.device, generator)
    if weight_scale != 1:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(weight_scale)
    statistics = RunningStatistics(model)
    trained = run_model(model, inputs, tested.run, True, marks)
    statistics.settle()  # the training pass does not depend on them, inference does
    inferred = run_model(model, inputs, tested.run, False, marks)
    return Draw(inputs, inferred, trained, statistics.after_training, marks)


def draw_inputs(
    tested: ModelUnderTest, shapes: list[Shape], generator: torch.Generator, scale: float = 1.0
) -> Batch:
    """Draw two examples of each input, of shapes without the batch."""
    drawn = [torch.randn(BATCH, *s, generator=generator, dtype=torch.float64) for s in shapes]
    return tuple(x.mul_(scale).to(tested.device, tested.precision.dtype) for x in drawn)


def prepare_model(
    model: nn.Module, inputs: Batch, device: str, generator: torch.Generator
) -> nn.Module:
    """Return the model in the inputs' dtype, with drawn weights.

    Lazy modules get theirs by a first run."""
    replace_normalized_weights(model)
    model = convert_exactly(model, device, inputs[0].dtype if inputs else torch.float64)
    if any(torch.nn.parameter.is_lazy(p) for p in model.parameters()):
        with torch.no_grad():
            model(*inputs)
    draw_weights(model, generator)
    return model


def align_draw(
    graph: Graph, draw: Draw, recordings: list[Recording]
) -> tuple[Alignment, Alignment]:
    """Align the spec's recordings of evaluation and training with those of a draw."""
    (evaluation, training), heads = recordings, len(graph.outputs)
    return (
        align_recordings(evaluation, draw.inferred.recording, heads),
        align_recordings(training, draw.trained.recording, heads),
    )


def record_on_meta(graph: Graph) -> list[Recording]:
    """Record what a graph runs in inference and in training, quickly, on the meta device."""
    built = build_module(graph, "meta")
    inputs = tuple(torch.empty(2, *n.output, device="meta") for n in graph.inputs)
    found = []
    for training in (False, True):
        with in_mode(built, training), QuickShapes():
            found.append(record_built_module(graph, built, inputs)[0])
    return found
