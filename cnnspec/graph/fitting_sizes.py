"""Input sizes near a given one at which the maps that a network joins agree."""

from collections.abc import Callable

from cnnspec.graph.model import Node
from cnnspec.problems import Problem
from cnnspec.units import Shape, format_shape

STEPS = (2, 4, 8, 16, 32, 64, 128)
Shapes = dict[str, Shape]  # of the inputs, by name


def suggest_sizes(
    problems: list[Problem], inputs: list[Node], fits: Callable[[Shapes], bool]
) -> list[Problem]:
    """Return the problems, with sizes that fit in the hints of joins that do not agree (D003).

    An encoder-decoder takes sizes that all its strides divide. ``fits`` tells whether a network
    can be built with inputs of some shapes. Nothing is added where no size nearby fits.
    """
    shapes = {node.name: node.output for node in inputs}
    only_shapes = all(problem.rule[0] == "D" for problem in problems)
    joins = any(problem.rule == "D003" for problem in problems)
    if not joins or not only_shapes or not any(len(shape) > 1 for shape in shapes.values()):
        return problems
    for step in STEPS:
        near = [round_shapes(shapes, step, up) for up in (False, True)]
        if near[0] == near[1]:  # they are the shapes themselves
            continue
        near = [found for found in near if all(map(all, found.values()))]
        if all(map(fits, near)):
            listed = " or ".join(describe_shapes(found) for found in near)
            fix = f"an input of {listed} fits, as sizes that {step} divides do"
            return [add_fix(p, fix) if p.rule == "D003" else p for p in problems]
    return problems


def add_fix(problem: Problem, fix: str) -> Problem:
    """Return a problem with another way to mend it in its hint."""
    return problem.replace(hint=f"{problem.hint}; or {fix}" if problem.hint else fix)


def round_shapes(shapes: Shapes, step: int, up: bool) -> Shapes:
    """Return shapes whose spatial sizes are multiples of ``step``, rounded up or down."""
    more = step - 1 if up else 0
    return {
        name: (shape[0], *((size + more) // step * step for size in shape[1:]))
        for name, shape in shapes.items()
    }


def describe_shapes(shapes: Shapes) -> str:
    """Return the shapes of inputs in words: ``3x224x224 and 8``."""
    return " and ".join(map(format_shape, dict.fromkeys(shapes.values())))
