"""From examples to a model: read the text, learn the examples, write the folder. Keeps no record of jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ragqa.answerers.prompting import plainly
from ragqa.errors import RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import bases
from ragqa.finetune.local.bases import Base, context_of, load_base, merged, save_model, with_adapters
from ragqa.finetune.local.course import READING_TOKENS, Trained, learning_plan, reading_plan
from ragqa.finetune.local.ledger import CHECKPOINTS, MAKING
from ragqa.finetune.local.tokens import Item, blocks_of, items_of
from ragqa.finetune.local.training import Watch, quiet, train
from ragqa.finetune.records import Example, Prepared
from ragqa.plain_files import emptied
from ragqa.printable import quantity

PICTURE = "loss.svg"


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


def learn(task: Task, folder: Path, watch: Watch) -> dict[str, Any]:
    """Train what ``task`` says and leave the model in ``folder/making``; return its ``ragqa.json``.

    Checkpoints lie in ``folder`` meanwhile. Raises RagqaError, Cancelled.
    """
    import torch

    from ragqa.evaluation.report.plots import draw_loss

    gpu = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    base, options = task.base, task.options
    adapters = not base.scratch and options.method == "lora"
    with quiet():
        model, tokenizer = _begun(task, half=gpu and adapters)
        kind = model.dtype
        items, valid, left_out = _items(task, model, tokenizer)
        if adapters:
            model = with_adapters(model, options.seed)
    if left_out:
        watch.notice(
            f"left out, being longer than the model reads: {left_out} of {quantity(len(items) + left_out, 'answer')}",
            {},
        )
    read: Trained | None = None
    texts = (*task.texts, *_own_texts(task)) if base.folder is None else task.texts
    if texts:
        read = _read(model, tokenizer, texts, task, adapters=adapters, gpu=gpu, folder=folder, watch=watch)
    plan = learning_plan(options, task.prepared.form, len(items), scratch=base.scratch, gpu=gpu)
    checkpoints = folder / CHECKPOINTS
    learned = train(model, items, valid, plan, checkpoints / "learning", replace(watch, name="learning"))
    with quiet():
        whole = merged(model).to(kind) if adapters else model
        record = _record(task, learned, read, "lora" if adapters else "full", left_out)
        making = emptied(folder / MAKING)
        save_model(whole, tokenizer, making, record)
    picture = draw_loss(learned.curve, learned.valid_curve)
    for place in (making, folder):
        (place / PICTURE).write_text(picture, encoding="utf-8")
    return record


def read_texts(
    base: Base, texts: Sequence[str], folder: Path, *, seed: int, epochs: int | None, watch: Watch
) -> tuple[Any, Any, Trained]:
    """Return model, tokenizer and what was done, after ``base`` has read ``texts``: all of its weights trained."""
    import torch

    gpu = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    with quiet():
        if base.folder is None:
            tokenizer = bases.make_tokenizer(texts)
            model = bases.make_model(tokenizer, seed)
        else:
            model, tokenizer = load_base(base, half=False)
    plan = reading_plan(seed=seed, scratch=base.scratch, lora=False, gpu=gpu, epochs=epochs)
    blocks = _blocks(texts, model, tokenizer)
    return model, tokenizer, train(model, blocks, (), plan, folder, replace(watch, name="reading"))


def _begun(task: Task, *, half: bool) -> tuple[Any, Any]:
    if task.base.folder is not None:
        return load_base(task.base, half=half)
    tokenizer = bases.make_tokenizer([*task.texts, *_own_texts(task)])
    return bases.make_model(tokenizer, task.options.seed), tokenizer


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


def _read(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    task: Task,
    *,
    adapters: bool,
    gpu: bool,
    folder: Path,
    watch: Watch,
) -> Trained:
    plan = reading_plan(seed=task.options.seed, scratch=task.base.scratch, lora=adapters, gpu=gpu)
    blocks = _blocks(texts, model, tokenizer)
    return train(model, blocks, (), plan, folder / CHECKPOINTS / "reading", replace(watch, name="reading"))


def _blocks(texts: Sequence[str], model: Any, tokenizer: Any) -> list[Item]:
    blocks = blocks_of(texts, tokenizer, min(READING_TOKENS, context_of(model)))
    if not blocks:
        raise RagqaError("there is no text to read: the library's documents are empty; ingest a manual first")
    return blocks


def _record(task: Task, learned: Trained, read: Trained | None, method: str, left_out: int) -> dict[str, Any]:
    import torch
    import transformers

    stages = [learned, *([read] if read else [])]
    told: dict[str, Any] = {"base": task.base.name, "base_revision": task.base.revision}
    told |= {"scratch": task.base.scratch, "form": task.prepared.form, "method": method, "seed": task.options.seed}
    told |= {"data_sha256": task.prepared.sha256["train"], "examples": len(task.examples), "left_out": left_out}
    told |= {"epochs": learned.epochs, "steps": learned.steps, "tokens": sum(stage.tokens for stage in stages)}
    told |= {"train_seconds": round(sum(stage.seconds for stage in stages), 2)}
    told |= {"train_loss": learned.loss, "valid_loss": learned.valid_loss}
    told |= {"loss": learned.curve, "valid": learned.valid_curve, "read": asdict(read) if read else None}
    told |= {"options": asdict(task.options), "finished_at": time.time()}
    return {**told, "versions": {"torch": str(torch.__version__), "transformers": transformers.__version__}}
