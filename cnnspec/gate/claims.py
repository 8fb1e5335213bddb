"""Check the published figures in a spec: its ``[[claims]]``, each about one of its variants."""

from collections.abc import Iterator

from cnnspec.analyses.audit.audit import rule_claim
from cnnspec.analyses.audit.claimed_network import ClaimedNetworks
from cnnspec.analyses.audit.printed_figures import parse_figure
from cnnspec.analyses.audit.ruling import REFUTED, Ruling
from cnnspec.gate.config import Config
from cnnspec.graph.model import Graph
from cnnspec.problems import Problem, RequestError, SpecError, visible
from cnnspec.spec.model import NetworkSpec


def check_claims(graph: Graph, spec: NetworkSpec, config: Config) -> Iterator[Problem]:
    """Return a problem for each wrong claim about a network, and for each wrong erratum."""
    first = next(iter(spec.variants), "")
    own = {graph.name: graph} | ({"": graph} if not spec.variants or graph.name == first else {})
    networks, rulings = ClaimedNetworks(own, spec.source.name), list[Ruling]()
    for claim in spec.claims:
        variant = claim.subject.variant
        if spec.variants and (variant or first) != graph.name:
            continue
        where = claim.source.where(claim.path)
        try:
            ruling = rule_claim(claim, networks, rulings)
        except (RequestError, SpecError) as error:
            yield Problem(where, "C002", str(error).partition("\n")[0])
            continue
        rulings.append(ruling)
        if ruling.surprising and ruling.verdict == REFUTED:
            yield report_refuted(ruling, graph)
        elif ruling.surprising:
            message = f"the claim is marked as an erratum, but is {ruling.verdict}: {ruling.why}"
            yield Problem(where, "C003", message, "remove errata")


def report_refuted(ruling: Ruling, graph: Graph) -> Problem:
    """Return the problem of a wrong claim, with the mistake behind it if it is known."""
    claim = ruling.claim
    figure = parse_figure(claim.value)
    value = "what is printed"
    if claim.value is not None:
        value = visible(figure.text if figure else claim.value, 60)
    what = f"{claim.quantity} of {visible(graph.name)}" if claim.quantity else "the claim"
    hint = "correct the figure or the network; if the source is wrong, set errata = true"
    if ruling.mistakes:
        hint = f"{value}: {ruling.mistakes[0].words}"
    message = f"{what} is {ruling.why}, not {value}"
    return Problem(claim.source.where(claim.path), "C001", message, hint)
