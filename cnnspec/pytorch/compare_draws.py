"""Compare the values of a draw, a run of a model with random weights, with those of the spec."""

from collections.abc import Iterator

import torch

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.analyses.verdict import PASSED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.check_calls import REFERENCE
from cnnspec.pytorch.compare_values import ValueComparison, compare_values
from cnnspec.pytorch.draws import Draw, ModelUnderTest
from cnnspec.pytorch.precision import FLOAT64, FLOAT64_ROUNDED
from cnnspec.pytorch.random_weights import RunningStatistics, SkipInitialization
from cnnspec.pytorch.split_tensors import pair_split_tensors
from cnnspec.pytorch.tensor_pairs import (
    TensorPairs,
    pair_remaining_tensors,
    pair_tensors_by_calls,
    pair_tensors_by_name,
    pair_tensors_by_order,
)
from cnnspec.pytorch.transplant_weights import (
    running_statistics_differences,
    transplant_weights,
    unequal_tensor_counts,
)
from cnnspec.records import Record
from cnnspec.units import format_plural


class DrawComparison(Record):
    """A draw compared with the spec: the weights' check and, where they fit, both modes' values.

    ``alignments`` are those of evaluation and of training, ``pairs`` the tensors that were paired
    in the ``way``-th of :func:`pairings`, and ``built`` is the built module with these weights.
    """

    draw: Draw
    alignments: tuple[Alignment, Alignment]
    weights: Check
    values: tuple[ValueComparison, ...]
    pairs: TensorPairs
    built: BuiltModule
    way: int = 0

    @property
    def same(self) -> bool:
        """Whether the weights fit and all values are the same."""
        return self.weights.status == PASSED and not any(v.differences for v in self.values)


def compare_draw(
    graph: Graph,
    tested: ModelUnderTest,
    draw: Draw,
    alignments: tuple[Alignment, Alignment],
    first: int = 0,
) -> DrawComparison:
    """Copy the model's weights into the built module and, where they fit, compare all values.

    Where calls differ, tries several ways to pair tensors: a wrong one gives other values. The
    ``first`` that is tried is the one that gave the same values in another draw.
    """
    fixed = {name for a in alignments for call in a.model.calls for name in call.fixed}
    tested = adapt_precision(tested, alignments)
    with SkipInitialization(), torch.device(tested.device):
        built = BuiltModule(graph).to(tested.device, tested.precision.dtype)
    found: DrawComparison | None = None
    ways = [*enumerate(pairings(alignments[1], built, tested))]
    for way, (pairs, unequal) in ways[first : first + 1] + ways[:first] + ways[first + 1 :]:
        weights = transplant_weights(pairs, unequal, built, tested.model, tested.name, fixed)
        values: tuple[ValueComparison, ...] = ()
        if weights.status == PASSED:
            values = compare_both_modes(graph, built, draw, alignments, pairs, tested)
        tried = DrawComparison(draw, alignments, weights, values, pairs, built, way)
        if found is None or tried.same or not tested.pairs:
            found = tried
        if found.same:
            break
    assert found
    return found


def adapt_precision(tested: ModelUnderTest, found: tuple[Alignment, Alignment]) -> ModelUnderTest:
    """Return what is tested, with a tolerance for fixed numbers that the model rounded."""
    rounded = tested.precision == FLOAT64 and not all(a.is_exact for a in found)
    return tested.replace(precision=FLOAT64_ROUNDED) if rounded else tested


def pairings(
    training: Alignment, built: BuiltModule, tested: ModelUnderTest
) -> Iterator[tuple[TensorPairs, list[Difference]]]:
    """Yield the ways to pair tensors, with the calls that use different numbers of them.

    First as an import knows them to be paired. By the calls that use them where all are aligned.
    Else by the order of use; by the aligned calls, with the remaining tensors by the order of use;
    by names; and by rows of tensors.
    """
    if tested.pairs:
        yield tested.pairs, []
    if training.complete:
        yield pair_tensors_by_calls(training), unequal_tensor_counts(training)
        return
    given = training, built, tested.model
    ways = [pair_tensors_by_order(*given)]
    if tested.demand != REFERENCE:
        ways += [pair_remaining_tensors(*given), pair_tensors_by_name(*given)]
        ways.append(pair_tensors_by_name(*given, any_name=True))
        ways += pair_split_tensors(*given)
    yield from ((pairs, []) for i, pairs in enumerate(ways) if pairs not in ways[:i])


def compare_both_modes(
    graph: Graph,
    built: BuiltModule,
    draw: Draw,
    alignments: tuple[Alignment, Alignment],
    pairs: TensorPairs,
    tested: ModelUnderTest,
) -> tuple[ValueComparison, ...]:
    """Compare the values in evaluation and in training, and the running statistics after it.

    Where calls differ and the values of evaluation too, those of training are left out.
    """
    other = tested.demand != REFERENCE and not all(a.complete for a in alignments)
    exactness = tested.precision.values, other, draw.marks
    evaluation = compare_values(
        graph, built, draw.inputs, draw.inferred, alignments[0], False, *exactness
    )
    if other and evaluation.differences:
        return (evaluation,)
    ours = RunningStatistics(built)
    training = compare_values(
        graph, built, draw.inputs, draw.trained, alignments[1], True, *exactness
    )
    training.differences.extend(
        running_statistics_differences(
            pairs, ours.current(), draw.statistics, tested.precision.values
        )
    )
    return evaluation, training


def constant_calls(compared: list[DrawComparison]) -> list[str]:
    """Return the calls whose values did not depend on the input in any draw."""
    return [n for mode in (0, 1) for n in constant_in_mode(compared, mode)]


def constant_in_mode(compared: list[DrawComparison], mode: int) -> list[str]:
    draws = [c.values[mode].constant for c in compared if c.values]
    return [n for n in draws[0] if all(n in names for names in draws[1:])] if draws else []


def value_checks(compared: list[DrawComparison], name: str) -> list[Check]:
    """Return the checks of the weights and of the values in both modes, over all draws."""
    checks = [compared[-1].weights]
    if compared[-1].values:
        for mode, title in enumerate(("evaluation", "training")):
            constant = constant_in_mode(compared, mode)
            checks.append(check_values(compared[-1].values[mode], constant, title, name))
    return checks


def check_values(compared: ValueComparison, constant: list[str], mode: str, name: str) -> Check:
    """Check that all values are the same, and that they vary with the input in some draw."""
    found = compared.differences
    unproven = [
        Difference(
            n, "values", "vary with the input", "the same for two inputs", "this proves nothing"
        )
        for n in constant
    ]
    detail = f"and {len(found) - 1} more after it" if len(found) > 1 else ""
    text = f"outputs, and values after {format_plural(compared.calls, 'call')}"
    return make_check(mode, name, text, found[:1] + unproven, detail)
