"""The documentation of operators, blocks, keys, arguments and rules, as Markdown for an editor."""

from functools import cache

from cnnspec.editor.document import Document
from cnnspec.editor.line_costs import LineCost
from cnnspec.editor.targets import arguments_of, find_block, is_operator
from cnnspec.gate.findings import can_be_ignored, get_documentation, get_severity, get_title
from cnnspec.ops.kit.fields import Field, describe_value
from cnnspec.ops.registry import load_operator
from cnnspec.problems import visible
from cnnspec.report.reference.topics import describe_default, operator_parts, sections_by_topic
from cnnspec.spec.reader import BOUND
from cnnspec.spec.scope import UNKNOWN
from cnnspec.spec.source import Path

MAX_VALUES = 8  # of an argument in different calls
FUNCTION_DOCS = {
    "min": "the smallest of its values, or of a list",
    "max": "the largest of its values, or of a list",
    "ceil": "the next integer that is not below the value",
    "floor": "the next integer that is not above the value",
    "round": "the nearest integer, half to even; round(x, n) keeps n digits",
    "len": "the number of items of a list, or of characters of a text",
    "sum": "the sum of a list of numbers",
    "range": "a list of integers: range(n), range(first, end) or range(first, end, step)",
    "str": "an integer or a text as text",
    "round_channels": "the multiple of 8, or of a second value, that is nearest to a value, but not"
    " below 90% of it, as MobileNet's make_divisible",
}


def describe_operator(name: str) -> str:
    """Return the documentation of an operator and its fields; "" if there is no such operator."""
    if not is_operator(name):
        return ""
    parts = []
    for part in operator_parts(name):
        if part.startswith("## Example"):
            break
        parts.append(part.replace("# ", "### ", 1) if part.startswith("# ") else part)
    return "\n\n".join(parts)


def describe_block(document: Document, name: str) -> str:
    """Return what a block takes, and the comment behind its header; "" if it is not declared."""
    text = find_block(document, name)
    if text is None:
        return ""
    syntax, path = text.syntax, ("blocks", name)
    op = syntax.string_at((*path, "op"))
    kind = f"preset of `{op}`" if op is not None else "block"
    lines = [f"### {visible(name)}: {kind}"]
    if text is not document:
        lines.append(f"in {visible(text.path, 200)}")
    header = syntax.by_path.get(path)
    if header is not None:
        line = text.lines.line(text.lines.position(header.span[0]).line)
        lines += [comment] if (comment := line.partition("#")[2].strip()) else []
    required = [syntax.value_of(item) for item in syntax.values((*path, "args"))]
    lines += [f"Arguments: {', '.join(f'`{n}`' for n in required)}"] if required else []
    defaults = [
        f"`{item.path[-1]} = {visible(syntax.source_of(item))}`"
        for item in syntax.values((*path, "defaults"))
    ]
    lines += [f"Defaults: {', '.join(defaults)}"] if defaults else []
    if op is not None:
        fields = [
            f"`{item.path[-1]} = {visible(syntax.source_of(item))}`"
            for item in syntax.values(path)
            if item.path[-1] not in ("op", "args", "defaults")
        ]
        lines += [f"Sets {', '.join(fields)}"] if fields else []
    return "\n\n".join(lines)


def find_field(document: Document, called: str, name: str, depth: int = 0) -> Field | None:
    """Return a field of an operator, or of the operator that a preset calls; None for others."""
    if is_operator(called):
        return load_operator(called).fields.get(name)
    text = find_block(document, called)
    inner = text.syntax.string_at(("blocks", called, "op")) if text else None
    if text is None or inner is None or depth > MAX_VALUES:
        return None
    return find_field(text if find_block(text, inner) else document, inner, name, depth + 1)


def describe_field(document: Document, called: str, name: str) -> str:
    """Return the documentation of a field of an operator, or of an argument of a block."""
    text = find_block(document, called)
    if text is not None and name in arguments_of(text, called):
        default = text.syntax.by_path.get(("blocks", called, "defaults", name))
        given = f"default {visible(text.syntax.source_of(default))}" if default else "required"
        return f"`{visible(name)}`, {given}: an argument of the block {visible(called)}"
    field = find_field(document, called, name)
    if field is None:
        return ""
    default_text = describe_default(field.required, field.default)
    return f"`{name}`, {default_text}: {field.doc}.\n\nTakes {field.takes}."


@cache
def describe_key(topic: str) -> str:
    """Return the first paragraphs of a section of the language's reference; "" for none."""
    section = sections_by_topic().get(topic)
    if section is None:
        return ""
    prose = section.text.partition("\n```")[0].strip()
    more = f"`cnnspec docs {section.topics[0]}` has examples."
    return f"### {section.title}\n\n{prose}\n\n{more}"


def topic_of_key(path: Path) -> str:
    """Return the topic of the reference that explains a key."""
    key = str(path[-1])
    if path[0] == "blocks" and key in ("args", "defaults", "inputs", "outputs"):
        return {"args": "block-args", "inputs": "block-inputs"}.get(key, f"block-{key}").replace(
            "block-defaults", "defaults"
        )
    return str(path[0]) if path[0] in ("claims", "budget", "reference", "model") else key


def describe_rule(code: str) -> str:
    """Return the documentation of a rule code of ``cnnspec check``."""
    ignored = "" if can_be_ignored(code) else " It cannot be ignored."
    head = f"### {code}: {get_title(code)}\n\nSeverity: {get_severity(code)}.{ignored}"
    documentation = get_documentation(code)
    return head if documentation == get_title(code) else f"{head}\n\n{documentation}"


def describe_argument(document: Document, name: str, owner: str, cost: LineCost | None) -> str:
    """Return what an argument is, and its values: in the calls of a line, or in the network."""
    network, values = document.network, find_values(document, name, owner, cost)
    path: Path = ("blocks", owner, "defaults", name) if owner else ("args", name)
    written = document.syntax.by_path.get(path)
    of = f"the block {visible(owner)}" if owner else "the network"
    lines = [f"`{visible(name)}`: an argument of {of}"]
    if name in BOUND:
        lines = [f"`{name}`: {BOUND[name].removeprefix('it ')}"]
    elif written is not None and len(document.syntax.source_of(written)) <= 200:
        lines.append(f"default `{visible(document.syntax.source_of(written), 200)}`")
    if values and network is not None:
        shown = values[:MAX_VALUES] + ["…"] * (len(values) > MAX_VALUES)
        lines.append(f"in {visible(network.net.name)}: {', '.join(shown)}")
    return "\n\n".join(lines)


def find_values(document: Document, name: str, owner: str, cost: LineCost | None) -> list[str]:
    """Return the values of an argument in the calls of its block, or of a line if it is given."""
    network = document.network
    if network is None:
        return []
    if not owner and name in network.net.graph.arguments:
        return [describe_value(network.net.graph.arguments[name])]
    found: dict[str, None] = {}
    costs = [cost] if cost is not None else [*network.line_costs.values()]
    for call in [call for one in costs for call in one.around]:
        if owner and call.block == owner and name in call.arguments:
            found[describe_value(call.arguments[name])] = None
    for node in [node for one in costs for node in one.nodes]:
        inside = not owner or node.call.block == owner
        for dynamic, scope in node.origins.values() if inside else ():
            if name in dynamic.names and (value := scope.get_or_unknown(name)) is not UNKNOWN:
                found[describe_value(value)] = None
    return [*found]
