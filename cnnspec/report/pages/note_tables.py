"""note_tables.md: the tables of the course notes, each with the command that prints it and with its
corrections."""

from cnnspec.analyses.audit.audit import Audited, audit
from cnnspec.records import Record
from cnnspec.report.audit.printed_tables import in_markdown
from cnnspec.report.formats import markdown


class NoteTable(Record):
    """A table of a note: the file of claims that has its cells, the slide, and the words after
    ``cnnspec``."""

    source: str
    where: str
    command: str
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
        "The column of error rates is not there: what a network makes of images follows from no"
        " sheet.",
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
        "It reads bottom up, which `--reverse` does.",
    ),
    NoteTable(
        "note_004",
        "Table 14-2. AlexNet architecture",
        "table alexnet_geron --preset architecture --reverse",
        "The note leaves out S8, the pooling before the dense layers, so its F8 and F9 are F9 and"
        " F10 here.",
    ),
)
WIDTH = 100
INTRO = """\
# The tables of the course notes

Each of these tables comes out of one command, cell for cell; what the note has wrong stands **in bold, with what is
right in parentheses**, and the command prints what is right. `--format` of every command gives the table as Markdown,
LaTeX (with booktabs), HTML, CSV or JSON. The cells that the notes print are in
[specs/claims](../specs/claims); [the audit](audit.md) says how each error may have come about."""


def pages(reports: str) -> dict[str, str]:
    """The page. Nothing of ``reports`` is read."""
    parts = [INTRO]
    found = {source: audit([source])[0] for source in dict.fromkeys(t.source for t in TABLES)}
    for table in TABLES:
        of = found[table.source]
        parts += [
            f"## {markdown(table.where)}",
            f"{markdown(of.title)}. {table.about}",
            f"```\n{broken(f'cnnspec {table.command}')}\n```",
            *printed(of, table.where),
        ]
    return {"note_tables.md": "\n\n".join(parts)}


def broken(command: str) -> str:
    """A command that is too long for a page, in two lines of a shell."""
    return command if len(command) <= WIDTH else command.replace(" --columns", " \\\n    --columns")


def printed(audited: Audited, where: str) -> list[str]:
    """What the source prints there, its wrong cells marked."""
    return [text for t, text in in_markdown(audited) if t.where == where]
