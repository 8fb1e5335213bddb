"""A Darknet cfg file as a source of an import."""

import re

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.darknet.darknet_sections import (
    HEADS,
    RULES,
    SKIPPED,
    CfgSection,
    DarknetTracer,
)
from cnnspec.importing.formats.model_file import FileTrace, ModelFile
from cnnspec.problems import RequestError, visible
from cnnspec.units import Shape

NET = ("net", "network")
MOST_BYTES = 16 << 20
LEFT_OUT = "Sections that only prepare images or compute a loss are left out"


class DarknetFile(ModelFile):
    """A Darknet cfg file. ``net`` is its first section."""

    format = "Darknet"

    def __init__(self, path: str, title: str):
        super().__init__(path, title)
        self.net, *self.sections = read_sections(path)

    @property
    def origin(self) -> str:
        return "Darknet cfg file"

    def input_shapes(self) -> tuple[Shape | None, ...]:
        try:
            sizes = [self.net.integer(n, 0) for n in ("channels", "height", "width")]
        except UnsupportedCall as error:
            raise RequestError(f"{visible(self.path)}: {self.net.place}: {error}") from None
        shape = (sizes[0] or 3, *sizes[1:])
        return (shape if all(n > 0 for n in shape) else None,)

    def trace(self, shapes: tuple[Shape, ...], training: bool = False) -> FileTrace:
        if len(shapes) != 1 or len(shapes[0]) != 3:
            raise RequestError("a network of Darknet has one input, such as 3,416,416")
        tracer = DarknetTracer(training)
        tracer.values.append(tracer.writer.input(shapes[0]))
        complaints: list[str] = []
        complete, skipped = -1, set()
        for section in self.sections:
            tracer.writer.source = section.place
            before = tracer.values[-1]
            try:
                if section.kind in SKIPPED:
                    skipped.add(f"[{section.kind}]")
                    found: Value | None = before
                elif section.kind not in RULES:
                    raise UnsupportedCall("no operator does this")
                else:
                    found = RULES[section.kind](tracer, section) if before else None
            except UnsupportedCall as error:
                complaints.append(f"{section.place}: [{section.kind}]: {error}")
                complete = len(tracer.writer.calls) if complete < 0 else complete
                found = None
            if section.kind in HEADS and found is not None:
                tracer.outputs.append(found)
            tracer.values.append(found)
        outputs = tracer.outputs or [v for v in tracer.values[-1:] if v is not None]
        run = tracer.writer.run(outputs)
        notes = (f"{LEFT_OUT}: {', '.join(sorted(skipped))}.",) if skipped else ()
        end = len(run.calls) if complete < 0 else complete
        return FileTrace(run, tracer.writer.parameters, tuple(complaints), end, notes)


def looks_like_darknet(head: str) -> bool:
    """Tell whether a text begins with a [net] section."""
    lines = [line.strip() for line in head.splitlines()]
    first = next((line for line in lines if line and line[0] not in "#;"), "")
    return first in [f"[{name}]" for name in NET]


def read_sections(path: str) -> list[CfgSection]:
    """Read the sections of a cfg file. Raises RequestError."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(MOST_BYTES)
    except OSError as error:
        raise RequestError(f"{visible(path)} cannot be read: {error.strerror}") from None
    found: list[CfgSection] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line or line.startswith(";"):
            continue
        if match := re.fullmatch(r"\[(\w+)\]", line):
            found.append(CfgSection(match[1], number, {}))
            continue
        key, sign, value = line.partition("=")
        if not sign or not found:
            shown = visible(line, 60)
            raise RequestError(
                f"{visible(path)}:{number}: {shown!r} is neither [section] nor key=value"
            )
        found[-1].settings[key.strip()] = value.strip()
    if len(found) < 2 or found[0].kind not in NET:
        raise RequestError(f"{visible(path)} has no [net] section with layers after it")
    return found
