"""A start that several texts have alike, read once for all of them; gradients flow back through it."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any


def parameters_of(model: Any) -> Mapping[str, Parameter]:
    """Return what a model's forward takes, below its adapters."""
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    return signature(whole.forward).parameters


def read_start(model: Any, ids: Any) -> tuple[str, Any]:
    """Return the argument by which ``model`` goes on from a start, (1, n) token ids, and its value: a DynamicCache."""
    from transformers import DynamicCache

    takes = parameters_of(model)
    name = "cache" if "cache" in takes else "past_key_values"  # as transformers called it up to 5.20
    keep = {"logits_to_keep": 1} if "logits_to_keep" in takes else {}
    cache = DynamicCache()
    if ids.shape[1]:
        model(input_ids=ids, use_cache=True, **{name: cache}, **keep)
    return name, cache


def shares_starts(model: Any) -> bool:
    """Return whether the texts of a batch can go on from one start: where every layer keeps all that it has read."""
    import torch
    from transformers.cache_utils import DynamicLayer

    with torch.no_grad():
        _, cache = read_start(model, torch.zeros((1, 2), dtype=torch.long, device=model.device))
    return len(cache.layers) > 0 and all(type(layer) is DynamicLayer for layer in cache.layers)


BACK = 64
"""Positions at the end of a text into which gradients always flow back: the question, before a short answer."""


def going_on(model: Any, batch: dict[str, Any], *, back: bool = True) -> dict[str, Any]:
    """Return ``batch`` as ``model`` takes it: its ``start``, if it has one, is read and kept for each row.

    With ``back`` False, of a batch with ``logits_to_keep``, what no loss is of, and lies not among the last BACK
    positions, is read beforehand: no gradient flows back into it, as into the segment before in Transformer-XL (Dai et
    al. 2019, arXiv 1901.02860). Of long prompts with short answers that takes half of the time, and teaches as much
    (bench/LOG.md).
    """
    import torch

    start, ids, kept = batch.pop("start", None), batch["input_ids"], batch.get("logits_to_keep")
    if start is None and (back or kept is None):
        return batch
    with torch.set_grad_enabled(back and torch.is_grad_enabled()):
        name, cache = read_start(model, ids[:1, :0] if start is None else start)
        if start is not None:
            cache.batch_repeat_interleave(len(ids))
        last = ids.shape[1] if back or kept is None else max(kept, BACK)
        if ids.shape[1] > last:
            model(input_ids=ids[:, :-last], use_cache=True, logits_to_keep=1, **{name: cache})
            ids = ids[:, -last:]
    return {**batch, "input_ids": ids, name: cache}
