"""Diagnostics: the findings of ``cnnspec check`` with their ranges and fixes."""

from collections.abc import Generator

from cnnspec.editor.document import Document
from cnnspec.editor.fixes import Fix, find_fixes, find_span
from cnnspec.editor.positions import Location, Position, Range, TextLines
from cnnspec.gate.check import CheckedFile, check_in_steps, report_unreadable
from cnnspec.gate.config import Config, load_config
from cnnspec.gate.findings import Finding
from cnnspec.problems import RequestError, SpecError, Where, visible
from cnnspec.records import Record
from cnnspec.spec.scope import MAX_LINES


class Related(Record):
    """A place in another file that a diagnostic is about, and what is wrong there."""

    location: Location
    message: str


class Diagnostic(Record):
    """A finding as an editor shows it.

    ``severity`` is error, warning or advice; ``help`` says what would mend it; ``networks`` are
    those that have it, empty for a problem of the whole file."""

    range: Range
    severity: str
    code: str
    message: str
    help: str = ""
    networks: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    related: tuple[Related, ...] = ()


def find_diagnostics(
    document: Document, config: Config | None = None, max_lines: int = MAX_LINES
) -> list[Diagnostic]:
    """Return the findings that ``cnnspec check`` has about a text: all variants, all rules.

    Without ``config`` the settings are those of the pyproject.toml above the document's path."""
    steps = find_diagnostics_in_steps(document, config, max_lines)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: list[Diagnostic] = done.value
            return found


def find_diagnostics_in_steps(
    document: Document, config: Config | None = None, max_lines: int = MAX_LINES
) -> Generator[None, None, list[Diagnostic]]:
    """Return what :func:`find_diagnostics` returns, and yield after each step.

    So a language server can answer other requests in between, or stop."""
    own: list[Diagnostic] = []
    if config is None:
        try:
            config = load_config(document.path, {})
        except RequestError as error:
            start = Range(Position(0, 0), Position(0, 0))
            own, config = [Diagnostic(start, "warning", "", visible(error, 1000))], Config()
    try:
        checked = yield from check_document(document, config, max_lines)
    except RequestError as error:  # an operator of an installed package is not right
        start = Range(Position(0, 0), Position(0, 0))
        return [*own, Diagnostic(start, "error", "", visible(error, 1000))]
    reported = [finding for finding in checked.findings if not finding.ignore_reason]
    return own + [make_diagnostic(document, finding) for finding in reported]


def check_document(
    document: Document, config: Config, max_lines: int
) -> Generator[None, None, CheckedFile]:
    """Check the text of a document, and yield after each step. Raises RequestError."""
    source = document.source
    if isinstance(source, SpecError):
        return report_unreadable(document.path, source)
    return (yield from check_in_steps(source, "", config, max_lines))


def make_diagnostic(document: Document, finding: Finding) -> Diagnostic:
    """Return the diagnostic of a finding; one in another file is shown where that is included."""
    problem = finding.problem
    where, message = problem.where, problem.message
    if problem.calls:
        message += f" (in {problem.calls[0]})"
    if where.file != document.path:
        related = Related(Location(where.file, place_range(where)), problem.message)
        return Diagnostic(
            find_include(document, where.file),
            finding.severity,
            problem.rule,
            f"{where}: {message}",
            problem.hint,
            finding.networks,
            related=(related,),
        )
    shown = document.lines.range(find_span(document, document.lines.offset_of(where)))
    fixes = find_fixes(document, problem)
    return Diagnostic(
        shown, finding.severity, problem.rule, message, problem.hint, finding.networks, fixes
    )


def place_range(where: Where) -> Range:
    """Return the range of one character at a place in a file that is not open."""
    line, column = max(where.line - 1, 0), max(where.column - 1, 0)
    return Range(Position(line, column), Position(line, column + 1))


def find_include(document: Document, path: str) -> Range:
    """Return the range of the name by which a text includes a file; else of its first line."""
    names = [*document.syntax.values(("include",))]
    for name, item in zip(document.included, names, strict=False):
        if name == path:
            return document.lines.range(item.span)
    lines: TextLines = document.lines
    return lines.range((0, lines.end(0)))
