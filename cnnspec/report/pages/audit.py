"""audit.md: the errata of notes and papers, each with its correction; and for each source a page
with every claim."""

from cnnspec.analyses.audit.audit import audit, claim_files
from cnnspec.report.audit import markdown, tables
from cnnspec.report.audit.printed_tables import in_markdown
from cnnspec.report.audit.words import counted, outcome
from cnnspec.report.formats import markdown as escaped

INTRO = """\
# Audit of published figures

Course notes and papers print parameters, sizes, shapes and worked examples. Each is recomputed here from the specs,
and is **confirmed**, **refuted**, **ambiguous** (true in one reading of its words, false in another) or
**undecidable** (nothing here can know). A figure holds if it is the right one rounded as it is printed: 61M for
60,965,224; zeros before a suffix or at the end of a rounded number are not significant. Parameters are as at
inference, MACs leave out biases, "layers" are those with weights along the longest path, unless a line says otherwise.

For what is refuted, the slips that people make are tried: digits in the wrong order or mistyped, cut instead of
rounded, a channel or a bias forgotten, a row or a stride of a table slid down, K = 1024, auxiliary heads, 224 for 227,
a layer left out. One is named where it gives the printed figure; it does not make the figure right.

Where a figure stands with "(quoted)", the text of the paper was not at hand: the figure is as others quote it, and
below each table of such figures it is said who. Nothing is filled in from memory; what was not seen is listed. The
tables of the course notes with their corrections stand [on a page of their own](note_tables.md).
`cnnspec audit` prints the same, `cnnspec audit alexnet` what is said of one network."""


def pages(reports: str) -> dict[str, str]:
    """The list of errata, and a page for each source. Nothing of ``reports`` is read."""
    stems = list(claim_files())
    found = audit()
    links = [
        f"- [{escaped(a.title or a.name)}](audit/{stem}.md): {escaped(counted(a))}"
        for stem, a in zip(stems, found, strict=True)
    ]
    parts = [
        INTRO,
        escaped(outcome(found)) + ".",
        tables.summary(found, "markdown"),
        "Every claim, source by source:",
        "\n".join(links),
    ]
    parts += [markdown.source(a, False, 2) for a in found]
    made = {"audit.md": "\n\n".join(parts)}
    for stem, a in zip(stems, found, strict=True):
        back = (
            "[All sources](../audit.md). Each claim as the source has it, what comes out, and why."
        )
        every = [
            f"# {escaped(a.title or a.name)}",
            back,
            escaped(counted(a)) + ".",
            *markdown.unseen(a),
            tables.every(a, "markdown"),
        ]
        every += [markdown.worked(r, a) for r in a.rulings if r.cells]
        every += [
            f"{escaped(t.where)}, as"
            f" printed{'' if t.sound else ', with what is right in parentheses'}:\n\n{text}"
            for t, text in in_markdown(a)
        ]
        made[f"audit/{stem}.md"] = "\n\n".join(every)
    return made
