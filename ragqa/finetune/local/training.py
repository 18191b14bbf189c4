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
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.local import checkpoints
from ragqa.finetune.local.folder import cannot_write
from ragqa.finetune.local.threads import chosen_threads
from ragqa.finetune.local.tokens import IGNORED, Batches, Item

ROUNDS = 20
"""A long training is measured and kept so many times, after whole epochs; a short one after each."""

WARM_UP = 0.05
"""Share of the steps in which the rate climbs; it falls as a cosine afterwards."""

BY_HEART = 0.02
"""Mean loss of an epoch, in nats a token, under which the examples are known."""

TOLD_EVERY = 3.0
"""Seconds between two lines of progress."""

LOOK_EVERY = 1.0
"""Seconds between two looks whether it shall stop."""


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


class Cancelled(Exception):
    """The training was asked to stop."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told, and who may stop it."""

    name: str
    """What is being done, for a person."""
    notice: Callable[[str, dict[str, float]], None] = lambda line, figures: None
    cancelled: Callable[[], bool] = lambda: False


def train(model: Any, items: Sequence[Item], valid: Sequence[Item], plan: Plan, folder: Path, watch: Watch) -> Trained:
    """Train ``model`` in place, from the last checkpoint in ``folder`` where there is one; afterwards it is on the CPU.

    Raises RagqaError for what a user can mend, and Cancelled.
    """
    batches = Batches(items, plan.budget, plan.size, plan.seed)
    measured = Batches(valid, plan.budget, plan.size, plan.seed) if valid else None
    held = checkpoints.newest(folder)
    with quiet(), in_one_line(folder), chosen_threads(model, next(iter(batches)), folder):
        trainer = _trainer(model, batches, measured, plan, folder, watch)
        if held and _over(checkpoints.history_of(held), plan, len(batches)):
            checkpoints.load_weights(held, model)
            history = checkpoints.history_of(held)
        else:
            trainer.train(resume_from_checkpoint=str(held) if held else None)
            history = trainer.state.log_history
        kept = _kept_step(history, plan)
        if kept is not None and plan.patience is not None:
            checkpoints.load_weights(checkpoints.at_step(folder, kept), model)
        model.to("cpu").eval()
    return _trained(history, len(batches), batches.tokens, kept)


def _kept_step(history: checkpoints.History, plan: Plan) -> int | None:
    """Return the step of the held-back loss that counts: the best where the best is kept, else the last."""
    measured = [int(line["step"]) for line in history if "eval_loss" in line]
    return None if not measured else checkpoints.best_step(history) if plan.patience is not None else measured[-1]


def _trained(history: checkpoints.History, steps: int, tokens: int, kept: int | None) -> Trained:
    curve = tuple((int(line["step"]), round(line["loss"], 4)) for line in history if "loss" in line)
    valid = tuple((int(line["step"]), round(line["eval_loss"], 4)) for line in history if "eval_loss" in line)
    done = curve[-1][0]
    seconds = _seconds(history)
    loss = _epoch_loss(history, steps)
    read = round(done / steps * tokens)
    return Trained(
        done, done / steps, read, round(seconds, 2), round(loss, 4), dict(valid).get(kept or 0), curve, valid
    )


def _seconds(history: checkpoints.History) -> float:
    return max((line.get("seconds", 0.0) for line in history), default=0.0)


def _epoch_loss(history: checkpoints.History, steps: int) -> float:
    """Return the mean loss of the last ``steps`` steps."""
    lines = [line for line in history if "loss" in line]
    past, total, count = [0, *(int(line["step"]) for line in lines)], 0.0, 0
    for line, before in zip(reversed(lines), reversed(past[:-1]), strict=True):
        if past[-1] - line["step"] >= steps:
            break
        total += line["loss"] * (line["step"] - before)
        count += int(line["step"]) - before
    return total / count


def _over(history: checkpoints.History, plan: Plan, steps: int) -> bool:
    """Say whether a training that logged ``history`` is done. Called where a checkpoint was just written."""
    last = max(int(line["step"]) for line in history)
    if last >= plan.epochs * steps or (plan.by_heart and _epoch_loss(history, steps) < BY_HEART):
        return True
    measured = [line["eval_loss"] for line in history if "eval_loss" in line]
    return bool(
        plan.patience is not None and measured and len(measured) - 1 - measured.index(min(measured)) >= plan.patience
    )


def _trainer(model: Any, batches: Batches, valid: Batches | None, plan: Plan, folder: Path, watch: Watch) -> Any:
    """Return the Trainer, ready to be taken up from the newest checkpoint in ``folder``."""
    from transformers import PrinterCallback, Trainer, TrainingArguments

    held = checkpoints.newest(folder)
    began, spent = time.perf_counter(), _seconds(checkpoints.history_of(held)) if held else 0.0

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
    trainer = Quiet(model=model, args=arguments, callbacks=[_conductor(batches, plan, watch)])
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
            moved = {name: value.to(trainer.args.device) for name, value in batch.items()}
            total += model(**moved).loss.float() * learned
            count += learned
    return float(total) / count


def _conductor(batches: Batches, plan: Plan, watch: Watch) -> Any:
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
            if _over(state.log_history, plan, steps):
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
