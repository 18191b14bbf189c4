"""The checkpoints of one training, a folder each: whole or absent. The newest one is kept, and the best."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.plain_files import cannot_write, emptied, publish

WEIGHTS, STATE = "weights.safetensors", "trainer_state.json"

_NAME = re.compile(r"checkpoint-(\d+)")

Line = Mapping[str, float]
"""What was logged at a ``step``: ``loss``, or ``eval_loss`` and other figures of held-back examples."""

History = Sequence[Line]

Rank = Callable[[Line], tuple[float, ...]]
"""Higher is better."""


def rank_by_loss(line: Line) -> tuple[float, ...]:
    """Return the rank of a measured line: the lower its loss, the higher."""
    return (-line["eval_loss"],)


def measured_lines(history: History) -> list[Line]:
    """Return the lines that say how held-back examples did."""
    return [line for line in history if "eval_loss" in line]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Those in ``folder``."""

    folder: Path
    rank: Rank = rank_by_loss

    def newest(self) -> Path | None:
        """Return the last one; None where there is none."""
        found = {int(match[1]): one for one in self.folder.glob("checkpoint-*") if (match := _NAME.fullmatch(one.name))}
        return found[max(found)] if found else None

    def at_step(self, step: int) -> Path:
        """Return where the checkpoint of ``step`` lies."""
        return self.folder / f"checkpoint-{step}"

    def history(self) -> list[Line]:
        """Return what the training had logged at the newest checkpoint; nothing where there is none."""
        newest = self.newest()
        if newest is None:
            return []
        history: list[Line] = json.loads((newest / STATE).read_text(encoding="utf-8"))["log_history"]
        return history

    def best_step(self, history: History) -> int | None:
        """Return the step that did best on held-back examples, of equals the first; None where none was measured."""
        measured = measured_lines(history)
        return int(max(measured, key=self.rank)["step"]) if measured else None

    def write(self, step: int, model: Any, history: History, add: Callable[[Path], None]) -> None:
        """Write the trained weights and what ``add`` adds as the checkpoint of ``step``. Raises RagqaError."""
        from safetensors.torch import save_file

        making, target = self.folder / ".making", self.at_step(step)
        if target.exists():
            return
        try:
            emptied(making)
            save_file(_trained_weights(model), making / WEIGHTS)
            add(making)
            publish(making, target)
        except Exception as error:  # safetensors and torch tell of a full disk in exceptions of their own
            shutil.rmtree(making, ignore_errors=True)
            raise cannot_write(target, error) from None
        kept = {target, self.at_step(self.best_step(history) or step)}
        for old in set(self.folder.glob("checkpoint-*")) - kept:
            shutil.rmtree(old, ignore_errors=True)


def load_weights(checkpoint: Path, model: Any) -> None:
    """Put the weights of ``checkpoint`` into ``model``, which trains the same ones."""
    import torch
    from safetensors.torch import load_file

    saved = load_file(checkpoint / WEIGHTS)
    with torch.no_grad():
        for name, value in _trained_weights(model).items():
            value.copy_(saved[name])


def _trained_weights(model: Any) -> dict[str, Any]:
    """Return the weights that are trained, each once however many layers share it."""
    return {name: value.data for name, value in model.named_parameters() if value.requires_grad}
