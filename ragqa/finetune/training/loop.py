"""The training loop: transformers' Trainer, or a child of it, that reports, is cancelled and goes on where it stopped.

What is added to the Trainer: its order depends on seed and epoch only, so that on a CPU a run that goes on from a
checkpoint ends with the very weights of one that was never stopped; checkpoints are whole or absent; a loss that is no
number ends it; held-back examples decide when it ends and which weights are kept.
"""

from __future__ import annotations

import contextlib
import logging
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.training.checkpoints import STATE, Checkpoints, History, load_weights, measured_lines
from ragqa.models.causal import computes_faster_in_bfloat16
from ragqa.models.files import read_json
from ragqa.plain_files import cannot_write, write_json

ROUNDS = 20
"""A long training is measured and kept so many times, after whole epochs; a short one after each."""

REPORT_EVERY = 3.0
"""Seconds between two lines of progress."""

LOOK_EVERY = 1.0
"""Seconds between two looks whether cancellation was requested."""

KNOWN_BY_HEART = 0.02
"""Mean loss of an epoch, in nats a token, under which the examples are known."""


class Cancelled(Exception):
    """The training was asked to stop."""


@dataclass(frozen=True, slots=True)
class ProgressSink:
    """Who receives lines of progress with their figures, and who may cancel."""

    report: Callable[[str, dict[str, float]], None] = lambda line, figures: None
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    epochs: int
    rate: float
    seed: int = 0
    patience: int | None = None
    """Measurements without a gain after which it ends, and the best weights are kept; None: never."""
    by_heart: bool = False
    """End when the examples are known."""
    half: bool = False
    """Compute in bfloat16."""
    step_items: int = 1
    """Examples whose gradients make a step, at least: of long ones a batch holds one."""
    back: bool = True
    """Let gradients flow back into what is read before an answer; False where that is long and holds the answer."""
    rounds: int | None = None
    """How often it is measured and kept at most; None: ROUNDS."""
    save_every: int | None = None
    """Steps between two checkpoints within an epoch; None: only after whole epochs."""


Measure = Callable[[Any], dict[str, float]]
"""A trainer → ``eval_loss`` and other figures of the held-back examples; empty where nothing can be measured."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training as the loop needs to know it."""

    stage: str
    """What is being done, for a person, as in 'learning'."""
    plan: Plan
    checkpoints: Checkpoints
    sink: ProgressSink
    steps: int
    """Of an epoch."""
    tokens: int = 0
    """Of an epoch, padding not counted; 0 where it is not known."""
    measure: Measure | None = None
    accumulate: int = 1
    """Batches whose gradients make a step."""

    def arguments(self) -> dict[str, Any]:
        """Return what TrainingArguments of every kind are given."""
        return {
            "output_dir": str(self.checkpoints.folder),
            "num_train_epochs": self.plan.epochs,
            "learning_rate": self.plan.rate,
            "bf16": self.plan.half,
            "gradient_accumulation_steps": self.accumulate,
            "seed": self.plan.seed,
            "logging_strategy": "no",
            "save_strategy": "no",
            "eval_strategy": "no",
            "logging_nan_inf_filter": False,
            "report_to": "none",
            "disable_tqdm": True,
            "dataloader_pin_memory": False,
        }

    def run(self, build: Callable[[], Any]) -> tuple[Any, list[Any], int | None]:
        """Train from the newest checkpoint, or from the start; return the model on the CPU, the history, the step kept.

        ``build`` returns the trainer, an instance of what ``resumable`` makes. The model has the best weights where
        ``plan.patience`` is given and something was measured, else the last; the step is None where nothing was
        measured. Raises RagqaError for what a user can mend, and Cancelled.
        """
        newest, history = self.checkpoints.newest(), self.checkpoints.history()
        with quiet(), one_line_errors(self.checkpoints.folder):
            trainer = build()
            if newest and should_stop(history, self.plan, self.steps, self.checkpoints):
                load_weights(newest, trainer.model)
            else:
                trainer.train(resume_from_checkpoint=str(newest) if newest else None)
                history = trainer.state.log_history
            measured = measured_lines(history)
            kept = int(measured[-1]["step"]) if measured else None
            if kept is not None and self.plan.patience is not None:
                kept = self.checkpoints.best_step(history)
                load_weights(self.checkpoints.at_step(kept or 0), trainer.model)
            model = trainer.accelerator.unwrap_model(trainer.model).to("cpu").eval()
        return model, list(history), kept


def should_stop(history: History, plan: Plan, steps: int, checkpoints: Checkpoints) -> bool:
    """Return whether a training that logged ``history`` is done. Called where a checkpoint was just written."""
    last = max(int(line["step"]) for line in history)
    if last >= plan.epochs * steps or (plan.by_heart and epoch_loss(history, steps) < KNOWN_BY_HEART):
        return True
    ranks = [checkpoints.rank(line) for line in measured_lines(history)]
    return bool(plan.patience is not None and ranks and len(ranks) - 1 - ranks.index(max(ranks)) >= plan.patience)


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


def seconds_of(history: History) -> float:
    """Return how long a training took, over all the times it was taken up."""
    return max((line.get("seconds", 0.0) for line in history), default=0.0)


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training did, as its model's record says it."""

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


def summarize(history: History, steps: int, tokens: int, kept: int | None) -> Trained:
    """Return what a training did whose epoch has so many ``steps`` and ``tokens``; ``kept`` is the step kept."""
    curve = tuple((int(line["step"]), round(line["loss"], 4)) for line in history if "loss" in line)
    valid = tuple((int(line["step"]), round(line["eval_loss"], 4)) for line in measured_lines(history))
    done, loss = curve[-1][0], round(epoch_loss(history, steps), 4)
    read, seconds = round(done / steps * tokens), round(seconds_of(history), 2)
    return Trained(done, done / steps, read, seconds, loss, dict(valid).get(kept or 0), curve, valid)


def resumable(trainer_class: Any, training: Training) -> Any:
    """Return a child of ``trainer_class`` with checkpoints, measuring and reports as ``training`` says."""
    store = training.checkpoints
    began, spent = time.perf_counter(), seconds_of(store.history())

    class Resumable(trainer_class):  # type: ignore[misc]
        """The trainer with checkpoints and measuring of our own."""

        def __init__(self, **given: Any) -> None:
            from transformers import PrinterCallback

            super().__init__(**given, callbacks=[_callback(training)])
            self.remove_callback(PrinterCallback)

        def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
            super().log({**logs, "seconds": spent + time.perf_counter() - began}, start_time)

        def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
            figures = training.measure(self) if training.measure else {}
            self.log(figures)
            return figures

        def _save_checkpoint(self, *_: Any) -> None:
            def add(into: Path) -> None:
                self._save_optimizer_and_scheduler(str(into))
                self._save_rng_state(str(into))
                self.state.save_to_json(str(into / STATE))

            model = self.accelerator.unwrap_model(self.model)
            store.write(self.state.global_step, model, self.state.log_history, add)

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            load_weights(Path(resume_from_checkpoint), self.accelerator.unwrap_model(self.model))

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # nobody reads it, and it walks the whole model at each step

    return Resumable


def _callback(training: Training) -> Any:
    """Return the callback that decides when to log, measure, save and stop, and reports to the sink."""
    from transformers import TrainerCallback

    plan, sink, steps = training.plan, training.sink, training.steps
    log_every = plan.save_every or -(-steps // 10)
    rest = -(-plan.epochs // (plan.rounds or ROUNDS))

    class Progress(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.first, self.began = state.global_step, time.perf_counter()
            self.reported = self.looked = self.began

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            # By steps, never by time: what is logged decides when it ends.
            control.should_log = (state.global_step % steps) % log_every == 0
            control.should_save = bool(plan.save_every) and control.should_log and state.global_step % steps != 0
            now = time.perf_counter()
            if now - self.looked > LOOK_EVERY:
                self.looked = now
                if sink.cancelled():
                    raise Cancelled

        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            epoch = state.global_step // steps
            control.should_log = True
            control.should_save = epoch % rest == 0 or epoch >= plan.epochs
            control.should_evaluate = control.should_save and training.measure is not None

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_save = False
            if should_stop(state.log_history, plan, steps, training.checkpoints):
                control.should_training_stop = True

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            control.should_log = False
            loss = (logs or {}).get("loss", (logs or {}).get("eval_loss"))
            if loss is None:
                return
            if not math.isfinite(float(loss)):
                raise RagqaError(
                    f"the loss became {loss} at step {state.global_step}, so training was stopped and no model kept: "
                    f"choose a --learning-rate below {plan.rate:g}"
                )
            now = time.perf_counter()
            if now - self.reported > REPORT_EVERY or state.global_step == state.max_steps or "eval_loss" in logs:
                self.reported = now
                sink.report(*self.line(state, logs, now))

        def line(self, state: Any, logs: Any, now: float) -> tuple[str, dict[str, float]]:
            done, past = state.global_step - self.first, now - self.began
            left = (state.max_steps - state.global_step) * past / done
            figures = {"step": float(state.global_step)}
            speed = ""
            if training.tokens:
                figures["tokens_per_second"] = round(done / past * training.tokens / steps, 1)
                speed = f", {figures['tokens_per_second']:,.0f} tokens/s"
            at = f"{training.stage}: step {state.global_step} of {state.max_steps}"
            if "eval_loss" in logs:
                figures["valid_loss"] = logs["eval_loss"]
                f1 = f", macro-F1 {logs['eval_macro_f1']:.3f}" if "eval_macro_f1" in logs else ""
                return f"{at}, loss on held-back examples {logs['eval_loss']:.3f}{f1}", figures
            figures["train_loss"] = float(logs["loss"])
            return f"{at}, loss {figures['train_loss']:.3f}{speed}, at most {_duration(left)} left", figures

    return Progress()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def uses_gpu() -> bool:
    """Return whether there is a GPU that computes in bfloat16."""
    import torch

    return torch.cuda.is_available() and torch.cuda.is_bf16_supported()


PACE = "pace.json"
TRIES = 3
PROBE_TOKENS = 256
PROBE_LOGITS = 32
"""Positions of a text whose logits the probe computes, where a batch computes those of few as well."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a machine trains a model fastest, and how fast that is."""

    threads: int
    half: bool
    """Compute in bfloat16: where the processor, or a GPU, is faster so."""
    tokens_per_second: float


@contextlib.contextmanager
def at_best_pace(model: Any, batch: dict[str, Any], folder: Path) -> Iterator[Pace]:
    """Set torch to what trains ``model`` fastest, measured on ``batch`` or known since ``folder`` was begun.

    It is kept in ``folder``: a run that goes on elsewhere computes as it began, to end with the same weights.
    """
    import torch

    before = torch.get_num_threads()
    pace = _kept_pace(folder, before)
    if pace is None:
        pace = _best_pace(model, batch, before)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / PACE, asdict(pace))
    torch.set_num_threads(pace.threads)
    try:
        yield pace
    finally:
        torch.set_num_threads(before)


def _kept_pace(folder: Path, most: int) -> Pace | None:
    known = read_json(folder / PACE, None)
    try:
        pace = Pace(int(known["threads"]), bool(known["half"]), float(known["tokens_per_second"]))
    except (TypeError, KeyError, ValueError):
        return None
    return pace if 0 < pace.threads <= most and pace.tokens_per_second > 0 else None


def _best_pace(model: Any, batch: dict[str, Any], most: int) -> Pace:
    """Return the pace of 1 or ``most`` threads, in single precision or bfloat16, whichever is faster on the wall."""
    import torch

    device = model.device.type
    halves = [True] if uses_gpu() else [False, True] if computes_faster_in_bfloat16() else [False]
    ids = batch["input_ids"].to(model.device)
    some = ids[: max(PROBE_TOKENS // ids.shape[1], 1), :PROBE_TOKENS]
    kept = min(batch.get("logits_to_keep", some.shape[1]), PROBE_LOGITS, some.shape[1])
    asked = {"logits_to_keep": kept} if "logits_to_keep" in batch else {}
    labels = some[:, -kept:] if asked else some
    model.eval()  # no draws of a generator
    ways = [(count, half) for count in ({1, most} if device == "cpu" else {most}) for half in halves]

    def measure(count: int, half: bool) -> float:
        torch.set_num_threads(count)
        began = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=half):
            loss = model(input_ids=some, labels=labels, **asked).loss
        loss.backward()
        return time.perf_counter() - began

    measure(*ways[-1])  # memory that is used for the first time is slow
    laps = [[measure(*way) for way in ways] for _ in range(TRIES)]  # in turns: another program may work for a while
    paces = [Pace(*way, some.numel() / min(own)) for way, own in zip(ways, zip(*laps, strict=True), strict=True)]
    model.zero_grad()
    return max(paces, key=lambda pace: pace.tokens_per_second)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what loads and trains from showing bars, advice and warnings of its own."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    datasets: Any = sys.modules.get("datasets")  # only who trains on its tables has imported it
    if datasets:
        datasets.disable_progress_bars()
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


@contextlib.contextmanager
def one_line_errors(folder: Path) -> Iterator[None]:
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
