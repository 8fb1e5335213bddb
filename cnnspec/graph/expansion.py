"""The state of expanding one network, which every step of the expansion reads and adds to."""

from typing import TYPE_CHECKING, Any

from cnnspec.graph.cache import CachedCall, SpecCache
from cnnspec.graph.frame import Frame, LineError, Unresolved, WrittenValue
from cnnspec.graph.model import Call, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.spec.expressions import Many
from cnnspec.spec.model import Line, NetworkSpec
from cnnspec.spec.scope import (
    UNKNOWN,
    Dynamic,
    ExpressionError,
    Scope,
    UnknownValue,
    Work,
)

if TYPE_CHECKING:
    from cnnspec.graph.summed_calls import SummedCalls


class TooManyLines(Exception):
    """The network has more lines than it may. This has been reported, and ends the expansion."""


class Expansion:
    """The nodes of a network so far, its problems, its limits, and how its values are evaluated.

    ``other_input`` says that the input is not the spec's own: layers for training only may then not
    fit it, which matters only to those who ask for them.
    """

    def __init__(self, spec: NetworkSpec, max_lines: int, other_input: bool, cache: SpecCache):
        self.spec, self.other_input, self.cache = spec, other_input, cache
        self.log = ProblemLog()
        self.training_log = ProblemLog()  # of layers for training only, at another input
        self.readable = True  # no problem was found before the expansion
        self.work = Work(max_lines)
        self.scope = Scope({}, work=self.work)  # of the network's own lines
        self.nodes: list[Node] = []
        self.nodes_by_name: dict[str, Node] = {}
        self.cached_calls: dict[Any, CachedCall] = {}  # by call_key
        self.summed_calls: SummedCalls | None = None  # where only totals are wanted

    def node_named(self, name: str) -> Node | None:
        """Find a node by its name; the last of several."""
        known = self.nodes_by_name
        known.update({node.name: node for node in self.nodes[len(known) :]})
        return known.get(name)

    def has_problems(self) -> bool:
        """Whether anything is wrong so far, so that values may be missing."""
        return not self.readable or bool(self.log.count or self.training_log.count)

    def report(self, error: Unresolved, call: Call) -> None:
        """Log the problem of a LineError. Other reasons for a missing value are logged already."""
        if isinstance(error, LineError):
            self.log.add(error.source, error.path, error.rule, error.message, error.hint, call)

    def evaluate(self, written: WrittenValue, call: Call) -> Any:
        """Evaluate the expressions in a value.

        Raises LineError or Unresolved. The problems of several items in a list or table are all
        reported, in ``call``.
        """
        if not written.dynamic:
            return written.value
        try:
            return written.value.evaluate(written.scope)
        except UnknownValue:
            raise Unresolved from None
        except ExpressionError as error:
            if isinstance(written.value, Many) and self.report_items(written, call):
                raise Unresolved from None
            raise LineError(
                written.source, written.path, "L007", error.message, error.hint
            ) from None

    def report_items(self, written: WrittenValue, call: Call) -> bool:
        """Report the problem of every item in a list or table of expressions; whether any has."""
        items, before = written.value.items, self.log.count
        for key, item in items.items() if isinstance(items, dict) else enumerate(items):
            try:
                self.evaluate(
                    WrittenValue(item, written.source, (*written.path, key), written.scope), call
                )
            except Unresolved as error:
                self.report(error, call)
        return self.log.count > before

    def evaluate_all(self, written: dict[str, WrittenValue], call: Call) -> dict[str, Any]:
        """Evaluate fields or arguments; UNKNOWN for those without a value, which is reported."""
        values = {}
        for key, value in written.items():
            try:
                values[key] = self.evaluate(value, call) if value.dynamic else value.value
            except Unresolved as error:
                self.report(error, call)
                values[key] = UNKNOWN
        return values

    def evaluate_key(self, frame: Frame, line: Line, key: str, scope: Scope) -> Any:
        """Evaluate one of the keys that every line has, such as `when`. Raises Unresolved."""
        value = getattr(line, key)
        if not isinstance(value, Dynamic):
            return value
        return self.evaluate(WrittenValue(value, line.source, line.at(key), scope), frame.call)

    def count_steps(self, line: Line, steps: int) -> None:
        """Count the work of a line against the limit of all expressions. Raises LineError."""
        try:
            self.scope.spend(steps)
        except ExpressionError as error:
            raise LineError(
                line.source, line.at("name"), "L007", error.message, error.hint
            ) from None

    def count_lines(self, frame: Frame, line: Line, lines: int = 1) -> None:
        """Count lines against the limit. Raises TooManyLines."""
        work = self.work
        work.lines += lines
        if work.lines > work.max_lines:
            key = next((k for k in ("repeat", "each") if getattr(line, k) is not None), "name")
            message = (
                f"the network has more than {work.max_lines:,} lines once its blocks are expanded"
            )
            hint = "--max-lines raises the limit"
            self.log.add(line.source, line.at(key), "L011", message, hint, frame.call)
            raise TooManyLines
