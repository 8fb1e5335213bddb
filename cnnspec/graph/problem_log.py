"""Problems of a network by place and rule: equal ones in several calls are folded into one."""

from typing import Any

from cnnspec.graph.model import Call
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import Problem, TooManyProblems, visible
from cnnspec.spec.reader import MAX_PROBLEMS
from cnnspec.spec.source import Path, Source

Change = tuple[str, str] | None  # as in Problem
MAX_INSTANCES = 2000  # of problems, where each call of a folded one counts


class ProblemLog:
    """The problems of one network. Only as many as a reader wants are kept if it is ``limited``."""

    def __init__(self, limited: bool = True) -> None:
        self.limited = limited
        self.found: dict[tuple[int, Path, str], tuple[Source, str, str, list[Call], Change]] = {}
        self.count = 0

    def add(
        self,
        source: Source,
        path: Path,
        rule: str,
        message: str,
        hint: str,
        call: Call,
        change: Change = None,
    ) -> None:
        """Add a problem. Where its place and rule have one already, add only the call to that.

        Raises TooManyProblems.
        """
        key = (id(source), path, rule)
        self.count += 1
        too_many = self.count > MAX_INSTANCES or (
            len(self.found) >= MAX_PROBLEMS and key not in self.found
        )
        if self.limited and too_many:
            raise TooManyProblems
        if key in self.found:
            if len(self.found[key][3]) < MAX_PROBLEMS and call not in self.found[key][3]:
                self.found[key][3].append(call)
        else:
            self.found[key] = (source, message, hint, [call], change)

    def problems(self) -> list[Problem]:
        """List all problems, each with the calls in which it occurs."""
        return [
            Problem(
                source.where(path),
                rule,
                message,
                hint,
                (
                    *(describe_call(c, source) for c in calls[:1] if c.trail),
                    *(visible(".".join(c.trail)) for c in calls[1:]),
                ),
                change,
            )
            for (_, path, rule), (source, message, hint, calls, change) in self.found.items()
        ]


def describe_call(call: Call, source: Source) -> str:
    """Describe a call in a message about ``source``: ``layer2.0  24:3 (width = 128, stride = 2)``.

    The place has its file's name where that is another file.
    """
    shown: list[Any] = [f"{k} = {describe_value(v)}" for k, v in list(call.arguments.items())[:8]]
    place = ""
    if call.line is not None:
        where = call.line.source.where(call.line.path)
        place = f"  {where.line}:{where.column}" if call.line.source is source else f"  {where}"
    return visible(".".join(call.trail)) + place + (f" ({', '.join(shown)})" if shown else "")
