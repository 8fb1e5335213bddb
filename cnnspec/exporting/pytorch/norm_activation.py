"""The classes of layers that are followed by a normalization and an activation.

What all such layers of a file have in common, the class makes itself, so that calls are short."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from cnnspec.exporting.pytorch.layout import lay_out
from cnnspec.exporting.pytorch.operator_code import AFTER_FUNCTION, WrittenCall
from cnnspec.records import Record

GENERAL = '''class {name}({base}):
    """{title}, then a normalization and an activation."""

    def __init__(
        self,
        *args: Any,
        norm: nn.Module | None = None,
        activation: nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.norm = nn.Identity() if norm is None else norm
        self.activation = nn.Identity() if activation is None else activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.activation(self.norm({inner}))
        return x
'''
COMMON = '''class {name}({base}):
    """{title}."""

{signature}
        super().__init__(*args, **kwargs{bias})
{norm}{activation}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = {result}
        return x
'''
CHANNELS = (("in_channels", "out_channels"), ("in_features", "out_features"))
TextOf = Callable[[Any], str]


class CommonParts(Record):
    """What all layers of one class have in common, as source.

    ``norm`` is the normalization's call. ``bias`` is "" if it differs. ``activation`` is the
    activation's call, "" if layers give their own, or None if no layer has any; ``optional`` says
    that some layers have none."""

    norm: str
    bias: str
    activation: str | None
    optional: bool

    def shorten(self, call: WrittenCall) -> WrittenCall:
        """Return a call without the arguments that the class knows."""
        kept = [a for a in call.arguments if a[0] != "norm" and not (self.bias and a[0] == "bias")]
        if self.activation:
            kept = [a for a in kept if a[0] != "activation"]
            if self.optional and not any(a[0] == "activation" for a in call.arguments):
                kept.append(("activation", False, "True"))
        return call.replace(arguments=tuple(kept))

    def write(self, name: str, base: str) -> str:
        """Return the source of the class."""
        function = (self.activation or "").partition("(")[0]
        norm = self.norm.partition("(")[0]
        perhaps = "perhaps " if self.optional else ""
        title = f"{base}, then {norm}" + (f" and {perhaps}{function}" if function else "")
        argument, made, result = "", "", "self.norm(super().forward(x))"
        if self.activation is not None:
            result = f"self.activation({result})"
        if self.activation and self.optional:
            argument = "activation: bool = True, "
            made = f"{self.activation} if activation else nn.Identity()"
        elif self.activation:
            made = self.activation
        elif self.activation is not None:
            title += f" and {perhaps}an activation"
            argument = "activation: nn.Module | None = None, "
            made = "nn.Identity() if activation is None else activation"
        given = f"def __init__(self, *args: Any, {argument}**kwargs: Any) -> None:"
        return COMMON.format(
            name=name,
            base=base,
            title=title,
            signature="\n".join(lay_out(given, 4)),
            bias=f' | {{"bias": {self.bias}}}' if self.bias else "",
            norm="\n".join(lay_out(f"self.norm = {self.norm}", 8)),
            activation="\n".join(["", *lay_out(f"self.activation = {made}", 8)]) if made else "",
            result=result,
        )


def find_common_parts(calls: Sequence[tuple[WrittenCall, TextOf]]) -> CommonParts | None:
    """Return what calls of one class have in common; None where the normalizations differ.

    Each comes with the function that returns the text of one of its arguments."""
    channels = next((c for c in CHANNELS if has_arguments(calls[0][0], c)), None)
    norms: set[str] = set()
    activations: list[str] = []
    biases: set[str] = set()
    for call, text in calls:
        given = {name: value for name, value, _ in call.arguments}
        norm = given.get("norm")
        if channels is None or not isinstance(norm, WrittenCall) or not norm.arguments:
            return None
        first, *rest = [value for _, value, _ in norm.arguments]
        if text(first) != text(given[channels[1]]):
            return None
        written = text(norm).replace(f"({text(first)}", f"(self.{channels[1]}", 1)
        norms.add(written if all(is_literal(text(value)) for value in rest) else "")
        biases.add(text(given["bias"]) if "bias" in given else "")
        activations.append(text(given["activation"]) if "activation" in given else "")
    kinds = {*activations} - {""}
    if len(norms) > 1 or "" in norms or channels is None:
        return None
    known = len(kinds) == 1 and all(is_literal(part) for kind in kinds for part in words(kind))
    activation: str | None = "" if kinds else None
    if known:
        activation = kinds.pop()
    bias = biases.pop() if len(biases) == 1 else ""
    return CommonParts(
        norms.pop(),
        bias if bias == "False" else "",
        activation,
        "" in activations,
    )


def has_arguments(call: WrittenCall, names: tuple[str, str]) -> bool:
    """Tell whether a call's first arguments have some names."""
    return tuple(name for name, _, _ in call.arguments[:2]) == names


def is_literal(text: str) -> bool:
    """Tell whether a text is a number, a truth value or a quoted text."""
    return text in ("True", "False", "None") or text[:1] in "-'\"0123456789"


def words(call: str) -> Iterator[str]:
    """Yield the values of the arguments of a call's text."""
    inside = call.partition("(")[2].rstrip(")")
    for part in filter(None, inside.split(", ")):
        yield part.partition("=")[2] or part


def nested_calls(call: Any) -> Iterator[WrittenCall]:
    """Yield a call and the calls among its arguments."""
    if isinstance(call, WrittenCall):
        yield call
        for _, value, _ in call.arguments:
            yield from nested_calls(value)


def write_norm_activations(
    calls: Sequence[tuple[WrittenCall, TextOf]], bases: Collection[str]
) -> tuple[dict[str, CommonParts], list[str]]:
    """Return the common parts of classes by name, and the sources of all such classes.

    ``bases`` are the names of the file's own classes that they may have as bases."""
    grouped: dict[str, list[tuple[WrittenCall, TextOf]]] = {}
    for call, text in calls:
        if call.name.endswith(AFTER_FUNCTION):
            grouped.setdefault(call.name, []).append((call, text))
    common: dict[str, CommonParts] = {}
    sources: list[str] = []
    for name, found in grouped.items():
        base = name.removesuffix(AFTER_FUNCTION)
        parent = base if base in bases else f"nn.{base}"
        parts = find_common_parts(found) if base else None
        if not base:
            source = GENERAL.format(name=name, base="nn.Module", title="A function", inner="x")
        elif parts is None:
            inner = "super().forward(x)"
            source = GENERAL.format(name=name, base=parent, title=parent, inner=inner)
        else:
            common[name] = parts
            source = parts.write(name, parent)
        if "ConvTranspose" in parent:  # whose forward also takes the size of the output
            head = "def forward(self, x: torch.Tensor) -> torch.Tensor:"
            source = source.replace(head, f"{head}  # type: ignore[override]")
        sources.append(source)
    return common, sources
