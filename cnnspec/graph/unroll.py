"""Unrolling: every line of every called block becomes nodes, in file order, which is execution
order."""

from contextlib import suppress
from typing import Any

from cnnspec.graph import connect
from cnnspec.graph.again import Unrolled
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.frame import POISON, Frame, Given, Poisoned, Ports, Recipe, Value
from cnnspec.graph.model import Call, Node
from cnnspec.graph.place import Spot, place
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.graph.repeat import instances, named
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import visible
from cnnspec.spec.expressions import Many
from cnnspec.spec.lines import not_boolean
from cnnspec.spec.model import Block, Line, NetworkSpec
from cnnspec.spec.scope import FAULTY, UNKNOWN, Dynamic, ExpressionError, Scope, UnknownValue
from cnnspec.spec.source import Path, Source


class TooLarge(Exception):
    """The network has more lines than it may; noted, and the end of unrolling."""


class Unroller:
    """The state of unrolling one network: its nodes so far, and the problems."""

    def __init__(
        self, spec: NetworkSpec, notes: ProblemLog, max_lines: int, reshaped: bool, known: SpecCache
    ):
        self.spec, self.notes, self.max_lines, self.known = spec, notes, max_lines, known
        self.reshaped = (
            reshaped  # the input is not the spec's own: what training alone needs may then not fit
        )
        self.aside = ProblemLog()  # problems with that
        self.sound = True  # nothing is wrong with what was read before
        self.nodes: list[Node] = []
        self.by_name: dict[str, Node] = {}
        self.count = 0
        self.scope = Scope({})  # of the network's own lines
        self.calls: dict[Any, Unrolled] = {}  # of blocks, by what their nodes depend on

    def named(self, name: str) -> Node | None:
        """The node called ``name``; the last, should there be several."""
        self.by_name.update({node.name: node for node in self.nodes[len(self.by_name) :]})
        return self.by_name.get(name)

    # ---- noting problems

    def stop(
        self,
        frame: Frame,
        source: Source,
        path: Path,
        rule: str,
        message: str,
        hint: str = "",
        call: Call | None = None,
    ) -> Poisoned:
        """Note a problem, in the frame's call or in ``call``; raise what comes back to leave the
        line."""
        self.notes.add(source, path, rule, message, hint, call or frame.call)
        return Poisoned()

    def faultless(self) -> bool:
        """Whether nothing was wrong so far, so that no value is unknown."""
        return self.sound and not self.notes.count and not self.aside.count

    def value(self, frame: Frame, given: Given, call: Call | None = None) -> Any:
        """A value with its expressions evaluated. Raises Poisoned; each of a list's or table's
        faults is noted."""
        if not given.dynamic:
            return given.value
        try:
            return given.value.evaluate(given.scope)
        except ExpressionError as error:
            inside = given.value.items if isinstance(given.value, Many) else []
            before = self.notes.count
            for key, part in inside.items() if isinstance(inside, dict) else enumerate(inside):
                with suppress(Poisoned):
                    self.value(
                        frame, Given(part, given.source, (*given.path, key), given.scope), call
                    )
            if self.notes.count > before:
                raise Poisoned from None
            raise self.stop(
                frame, given.source, given.path, "L007", error.message, error.hint, call
            ) from None
        except UnknownValue:
            raise Poisoned from None

    def control(self, frame: Frame, line: Line, key: str, scope: Scope) -> Any:
        """The value of one of the keys that every line has, such as `when`."""
        value = getattr(line, key)
        if not isinstance(value, Dynamic):
            return value
        return self.value(frame, Given(value, line.source, line.at(key), scope))

    def spend(self, frame: Frame, line: Line, steps: int) -> None:
        """Count the work of a line that is repeated with many names or arguments against that of
        expressions."""
        try:
            self.scope.spend(steps)
        except ExpressionError as error:
            raise self.stop(
                frame, line.source, line.at("name"), "L007", error.message, error.hint
            ) from None

    # ---- blocks

    def block(
        self,
        block: Block,
        call: Call,
        scope: Scope,
        inputs: dict[str, Value],
        training: bool,
        share: tuple[str, str] | None = None,
    ) -> Ports:
        """Unroll one call of a block. Raises Poisoned where its outputs do not exist."""
        frame = Frame(call, block, scope, inputs, training)
        frame.share = share
        for line in block.layers:
            self.line(frame, line)
        try:
            return Ports(frame.values, connect.outputs(frame), call.trail)
        except connect.Mismatch as fault:
            where = (*block.path, "outputs", fault.index or 0)
            raise self.stop(frame, block.source, where, "L006", fault.message, fault.hint) from None

    def line(self, frame: Frame, line: Line) -> None:
        """Unroll one line, as often as it says; what fails becomes POISON under its name."""
        try:
            turns, counted = instances(self, frame, line), True
        except Poisoned:  # one is unrolled, for its other faults
            row = None if line.each is None else FAULTY
            turns, counted = [(Scope({"i": UNKNOWN}, frame.scope), row, None)], False
        label = None
        for scope, row, number in turns:
            self.tick(frame, line)
            label = named(self, frame, line, scope, number)
            try:
                there, value = self.instance(
                    frame, line, Recipe(line, scope, row, label or str(line.name))
                )
                if label is None or line.broken or not counted:
                    raise Poisoned
            except Poisoned:
                self.poison(frame, line, label if counted else None)
                frame.uncertain = frame.uncertain or label is None
                continue
            frame.values[label] = value
            if there and (frame.training or not line.training_only):
                frame.previous = value
        if label is not None and isinstance(line.name, str) and turns and turns[-1][2] is not None:
            frame.values[line.name] = frame.values[label]
            if label in frame.recipes:
                frame.recipes[line.name] = frame.recipes[label]

    def poison(self, frame: Frame, line: Line, label: str | None = None) -> None:
        """What a line with a problem leaves behind: a name without a value."""
        name = label or (line.name if isinstance(line.name, str) else None)
        if name is None:
            frame.uncertain = True
        else:
            frame.values[name] = POISON
        if not line.training_only:
            frame.previous = POISON

    def tick(self, frame: Frame, line: Line, lines: int = 1) -> None:
        """Count lines against the limit."""
        self.count += lines
        if self.count > self.max_lines:
            key = next((k for k in ("repeat", "each") if getattr(line, k) is not None), "name")
            self.notes.add(
                line.source,
                line.at(key),
                "L011",
                f"the network has more than {self.max_lines:,} lines once its blocks are unrolled",
                "--max-lines raises the limit",
                frame.call,
            )
            raise TooLarge

    # ---- one instance of a line

    def instance(self, frame: Frame, line: Line, recipe: Recipe) -> tuple[bool, Value]:
        """One line once: read its inputs, then place what it calls. Whether `when` has it there,
        and its value.

        Raises Poisoned.
        """
        values = (
            self.sources(frame, line, recipe.scope)
            if line.sources is not None
            else [frame.previous]
        )
        if recipe.row is not None and line.share is not None:
            message = "a line with share takes no rows"
            raise self.stop(frame, line.source, line.at("each"), "L009", message, "use repeat")
        if line.when is not True and not self.present(frame, line, recipe.scope):
            frame.dropped.add(recipe.name)
            return False, values[0] if values else POISON
        training = frame.training or line.training_only
        if line.share is not None:
            return True, self.shared(frame, line, recipe, values, training)
        frame.recipes.setdefault(recipe.name, recipe)
        share = frame.share and (
            f"{frame.share[0]}.{recipe.name}",
            f"{frame.share[1]}.{recipe.name}",
        )
        return True, place(self, frame, recipe, Spot(recipe.name, values, training, share))

    def sources(self, frame: Frame, line: Line, scope: Scope) -> list[Value]:
        """The values that a line reads; none, with the problem noted, where nobody knows how many
        they are."""
        try:
            names = self.control(frame, line, "sources", scope)
            if isinstance(names, list):
                self.spend(frame, line, len(names))
        except Poisoned:
            return []
        values, faults = connect.read(frame, names)
        for fault in faults:
            path = line.at("sources")
            if fault.index is not None and isinstance(names, list):
                path = (*path, fault.index)
            self.stop(frame, line.source, path, "L006", fault.message, fault.hint)
        return values

    def present(self, frame: Frame, line: Line, scope: Scope) -> bool:
        here = self.control(frame, line, "when", scope)
        if not isinstance(here, bool):
            raise self.stop(frame, line.source, line.at("when"), "L003", *not_boolean(here))
        return here

    def shared(
        self, frame: Frame, line: Line, recipe: Recipe, values: list[Value], training: bool
    ) -> Value:
        """The line again that `share` names, on other inputs and with the same parameters."""
        name = self.control(frame, line, "share", recipe.scope)
        if not isinstance(name, str) or name not in frame.recipes:
            if isinstance(name, str) and (frame.uncertain or frame.values.get(name) is POISON):
                raise Poisoned
            why = (
                "has been left out by when"
                if isinstance(name, str) and name in frame.dropped
                else "is none"
            )
            raise self.stop(
                frame,
                line.source,
                line.at("share"),
                "L014",
                f"share names a line above with op, and {describe_value(name)} {why}",
                "there are " + visible(", ".join(frame.recipes) or "none"),
            )
        original = frame.recipes[name]
        frame.recipes[recipe.name] = original
        share = (frame.full(recipe.name), frame.full(original.name))
        return place(self, frame, original, Spot(recipe.name, values, training, share))
