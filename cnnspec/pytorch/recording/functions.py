"""Record functions that PyTorch splits into many operations as one call each, or in one way.

PyTorch's attention, normalization and recurrent layers run other operations on other devices, in
other modes and for other numbers of dimensions. Here they are the same everywhere.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from cnnspec.pytorch.quick_shapes import RECURRENT as STEP_BY_STEP
from cnnspec.pytorch.quick_shapes import empty_recurrent
from cnnspec.pytorch.recording.attention import ATTENTION, RunUnrecorded
from cnnspec.pytorch.recording.random_tensors import RandomTensors
from cnnspec.pytorch.recording.readers import Fields, read_pad

NORM_ARGUMENTS = (
    *("input", "running_mean", "running_var", "weight", "bias"),
    *("use_input_stats", "momentum", "eps"),
)
RECURRENT = {  # by function, the module that has it; operators are LSTM and GRU alone
    "lstm": "nn.LSTM",
    "gru": "nn.GRU",
    "rnn_tanh": "nn.RNN",
    "rnn_relu": "nn.RNN",
    "lstm_cell": "nn.LSTMCell",
    "gru_cell": "nn.GRUCell",
    "rnn_tanh_cell": "nn.RNNCell",
    "rnn_relu_cell": "nn.RNNCell",
}
GATES = {"lstm": 4, "gru": 3}  # of other recurrent layers: 1
DROPOUT = 5  # the position among the arguments; one later where sequences are packed
CONVERSIONS = "float", "double", "to", "type", "type_as"
PRODUCTS = "mul", "mul_", "__mul__", "__rmul__", "__imul__", "multiply"
SELECTIONS = {
    "where": ("condition", "input", "other"),
    **dict.fromkeys(("masked_fill", "masked_fill_"), ("input", "mask", "value")),
}
SINGLE = {"float", torch.float32, "torch.float32", "torch.FloatTensor", "torch.cuda.FloatTensor"}
DOUBLE = {"double", torch.float64, "torch.float64", "torch.DoubleTensor"}
# Takes the kind of a call, its fields, the arguments, and what it returned.
NoteFunction = Callable[[str, Fields, Any, Any], None]


def read_function(name: str, args: Any, kwargs: Fields) -> tuple[str, Fields] | None:
    """Return the kind and the fields of a function that is one call, else None."""
    if name in RECURRENT:
        return RECURRENT[name], read_recurrent(name, args)
    if name == "linear":
        weight, bias = bind_arguments(("input", "weight", "bias"), args, kwargs, "weight", "bias")
        return "linear", {"out_features": weight.shape[0], "bias": bias is not None}
    if name == "local_response_norm":
        given = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
        given |= dict(zip(("input", "size", "alpha", "beta", "k"), args, strict=False)) | kwargs
        return "lrn", {n: given[n] for n in ("size", "alpha", "beta", "k")}
    if name == "pad":
        x, pad, mode = bind_arguments(
            ("input", "pad", "mode"), args, kwargs, "input", "pad", "mode"
        )
        return read_pad({"pad": [*pad], "value": mode}, x) if mode == "circular" else None
    if name == "instance_norm":
        mean, eps = bind_arguments(NORM_ARGUMENTS, args, kwargs, "running_mean", "eps")
        tracked = {} if mean is None else {"track_running_stats": True}
        return "instancenorm", {"eps": 1e-5 if eps is None else eps, **tracked}
    return None


def run_function(func: Any, args: Any, kwargs: Fields) -> Any:
    """Call a function, recurrent layers without the dropout between them, which is a setting.

    On the meta device give the shapes of a recurrent layer at once.
    """
    if func.__name__ in STEP_BY_STEP and len(args) == 9:
        packed = not isinstance(args[2], list | tuple)
        if args[0].is_meta and not packed:
            return empty_recurrent(*args)
        args = [*args]
        args[DROPOUT + packed] = 0.0
    return func(*args, **kwargs)


def read_recurrent(name: str, args: Any) -> Fields:
    """Return the settings of torch.lstm and the like, none where sequences are packed."""
    if len(args) != 9 or not isinstance(args[2], list | tuple):
        return {}
    _, _, weights, bias, layers, dropout, _, bidirectional, _ = args
    rows, size = weights[1].shape
    hidden = rows // GATES.get(name, 1)
    return {
        "hidden_size": hidden,
        **({"proj_size": size} if size != hidden else {}),
        "num_layers": layers,
        "bias": bias,
        "dropout": dropout,
        "bidirectional": bidirectional,
    }


def bind_arguments(names: tuple[str, ...], args: Any, kwargs: Fields, *wanted: str) -> list[Any]:
    """Return the wanted arguments of a call, None where they are not given."""
    given = dict(zip(names, args, strict=False)) | kwargs
    return [given.get(name) for name in wanted]


class FunctionRecorder(TorchFunctionMode):
    """Record some functions as one call, and let others run in the same way everywhere.

    ``run_unrecorded(function)`` calls a function without recording what it runs.
    """

    def __init__(self, note: NoteFunction, run_unrecorded: RunUnrecorded, random: RandomTensors):
        super().__init__()
        self.note, self.run_unrecorded, self.random = note, run_unrecorded, random
        self.keeps_double = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        if name in PRODUCTS:
            if any(isinstance(x, torch.Tensor) and x.dtype == torch.float64 for x in args):
                args = [*map(self.random.as_mean, args)]
            return func(*args, **kwargs)
        if name in SELECTIONS:
            given = dict(zip(SELECTIONS[name], args, strict=False)) | kwargs
            factors = self.run_unrecorded(lambda: self.random.as_product(name, given))
            if factors:
                x, mask = factors
                return x.mul_(mask) if name.endswith("_") else x * mask
        if name in CONVERSIONS:
            return self.convert(func, args, kwargs)
        if name in ATTENTION:
            read, arguments = ATTENTION[name]
            run = read(dict(zip(arguments, args, strict=False)) | kwargs, self.run_unrecorded)
            if run is not None:
                with self:
                    return run()
        reading = read_function(name, args, kwargs)
        if reading is None:
            return func(*args, **kwargs)
        result = self.run_unrecorded(lambda: run_function(func, args, kwargs))
        self.note(*reading, tree_leaves((args, kwargs)), result)
        return result

    def convert(self, func: Any, args: Any, kwargs: Fields) -> Any:
        """Convert a tensor, but keep double precision: here it is what a model's floats are.

        A model that then asks for double precision gets what its floats can hold.
        """
        x, others = args[0], (*args[1:], *kwargs.values())
        if not isinstance(x, torch.Tensor) or x.dtype != torch.float64:
            return func(*args, **kwargs)
        wanted = {a.dtype if isinstance(a, torch.Tensor) else str(a) for a in others}
        wanted.add(func.__name__)
        if wanted & SINGLE:
            self.keeps_double = True
            return x
        if self.keeps_double and wanted & DOUBLE:
            result = self.run_unrecorded(lambda: torch.Tensor.float(x).double())
            self.note("_to_copy", {"dtype": torch.float32}, [x], result)
            return result
        return func(*args, **kwargs)
