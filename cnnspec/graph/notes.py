"""Problems found while a network is unrolled: each at its place in the file, equal instances folded into one."""

from typing import Any

from cnnspec.graph.model import Call
from cnnspec.ops.fields import described
from cnnspec.problems import Problem, visible
from cnnspec.spec.collect import MAX_PROBLEMS
from cnnspec.spec.source import Path, Source


class Notes:
    """The problems of one unrolling, by place and rule."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, Path, str], tuple[Source, str, str, list[Call]]] = {}

    def add(self, source: Source, path: Path, rule: str, message: str, hint: str, call: Call) -> None:
        """Note a problem; at a place that has it already, only the call is added."""
        key = (id(source), path, rule)
        if key in self.found:
            if len(self.found[key][3]) < MAX_PROBLEMS and call not in self.found[key][3]:
                self.found[key][3].append(call)
        elif len(self.found) < MAX_PROBLEMS:
            self.found[key] = (source, message, hint, [call])

    def problems(self) -> list[Problem]:
        """All problems, each with the calls in which it occurs."""
        return [
            Problem(source.where(path), rule, message, hint, tuple(map(described_call, filter(is_block, calls[:1])))
                    + tuple(visible(".".join(c.trail)) for c in calls[1:]))
            for (_, path, rule), (source, message, hint, calls) in self.found.items()
        ]


def is_block(call: Call) -> bool:
    return bool(call.trail)


def described_call(call: Call) -> str:
    """A call as a message names it: ``layer2.0 (width = 128, stride = 2)``."""
    shown: list[Any] = [f"{k} = {described(v)}" for k, v in list(call.arguments.items())[:8]]
    return visible(".".join(call.trail)) + (f" ({', '.join(shown)})" if shown else "")
