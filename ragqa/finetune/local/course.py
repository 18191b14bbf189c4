"""How a training shall go, how it went, and when it is over: by its plan and what was logged, nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import Form
from ragqa.plain_files import cannot_write, emptied, publish

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


BY_HEART = 0.02
"""Mean loss of an epoch, in nats a token, under which the examples are known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    epochs: int
    rate: float
    budget: int
    """Tokens of a batch, padding counted."""
    size: int | None = None
    """Items of a batch at most."""
    seed: int = 0
    patience: int | None = None
    """Measurements without a lower held-back loss after which it ends, and the best weights are kept; None: never."""
    by_heart: bool = False
    """End when the examples are known."""
    half: bool = False
    """Compute in bfloat16."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training did, as it stands in the folder of its checkpoints."""

    steps: int
    epochs: float
    tokens: int
    """Real ones read, padding not counted."""
    seconds: float
    """Of training, measuring and keeping, over all the times it was taken up."""
    loss: float
    """Of the last epoch."""
    valid_loss: float | None
    """Of the weights that were kept."""
    curve: tuple[tuple[int, float], ...]
    valid_curve: tuple[tuple[int, float], ...]


def kept_step(history: History, plan: Plan) -> int | None:
    """Return the step of the held-back loss that counts: the best where the best is kept, else the last."""
    measured = [int(line["step"]) for line in history if "eval_loss" in line]
    return None if not measured else best_step(history) if plan.patience is not None else measured[-1]


def trained(history: History, steps: int, tokens: int, kept: int | None) -> Trained:
    """Return what a training did whose epoch has so many ``steps`` and ``tokens``; ``kept`` is of ``kept_step``."""
    curve = tuple((int(line["step"]), round(line["loss"], 4)) for line in history if "loss" in line)
    valid = tuple((int(line["step"]), round(line["eval_loss"], 4)) for line in history if "eval_loss" in line)
    done = curve[-1][0]
    seconds = seconds_of(history)
    loss = epoch_loss(history, steps)
    read = round(done / steps * tokens)
    return Trained(
        done, done / steps, read, round(seconds, 2), round(loss, 4), dict(valid).get(kept or 0), curve, valid
    )


def seconds_of(history: History) -> float:
    """Return how long a training took, over all the times it was taken up."""
    return max((line.get("seconds", 0.0) for line in history), default=0.0)


def epoch_loss(history: History, steps: int) -> float:
    """Return the mean loss of the last ``steps`` steps."""
    lines = [line for line in history if "loss" in line]
    past, total, count = [0, *(int(line["step"]) for line in lines)], 0.0, 0
    for line, before in zip(reversed(lines), reversed(past[:-1]), strict=True):
        if past[-1] - line["step"] >= steps:
            break
        total += line["loss"] * (line["step"] - before)
        count += int(line["step"]) - before
    return total / count


def over(history: History, plan: Plan, steps: int) -> bool:
    """Say whether a training that logged ``history`` is done. Called where a checkpoint was just written."""
    last = max(int(line["step"]) for line in history)
    if last >= plan.epochs * steps or (plan.by_heart and epoch_loss(history, steps) < BY_HEART):
        return True
    measured = [line["eval_loss"] for line in history if "eval_loss" in line]
    return bool(
        plan.patience is not None and measured and len(measured) - 1 - measured.index(min(measured)) >= plan.patience
    )


SCRATCH_RATE, FULL_RATE, LORA_RATE = 1e-3, 2e-5, 2e-4
CPU_TOKENS, GPU_TOKENS = 1024, 16_384
READING_TOKENS = 256
"""Length of the pieces in which text is read."""

PATIENCE = 3


def learning_plan(options: TrainOptions, form: Form, examples: int, *, scratch: bool, gpu: bool) -> Plan:
    """Return the plan for learning ``examples``.

    What is to be known by heart (``closed-book``) is trained until it is: the loss on other questions, whose facts it
    can't know, would end it before. The other forms are learned until held-back examples get no better.
    """
    by_heart = form == "closed-book"
    if scratch:
        epochs, rate = max(60, 12_000 // max(examples, 1)) if by_heart else 20, SCRATCH_RATE
    else:
        epochs = min(max(3000 // max(examples, 1), 3), 20 if by_heart else 10)
        rate = LORA_RATE if options.method == "lora" else FULL_RATE
    return Plan(
        epochs=options.epochs or epochs,
        rate=options.learning_rate or rate,
        budget=GPU_TOKENS if gpu else CPU_TOKENS,
        size=options.batch_size,
        seed=options.seed,
        patience=None if by_heart else PATIENCE,
        by_heart=by_heart,
        half=gpu,
    )


def reading_plan(*, seed: int, scratch: bool, lora: bool, gpu: bool, epochs: int | None = None) -> Plan:
    """Return the plan for reading text: a model without pretraining goes over it several times."""
    rate = SCRATCH_RATE if scratch else LORA_RATE if lora else FULL_RATE
    budget = GPU_TOKENS if gpu else CPU_TOKENS
    return Plan(epochs or (8 if scratch else 1), rate, budget, seed=seed, half=gpu)
