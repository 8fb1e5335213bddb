"""Check that a model takes as many inputs as it is given, before it runs."""

from inspect import Parameter, signature

from torch import nn

from cnnspec.problems import RequestError
from cnnspec.units import format_plural

BY_PLACE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def check_inputs(model: nn.Module, count: int) -> None:
    """Raise RequestError if a model's ``forward`` cannot be called with this number of inputs."""
    try:
        parameters = signature(model.forward).parameters.values()
    except (TypeError, ValueError):  # it has no signature: the run shows what it takes
        return
    places = [p for p in parameters if p.kind in BY_PLACE]
    needed = [p.name for p in places if p.default is Parameter.empty]
    given = "1 is given" if count == 1 else f"{count} are given"
    if len(needed) > count:
        raise RequestError(
            f"the model needs {format_plural(len(needed), 'input')} ({', '.join(needed)}), and"
            f" {given}: give --input C,H,W once for each of them, in this order"
        )
    if len(places) < count and not any(p.kind is Parameter.VAR_POSITIONAL for p in parameters):
        raise RequestError(
            f"the model takes {format_plural(len(places), 'input')}, and {given}:"
            " give --input C,H,W once for each input of the model"
        )
    keywords = [
        p.name
        for p in parameters
        if p.kind is Parameter.KEYWORD_ONLY and p.default is Parameter.empty
    ]
    if keywords:
        raise RequestError(
            f"the model needs the keyword {keywords[0]!r}, and an import gives inputs by their"
            " places: wrap the model in a module whose forward takes inputs alone"
        )
