"""DPO through TRL on pairs of texts, and how much likelier the better answers became. Reads and writes no feedback.

The loss is -log σ(β · (Δ - Δ₀)), where Δ = log p(chosen) - log p(rejected) of the model that learns and Δ₀ that of the
model that it was (Rafailov et al. 2023, eq. 7).
"""

from __future__ import annotations

import contextlib
import copy
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from ragqa.answer_log import Judged, KeptAnswer
from ragqa.answerers.prompting import Message, Room, build_prompt, rendered
from ragqa.errors import RagqaError
from ragqa.finetune.local.bases import ALPHA, DROPOUT, RANK
from ragqa.finetune.local.training import chosen_threads
from ragqa.prompts import Prompts
from ragqa.types import Hit, Passage

NEEDED = 20
"""Pairs under which a model would learn single answers by heart rather than what people prefer."""

_MARKER = re.compile(r"\s*\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question, with the passages that were found for it."""

    asked: KeptAnswer
    chosen: str
    rejected: str
    """[n] in both names the n-th passage of ``asked``."""


def pairs_of(judged: Iterable[Judged]) -> list[Pair]:
    """Return what should have been said over what was bad, and good answers over bad ones to the same question."""
    held: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for one in judged:
        held[(one.answer.index, " ".join(one.answer.question.casefold().split()))].append(one)
    found: dict[tuple[str, str, str], Pair] = {}
    for question, group in held.items():
        for pair in _of_question(group):
            if pair.chosen.strip() != pair.rejected.strip():
                found.setdefault((*question[1:], pair.chosen, pair.rejected), pair)
    return list(found.values())


def _of_question(group: Sequence[Judged]) -> list[Pair]:
    bad = [one for one in group if one.verdict == "bad"]
    good = [one for one in group if one.verdict == "good"]
    corrected = [
        Pair(one.answer, renumbered(one.answer, one.better), renumbered(one.answer)) for one in group if one.better
    ]
    # [n] of answers that were given other passages would name the wrong ones.
    told = [
        Pair(better.answer, renumbered(better.answer), renumbered(worse.answer))
        for better in good
        for worse in bad
        if better.answer.passages == worse.answer.passages
    ]
    apart = [
        Pair(better.answer, renumbered(better.answer), without_markers(worse.answer.text))
        for better in good
        for worse in bad
        if better.answer.passages != worse.answer.passages
    ]
    return [*corrected, *told, *apart]


def renumbered(answer: KeptAnswer, text: str | None = None) -> str:
    """Return the answer's text with each [n] naming the n-th passage found; one that names none is dropped.

    With ``text``, what it should have said: a person writes [n] for the n-th source that stood under the answer.
    """

    def number(found: re.Match[str]) -> str:
        rank = answer.markers.get(found[1])
        return found[0].replace(found[1], str(rank)) if rank else ""

    return _MARKER.sub(number, answer.text if text is None else text)


def without_markers(text: str) -> str:
    """Return ``text`` without [n]."""
    return _MARKER.sub("", text)


def parted(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to learn from and about a fifth to measure by; no question is on both sides."""
    questions = sorted({pair.asked.question for pair in pairs})
    Random(seed).shuffle(questions)
    held = set(questions[: len(questions) // 5])
    learned = [pair for pair in pairs if pair.asked.question not in held]
    return learned, [pair for pair in pairs if pair.asked.question in held]


@dataclass(frozen=True, slots=True)
class Asking:
    """How the model is asked."""

    tokenizer: Any
    room: Room
    prompts: Prompts
    instructions: str
    closed_book: bool
    """Whether it was trained to answer without passages."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A pair as the model reads it; an answer is followed by the tokenizer's end."""

    prompt: str
    chosen: str
    rejected: str


def texts_of(pair: Pair, asking: Asking) -> Texts:
    """Return the texts of a pair."""
    messages = _messages(pair.asked, asking)
    prompt, space = rendered(asking.tokenizer, messages), "" if asking.tokenizer.chat_template else " "
    bos = asking.tokenizer.bos_token
    if bos and prompt.startswith(bos) and asking.tokenizer("")["input_ids"][:1] == [asking.tokenizer.bos_token_id]:
        prompt = prompt.removeprefix(bos)  # the tokenizer adds it once more
    chosen, rejected = (without_markers(t) if asking.closed_book else t for t in (pair.chosen, pair.rejected))
    return Texts(prompt, space + chosen.strip(), space + rejected.strip())


def _messages(asked: KeptAnswer, asking: Asking) -> tuple[Message, ...]:
    if asking.closed_book:
        return (Message("user", asked.question),)
    hits = [Hit(rank, _passage(row), 0.0) for rank, row in enumerate(asked.passages, 1)]
    return build_prompt(asking.prompts, asked.question, hits, asking.room, instructions=asking.instructions).messages


def _passage(row: Any) -> Passage:
    text = str(row.get("text", ""))
    section = tuple(str(one) for one in row.get("section") or ())
    page, last = (row.get(name) if isinstance(row.get(name), int) else None for name in ("page", "page_end"))
    return Passage(
        str(row.get("document", "")), 0, len(text), text, section, str(row.get("header", "")), page=page, page_end=last
    )


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
