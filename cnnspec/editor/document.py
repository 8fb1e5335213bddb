"""One version of a spec's text, and what is computed from it when it is first asked for.

While the text is broken, the network of the last good version answers."""

import os
from functools import cached_property

from cnnspec.editor.line_costs import LineCost, sum_lines
from cnnspec.editor.positions import Position, TextLines
from cnnspec.editor.syntax import Syntax
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.gate.files import is_spec_text
from cnnspec.graph.build import VariantRequest, build_variant, read_spec
from cnnspec.problems import RequestError, SpecError
from cnnspec.rules.rule import LintedNetwork
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.reader import KEYS
from cnnspec.spec.source import MAX_BYTES, Path, Source, read_source_inside
from cnnspec.spec.zoo import zoo_folder


class AnalyzedNetwork:
    """A network that was built from a text: its spec, its costs, and those of each line."""

    def __init__(self, spec: NetworkSpec, net: LintedNetwork, syntax: Syntax):
        self.spec, self.net, self.syntax = spec, net, syntax

    @cached_property
    def line_costs(self) -> dict[tuple[str, Path], LineCost]:
        """The costs of each line of the text, and of the files that it includes."""
        return sum_lines(self.net, self.spec)

    @cached_property
    def paths_by_identity(self) -> dict[tuple[Path, str], Path]:
        """The paths of the lines by what identifies a line in another version of the text."""
        found: dict[tuple[Path, str], Path] = {}
        for item in self.syntax.items:
            if is_line(item.path):
                found.setdefault(line_identity(self.syntax, item.path), item.path)
        return found


class Document:
    """One version of the text of a spec.

    ``path`` is the name of its file: included files are looked for in its folder. ``variant`` is
    the network that is shown, "" for the first. ``before`` is an earlier version, whose network
    answers while this text is broken, if one was computed then."""

    def __init__(
        self,
        text: str,
        path: str = "spec.toml",
        variant: str = "",
        before: "Document | None" = None,
    ):
        # Editors on Windows send these line ends; a position at the end of a line stays right.
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.path, self.variant = path, variant
        self.last_good = before.known_network if before is not None else None

    @cached_property
    def lines(self) -> TextLines:
        """The lines of the text."""
        return TextLines(self.text)

    @cached_property
    def syntax(self) -> Syntax:
        """The keys and values of the text, as far as they can be read."""
        return Syntax(self.text if len(self.text) <= MAX_BYTES else "")

    @cached_property
    def source(self) -> Source | SpecError:
        """The parsed text, or what is wrong with it."""
        try:
            return Source(self.path, self.text)
        except SpecError as error:
            return error

    @property
    def is_spec(self) -> bool:
        """Whether the text is a spec, or the beginning of one, or a file of blocks.

        An editor opens other TOML files too."""
        if is_spec_text(self.path, self.text.encode(errors="replace")):
            return True
        keys = {str(item.path[0]) for item in self.syntax.items}
        return bool(keys) and keys <= {*KEYS} and bool(keys & {"input", "layers", "blocks"})

    @property
    def may_be_spec(self) -> bool:
        """Whether the text is a spec or could become one, so that completion helps to write it."""
        top = [item for item in self.syntax.items if item.kind != "missing"]
        return self.is_spec or all(item.path[0] in KEYS for item in top)

    @cached_property
    def own_network(self) -> AnalyzedNetwork | None:
        """The network of this version; None where it has problems."""
        if isinstance(self.source, SpecError) or self.source.data.keys() <= {"blocks"}:
            return None
        try:
            spec, reader = read_spec(self.source)
            shown = self.variant if self.variant in spec.variants else ""
            graph = build_variant(VariantRequest(spec, reader, shown))
        except (SpecError, RequestError):
            return None
        return AnalyzedNetwork(spec, LintedNetwork(graph), self.syntax)

    @property
    def network(self) -> AnalyzedNetwork | None:
        """The network of this version or, while it is broken, of the last good one."""
        return self.own_network or self.last_good

    @property
    def known_network(self) -> AnalyzedNetwork | None:
        """The network as far as it was computed: the next version does not compute it for this."""
        own: AnalyzedNetwork | None = self.__dict__.get("own_network")
        return own or self.last_good

    @cached_property
    def included(self) -> dict[str, "Document"]:
        """The included files that can be read, by their paths."""
        folder, found = os.path.dirname(self.path), {}
        for item in self.syntax.values(("include",)):
            name = self.syntax.value_of(item)
            if os.path.isabs(name) or ".." in name.replace("\\", "/").split("/") or "\0" in name:
                continue
            for home in (folder, zoo_folder()):
                try:
                    source = read_source_inside(home, name)
                except SpecError:
                    break
                if source is not None:
                    found[source.name] = Document(source.text, source.name)
                    break
        return found

    def offset(self, position: Position) -> int:
        """Return the offset of a position in the text."""
        return self.lines.offset(position)

    def is_inside_string(self, offset: int) -> bool:
        """Tell whether an offset is inside a string of several lines."""
        return any(
            item.kind == "text" and item.span[0] < offset < item.span[1]
            for item in self.syntax.items
        )

    def line_cost(self, path: Path) -> LineCost | None:
        """Return the costs of the line at a path of this text; None where they are not known."""
        network, good = self.network, self.good_path(path)
        if network is None or good is None:
            return None
        return network.line_costs.get((network.spec.source.name, good))

    def good_path(self, path: Path) -> Path | None:
        """Return the path that a line of this text has in the text of the network."""
        network = self.network
        if network is None:
            return None
        if network is self.own_network:
            return path
        return network.paths_by_identity.get(line_identity(self.syntax, path))


def line_identity(syntax: Syntax, path: Path) -> tuple[Path, str]:
    """Return the list that a line is in, and its name as it is written."""
    return path[:-1], syntax.string_at((*path, "name")) or f"line {path[-1]}"


def is_line(path: Path) -> bool:
    """Tell whether a path is that of a line in the list of the network or of a block."""
    lists = path[:-1] == ("layers",) or (
        len(path) == 4 and path[0] == "blocks" and path[2] == "layers"
    )
    return lists and isinstance(path[-1], int)


def line_path(path: Path) -> Path | None:
    """Return the path of the line that the value at ``path`` is in, or None."""
    return next((path[:n] for n in (2, 4) if len(path) >= n and is_line(path[:n])), None)


def find_line_items(syntax: Syntax) -> list[SyntaxItem]:
    """Return the items of all lines, in the order of the text."""
    return [item for item in syntax.items if item.kind == "inline" and is_line(item.path)]
