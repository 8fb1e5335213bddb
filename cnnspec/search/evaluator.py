"""The measures of candidates: a spec is read once, and what candidates have in common kept.

What only needs totals is computed from totals. The whole graph is built where a measure needs it,
and for a candidate that is refused. A candidate that fails a condition is not measured further."""

from collections.abc import Sequence
from typing import Any

from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings, Measure
from cnnspec.analyses.comparison_selection import Condition
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.build import VariantRequest, build_candidate, open_spec, read_spec
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError, did_you_mean, visible
from cnnspec.search.candidates import BATCH, INPUT, Candidate, DesignSpace
from cnnspec.search.totals import SummedCosts, TotalsCache
from cnnspec.spec.scope import MAX_LINES
from cnnspec.units import GivenInput, Shape


class CandidateEvaluator:
    """Evaluates candidates of one network by their numbers. It can be pickled, without its caches.

    ``measures`` are computed for every candidate that meets all ``conditions``; conditions on
    totals are tried before the others. Raises SpecError or RequestError where the network itself
    cannot be built, or has no argument of a name in ``space``."""

    def __init__(
        self,
        name: str,
        space: DesignSpace,
        setting: ComparisonSettings,
        measures: Sequence[Measure] = (),
        conditions: Sequence[Condition] = (),
        fixed: dict[str, Any] | None = None,
        shape: GivenInput = None,
        max_lines: int = MAX_LINES,
    ):
        source, self.variant = open_spec(name)
        self.spec, self.reader = read_spec(source)
        self.space, self.setting, self.measures = space, setting, tuple(measures)
        self.fixed, self.shape, self.max_lines = fixed or {}, shape, max_lines
        self.early = [c for c in conditions if c.measure.from_totals]
        self.late = [c for c in conditions if not c.measure.from_totals]
        self.needs_graph = bool(self.late) or not all(m.from_totals for m in self.measures)
        self.empty_caches()
        native = self.build({}, shape)
        self.name, self.arguments = native.name, native.arguments
        self.check_names(name, [node.output for node in native.inputs])
        self.input = native.inputs[0].output

    def check_names(self, name: str, inputs: list[Shape]) -> None:
        """Raise RequestError for a name in the space that the network does not have."""
        known = [*self.arguments, INPUT, BATCH]
        for key in self.space.values:
            if key not in known:
                hint = did_you_mean(key, known, "it has " + ", ".join(known))
                raise RequestError(
                    f"{visible(key, 60)} is not an argument of {visible(name)}; {hint}"
                )
        if len(inputs) > 1 and INPUT in self.space.values:
            raise RequestError(f"{self.name} has several inputs, so that --input cannot vary")

    def empty_caches(self) -> None:
        """Start with nothing known of earlier candidates."""
        self.cache, self.totals = SpecCache(), TotalsCache(self.spec)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k not in ("cache", "totals")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.empty_caches()

    def evaluate(self, number: int) -> Candidate:
        """Evaluate the candidate of a number. One that the spec refuses has the reason."""
        settings = self.space.settings(number)
        given = dict(settings)
        size = None if INPUT in self.arguments else given.pop(INPUT, None)
        batch = None if BATCH in self.arguments else given.pop(BATCH, None)
        shape = self.shape if size is None else self.input_shape(size)
        setting = self.setting if batch is None else self.setting.replace(batch=batch)
        values: dict[str, Any] = {}
        subject: ComparedNetwork | None = None
        try:
            if self.early or not self.needs_graph:
                subject = ComparedNetwork(self.sum_candidate(given, shape), setting)
                for condition in self.early:
                    if not condition(subject):
                        return Candidate(number, settings, subject.found, failed=condition.text)
                values |= subject.found
            if self.needs_graph:
                subject = ComparedNetwork(NetworkCosts(self.build(given, shape)), setting)
                subject.found |= values
                for condition in self.late:
                    if not condition(subject):
                        return Candidate(number, settings, subject.found, failed=condition.text)
        except SpecError as error:
            first = error.problems[0]
            return Candidate(number, settings, {}, (first.rule, first.message))
        except RequestError as error:
            return Candidate(number, settings, {}, ("", str(error)))
        assert subject is not None
        return Candidate(number, settings, {m.key: subject.value(m.key) for m in self.measures})

    def sum_candidate(self, given: dict[str, Any], shape: GivenInput) -> NetworkCosts:
        """Return the totals of a candidate. Raises SpecError, RequestError."""
        if self.totals.possible:
            self.totals.used = 0
            try:
                return SummedCosts(self.build(given, shape, self.totals), self.totals)
            except SpecError:
                if not self.totals.used:
                    raise
        costs = NetworkCosts(self.build(given, shape))
        self.totals.possible = False  # something is read inside of a call, in every candidate
        return costs

    def build(
        self, settings: dict[str, Any], shape: GivenInput, totals: TotalsCache | None = None
    ) -> Graph:
        """Build the graph of a candidate. Raises SpecError, RequestError."""
        given = {**self.fixed, **settings}
        self.cache = self.cache.or_empty_if_large()
        wanted = VariantRequest(
            self.spec, self.reader, self.variant, given, shape, self.max_lines, self.cache
        )
        return build_candidate(wanted, totals)

    def input_shape(self, size: Any) -> Shape:
        """Return the shape of the input: a whole shape, or one size for every dimension."""
        if isinstance(size, tuple):
            return size
        return (self.input[0], *(size for _ in self.input[1:]))
