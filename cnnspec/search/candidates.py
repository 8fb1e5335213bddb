"""Candidates: settings of one spec, its input and the batch; and what each of them costs.

The spec is read once. A candidate that the spec refuses has the reason instead of costs."""

from collections.abc import Iterator
from itertools import islice, product
from math import prod
from random import Random
from typing import Any

from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.build import build_candidate, open_spec, read_spec
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.scope import MAX_LINES
from cnnspec.units import GivenInput, Shape

INPUT, BATCH = "input", "batch"  # names that set the size of the input and the batch
MOST_CANDIDATES = 1_000_000


class Candidate(Record):
    """One setting of a spec. ``refused`` says why the spec cannot have it: a rule, and a message.

    ``subject`` has the measures of :mod:`cnnspec.analyses.comparison`; None if it is refused."""

    settings: dict[str, Any]
    subject: ComparedNetwork | None
    refused: tuple[str, str] = ("", "")


class DesignSpace(Record):
    """The values of each argument that varies; ``input`` are sizes of the input or shapes."""

    values: dict[str, tuple[Any, ...]]

    @property
    def size(self) -> int:
        """The number of candidates of the whole grid."""
        return prod(map(len, self.values.values()))

    def grid(self) -> Iterator[dict[str, Any]]:
        """Iterate over all settings; the last argument varies fastest."""
        for chosen in product(*self.values.values()):
            yield dict(zip(self.values, chosen, strict=True))

    def sample(self, count: int, seed: int) -> Iterator[dict[str, Any]]:
        """Draw ``count`` different settings at random, or the whole grid if it has no more."""
        if count >= self.size:
            yield from self.grid()
            return
        for number in sorted(Random(seed).sample(range(self.size), count)):
            chosen = []
            for values in reversed(self.values.values()):
                number, i = divmod(number, len(values))
                chosen.append(values[i])
            yield dict(zip(self.values, reversed(chosen), strict=True))


class CandidateEvaluator:
    """Evaluates settings of one network, whose spec it reads once.

    Raises SpecError or RequestError where the network itself cannot be built, or has no argument
    of a name in ``space``."""

    def __init__(
        self,
        name: str,
        space: DesignSpace,
        setting: ComparisonSettings,
        fixed: dict[str, Any] | None = None,
        shape: GivenInput = None,
        max_lines: int = MAX_LINES,
    ):
        source, self.variant = open_spec(name)
        self.spec, self.reader = read_spec(source)
        self.cache, self.setting = SpecCache(), setting
        self.fixed, self.shape, self.max_lines = fixed or {}, shape, max_lines
        native = self.build({}, shape)
        self.name, self.arguments = name, native.arguments
        known = [*self.arguments, INPUT, BATCH]
        for key in space.values:
            if key not in known:
                listed = "it has " + ", ".join(known)
                raise RequestError(
                    f"{visible(key, 60)} is not an argument of {visible(name)}; "
                    + did_you_mean(key, known, listed)
                )
        if len(native.inputs) > 1 and INPUT in space.values:
            raise RequestError(f"{native.name} has several inputs, so that --input cannot vary")
        self.input = native.inputs[0].output

    def build(self, settings: dict[str, Any], shape: GivenInput) -> Graph:
        given = {**self.fixed, **settings}
        self.cache = self.cache.or_empty_if_large()
        return build_candidate(
            self.spec, self.reader, self.variant, given, shape, self.max_lines, self.cache
        )

    def evaluate(self, settings: dict[str, Any]) -> Candidate:
        """Build one candidate. A candidate that the spec refuses has the reason."""
        given = dict(settings)
        size = None if INPUT in self.arguments else given.pop(INPUT, None)
        batch = None if BATCH in self.arguments else given.pop(BATCH, None)
        shape = self.shape if size is None else self.input_shape(size)
        setting = self.setting if batch is None else self.setting.replace(batch=batch)
        try:
            graph = self.build(given, shape)
        except SpecError as error:
            first = error.problems[0]
            return Candidate(settings, None, (first.rule, first.message))
        except RequestError as error:
            return Candidate(settings, None, ("", str(error)))
        return Candidate(settings, ComparedNetwork(NetworkCosts(graph), setting))

    def input_shape(self, size: Any) -> Shape:
        """Return the shape of the input: a whole shape, or one size for every dimension."""
        if isinstance(size, tuple):
            return size
        return (self.input[0], *(size for _ in self.input[1:]))


def choose_settings(
    space: DesignSpace, sample: int | None = None, seed: int = 0
) -> tuple[Iterator[dict[str, Any]], int]:
    """Return the settings to evaluate, and how many these are: all, or a sample.

    Raises RequestError for more than MOST_CANDIDATES."""
    count = space.size if sample is None else min(sample, space.size)
    if count > MOST_CANDIDATES:
        raise RequestError(
            f"that are {count:,} candidates, and at most {MOST_CANDIDATES:,} can be tried; give"
            " larger steps, or --sample N"
        )
    chosen = space.grid() if sample is None else space.sample(sample, seed)
    return islice(chosen, count), count
