"""Compare two versions of a spec, or two similar specs, network by network."""

from collections.abc import Callable
from typing import Any

from cnnspec.analyses.diff.description import NetworkDescription, describe_network
from cnnspec.analyses.diff.network_diff import Diff, diff_networks
from cnnspec.graph.build import VariantRequest, build_variant, open_spec, read_spec
from cnnspec.graph.model import Graph
from cnnspec.records import Record
from cnnspec.spec.scope import MAX_LINES
from cnnspec.units import GivenInput


class FamilyDiff(Record):
    """The diffs of the networks in both specs, by name, and the names that only one spec has."""

    diffs: dict[str, Diff]
    inserted: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def equal(self) -> bool:
        return not self.inserted and not self.removed and not self.changed

    @property
    def changed(self) -> list[str]:
        """The networks that differ."""
        return [name for name, found in self.diffs.items() if not found.equal]


class NamedNetworks:
    """The networks that a name stands for: one network, or all of a file or family."""

    def __init__(self, name: str):
        """Read the spec. Raises SpecError, RequestError."""
        source, self.variant = open_spec(name)
        self.spec, self.notes = read_spec(source)
        self.names = [] if self.variant else list(self.spec.variants)

    def describe(
        self,
        name: str,
        settings: dict[str, Any],
        input_shape: GivenInput,
        max_lines: int,
        strict_input: bool,
        built: Callable[[Graph], object] | None,
    ) -> NetworkDescription:
        """Describe one of the networks, whose graph ``built`` gets.

        "" is the network that the name stands for. Raises SpecError, RequestError."""
        chosen = name or self.variant
        wanted = VariantRequest(self.spec, self.notes, chosen, settings, input_shape, max_lines)
        graph = build_variant(wanted, strict_input)
        if built is not None:
            built(graph)
        return describe_network(graph)


def diff_specs(
    before: str,
    after: str,
    settings: dict[str, Any] | None = None,
    input_shape: GivenInput = None,
    max_lines: int = MAX_LINES,
    strict_input: bool = False,
    built: Callable[[Graph], object] | None = None,
) -> Diff | FamilyDiff:
    """Compare two specs: all common networks if both names stand for files, else one network.

    ``built`` gets each graph. Raises SpecError, RequestError."""
    old, new = NamedNetworks(before), NamedNetworks(after)
    given = settings or {}, input_shape, max_lines, strict_input, built
    common = [name for name in new.names if name in old.names]
    if not common or len(old.names) == len(new.names) == 1:
        return diff_networks(old.describe("", *given), new.describe("", *given))
    return FamilyDiff(
        {
            name: diff_networks(old.describe(name, *given), new.describe(name, *given))
            for name in common
        },
        tuple([name for name in new.names if name not in common]),
        tuple([name for name in old.names if name not in common]),
    )
