"""Groups bodies into templates: calls of the same class whose lines can be aligned."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable

from cnnspec.importing.folding.bodies import Body
from cnnspec.importing.folding.names import make_block_name, make_identifier
from cnnspec.importing.folding.runs import Item, number_names
from cnnspec.importing.folding.templates import Member, Template, make_items

MOST_KINDS = 3  # in the name of a block
MAX_ABSENT = 4  # lines of a block that one of its calls may lack


class Grouping:
    """Makes the templates of a network, innermost first.

    ``finish`` is called with each template once all its members are known; it sets the arguments,
    which the templates around it need."""

    def __init__(self, finish: Callable[[Template], None]):
        self.finish = finish
        self.templates: list[Template] = []
        self.names: set[str] = set()

    def group(self, root: Body) -> Template:
        """Make all templates, and return that of the network."""
        keys: dict[int, Hashable] = {}
        groups: dict[Hashable, list[Body]] = defaultdict(list)
        inside: dict[Hashable, set[Hashable]] = defaultdict(set)
        for body in root.bodies():
            key = keys[id(body)] = group_key(body, keys) if body is not root else "network"
            groups[key].append(body)
            inside[key] |= {keys[id(line.body)] for line in body.lines if line.body}
        done: set[Hashable] = set()
        while len(done) < len(groups):
            waiting = [key for key in groups if key not in done]
            ready = [key for key in waiting if inside[key] <= done]
            for key in ready or waiting[:1]:
                self.make_templates(groups[key], key == "network")
                done.add(key)
        found: Template = root.template
        return found

    def make_templates(self, bodies: list[Body], is_network: bool) -> None:
        """Make the templates of the bodies of one group."""
        members = [Member(body, make_items(body)) for body in bodies]
        left = sorted(members, key=lambda member: -len(member.items))
        while left:
            base, rest = left[0], []
            template = Template("", base)
            for member in left[1:]:
                places = align(base, member)
                if places is None or not template.add(member, places):
                    rest.append(member)
            left = rest
            if not is_network and open_single_line(template):
                continue
            sort_members(template)
            names = ["network"] if is_network else name_template(template)
            template.name = make_block_name(names, self.names)
            self.names.add(template.name)
            self.templates.append(template)
            name_lines_of(template)
            self.finish(template)


def open_single_line(template: Template) -> bool:
    """Let calls of a block that only calls another one call that; tell whether this is so."""
    bodies = [member.body for member in template.members]
    inner = [body.lines[0].body for body in bodies if len(body.lines) == 1]
    if len(inner) < len(bodies) or not all(
        body and body.template and body.output == outer.output and outer.call
        for body, outer in zip(inner, bodies, strict=True)
    ):
        return False
    for body in bodies:
        if body.call:
            body.call.body = body.lines[0].body
    return True


def group_key(body: Body, keys: dict[int, Hashable]) -> Hashable:
    """Return what bodies of one group have in common: their class, or what a list contains.

    A class that contains itself has a group for each depth."""
    inner = [line.body for line in body.lines if line.body]
    if body.is_container:
        parts = {keys[id(line.body)] if line.body else line.kind for line in body.lines}
        return "list", frozenset(parts)
    return body.class_name, nesting(body.class_name, inner)


def nesting(class_name: str, bodies: list[Body]) -> int:
    """Return how deep bodies of a class are nested in ``bodies``."""
    depths = [0]
    for body in bodies:
        inner = [line.body for line in body.lines if line.body]
        depths.append((body.class_name == class_name) + nesting(class_name, inner))
    return max(depths)


def sort_members(template: Template) -> None:
    """Put the members of a template into the order of execution."""
    order = sorted(
        range(len(template.members)),
        key=lambda k: template.members[k].body.lines[0].nodes[0],
    )
    template.members = [template.members[k] for k in order]
    template.maps = [template.maps[k] for k in order]
    for number, member in enumerate(template.members):
        member.body.template, member.body.member = template, number


def name_lines_of(template: Template) -> None:
    """Give the lines of all members the names that they have in the template."""
    for slot, base in enumerate(template.base.items):
        items = [template.item(k, slot) for k in range(len(template.members))]
        present = [item for item in items if item]
        if all(len(item.lines) == 1 for item in present):
            for item in present:
                item.is_run = False
        if base.is_run:
            share_prefix(present)
        for item in present:
            _, start, step = number_names([line.name for line in base.lines])
            for i, line in enumerate(item.lines):
                run = base.is_run
                line.final_name = f"{base.prefix}{start + step * i}" if run else base.lines[0].name


def share_prefix(items: list[Item]) -> None:
    """Give runs whose names differ before the counter the words that they have in common."""
    if len({item.prefix for item in items}) > 1:
        words = {re.sub(r"[\d\W_].*", "", item.prefix) for item in items}
        word = words.pop() if len(words) == 1 else ""
        for item in items:
            item.prefix = word


def name_template(template: Template) -> list[str]:
    """Return names for a block, the best first: its class, or for a list what it is called."""
    bodies = [member.body for member in template.members]
    if not template.in_list:
        return [bodies[0].class_name]
    words = [re.sub(r"[\d_]+$", "", body.path.rsplit(".", 1)[-1]) for body in bodies]
    found = Counter(word for word in words if word).most_common(1)
    kinds = [line.kind for line in template.base.body.lines]
    names = [found[0][0]] if found else []
    if len(bodies) == 1 and not names and "." in bodies[0].path:
        names = [make_identifier(bodies[0].path.rsplit(".", 2)[-2] + "_" + bodies[0].path[-1:])]
    if all(item.is_run for item in template.base.items) and (len(bodies) > 1 or not names):
        return ["stage"]
    few = all(kinds) and len(kinds) <= MOST_KINDS
    return [*names, "_".join(kinds) if few else "part"]


def align(base: Member, member: Member) -> list[int | None] | None:
    """Return for each item of ``base`` that of ``member`` which is like it, or None.

    None for the whole where an item of ``member`` is like none, or too many are absent. In lists
    of modules none may be absent."""
    ours, theirs = base.items, member.items
    absent = len(ours) - len(theirs)
    if absent > (0 if base.body.is_container else MAX_ABSENT) or len(theirs) * 2 < len(ours):
        return None
    if len(base.body.inputs) != len(member.body.inputs):
        return None
    scores = [[similarity(a, b) for b in theirs] for a in ours]
    best = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(len(ours))):
        for k in reversed(range(len(theirs))):
            taken = best[i + 1][k + 1] + scores[i][k] if scores[i][k] else 0
            best[i][k] = max(best[i + 1][k], best[i][k + 1], taken)
    places: list[int | None] = []
    k = 0
    for i in range(len(ours)):
        fits = k < len(theirs) and scores[i][k] > 0
        if fits and best[i][k] == best[i + 1][k + 1] + scores[i][k]:
            places.append(k)
            k += 1
        else:
            places.append(None)
    return places if k == len(theirs) else None


def similarity(ours: Item, theirs: Item) -> int:
    """Return how alike two items are; 0 if they cannot be the same line."""
    if ours.operation is not theirs.operation and ours.operation != theirs.operation:
        return 0
    if ours.is_run != theirs.is_run:
        return 0
    columns = [(ours.columns.get(key), theirs.columns.get(key)) for key in ("norm", "activation")]
    pointwise = [item.columns.get("kernel_size", [None])[0] == 1 for item in (ours, theirs)]
    score = (
        2
        + (ours.pattern == theirs.pattern)
        + 2 * (pointwise[0] == pointwise[1])
        + sum((a is None) == (b is None) for a, b in columns)
    )
    return int(score)
