"""Whether the published figures that stand in a spec hold: its ``[[claims]]``, each about one of
its variants."""

from collections.abc import Iterator

from cnnspec.analyses.audit.decide import rule
from cnnspec.analyses.audit.printed import printed
from cnnspec.analyses.audit.subject import Sheets
from cnnspec.analyses.audit.verdict import REFUTED, Ruling
from cnnspec.gate.config import Config
from cnnspec.graph.model import Graph
from cnnspec.problems import Problem, RequestError, SpecError, visible
from cnnspec.spec.model import NetworkSpec


def check_claims(graph: Graph, spec: NetworkSpec, config: Config) -> Iterator[Problem]:
    """What is wrong with the claims about one network: refuted ones, and errata that are none."""
    first = next(iter(spec.variants), "")
    own = {graph.name: graph} | ({"": graph} if not spec.variants or graph.name == first else {})
    sheets, rulings = Sheets(own, spec.source.name), list[Ruling]()
    for claim in spec.claims:
        variant = claim.subject.variant
        if spec.variants and (variant or first) != graph.name:
            continue
        where = claim.source.where(claim.path)
        try:
            ruling = rule(claim, sheets, rulings)
        except (RequestError, SpecError) as error:
            yield Problem(where, "C002", str(error).partition("\n")[0])
            continue
        rulings.append(ruling)
        if ruling.surprising:
            yield (
                refuted(ruling, graph)
                if ruling.verdict == REFUTED
                else Problem(
                    where,
                    "C003",
                    f"the claim is marked as an erratum, but it is {ruling.verdict}: {ruling.why}",
                    "take errata out",
                )
            )


def refuted(ruling: Ruling, graph: Graph) -> Problem:
    """What is said of a claim that does not hold: what comes out, and the slip where one is
    found."""
    claim = ruling.claim
    figure = printed(claim.value)
    value = (
        visible(figure.text if figure else claim.value, 60)
        if claim.value is not None
        else "what is printed"
    )
    what = f"{claim.quantity} of {visible(graph.name)}" if claim.quantity else "the claim"
    hint = (
        f"{value}: {ruling.slips[0].words}"
        if ruling.slips
        else ("mend the figure or the network; if the source is wrong, errata = true says so")
    )
    return Problem(
        claim.source.where(claim.path), "C001", f"{what} is {ruling.why}, not {value}", hint
    )
