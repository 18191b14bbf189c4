"""Train few weights beside the many of a pretrained model, and add them in at the end.

LoRA (Hu et al. 2021, arXiv 2106.09685) on every linear layer but the last product. Knows nothing of data.
"""

from __future__ import annotations

from typing import Any

RANK, ALPHA, DROPOUT = 16, 32, 0.05


def with_adapters(model: Any, seed: int) -> Any:
    """Return ``model`` frozen, with adapters that are trained instead."""
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        adapted = get_peft_model(model, config)
    return adapted.to(next(model.parameters()).device)


def merged(model: Any) -> Any:
    """Return the model that ``with_adapters`` was given, with what the adapters learned in its own weights."""
    return model.merge_and_unload()
