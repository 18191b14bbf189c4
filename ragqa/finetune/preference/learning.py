"""DPO through TRL on pairs of texts, and how much likelier the better answers became. Reads and writes no feedback.

The loss is -log σ(β · (Δ - Δ₀)), where Δ = log p(chosen) - log p(rejected) of the model that learns and Δ₀ that of the
model that it was (Rafailov et al. 2023, eq. 7).
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.local.lora import ALPHA, DROPOUT, RANK
from ragqa.finetune.local.threads import chosen_threads
from ragqa.finetune.preference.texts import Texts

RATE = 5e-5


@dataclass(frozen=True, slots=True)
class DPO:
    """How to learn."""

    epochs: int = 3
    beta: float = 0.1
    """How dear it is to move away from the model that it was."""
    rate: float = RATE
    batch_size: int = 4
    seed: int = 0
    adapters: bool = True
    """Train adapters that are merged at the end, rather than all weights."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How two answers stand to each other, over some pairs."""

    pairs: int
    mean: float
    """log p(chosen) - log p(rejected), in nats, the mean."""
    preferred: int
    """Pairs of which the chosen answer is the more probable one."""


def learn(
    model: Any, tokenizer: Any, pairs: Sequence[Texts], plan: DPO, folder: Path, notice: Callable[[str], None]
) -> Any:
    """Return the model after DPO, on the CPU; ``folder`` is for TRL's own use. Raises RagqaError on a loss of NaN."""
    import datasets
    import torch
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    half = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    adapters = LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with _no_bars(datasets), chosen_threads(model, _like_a_step(tokenizer, pairs[0], plan), folder):
        arguments = DPOConfig(
            output_dir=str(folder),
            num_train_epochs=plan.epochs,
            beta=plan.beta,
            learning_rate=plan.rate,
            per_device_train_batch_size=plan.batch_size,
            seed=plan.seed,
            max_length=None,
            bf16=half,
            gradient_checkpointing=False,
            logging_strategy="epoch",
            logging_nan_inf_filter=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = DPOTrainer(
            model=model,
            ref_model=None if plan.adapters else copy.deepcopy(model),
            args=arguments,
            train_dataset=datasets.Dataset.from_list([asdict(pair) for pair in pairs]),
            processing_class=tokenizer,
            callbacks=[_teller(plan, notice)],
            peft_config=adapters if plan.adapters else None,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    learned = trainer.accelerator.unwrap_model(trainer.model)
    learned = learned.merge_and_unload() if plan.adapters else learned
    return learned.to("cpu").eval()


def _like_a_step(tokenizer: Any, pair: Texts, plan: DPO) -> dict[str, Any]:
    """Return what is about as much work as a step is: both answers of each pair."""
    import torch

    ids = tokenizer(pair.prompt + pair.chosen + tokenizer.eos_token, verbose=False)["input_ids"]
    return {"input_ids": torch.tensor([ids] * (2 * plan.batch_size))}


def margin(model: Any, tokenizer: Any, pairs: Sequence[Texts]) -> Margin | None:
    """Return how ``model`` ranks the answers; None without pairs."""
    if not pairs:
        return None
    apart = [
        log_probability(model, tokenizer, pair.prompt, pair.chosen)
        - log_probability(model, tokenizer, pair.prompt, pair.rejected)
        for pair in pairs
    ]
    return Margin(len(apart), round(sum(apart) / len(apart), 4), sum(one > 0 for one in apart))


def log_probability(model: Any, tokenizer: Any, prompt: str, answer: str) -> float:
    """Return log p(answer and end | prompt), in nats."""
    import torch

    asked = len(tokenizer(prompt, verbose=False)["input_ids"])
    ids = torch.tensor([tokenizer(prompt + answer + tokenizer.eos_token, verbose=False)["input_ids"]])
    with torch.inference_mode():
        told = model.eval()(input_ids=ids.to(model.device)).logits[0, :-1].float().log_softmax(-1)
    return float(told.gather(1, ids[0, 1:, None].to(told.device))[asked - 1 :].sum())


def length_of(tokenizer: Any, pair: Texts) -> int:
    """Return the tokens of the longer of the two."""
    longest = max(pair.chosen, pair.rejected, key=len)
    return len(tokenizer(pair.prompt + longest + tokenizer.eos_token, verbose=False)["input_ids"])


def _teller(plan: DPO, notice: Callable[[str], None]) -> Any:
    from transformers import TrainerCallback

    class Teller(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            loss = (logs or {}).get("loss")
            if loss is None:
                return
            if not math.isfinite(float(loss)):
                raise RagqaError(
                    f"the loss became {loss}, so learning was stopped and no model kept: choose a --learning-rate "
                    f"below {plan.rate:g}"
                )
            right = float(logs.get("rewards/accuracies", 0.0))
            notice(
                f"pass {round(state.epoch)} of {plan.epochs}: loss {float(loss):.3f}, {right:.0%} of pairs moved right"
            )

    return Teller()


@contextlib.contextmanager
def _no_bars(datasets: Any) -> Any:
    from ragqa.finetune.local.training import quiet

    shown = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        with quiet():
            yield
    finally:
        if not shown:
            datasets.enable_progress_bars()
