"""From examples to a model: plan, read the text, learn the examples, write the folder. Keeps no record of jobs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ragqa.answerers.prompting import plainly
from ragqa.errors import RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import bases
from ragqa.finetune.local.bases import (
    BATCH_TOKENS,
    EXAMPLE_TOKENS,
    Base,
    check_memory,
    context_of,
    load_base,
    merge_adapters,
    save_model,
    stored_dtype,
    uses_adapters,
    with_adapters,
)
from ragqa.finetune.local.starts import going_on, parameters_of, shares_starts
from ragqa.finetune.local.tokens import IGNORED, Batches, Item, blocks_of, items_of
from ragqa.finetune.records import Example, Form, Prepared
from ragqa.finetune.training.checkpoints import Checkpoints
from ragqa.finetune.training.job import JobFolder, write_model
from ragqa.finetune.training.loop import (
    Pace,
    Plan,
    ProgressSink,
    Trained,
    Training,
    at_best_pace,
    quiet,
    resumable,
    summarize,
    uses_gpu,
)
from ragqa.printable import quantity

PICTURE = "loss.svg"

SCRATCH_RATE, LORA_RATE = 1e-3, 2e-4


def full_rate(weights: int, *, by_heart: bool) -> float:
    """Return the learning rate at which all of so many weights are trained, of 135 million 1e-4, or 3e-4 by heart.

    It falls with the root of their number, as those that models are published with do.
    """
    return (3e-4 if by_heart else 1e-4) * math.sqrt(135e6 / max(weights, 135e6))


GPU_TOKENS = 16_384
"""Of a batch on a GPU, padding counted."""
READING_RATE = 2e-5
"""At which a pretrained model reads on, all weights trained: it should not forget what it knew."""
READING_TOKENS = 256
"""Length of the pieces in which text is read."""

PATIENCE = 3


def learning_plan(
    options: TrainOptions, form: Form, examples: int, *, scratch: bool, lora: bool, gpu: bool, weights: int = 0
) -> Plan:
    """Return the plan for learning ``examples``.

    What is to be known by heart (``closed-book``) is trained until it is: the loss on other questions, whose facts it
    can't know, would end it before. The other forms are learned until held-back examples get no better.
    """
    by_heart = form == "closed-book"
    if scratch:
        epochs, rate = max(60, 12_000 // max(examples, 1)) if by_heart else 20, SCRATCH_RATE
    else:
        epochs = 20 if by_heart else min(max(3000 // max(examples, 1), 3), 10)
        rate = LORA_RATE if lora else full_rate(weights, by_heart=by_heart)
    return Plan(
        epochs=options.epochs or epochs,
        rate=options.learning_rate or rate,
        seed=options.seed,
        patience=None if by_heart else PATIENCE,
        by_heart=by_heart,
        half=gpu,
        step_items=1 if scratch else STEP_ITEMS,
        back=scratch or form != "context",
    )


def reading_plan(*, seed: int, scratch: bool, lora: bool, gpu: bool, epochs: int | None = None) -> Plan:
    """Return the plan for reading text: a model without pretraining goes over it several times."""
    rate = SCRATCH_RATE if scratch else LORA_RATE if lora else READING_RATE
    return Plan(epochs or (8 if scratch else 1), rate, seed=seed, half=gpu)


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How much a batch holds at most."""

    tokens: int
    """Padding counted."""
    items: int | None = None


BATCH_ITEMS = 16
"""Examples of a batch, of a pretrained base: of more, too few steps would be made to learn anything."""


def batch_size(gpu: bool, *, scratch: bool = True, items: int | None = None) -> BatchSize:
    """Return how much a batch of text, or of examples of a base that is no ``scratch``, holds on this machine."""
    tokens = GPU_TOKENS if gpu else BATCH_TOKENS if scratch else EXAMPLE_TOKENS
    return BatchSize(tokens, items or (None if scratch else BATCH_ITEMS))


WARM_UP = 0.05
"""Share of the steps in which the rate climbs; it falls as a cosine afterwards."""


def train(
    model: Any,
    items: Sequence[Item],
    valid: Sequence[Item],
    plan: Plan,
    size: BatchSize,
    checkpoints: Checkpoints,
    sink: ProgressSink,
    stage: str = "learning",
    minutes: float | None = None,
) -> Trained:
    """Train ``model`` in place, from the newest checkpoint where there is one; afterwards it is on the CPU.

    Of what takes longer than ``minutes`` by the pace of this machine, the end is left out, and said. Raises RagqaError
    for what a user can mend, and Cancelled.
    """
    short = "logits_to_keep" in parameters_of(model)  # a few models can't leave out those of a prompt
    shared = short and shares_starts(model)
    plan = replace(plan, back=plan.back or not shared)
    batched = partial(Batches, budget=size.tokens, size=size.items, seed=plan.seed, short=short, shared=shared)
    batches = batched(items)
    with at_best_pace(model, next(iter(batches)), checkpoints.folder) as pace:
        course = _course(batches, plan, minutes, pace)
        if course.passes < plan.epochs:
            sink.report(_left_out(stage, course.passes, plan.epochs, len(items), minutes or 0.0), {})
        batches = batched(items, count=course.batches)
        held = _affordable(valid, _work(batches, plan))
        measured = batched(held) if held else None
        measure = partial(_measure, measured) if measured else None
        plan = replace(plan, epochs=course.rounds, half=pace.half)
        steps = -(-len(batches) // course.accumulate)
        training = Training(stage, plan, checkpoints, sink, steps, batches.tokens, measure, course.accumulate)
        _, history, kept = training.run(lambda: _trainer(model, batches, training))
    trained = summarize(history, steps, batches.tokens, kept)
    return replace(trained, epochs=round(trained.epochs * batches.share, 3))


def _measure(batches: Batches, trainer: Any) -> dict[str, float]:
    return {"eval_loss": held_back_loss(trainer.model, batches, trainer)}


ROUND_SECONDS = 300
"""Of a training that takes longer, so much is done between two checkpoints."""
STEP_ITEMS = 4
"""Examples of a step, of a pretrained base: by single ones it would waver."""
SLOWER = 1.15
"""What updates, measuring and keeping take beside the passes forward and back."""
FORWARD = 1 / 3
"""Of what a token costs to be learned from, what it costs to be read."""
MEASURED = 0.3
"""Tokens of held-back examples, as a share of those learned before they are measured, at most: a tenth of the time."""


@dataclass(frozen=True, slots=True)
class _Course:
    passes: float
    """Over the examples."""
    batches: int
    """Of a round."""
    rounds: int
    accumulate: int


def _course(batches: Batches, plan: Plan, minutes: float | None, pace: Pace) -> _Course:
    """Return how far ``minutes`` go, and the rounds between which it is measured and kept."""
    whole = len(batches)
    seconds = _work(batches, plan) * SLOWER / pace.tokens_per_second
    passes = plan.epochs if minutes is None else min(plan.epochs, minutes * 60 / seconds)
    accumulate = min(max(1, round(plan.step_items * whole / batches.items)), whole)
    wanted = max(accumulate, round(passes * whole))
    count = min(whole if seconds < 2 * ROUND_SECONDS else -(-whole // round(seconds / ROUND_SECONDS)), wanted)
    if count < whole:
        count = min(-(-count // accumulate) * accumulate, whole)
    return _Course(passes, count, max(1, round(wanted / count)), accumulate)


def _work(batches: Batches, plan: Plan) -> float:
    """Return what an epoch takes, as so many tokens that are learned from; what is only read costs less."""
    read = 0 if plan.back else batches.computed - batches.learned
    return batches.computed - read * (1 - FORWARD)


def _left_out(stage: str, passes: float, planned: int, items: int, minutes: float) -> str:
    read = f"{max(1, round(passes * items)):,} of {items:,} examples, once each"
    fits = f"{passes:.1f} of {planned} passes over {items:,} examples" if passes >= 1 else read
    return f"{stage}: {minutes:g} minutes are enough for {fits}; the rest is left out"


def _affordable(valid: Sequence[Item], tokens: float) -> list[Item]:
    """Return the first of ``valid`` that can be measured in little time beside ``tokens`` that are learned from."""
    room, held = MEASURED * tokens, list[Item]()
    for item in valid:
        room -= len(item.ids)
        if room < 0 and held:
            break
        held.append(item)
    return held


def _trainer(model: Any, batches: Batches, training: Training) -> Any:
    from transformers import Trainer, TrainingArguments

    class OnBatches(Trainer):
        """The Trainer on batches of ours, which need no collator."""

        def get_train_dataloader(self) -> Any:
            return batches

        def compute_loss(self, model: Any, inputs: Any, *given: Any, **named: Any) -> Any:
            back = training.plan.back
            return super().compute_loss(model, going_on(model, inputs, back=back), *given, **named)

    arguments = TrainingArguments(
        **training.arguments(),
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(WARM_UP * training.plan.epochs * len(batches))),
        weight_decay=0.01,
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several would each get a part of every batch
    return resumable(OnBatches, training)(model=model, args=arguments)


def held_back_loss(model: Any, batches: Batches, trainer: Any) -> float:
    """Return the mean loss of a learned token, in nats, over all of ``batches``."""
    import torch

    total, count = torch.zeros((), device=trainer.args.device), 0
    model.eval()
    with torch.inference_mode(), trainer.compute_loss_context_manager():
        for batch in batches:
            learned = int((batch["labels"][:, 1:] != IGNORED).sum())
            total += model(**going_on(model, trainer._prepare_inputs(batch))).loss.float() * learned
            count += learned
    return float(total) / count


@dataclass(frozen=True, slots=True)
class Task:
    """All that a training is made of."""

    base: Base
    options: TrainOptions
    prepared: Prepared
    examples: tuple[Example, ...]
    valid: tuple[Example, ...]
    texts: tuple[str, ...]
    """What is read before the examples; empty where nothing is."""


def learn(task: Task, folder: JobFolder, sink: ProgressSink) -> dict[str, Any]:
    """Train what ``task`` says and leave the model in ``folder.model``; return its record, ``ragqa.json``.

    Raises RagqaError, Cancelled.
    """
    from ragqa.evaluation.report.plots import draw_loss

    gpu, base, options = uses_gpu(), task.base, task.options
    adapters = uses_adapters(base, options, task.prepared.form)
    texts = (*task.texts, *_own_texts(task)) if base.folder is None else task.texts
    check_memory(base, EXAMPLE_TOKENS, adapters=adapters)
    with quiet():
        model, tokenizer = _load_or_make(base, texts, options.seed, half=gpu and adapters)
        items, valid, left_out = _items(task, model, tokenizer)
        if adapters:
            model = with_adapters(model, options.seed)
    if left_out:
        answers = quantity(len(items) + left_out, "answer")
        sink.report(f"left out, being longer than the model reads: {left_out} of {answers}", {})
    read: Trained | None = None
    if texts:
        reading = reading_plan(seed=options.seed, scratch=base.scratch, lora=adapters, gpu=gpu)
        minutes = options.minutes and options.minutes * READ_SHARE
        read = _read(model, tokenizer, texts, reading, folder.checkpoints("reading"), sink, minutes)
    weights = model.num_parameters()
    plan = learning_plan(
        options, task.prepared.form, len(items), scratch=base.scratch, lora=adapters, gpu=gpu, weights=weights
    )
    size = batch_size(gpu, scratch=base.scratch, items=options.batch_size)
    left = options.minutes and options.minutes * (1 - READ_SHARE if texts else 1)
    learned = train(model, items, valid, plan, size, folder.checkpoints("learning"), sink, minutes=left)
    record = _record(task, learned, read, "lora" if adapters else "full", left_out)
    picture = draw_loss(learned.curve, learned.valid_curve)

    def write(making: Path) -> dict[str, Any]:
        with quiet():
            whole = merge_adapters(model) if adapters else model
            save_model(whole.to(stored_dtype(base, whole.dtype)), tokenizer, making, record)
        (making / PICTURE).write_text(picture, encoding="utf-8")
        return record

    write_model(folder.model, write)
    (folder.folder / PICTURE).write_text(picture, encoding="utf-8")
    return record


def read_texts(
    base: Base,
    texts: Sequence[str],
    folder: Path,
    *,
    seed: int,
    epochs: int | None,
    sink: ProgressSink,
    minutes: float | None = None,
) -> tuple[Any, Any, Trained]:
    """Return model, tokenizer and what was done, after ``base`` has read ``texts``.

    A pretrained base learns by adapters, which are merged into it at the end; one from nothing by all of its weights.
    """
    adapters = not base.scratch
    with quiet():
        check_memory(base, BATCH_TOKENS, adapters=adapters)
        model, tokenizer = _load_or_make(base, texts, seed, half=False)
        if adapters:
            model = with_adapters(model, seed)
    plan = reading_plan(seed=seed, scratch=base.scratch, lora=adapters, gpu=uses_gpu(), epochs=epochs)
    read = _read(model, tokenizer, texts, plan, Checkpoints(folder), sink, minutes)
    return merge_adapters(model) if adapters else model, tokenizer, read


READ_SHARE = 0.3
"""Of a training's minutes, what reading text may take before the examples."""


def _read(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    plan: Plan,
    checkpoints: Checkpoints,
    sink: ProgressSink,
    minutes: float | None = None,
) -> Trained:
    blocks = blocks_of(texts, tokenizer, min(READING_TOKENS, context_of(model)))
    if not blocks:
        raise RagqaError("there is no text to read: the library's documents are empty; ingest a manual first")
    return train(model, blocks, (), plan, batch_size(uses_gpu()), checkpoints, sink, "reading", minutes)


def _load_or_make(base: Base, texts: Sequence[str], seed: int, *, half: bool) -> tuple[Any, Any]:
    if base.folder is not None:
        return load_base(base, half=half)
    tokenizer = bases.make_tokenizer(texts)
    return bases.make_model(tokenizer, seed), tokenizer


def _own_texts(task: Task) -> tuple[str, ...]:
    """Return the examples as text: what a model without a manual reads."""
    return tuple(
        f"{plainly(example.messages[:-1])} {example.messages[-1].content}"
        for example in task.examples
        if example.messages
    )


def _items(task: Task, model: Any, tokenizer: Any) -> tuple[list[Item], list[Item], int]:
    longest = min(task.options.max_tokens or context_of(model), context_of(model))
    items, left_out = items_of(task.examples, tokenizer, longest)
    valid, _ = items_of(task.valid, tokenizer, longest)
    if not items:
        raise RagqaError(
            f"none of the {len(task.examples)} examples has an answer and fits into {longest} tokens: prepare shorter "
            "ones, or raise --max-tokens"
            if task.examples
            else "there is no example to train on: train.jsonl is empty; prepare the folder anew"
        )
    return items, valid, left_out


def _record(task: Task, learned: Trained, read: Trained | None, method: str, left_out: int) -> dict[str, Any]:
    import torch
    import transformers

    stages = [learned, *([read] if read else [])]
    record: dict[str, Any] = {"base": task.base.name, "base_revision": task.base.revision}
    record |= {"scratch": task.base.scratch, "form": task.prepared.form, "method": method, "seed": task.options.seed}
    record |= {"data_sha256": task.prepared.sha256["train"], "examples": len(task.examples), "left_out": left_out}
    record |= {"epochs": learned.epochs, "steps": learned.steps, "tokens": sum(stage.tokens for stage in stages)}
    record |= {"train_seconds": round(sum(stage.seconds for stage in stages), 2)}
    record |= {"train_loss": learned.loss, "valid_loss": learned.valid_loss}
    record |= {"loss": learned.curve, "valid": learned.valid_curve, "read": asdict(read) if read else None}
    record |= {"options": asdict(task.options), "finished_at": time.time()}
    return {**record, "versions": {"torch": str(torch.__version__), "transformers": transformers.__version__}}
