"""Code actions: mend a finding, ignore a rule with a reason, and show another variant."""

import re
from collections.abc import Iterable, Iterator

from cnnspec.editor.diagnostics import Diagnostic
from cnnspec.editor.document import Document
from cnnspec.editor.positions import Position, Range, TextEdit
from cnnspec.editor.targets import find_target
from cnnspec.gate.findings import can_be_ignored
from cnnspec.records import Record

IGNORE = re.compile(r"(#\s*cnnspec:\s*ignore\s+)([^:]*?)(\s*(?::.*)?)$")
MEND, IGNORE_RULE, SHOW = "mend", "ignore", "show"


class CodeAction(Record):
    """What can be done at a place: its title, its kind (mend, ignore or show), and its edits.

    ``code`` is that of the finding. An action of kind show has no edits: it asks for the numbers of
    ``variant``."""

    title: str
    kind: str
    edits: tuple[TextEdit, ...] = ()
    code: str = ""
    variant: str = ""


def find_code_actions(
    document: Document, shown: Range, diagnostics: Iterable[Diagnostic], reason: str = ""
) -> list[CodeAction]:
    """Return what can be done in a range of the text; ``diagnostics`` are those of the text.

    An ignore comment gets the ``reason``. Without one it ignores nothing, and a finding asks for
    the reason."""
    found: dict[tuple[str, tuple[TextEdit, ...]], CodeAction] = {}
    near = [d for d in diagnostics if touches(d.range, shown)]
    actions = [a for d in near for a in mend_finding(d)]
    actions += [a for d in near for a in ignore_finding(document, d, reason)]
    for action in [*actions, *show_variant(document, shown.start)]:
        found.setdefault((action.title, action.edits), action)
    return [*found.values()]


def touches(one: Range, other: Range) -> bool:
    """Tell whether two ranges have a position in common."""

    def key(position: Position) -> tuple[int, int]:
        return position.line, position.character

    return key(one.start) <= key(other.end) and key(other.start) <= key(one.end)


def mend_finding(diagnostic: Diagnostic) -> Iterator[CodeAction]:
    """Yield the fixes of a finding."""
    for fix in diagnostic.fixes:
        yield CodeAction(f"{diagnostic.code}: {fix.title}", MEND, fix.edits, diagnostic.code)


def ignore_finding(document: Document, diagnostic: Diagnostic, reason: str) -> Iterator[CodeAction]:
    """Yield the action that ignores the rule of a finding on its line.

    The comment is put at the end of the line, or above it where the line has a comment."""
    code = diagnostic.code
    if not code or not can_be_ignored(code) or diagnostic.related:
        return
    lines, number = document.lines, diagnostic.range.start.line
    title = f"ignore {code} on this line, with a reason"
    for n in (number, number - 1):
        comment = IGNORE.search(lines.line(n))
        alone = comment is not None and not lines.line(n)[: comment.start()].strip()
        if comment is not None and (n == number or alone):
            place = lines.position(lines.starts[n] + comment.end(2))
            yield CodeAction(
                title, IGNORE_RULE, (TextEdit(Range(place, place), f", {code}"),), code
            )
            return
    written = lines.line(number)
    start = lines.starts[number]
    has_comment = any(start <= begin < lines.end(number) for begin, _ in document.syntax.comments)
    text = f"# cnnspec: ignore {code}: {reason}"
    if has_comment or document.is_inside_string(lines.end(number)):
        indent = written[: len(written) - len(written.lstrip())]
        place, text = lines.position(start), f"{indent}{text}\n"
    else:
        place, text = lines.position(start + len(written.rstrip())), f"  {text}"
    yield CodeAction(title, IGNORE_RULE, (TextEdit(Range(place, place), text),), code)


def show_variant(document: Document, position: Position) -> Iterator[CodeAction]:
    """Yield the action that shows the numbers of the variant at a position."""
    target = find_target(document, document.offset(position))
    network = document.network
    if target is None or target.kind != "variant" or network is None:
        return
    if target.name in network.spec.variants and target.name != network.net.name:
        yield CodeAction(f"show the numbers of {target.name}", SHOW, variant=target.name)
