"""Run PyTorch's attention by its formula, so that it is recorded in one way.

PyTorch computes attention by other operations on other devices, in other modes and for other
arguments.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from cnnspec.pytorch.recording.readers import Fields

RunUnrecorded = Callable[[Callable[[], Any]], Any]
Run = Callable[[], Any]
# Arguments of nn.MultiheadAttention that are left to PyTorch's own operations.
UNREAD = "bias_k", "bias_v", "add_zero_attn", "static_k", "static_v"


def attend(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    dropout: float,
    mask: torch.Tensor | None = None,
    scale: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute attention by its formula, and return it and its weights.

    ``mask`` is added to q * k, or says by booleans what may be attended to.
    """
    weights = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None and mask.dtype == torch.bool:
        weights = weights.masked_fill(mask.logical_not(), float("-inf"))
    elif mask is not None:
        weights = weights + mask
    weights = F.dropout(weights.softmax(-1), dropout)
    return weights @ v, weights


def read_attention(given: Fields, run_unrecorded: RunUnrecorded) -> Run | None:
    """Return what runs scaled_dot_product_attention as :func:`attend`, None where nothing does."""
    if given.get("enable_gqa"):
        return None
    q, k, v = (given[name] for name in ("query", "key", "value"))
    mask, scale = given.get("attn_mask"), given.get("scale")
    if given.get("is_causal"):
        mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril()
    return lambda: attend(q, k, v, given.get("dropout_p", 0.0), mask, scale)[0]


def read_multihead_attention(given: Fields, run_unrecorded: RunUnrecorded) -> Run | None:
    """Return what runs nn.MultiheadAttention as the operator ``attention`` does, else None.

    Queries, keys and values that are one tensor are projected by one linear layer, others by one
    for each of them. None for a single example, and for arguments in :data:`UNREAD`.
    """
    x, heads, batch = given["query"], given["num_heads"], given["query"].shape[1]
    if x.dim() != 3 or any(given.get(name) not in (None, False) for name in UNREAD):
        return None
    if given.get("is_causal") and given.get("attn_mask") is None:
        return None

    def run() -> Any:
        if x is given["key"] is given["value"] and given["in_proj_weight"] is not None:
            rows = F.linear(x.transpose(0, 1), given["in_proj_weight"], given["in_proj_bias"])
            q, k, v = rows.reshape(*rows.shape[:2], 3, heads, -1).permute(2, 0, 3, 1, 4)
        else:
            q, k, v = (
                y.reshape(*y.shape[:2], heads, -1).transpose(1, 2) for y in project_each(given)
            )
        dropout = given["dropout_p"] if given.get("training", True) else 0.0
        mask = join_masks(given.get("attn_mask"), given.get("key_padding_mask"), batch, heads)
        y, every = attend(q, k, v, dropout, mask)
        y = F.linear(y.transpose(1, 2).flatten(2), given["out_proj_weight"], given["out_proj_bias"])
        if not given.get("need_weights", True):
            return y.transpose(0, 1), None
        if given.get("average_attn_weights", True):
            every = run_unrecorded(partial(torch.mean, every, 1))  # no model of a spec reads it
        return y.transpose(0, 1), every

    return run


def project_each(given: Fields) -> list[torch.Tensor]:
    """Project queries, keys and values (positions, batch, channels), each by its own weights."""
    whole, bias = given["in_proj_weight"], given["in_proj_bias"]
    names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
    weights = [given.get(name) for name in names] if whole is None else whole.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    read = [given[name].transpose(0, 1) for name in ("query", "key", "value")]
    return [F.linear(x, w, b) for x, w, b in zip(read, weights, biases, strict=True)]


def join_masks(
    mask: torch.Tensor | None, padding: torch.Tensor | None, batch: int, heads: int
) -> torch.Tensor | None:
    """Return the masks of nn.MultiheadAttention as one of :func:`attend`.

    Their booleans say what may not be attended to. ``padding`` is of (batch, positions).
    """
    if mask is not None and mask.dim() == 3:
        mask = mask.reshape(batch, heads, *mask.shape[1:])
    if padding is not None:
        padding = padding[:, None, None]
    found = [m for m in (mask, padding) if m is not None]
    if len({m.dtype for m in found}) > 1:
        found = [as_added_mask(m) for m in found]
    if not found:
        return None
    if found[0].dtype == torch.bool:
        return (found[0] if len(found) == 1 else found[0] | found[1]).logical_not()
    return found[0] if len(found) == 1 else found[0] + found[1]


def as_added_mask(mask: torch.Tensor) -> torch.Tensor:
    """Return a mask of booleans as one that is added: minus infinity where it is true."""
    if mask.dtype != torch.bool:
        return mask
    added = torch.zeros(mask.shape, dtype=torch.get_default_dtype(), device=mask.device)
    return added.masked_fill_(mask, float("-inf"))


ATTENTION: dict[str, tuple[Callable[[Fields, RunUnrecorded], Run | None], tuple[str, ...]]] = {
    "scaled_dot_product_attention": (
        read_attention,
        ("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa"),
    ),
    "multi_head_attention_forward": (
        read_multihead_attention,
        (
            *("query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight"),
            *("in_proj_bias", "bias_k", "bias_v", "add_zero_attn", "dropout_p"),
            *("out_proj_weight", "out_proj_bias", "training", "key_padding_mask"),
            *("need_weights", "attn_mask", "use_separate_proj_weight"),
        ),
    ),
}
