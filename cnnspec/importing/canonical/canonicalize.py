"""Make an imported graph of the flat calls of a model in inference and in training."""

from math import inf

from cnnspec.analyses.flat_calls import FlatRun
from cnnspec.importing.canonical.merge_modes import ModesDiffer, merge_modes
from cnnspec.importing.canonical.name_attention import name_attention
from cnnspec.importing.canonical.rolls import cancel_rolls
from cnnspec.importing.canonical.simplify import NodeList, drop_unread, simplify
from cnnspec.importing.canonical.translate import translate_run
from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode
from cnnspec.problems import RequestError, visible
from cnnspec.units import Shape, format_plural

MOST_SHOWN = 20
NO_OUTPUT = "the model returns no tensor that depends on its input"


class UnsupportedModel(RequestError):
    """A model with calls that no operator can express; ``calls`` has a line for each."""

    def __init__(self, calls: tuple[str, ...]):
        self.calls = calls
        shown = "\n".join(f"  {visible(line, 300)}" for line in calls[:MOST_SHOWN])
        more = f"\n  and {len(calls) - MOST_SHOWN} more" if len(calls) > MOST_SHOWN else ""
        count = format_plural(len(calls), "call")
        super().__init__(f"{count} of the model cannot be written in a spec:\n{shown}{more}")


def describe_infinite(node: ImportedNode) -> str:
    """Return the line for a padding with minus infinity that no max pool reads."""
    at = f" ({node.source})" if node.source else ""
    path = node.calls[-1].path if node.calls else ""
    return f"{path or 'the model'}: pad{at}: it pads with -inf, as only max pools do by themselves"


def canonicalize(
    name: str,
    title: str,
    origin: str,
    inference: FlatRun,
    training: FlatRun,
    parameters: dict[str, Shape],
    notes: tuple[str, ...] = (),
    initial: dict[str, float] | None = None,
) -> ImportedGraph:
    """Return the imported graph of a model, of which both runs and the parameters are given.

    ``initial`` are the values of the parameters whose elements are equal.

    Raises UnsupportedModel with all calls that no operator can express."""
    runs = [translate_run(run, parameters, initial) for run in (inference, training)]
    complaints = [str(c) for run in runs for c in run.complaints]
    if complaints:
        raise UnsupportedModel(tuple(dict.fromkeys(complaints)))
    try:
        merged, count = merge_modes(*[NodeList(run.nodes, run.outputs) for run in runs])
    except ModesDiffer as error:
        raise UnsupportedModel((str(error),)) from None
    if not merged.outputs:
        raise UnsupportedModel((NO_OUTPUT,))
    merged = drop_unread(name_attention(cancel_rolls(simplify(merged))))
    if infinite := [
        node for node in merged.nodes if node.kind == "pad" and node.fields.get("value") == -inf
    ]:
        raise UnsupportedModel(tuple(map(describe_infinite, infinite)))
    used = {weight for node in merged.nodes for weight in node.weights}
    unused = [name for name in parameters if name not in used]
    if unused:
        more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
        notes = (*notes, f"Parameters that no layer uses: {', '.join(unused[:3])}{more}.")
    return ImportedGraph(name, title, origin, merged.nodes, merged.outputs[:count], notes=notes)
