"""Templates: bodies that are the same block with other values, with the places of their lines."""

from typing import Any

from cnnspec.importing.folding.bodies import Body, FoldedLine
from cnnspec.importing.folding.names import input_names
from cnnspec.importing.folding.runs import SHARE, Item, Operation, find_runs, number_names
from cnnspec.importing.folding.wiring import find_path

Place = tuple[int, tuple[str, ...]]  # a slot, or -1 - k for input k, and names inside of the slot


class Member:
    """A body with its items, and where each of its items reads.

    ``sources`` has for each item its places; their slots are items of this body. ``numbers`` has
    for each item the one whose parameters it shares, or -1."""

    def __init__(self, body: Body, items: list[Item]):
        self.body, self.items = body, items
        self.owners = {i: k for k, item in enumerate(items) for x in item.lines for i in x.nodes}
        self.sources = [[self.place_of(i) for i in item.sources] for item in items]
        self.result = self.place_of(body.output)
        owners = {id(line): k for k, item in enumerate(items) for line in item.lines}
        self.shared = [
            owners[id(line.shared)] if (line := item.lines[0]).shared else -1 for item in items
        ]
        training = all(item.training_only for item in items)
        self.training = [item.training_only and not training for item in items]

    def place_of(self, node: int) -> Place:
        """Return the place of the node that an item reads."""
        slot = self.owners.get(node)
        if slot is None:
            return -1 - self.body.inputs.index(node), ()
        item = self.items[slot]
        line = next(line for line in item.lines if node in line.nodes)
        path = path_inside(line, node)
        if item.is_run and line is not item.lines[-1]:
            path = (line.name, *path)
        return slot, path

    def name_of(self, place: Place) -> str:
        """Return what ``from`` says for the value at a place, by the names in this body."""
        slot, path = place
        if slot < 0:
            return input_names(len(self.body.inputs))[-1 - slot]
        item = self.items[slot]
        line = item.lines[-1]
        if item.is_run and path and any(path[0] == each.name for each in item.lines):
            line = next(each for each in item.lines if path[0] == each.name)
            path = path[1:]
        return ".".join((template_name(line), *path))


def path_inside(line: FoldedLine, node: int) -> tuple[str, ...]:
    """Return the names that lead to a node inside the body of a line; none for its own value."""
    if line.body is None or line.output == node:
        return ()
    return tuple(template_name(inner) for inner in find_path(line.body, node))


def template_name(line: FoldedLine) -> str:
    """Return the name that a line has in the template of its body."""
    return line.final_name or line.name


class Template:
    """A block: the bodies that it stands for, and what differs between them.

    ``slots`` are the items of the first member, which has all lines; ``maps`` say for each member
    which of its items is at each slot, or None. ``named`` and ``follows`` say for each slot whether
    in all members the name of what it reads is right, and whether it reads the line before.
    ``args`` have a value for each member."""

    def __init__(self, name: str, base: Member):
        self.name, self.base = name, base
        self.members = [base]
        count = len(base.items)
        self.maps: list[list[int | None]] = [[*range(count)]]
        self.named = [[True] * len(places) for places in base.sources]
        whole: list[int | None] = [*range(count)]
        self.follows = [base.sources[k] == [self.last(base, whole, k)] for k in range(count)]
        self.result_named = True
        self.result_last = self.last(base, whole) == base.result
        self.args: dict[str, list[Any]] = {}
        self.kinds: dict[str, str] = {}  # of the arguments
        self.settings: list[Any] = []
        self.channels: list[int] = []  # of the first input of each member
        self.results: list[int] = []  # the channels that each member gives

    @property
    def in_list(self) -> bool:
        return self.base.body.is_container

    def last(self, member: Member, places: list[int | None], end: int | None = None) -> Place:
        """Return the slot of the last line before ``end`` that ``previous`` can mean."""
        for slot in reversed(range(len(places) if end is None else end)):
            item = places[slot]
            if item is not None and not member.training[item]:
                return slot, ()
        return -1, ()

    @staticmethod
    def in_slots(place: Place, places: list[int | None]) -> Place:
        """Return a place of a member with the slot in place of its item."""
        return (places.index(place[0]), place[1]) if place[0] >= 0 else place

    def resolve(self, place: Place, member: Member, places: list[int | None]) -> Place | None:
        """Return what a place of the template means in a member; None if that is nothing.

        The name of a line that is absent stands for what it would have read first."""
        for _ in range(len(places) + 1):
            slot, path = place
            if slot < 0:
                return place
            item = places[slot]
            if item is not None:
                ours, theirs = self.base.items[slot], member.items[item]
                other_length = ours.is_run and len(ours.lines) != len(theirs.lines)
                return None if other_length else place
            if path or not self.base.sources[slot]:
                return None
            place = self.base.sources[slot][0]
        return None

    def names_clash(self, member: Member, places: list[int | None]) -> bool:
        """Tell whether a run of another length would take the numbers of other lines."""
        for slot, item in enumerate(places):
            run = self.base.items[slot]
            if item is None or len(run.lines) == len(member.items[item].lines):
                continue
            prefix, first, _ = number_names([run.lines[0].name])
            others = [line for other in self.base.items if other is not run for line in other.lines]
            numbers = [number_names([line.name]) for line in others]
            if any(p == prefix and number >= first and step for p, number, step in numbers):
                return True
        return False

    def add(self, member: Member, places: list[int | None]) -> bool:
        """Add a member if its lines read what those of the template read; tell whether they do."""
        if self.names_clash(member, places):
            return False
        named, follows = [], []
        for slot, item in enumerate(places):
            ours = [self.resolve(p, member, places) for p in self.base.sources[slot]]
            last = self.last(member, places, slot)
            if item is None:  # its name must stand for the same, whether ``from`` is written or not
                named.append(self.named[slot])
                follows.append(self.follows[slot] and ours[:1] == [last])
            else:
                wanted = [self.in_slots(place, places) for place in member.sources[item]]
                if len(ours) != len(wanted):
                    return False
                right = [a == b for a, b in zip(ours, wanted, strict=True)]
                named.append([a and b for a, b in zip(self.named[slot], right, strict=True)])
                follows.append(self.follows[slot] and wanted == [last])
            if not follows[-1] and not all(named[-1]):
                return False
            if item is None:
                continue
            shared = member.shared[item]
            owner = self.in_slots((shared, ()), places)[0] if shared >= 0 else -1
            if owner != self.base.shared[slot]:
                return False
            if member.training[item] != self.base.training[slot]:
                return False
        result = self.in_slots(member.result, places)
        result_named = self.result_named and result == self.resolve(
            self.base.result, member, places
        )
        result_last = self.result_last and self.last(member, places) == result
        if not result_named and not result_last:
            return False
        self.named, self.follows = named, follows
        self.result_named, self.result_last = result_named, result_last
        self.members.append(member)
        self.maps.append(places)
        return True

    def item(self, member: int, slot: int) -> Item | None:
        """Return the item of a member at a slot."""
        at = self.maps[member][slot]
        return None if at is None else self.members[member].items[at]


def make_items(body: Body) -> list[Item]:
    """Return the items of a body whose inner bodies have templates."""
    items = [Item(operation_of(line), [line], [row_of(line)]) for line in body.lines]
    return find_runs(items)


def operation_of(line: FoldedLine) -> Operation:
    """Return what a line calls: an operator, a template, or SHARE."""
    if line.shared:
        return SHARE
    return line.body.template if line.body else line.kind


def row_of(line: FoldedLine) -> dict[str, Any]:
    """Return the values of a line: the fields of its operator or the arguments of its block."""
    if line.shared:
        return {}
    if line.body:
        args = line.body.template.args
        return {name: values[line.body.member] for name, values in args.items()}
    return {**line.fields, **line.parts}
