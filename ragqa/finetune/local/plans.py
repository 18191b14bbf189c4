"""How long, how fast and in what batches to train, where the user does not say. Measured in ``bench/LOG.md``."""

from __future__ import annotations

from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local.course import Plan
from ragqa.finetune.records import Form

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
