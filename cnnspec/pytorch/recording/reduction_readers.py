"""Read PyTorch's poolings and reductions as kinds and fields of cnnspec's operators."""

import torch

from cnnspec.pytorch.recording.readers import VIEW, Fields, Reader, Reading, plain_arguments


def pool_reader(kind: str) -> Reader:
    def read(given: Fields, output: torch.Tensor) -> Reading:
        fields = plain_arguments(given)
        stride = fields.get("stride") or fields["kernel_size"]
        ceil_mode = fields["ceil_mode"] and set(stride) != {1}  # a stride of 1 has no remainder
        if "count_include_pad" in fields and not any(fields["padding"]):
            fields["count_include_pad"] = True  # there is none
        return kind, fields | {"stride": stride, "ceil_mode": ceil_mode}

    return read


def adaptive_pool_reader(kind: str) -> Reader:
    def read(given: Fields, output: torch.Tensor) -> Reading:
        size = tuple(given["output_size"])
        if size == tuple(given["self"].shape[2:]):
            return VIEW, {}
        if set(size) == {1}:
            return f"global_{kind}", {}
        return f"adaptive_{kind}", {"output_size": size}

    return read


def read_mean(given: Fields, output: torch.Tensor) -> Reading:
    x = given["self"]
    dims = sorted(d % x.dim() for d in given.get("dim") or range(x.dim()))
    if dims == list(range(2, x.dim())):
        return "global_avgpool", {}
    return "mean", {"dim": tuple(dims)}


def read_amax(given: Fields, output: torch.Tensor) -> Reading:
    kind, fields = read_mean(given, output)
    return ("global_maxpool" if kind == "global_avgpool" else "amax"), fields


def reduction_reader(kind: str) -> Reader:
    def read(given: Fields, output: torch.Tensor) -> Reading:
        rank = given["self"].dim()
        return kind, {"dim": tuple(sorted(d % rank for d in given.get("dim") or range(rank)))}

    return read


def read_max(given: Fields, output: torch.Tensor) -> Reading:
    if "dim" not in given:
        return "max", plain_arguments(given)
    return read_amax(given | {"dim": [given["dim"]]}, output)
