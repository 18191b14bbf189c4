"""Train a causal language model on batches by transformers' Trainer, told and stopped from outside. Knows no examples.

What is added to the Trainer: its order depends on seed and epoch only, so that a run taken up from a checkpoint gives
the very weights of one that was never stopped; checkpoints are whole or absent; a loss that is no number ends it.
"""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from collections.abc import Iterator, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.local import checkpoints
from ragqa.finetune.local.conductor import Watch, conductor
from ragqa.finetune.local.course import Plan, Trained, kept_step, over, seconds_of, trained
from ragqa.finetune.local.threads import chosen_threads
from ragqa.finetune.local.tokens import IGNORED, Batches, Item
from ragqa.finetune.writing import cannot_write

WARM_UP = 0.05
"""Share of the steps in which the rate climbs; it falls as a cosine afterwards."""


def train(model: Any, items: Sequence[Item], valid: Sequence[Item], plan: Plan, folder: Path, watch: Watch) -> Trained:
    """Train ``model`` in place, from the last checkpoint in ``folder`` where there is one; afterwards it is on the CPU.

    Raises RagqaError for what a user can mend, and Cancelled.
    """
    short = _keeps_logits(model)
    batches = Batches(items, plan.budget, plan.size, plan.seed, short=short)
    measured = Batches(valid, plan.budget, plan.size, plan.seed, short=short) if valid else None
    held = checkpoints.newest(folder)
    with quiet(), in_one_line(folder), chosen_threads(model, next(iter(batches)), folder):
        trainer = _trainer(model, batches, measured, plan, folder, watch)
        if held and over(checkpoints.history_of(held), plan, len(batches)):
            checkpoints.load_weights(held, model)
            history = checkpoints.history_of(held)
        else:
            trainer.train(resume_from_checkpoint=str(held) if held else None)
            history = trainer.state.log_history
        kept = kept_step(history, plan)
        if kept is not None and plan.patience is not None:
            checkpoints.load_weights(checkpoints.at_step(folder, kept), model)
        model.to("cpu").eval()
    return trained(history, len(batches), batches.tokens, kept)


def _keeps_logits(model: Any) -> bool:
    """Say whether a model, below its adapters, can leave out the logits of a prompt; few can't."""
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in signature(whole.forward).parameters


def _trainer(model: Any, batches: Batches, valid: Batches | None, plan: Plan, folder: Path, watch: Watch) -> Any:
    """Return the Trainer, ready to be taken up from the newest checkpoint in ``folder``."""
    from transformers import PrinterCallback, Trainer, TrainingArguments

    held = checkpoints.newest(folder)
    began, spent = time.perf_counter(), seconds_of(checkpoints.history_of(held)) if held else 0.0

    class Quiet(Trainer):
        """The Trainer with batches, checkpoints and measuring of our own."""

        def get_train_dataloader(self) -> Any:
            return batches

        def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
            super().log({**logs, "seconds": spent + time.perf_counter() - began}, start_time)

        def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
            loss = {"eval_loss": held_back_loss(self.model, valid, self)} if valid else {}
            self.log(loss)
            return loss

        def _save_checkpoint(self, *_: Any) -> None:
            def write(into: Path) -> None:
                self._save_optimizer_and_scheduler(str(into))
                self._save_rng_state(str(into))
                self.state.save_to_json(str(into / checkpoints.STATE))

            step, history = self.state.global_step, self.state.log_history
            checkpoints.write_checkpoint(folder, step, self.model, history, write)

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            checkpoints.load_weights(Path(resume_from_checkpoint), self.model)

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # nobody reads it, and it walks the whole model at each step

    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=plan.epochs,
        learning_rate=plan.rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(WARM_UP * plan.epochs * len(batches))),
        weight_decay=0.01,
        bf16=plan.half,
        seed=plan.seed,
        logging_strategy="no",
        save_strategy="no",
        eval_strategy="no",
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several would each get a part of every batch
    trainer = Quiet(model=model, args=arguments, callbacks=[conductor(batches, plan, watch)])
    trainer.remove_callback(PrinterCallback)
    return trainer


def held_back_loss(model: Any, batches: Batches, trainer: Any) -> float:
    """Return the mean loss of a learned token, in nats, over all of ``batches``."""
    import torch

    total, count = torch.zeros((), device=trainer.args.device), 0
    model.eval()
    with torch.inference_mode(), trainer.compute_loss_context_manager():
        for batch in batches:
            learned = int((batch["labels"][:, 1:] != IGNORED).sum())
            total += model(**trainer._prepare_inputs(batch)).loss.float() * learned
            count += learned
    return float(total) / count


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what trains from showing bars, advice and warnings of its own."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


@contextlib.contextmanager
def in_one_line(folder: Path) -> Iterator[None]:
    """Turn what a machine runs out of into a line that says what to do."""
    import torch

    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise _out_of_memory() from None
    except RuntimeError as error:
        if any(words in str(error) for words in ("can't allocate memory", "not enough memory", "out of memory")):
            raise _out_of_memory() from None
        raise
    except OSError as error:
        raise cannot_write(folder, error) from None


def _out_of_memory() -> RagqaError:
    return RagqaError(
        "training needs more memory than there is: try a smaller --batch-size or --max-tokens, --method lora, or a "
        "smaller --base"
    )
