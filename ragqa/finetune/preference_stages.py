"""The stages of learning preferences, which go on where they stopped: SFT on the chosen answers, then DPO.

The loss of DPO is -log σ(β · (Δ - Δ₀)), where Δ = log p(chosen) - log p(rejected) of the model that learns and Δ₀ that
of the model that it was (Rafailov et al. 2023, arXiv 2305.18290, eq. 7). TRL's trainer computes the same, and reads a
prompt four times a pair; here it is read once, and on a processor that is what takes the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from ragqa.errors import RagqaError
from ragqa.finetune.local.bases import merge_adapters, with_adapters
from ragqa.finetune.preference_measuring import Encoded, score
from ragqa.finetune.training.checkpoints import Checkpoints
from ragqa.finetune.training.loop import Plan, ProgressSink, Training, quiet, resumable
from ragqa.models.files import read_json
from ragqa.plain_files import write_json

RATE = 2e-4
"""Learning rate of adapters, of either stage."""

ALL_WEIGHTS = 0.25
"""Of a rate, where all weights are trained instead of adapters."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to learn."""

    epochs: int = 3
    """Passes of DPO over the pairs."""
    beta: float = 0.1
    """Strength of the KL penalty towards the model that it was."""
    rate: float | None = None
    """Learning rate of DPO; None: RATE, or less for all weights."""
    batch_size: int = 4
    seed: int = 0
    sft: bool | None = None
    """Learn the chosen answers before, in one pass; None: where ``ragqa`` has not trained the model before."""
    minutes: float | None = None
    """Time for measuring and training together; passes, then pairs, that do not fit are left out. None: any."""


T = TypeVar("T")

Loss = Callable[[Any, Encoded], Any]


@dataclass(frozen=True, slots=True)
class Stages:
    """What trains one model on one machine."""

    recipe: Recipe
    adapters: bool
    """Train adapters that are merged at the end, rather than all weights."""
    half: bool
    """Compute in bfloat16."""
    sink: ProgressSink

    def learn_chosen(self, model: Any, pairs: Sequence[Encoded], checkpoints: Checkpoints) -> Any:
        """Return the model after SFT on the chosen answers, on the CPU. Raises RagqaError, Cancelled."""
        rate = RATE * (1 if self.adapters else ALL_WEIGHTS)
        return self._run("chosen answers", sft_loss, 1, rate, model, pairs, checkpoints)

    def learn_preferences(
        self, model: Any, pairs: Sequence[Encoded], before: Sequence[float], epochs: int, checkpoints: Checkpoints
    ) -> Any:
        """Return the model after DPO, on the CPU; ``before`` is Δ₀ of each pair. Raises RagqaError, Cancelled."""
        rate = self.recipe.rate or RATE * (1 if self.adapters else ALL_WEIGHTS)
        known, beta = dict(zip(pairs, before, strict=True)), self.recipe.beta

        def loss(model: Any, pair: Encoded) -> Any:
            return dpo_loss(model, pair, known[pair], beta)

        return self._run("preferences", loss, epochs, rate, model, pairs, checkpoints)

    def _run(
        self,
        stage: str,
        loss: Loss,
        epochs: int,
        rate: float,
        model: Any,
        pairs: Sequence[Encoded],
        checkpoints: Checkpoints,
    ) -> Any:
        from transformers import TrainingArguments

        steps = -(-len(pairs) // self.recipe.batch_size)
        plan = Plan(epochs, rate, self.recipe.seed, half=self.half, save_every=-(-steps // 4))
        # A pair at a time pads nothing and needs the least memory.
        training = Training(stage, plan, checkpoints, self.sink, steps, accumulate=self.recipe.batch_size)
        arguments = training.arguments() | {"per_device_train_batch_size": 1, "remove_unused_columns": False}
        with quiet():
            learner = with_adapters(model, self.recipe.seed) if self.adapters else model
        without_dropout(learner)

        def build() -> Any:
            kind = resumable(_on_pairs(loss), training)
            made = TrainingArguments(**arguments)
            made._n_gpu = min(made.n_gpu, 1)
            return kind(
                model=learner, args=made, train_dataset=list(pairs), data_collator=lambda some: {"pair": some[0]}
            )

        learned, _, _ = training.run(build)
        return merge_adapters(learned) if self.adapters else learned


def sft_loss(model: Any, pair: Encoded) -> Any:
    """Return the mean negative log-likelihood of the chosen answer's tokens, in nats."""
    ((told, _),) = score(model, pair, answers=1)
    return -told.mean()


def dpo_loss(model: Any, pair: Encoded, before: float, beta: float) -> Any:
    """Return -log σ(β · (Δ - Δ₀)) of a pair, where Δ₀ is ``before``."""
    import torch

    (chosen, _), (rejected, _) = score(model, pair)
    return -torch.nn.functional.logsigmoid(beta * (chosen.sum() - rejected.sum() - before))


def _on_pairs(loss: Loss) -> Any:
    from transformers import Trainer

    class OnPairs(Trainer):
        """The Trainer whose batch is a pair."""

        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            return loss(model, inputs["pair"])

        def _prepare_inputs(self, inputs: Any) -> Any:
            return inputs

    return OnPairs


def without_dropout(model: Any) -> None:
    """Switch dropout off: the policy and the model that it was are compared by what they say, without chance."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


FEWEST = 8
"""Pairs under which a pass is worth nothing."""

_BUDGET = "budget.json"


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits into the minutes."""

    epochs: int
    """Passes of DPO."""
    pairs: int


def fit_budget(seconds: float, pair_seconds: float, pairs: int, epochs: int, *, sft: bool) -> Fit:
    """Return what fits into ``seconds``, where a step on one pair takes ``pair_seconds``.

    Passes are left out before pairs. Raises RagqaError where not even one pass over FEWEST pairs fits.
    """
    once, each = (pair_seconds if sft else 0.0), pair_seconds
    for passes in range(epochs, 0, -1):
        if pairs * (once + passes * each) <= seconds:
            return Fit(passes, pairs)
    fitting = int(seconds / (once + each))
    least = min(FEWEST, pairs)
    if fitting < least:
        short = (least * (once + each) - seconds) / 60
        raise RagqaError(
            f"--minutes is too short by about {max(short, 0.1):.1f}: one pass over {least} pairs takes "
            f"{least * (once + each) / 60:.1f} minutes here, besides measuring"
        )
    return Fit(1, fitting)


def kept_fit(folder: Path, fit: Fit | None = None) -> Fit | None:
    """Keep ``fit`` in a job's folder, or return what is kept there: what goes on learns what was begun."""
    if fit is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / _BUDGET, asdict(fit))
        return fit
    held = read_json(folder / _BUDGET, None)
    return Fit(int(held["epochs"]), int(held["pairs"])) if isinstance(held, dict) else None


def some_of(pairs: Sequence[T], count: int, seed: int) -> list[T]:
    """Return ``count`` of ``pairs``, drawn by ``seed``, in their order."""
    chosen = sorted(Random(seed).sample(range(len(pairs)), count))
    return [pairs[at] for at in chosen]


def seconds_of_a_pair(model: Any, pairs: Sequence[Encoded], seed: int, *, adapters: bool) -> float:
    """Measure how long a step of DPO on one pair of the middle length takes. ``model`` is as it was afterwards."""
    middle = sorted(pairs, key=lambda pair: pair.length)[len(pairs) // 2]
    with quiet():
        learner = with_adapters(model, seed) if adapters else model
    laps = []
    for _ in range(3):
        began = time.perf_counter()
        dpo_loss(learner, middle, 0.0, 0.1).backward()
        laps.append(time.perf_counter() - began)
    learner.zero_grad()
    if adapters:
        learner.unload()
        for one in model.parameters():
            one.requires_grad_()
    return sum(laps[1:]) / 2
