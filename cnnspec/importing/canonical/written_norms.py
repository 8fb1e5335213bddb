"""Name the layer and RMS norms that a model writes out as means, squares and roots.

A layer norm is (x - u) / sqrt(mean of (x - u)^2 + eps) * weight + bias with u the mean of x, as in
ConvNeXt's own LayerNorm and in SAM's; an RMS norm is x * rsqrt(mean of x^2 + eps) * weight."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, FlatRun, Value, Weight
from cnnspec.importing.canonical.graph_builder import ImportBuilder
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.norms import scale_normalized
from cnnspec.importing.canonical.views import Rule, list_dims
from cnnspec.importing.canonical.written_calls import WrittenCalls, fits

LAYER, RMS = "written_layer_norm", "written_rms_norm"


class WrittenNorms(WrittenCalls):
    """Finds the norms that are written out in a run."""

    def read_mean(self, value: Any) -> tuple[Any, int]:
        """Return what a value is the mean of, and over which dimension. Raises LookupError."""
        given = self.made_by(value, "mean").arguments
        return given["self"], self.read_dim(given)

    def read_dim(self, given: dict[str, Any]) -> int:
        """Return the one dimension that a reduction keeps as one. Raises LookupError."""
        dims = list_dims(given.get("dim"), len(given["self"].shape))
        if len(dims) != 1 or dims[0] == 0 or not given.get("keepdim"):
            raise LookupError
        return dims[0]

    def read_difference(self, value: Any) -> tuple[Any, int]:
        """Return x and the dimension of x - mean of x. Raises LookupError."""
        given = self.made_by(value, "sub").arguments
        x, dim = self.read_mean(given["other"])
        if x != given["self"] or given.get("alpha", 1) != 1:
            raise LookupError
        return x, dim

    def read_variance(self, value: Any) -> tuple[Any, int]:
        """Return x and the dimension of the variance of x. Raises LookupError."""
        if isinstance(value, Value) and self.run.calls[value.call].name == "var":
            given = self.made_by(value, "var").arguments
            corrected = given.get("unbiased", given.get("correction", 1))
            if corrected not in (0, False):
                raise LookupError
            return given["self"], self.read_dim(given)
        squares, dim = self.read_mean(value)
        x, same = self.read_difference(self.read_square(squares))
        if same != dim:
            raise LookupError
        return x, dim

    def read_root(self, call: FlatCall) -> tuple[Any, Any, float]:
        """Return n, v and eps where a call is n / sqrt(v + eps). Raises LookupError."""
        name, given = call.name.removesuffix("_"), call.arguments
        if name not in ("div", "mul") or given.get("rounding_mode"):
            raise LookupError
        root = self.made_by(given["other"], "sqrt" if name == "div" else "rsqrt")
        variance, eps = self.read_number(root.arguments["self"], "add")
        return given["self"], variance, eps

    def read_norm(self, call: FlatCall) -> tuple[str, dict[str, Any]]:
        """Return the name and the arguments of the norm that a call ends. Raises LookupError."""
        top, variance, eps = self.read_root(call)
        marked = set(self.inner)
        try:
            x, dim = self.read_difference(top)
            if (x, dim) != self.read_variance(variance):
                raise LookupError
            return LAYER, {"self": x, "dim": dim, "eps": eps}
        except LookupError:
            self.inner = marked
        squares, dim = self.read_mean(variance)
        if self.read_square(squares) != top:
            raise LookupError
        return RMS, {"self": top, "dim": dim, "eps": eps}

    def find_affine(self, index: int, name: str, given: dict[str, Any]) -> tuple[int, Any]:
        """Return the only reader of a call and its parameter, where it is ``name`` with one."""
        readers = self.readers[index]
        if len(readers) == 1 and readers[0] >= 0:
            call = self.run.calls[readers[0]]
            sides = [call.arguments.get("self"), call.arguments.get("other")]
            weights = [side for side in sides if isinstance(side, Weight)]
            plain = call.name.removesuffix("_") == name and call.arguments.get("alpha", 1) == 1
            if (
                plain
                and len(weights) == 1
                and fits(weights[0], len(given["self"].shape), given["dim"])
            ):
                self.inner.add(index)
                return readers[0], weights[0]
        return index, None

    def find(self, index: int) -> tuple[int, FlatCall] | None:
        """Return where the norm ends whose root a call divides by, and the call that it is."""
        self.inner = set()
        try:
            name, given = self.read_norm(self.run.calls[index])
        except LookupError:
            return None
        end, weight = self.find_affine(index, "mul", given)
        bias = None
        if name == LAYER:
            end, bias = self.find_affine(end, "add", given)
        if not self.ends_at(end):
            return None
        arguments = {**given, "weight": weight, "bias": bias}
        return end, self.run.calls[index].replace(
            name=name, arguments=arguments, outputs=self.run.calls[end].outputs
        )


def name_written_norms(run: FlatRun) -> FlatRun:
    """Return a run with one call for each norm that is written out."""
    if not any(call.name.removesuffix("_") in ("sqrt", "rsqrt") for call in run.calls):
        return run
    norms, calls = WrittenNorms(run), list(run.calls)
    for i in range(len(run.calls)):
        found = norms.find(i)
        if found:
            norms.replace(calls, *found)
    return run.replace(calls=tuple(calls))


def normalize_written(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate a norm that was written out."""
    given = call.arguments
    kind = "layernorm" if call.name == LAYER else "rmsnorm"
    x = builder.layout(given["self"])
    builder.require_batch(x)
    x = builder.by_channels(x, given["dim"])
    weight, bias = given["weight"], given["bias"]
    fields = {"eps": given["eps"]}
    if kind == "layernorm" and (weight is None) != (bias is None):
        return scale_normalized(builder, kind, x, fields, (weight, bias))
    weights = (weight, bias) if kind == "layernorm" else (weight,)
    fields["affine"] = weight is not None
    return TensorLayout(builder.append(kind, fields, (x.node,), weights), x.dims)


RULES: dict[str, Rule] = {LAYER: normalize_written, RMS: normalize_written}
