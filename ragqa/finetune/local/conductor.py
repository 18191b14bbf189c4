"""When a training logs, measures, keeps and stops, and what is told of it: one callback of transformers' Trainer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.local.course import Plan, over
from ragqa.finetune.local.tokens import Batches

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
