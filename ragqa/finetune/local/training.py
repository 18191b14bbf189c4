"""Train a causal language model on batches by transformers' Trainer, told and stopped from outside. Knows no examples.

What is added to the Trainer: its order depends on seed and epoch only, so that a run taken up from a checkpoint gives
the very weights of one that was never stopped; checkpoints are whole or absent; a loss that is no number ends it.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.local import course
from ragqa.finetune.local.course import Plan, Trained, kept_step, over, seconds_of, trained
from ragqa.finetune.local.tokens import IGNORED, Batches, Item
from ragqa.models.files import read_json
from ragqa.plain_files import cannot_write, write_json

ROUNDS = 20
"""A long training is measured and kept so many times, after whole epochs; a short one after each."""

TOLD_EVERY = 3.0
"""Seconds between two lines of progress."""

LOOK_EVERY = 1.0
"""Seconds between two looks whether it shall stop."""


class Cancelled(Exception):
    """The training was asked to stop."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told, and who may stop it."""

    name: str
    """What is being done, for a person."""
    notice: Callable[[str, dict[str, float]], None] = lambda line, figures: None
    cancelled: Callable[[], bool] = lambda: False


def conductor(batches: Batches, plan: Plan, watch: Watch) -> Any:
    """Return the callback that says when to log, to measure, to keep and to stop, and tells the watch."""
    from transformers import TrainerCallback

    steps = len(batches)
    log_every = -(-steps // 10)
    rest = -(-plan.epochs // ROUNDS)

    class Conductor(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.first, self.began = state.global_step, time.perf_counter()
            self.told = self.looked = self.began

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            # By steps, never by time: what is logged decides when it ends.
            control.should_log = (state.global_step % steps) % log_every == 0
            now = time.perf_counter()
            if now - self.looked > LOOK_EVERY:
                self.looked = now
                if watch.cancelled():
                    raise Cancelled

        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            epoch = state.global_step // steps
            control.should_log = True
            control.should_save = epoch % rest == 0 or epoch >= plan.epochs
            control.should_evaluate = control.should_save

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_save = False
            if over(state.log_history, plan, steps):
                control.should_training_stop = True

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            control.should_log = False
            loss = (logs or {}).get("loss", (logs or {}).get("eval_loss"))
            if loss is None:
                return
            if not math.isfinite(loss):
                raise RagqaError(
                    f"the loss became {loss} at step {state.global_step}, so training was stopped and no model kept: "
                    f"choose a --learning-rate below {plan.rate:g}"
                )
            now = time.perf_counter()
            if now - self.told > TOLD_EVERY or state.global_step == state.max_steps or "eval_loss" in logs:
                self.told = now
                watch.notice(*self.line(state, logs, now))

        def line(self, state: Any, logs: Any, now: float) -> tuple[str, dict[str, float]]:
            done, past = state.global_step - self.first, now - self.began
            speed, left = done / past * batches.tokens / steps, (state.max_steps - state.global_step) * past / done
            figures = {"step": float(state.global_step), "tokens_per_second": round(speed, 1)}
            at = f"{watch.name}: step {state.global_step} of {state.max_steps}"
            if "eval_loss" in logs:
                figures["valid_loss"] = logs["eval_loss"]
                return f"{at}, loss on held-back examples {logs['eval_loss']:.3f}", figures
            figures["train_loss"] = logs["loss"]
            return f"{at}, loss {logs['loss']:.3f}, {speed:,.0f} tokens/s, at most {_span(left)} left", figures

    return Conductor()


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


CHOSEN = "threads.json"
TRIES = 2
PROBE_TOKENS = 256


@contextlib.contextmanager
def chosen_threads(model: Any, batch: dict[str, Any], folder: Path) -> Iterator[None]:
    """Set torch to the number of threads that is the fastest for ``model``, or was when ``folder`` was begun."""
    import torch

    before = torch.get_num_threads()
    known = read_json(folder / CHOSEN, None)
    chosen = int(known) if isinstance(known, int) and 0 < known <= before else _fastest(model, batch, before)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CHOSEN, chosen)
    torch.set_num_threads(chosen)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fastest(model: Any, batch: dict[str, Any], most: int) -> int:
    """Return 1 or ``most``, whichever trains a small batch in less time on the wall."""
    import torch

    if most == 1 or torch.cuda.is_available():
        return most
    ids = batch["input_ids"]
    some = ids[: max(PROBE_TOKENS // ids.shape[1], 1), :PROBE_TOKENS]
    model.eval()  # no draws of a generator
    taken = {}
    for count in (1, most):
        torch.set_num_threads(count)
        laps = []
        for _ in range(TRIES):
            began = time.perf_counter()
            model(input_ids=some, labels=some).loss.backward()
            laps.append(time.perf_counter() - began)
        taken[count] = min(laps)
    model.zero_grad()
    return min(taken, key=lambda count: taken[count])


WARM_UP = 0.05
"""Share of the steps in which the rate climbs; it falls as a cosine afterwards."""


def train(model: Any, items: Sequence[Item], valid: Sequence[Item], plan: Plan, folder: Path, watch: Watch) -> Trained:
    """Train ``model`` in place, from the last checkpoint in ``folder`` where there is one; afterwards it is on the CPU.

    Raises RagqaError for what a user can mend, and Cancelled.
    """
    short = _keeps_logits(model)
    batches = Batches(items, plan.budget, plan.size, plan.seed, short=short)
    measured = Batches(valid, plan.budget, plan.size, plan.seed, short=short) if valid else None
    held = course.newest(folder)
    with quiet(), in_one_line(folder), chosen_threads(model, next(iter(batches)), folder):
        trainer = _trainer(model, batches, measured, plan, folder, watch)
        if held and over(course.history_of(held), plan, len(batches)):
            course.load_weights(held, model)
            history = course.history_of(held)
        else:
            trainer.train(resume_from_checkpoint=str(held) if held else None)
            history = trainer.state.log_history
        kept = kept_step(history, plan)
        if kept is not None and plan.patience is not None:
            course.load_weights(course.at_step(folder, kept), model)
        model.to("cpu").eval()
    return trained(history, len(batches), batches.tokens, kept)


def _keeps_logits(model: Any) -> bool:
    """Say whether a model, below its adapters, can leave out the logits of a prompt; few can't."""
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in signature(whole.forward).parameters


def _trainer(model: Any, batches: Batches, valid: Batches | None, plan: Plan, folder: Path, watch: Watch) -> Any:
    """Return the Trainer, ready to be taken up from the newest checkpoint in ``folder``."""
    from transformers import PrinterCallback, Trainer, TrainingArguments

    held = course.newest(folder)
    began, spent = time.perf_counter(), seconds_of(course.history_of(held)) if held else 0.0

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
                self.state.save_to_json(str(into / course.STATE))

            step, history = self.state.global_step, self.state.log_history
            course.write_checkpoint(folder, step, self.model, history, write)

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            course.load_weights(Path(resume_from_checkpoint), self.model)

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
