"""audit.md, audit/SOURCE.md and note_tables.md: published figures and tables, with corrections."""

from collections.abc import Iterator
from functools import cache

from cnnspec.analyses.audit.audit import AuditedSource, audit_sources, list_claim_files
from cnnspec.records import Record
from cnnspec.report.audit.printed_tables import render_markdown_printed_tables
from cnnspec.report.audit.render import (
    list_unread_parts,
    render_example_markdown,
    render_source_markdown,
)
from cnnspec.report.audit.tables import render_every_claim, render_summary
from cnnspec.report.audit.wording import summarize_audit, summarize_source
from cnnspec.report.formats import escape_markdown as escape

WIDTH = 100  # of a command on a page
INTRO = """\
# Audit of published figures

Course notes and papers print parameters, sizes, shapes and worked examples. cnnspec calculates each
of them from the specs and calls it **confirmed**, **truncated** (digits cut off instead of
rounded), **refuted**, **ambiguous** (true in one reading of its words, false in another) or
**undecidable** (nothing here can decide it). A figure holds if it is the exact one rounded as
printed: 61M for 60,965,224; zeros before a suffix or at the end of a rounded number are not
significant. Unless a line says otherwise, parameters are those at inference,
MACs do not include biases, and "layers" are those with weights along the longest path.

For a wrong figure, the usual mistakes are tried: digits swapped or mistyped, a channel or a bias
forgotten, a row or a stride taken from the next line of a table, K = 1024, auxiliary heads, 224 for
227, a layer left out. A mistake is named if it gives the printed figure; that does not make the
figure right.

"(quoted)" means that the text of the paper was not available: the figure is as others quote it, and
the source of the quotation is given below the table. Nothing is filled in from memory; what was not
seen is listed. The tables of the course notes with their corrections are
[on a page of their own](note_tables.md). `cnnspec audit` prints the same, `cnnspec audit alexnet`
only what concerns one network."""
NOTES_INTRO = """\
# The tables of the course notes

One command prints each of these tables, cell for cell. Wrong cells of the note are **in bold, with
the right value in parentheses**; the command prints the right value. With `--format`, every command
prints the table as Markdown, LaTeX (with booktabs), HTML, CSV or JSON. The cells as the notes print
them are in [specs/claims](../specs/claims); [the audit](audit.md) says how each error may have
arisen."""


class NoteTable(Record):
    """A table of a note: its file of claims, the slide, and the command that prints it."""

    source: str
    where: str
    command: str  # without cnnspec
    about: str


TABLES = (
    NoteTable(
        "note_002",
        "CNN-Example to calculate parameters",
        "table bird_cnn --preset activations --layout hwc",
        "Activation shape, activation size and parameters, layer by layer.",
    ),
    NoteTable(
        "note_002",
        "VGG Family Architecture Comparison",
        "compare vgg11 vgg11_lrn vgg13 vgg16_conv1 vgg16 vgg19 --set softmax=true --digits 3 "
        "--columns title,architecture,params",
        "The column of error rates is missing: they do not follow from the architecture.",
    ),
    NoteTable(
        "note_002",
        "Comparison",
        "compare alexnet googlenet inception_v3 vgg16 resnet18 resnet50 --columns"
        " title,depth,params,size --digits 3",
        "Layers are those with weights on the longest path; MB is 1,000,000 bytes, of 4 for a"
        " number.",
    ),
    NoteTable(
        "note_004",
        "Table 14-1. LeNet-5 architecture",
        "table lenet5_geron --preset architecture --reverse "
        "--columns layer,type,maps,size,kernel_size,stride,activation",
        "The table is read from the bottom up, which `--reverse` does.",
    ),
    NoteTable(
        "note_004",
        "Table 14-2. AlexNet architecture",
        "table alexnet_geron --preset architecture --reverse",
        "The note leaves out S8, the pooling before the dense layers, so its F8 and F9 are F9 and"
        " F10 here.",
    ),
)


@cache
def audit_all_sources() -> list[AuditedSource]:
    """The audit of every source, which several pages show."""
    return audit_sources()


def render_pages(reports: str) -> dict[str, str]:
    """The list of errata, a page for each source, and the tables of the notes.

    Reads nothing in ``reports``."""
    found = dict(zip(list_claim_files(), audit_all_sources(), strict=True))
    pages = {
        "audit.md": render_errata_page(found),
        "note_tables.md": render_note_tables_page(found),
    }
    return pages | {
        f"audit/{stem}.md": "\n\n".join(source_sections(source)) for stem, source in found.items()
    }


def render_errata_page(found: dict[str, AuditedSource]) -> str:
    """audit.md: counts, links to the pages of the sources, and the errata of each."""
    links = [
        f"- [{escape(source.title or source.name)}](audit/{stem}.md):"
        f" {escape(summarize_source(source))}"
        for stem, source in found.items()
    ]
    sources = [*found.values()]
    parts = [
        INTRO,
        escape(summarize_audit(sources)) + ".",
        render_summary(sources, "markdown"),
        "Every claim, source by source:",
        "\n".join(links),
    ]
    return "\n\n".join(parts + [render_source_markdown(source, False, 2) for source in sources])


def source_sections(source: AuditedSource) -> Iterator[str]:
    """The page of one source: every claim, the worked examples and the printed tables."""
    yield f"# {escape(source.title or source.name)}"
    yield (
        "[All sources](../audit.md). Each claim as the source prints it, the calculated value, and"
        " the reason for the verdict."
    )
    yield escape(summarize_source(source)) + "."
    yield from list_unread_parts(source)
    yield render_every_claim(source, "markdown")
    for ruling in source.rulings:
        if ruling.cells:
            yield render_example_markdown(ruling, source)
    for table, text in render_markdown_printed_tables(source):
        corrected = "" if table.sound else ", with the right values in parentheses"
        yield f"{escape(table.where)}, as printed{corrected}:\n\n{text}"


def render_note_tables_page(found: dict[str, AuditedSource]) -> str:
    """note_tables.md: the tables of the course notes, each with the command that prints it."""
    parts = [NOTES_INTRO]
    for table in TABLES:
        source = found[table.source]
        parts += [
            f"## {escape(table.where)}",
            f"{escape(source.title)}. {table.about}",
            f"```\n{break_command(f'cnnspec {table.command}')}\n```",
            *(
                text
                for printed, text in render_markdown_printed_tables(source)
                if printed.where == table.where
            ),
        ]
    return "\n\n".join(parts)


def break_command(command: str) -> str:
    """A command in one line, or in two lines of a shell where it is too long for a page."""
    return command if len(command) <= WIDTH else command.replace(" --columns", " \\\n    --columns")
