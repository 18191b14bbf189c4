"""What a training can be taken up from: weights being trained, the optimiser's and the generators' states, the history.

A checkpoint is a folder ``checkpoint-STEP``, there only when it is whole. The newest is kept, and the best. Tensors of
the optimiser lie in torch's own file, which is read as plain tensors (``weights_only``).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ragqa.finetune.writing import cannot_write, emptied, publish

WEIGHTS, STATE = "weights.safetensors", "trainer_state.json"

_NAME = re.compile(r"checkpoint-(\d+)")

History = Sequence[Mapping[str, float]]
"""The lines that a training has logged: ``step`` with ``loss`` or ``eval_loss``."""


def newest(folder: Path) -> Path | None:
    """Return the last whole checkpoint in ``folder``."""
    held = {int(match[1]): one for one in folder.glob("checkpoint-*") if (match := _NAME.fullmatch(one.name))}
    return held[max(held)] if held else None


def at_step(folder: Path, step: int) -> Path:
    """Return where the checkpoint of ``step`` lies."""
    return folder / f"checkpoint-{step}"


def history_of(checkpoint: Path) -> list[dict[str, float]]:
    """Return what the training had logged."""
    history: list[dict[str, float]] = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))["log_history"]
    return history


def best_step(history: History) -> int | None:
    """Return the step of the lowest loss on held-back examples; None where none was measured."""
    measured = [(line["eval_loss"], int(line["step"])) for line in history if "eval_loss" in line]
    return min(measured)[1] if measured else None


def write_checkpoint(folder: Path, step: int, model: Any, history: History, write: Callable[[Path], None]) -> None:
    """Keep ``model``'s trained weights and what ``write`` adds as the checkpoint of ``step``. Raises RagqaError."""
    from safetensors.torch import save_file

    making, target = folder / ".making", at_step(folder, step)
    if target.exists():
        return
    try:
        emptied(making)
        save_file(_trained(model), making / WEIGHTS)
        write(making)
        publish(making, target)
    except Exception as error:  # safetensors and torch tell of a full disk in exceptions of their own
        shutil.rmtree(making, ignore_errors=True)
        raise cannot_write(target, error) from None
    kept = {target, at_step(folder, best_step(history) or step)}
    for old in set(folder.glob("checkpoint-*")) - kept:
        shutil.rmtree(old, ignore_errors=True)


def load_weights(checkpoint: Path, model: Any) -> None:
    """Put the weights of ``checkpoint`` into ``model``, which trains the same ones."""
    import torch
    from safetensors.torch import load_file

    held = load_file(checkpoint / WEIGHTS)
    with torch.no_grad():
        for name, value in _trained(model).items():
            value.copy_(held[name])


def _trained(model: Any) -> dict[str, Any]:
    """The weights that are trained, each once however many layers share it."""
    return {name: value.data for name, value in model.named_parameters() if value.requires_grad}
