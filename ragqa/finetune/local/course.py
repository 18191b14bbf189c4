"""How a training shall go, how it went, and when it is over: by its plan and what was logged, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from ragqa.finetune.local.checkpoints import History, best_step

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
