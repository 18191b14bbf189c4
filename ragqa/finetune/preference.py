"""Teach a local model which answers people prefer: DPO through TRL on pairs from ``ragqa feedback``.

The loss is -log σ(β · (Δ - Δ₀)), where Δ = log p(chosen) - log p(rejected) of the model that learns and Δ₀ that of the
model that it was (Rafailov et al. 2023, arXiv 2305.18290, eq. 7).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragqa.answer_log import judgements
from ragqa.answerers import ChatOptions
from ragqa.answerers.transformers import LocalModel
from ragqa.errors import GO_ON, RagqaError
from ragqa.finetune import open_provider
from ragqa.finetune.jobs import jobs_folder
from ragqa.finetune.local.bases import adapter_config, context_of, find_base, load_base, merge_adapters, save_model
from ragqa.finetune.preference_pairs import NEEDED, Asking, PreferencePair, Texts, pairs_of, split_pairs, texts_of
from ragqa.finetune.training.checkpoints import Checkpoints
from ragqa.finetune.training.job import JobFolder, Outcome, digest_of, need_extra, run_job, write_model
from ragqa.finetune.training.loop import Plan, ProgressSink, Training, at_best_pace, quiet, resumable, uses_gpu
from ragqa.models.causal import find_causal
from ragqa.models.files import fingerprint
from ragqa.models.safety import read_record
from ragqa.plain_files import cannot_write
from ragqa.printable import quantity
from ragqa.prompts import load_prompts

if TYPE_CHECKING:
    from ragqa.settings import Settings

RATE = 5e-5


@dataclass(frozen=True, slots=True)
class DPO:
    """How to learn."""

    epochs: int = 3
    beta: float = 0.1
    """Strength of the KL penalty towards the model that it was."""
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


def train(
    model: Any, tokenizer: Any, pairs: Sequence[Texts], plan: DPO, checkpoints: Checkpoints, sink: ProgressSink
) -> Any:
    """Return the model after DPO, on the CPU, its adapters merged. Raises RagqaError, Cancelled."""
    steps = -(-len(pairs) // plan.batch_size)
    course = Plan(plan.epochs, plan.rate, plan.seed, half=uses_gpu())
    training = Training("learning", course, checkpoints, sink, steps)
    with at_best_pace(model, _like_a_step(tokenizer, pairs[0], plan), checkpoints.folder):
        learned, _, _ = training.run(lambda: _trainer(model, tokenizer, pairs, plan, training))
    return merge_adapters(learned) if plan.adapters else learned


def _trainer(model: Any, tokenizer: Any, pairs: Sequence[Texts], plan: DPO, training: Training) -> Any:
    import datasets
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    datasets.disable_progress_bars()
    arguments = DPOConfig(
        **training.arguments(),
        beta=plan.beta,
        per_device_train_batch_size=plan.batch_size,
        max_length=None,
        gradient_checkpointing=False,
    )
    return resumable(DPOTrainer, training)(
        model=model,
        ref_model=None if plan.adapters else copy.deepcopy(model),
        args=arguments,
        train_dataset=datasets.Dataset.from_list([asdict(pair) for pair in pairs]),
        processing_class=tokenizer,
        peft_config=adapter_config() if plan.adapters else None,
    )


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


@dataclass(frozen=True, slots=True)
class Preferred:
    """What came of it."""

    model: str
    """transformers:FOLDER."""
    learned: int
    """Pairs that were learned from."""
    left_out: int
    """Pairs that are longer than the model reads."""
    before: Margin
    after: Margin
    held_before: Margin | None
    """The same on pairs that were held back."""
    held_after: Margin | None
    seconds: float


def prefer(
    model: str,
    settings: Settings,
    plan: DPO,
    out: Path | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> Preferred:
    """Teach ``model``, a local job's id or a model's folder, what the feedback prefers; write it to ``out``.

    Raises RagqaError where the pairs are too few, the model is none, or ``out`` is there already.
    """
    need_extra("to learn from feedback", "trl", "peft", "accelerate", "datasets")
    pairs = pairs_of(judgements(settings))
    if len(pairs) < NEEDED:
        raise RagqaError(
            f"learning what is preferred needs {NEEDED} pairs of a better and a worse answer to one question; the "
            f'feedback gives {len(pairs)}: add some with ragqa feedback bad --better "…"'
        )
    folder = folder_of(model, settings)
    target = out or folder.with_name(f"{folder.name}-preferred")
    if target.exists():
        raise RagqaError(f"{target} is there already: remove it, or choose another --out")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from None
    record = read_record(folder)
    plan = replace(plan, adapters=not record.get("scratch"))
    room = (settings.max_tokens, settings.context_tokens, asdict(load_prompts(settings.prompts)))
    asked = (fingerprint(folder, folder, ()), [asdict(pair) for pair in pairs], asdict(plan), str(target), room)
    job_folder = JobFolder(jobs_folder(settings) / f"preference-{digest_of(asked)[:12]}")

    def work(sink: ProgressSink) -> Outcome[Preferred]:
        found = _learn(folder, record, pairs, settings, plan, target, job_folder, sink)
        return Outcome(found.model, found, seconds=found.seconds)

    job, outcome = run_job(job_folder, str(folder), "preference", quantity(len(pairs), "pair"), work, notice)
    if outcome is None:
        raise RagqaError(f"job {job.id} was stopped: {GO_ON}")
    return outcome.result


def folder_of(model: str, settings: Settings) -> Path:
    """Return the folder of a model that is named by its job's id, or as ``find_causal`` takes it. Raises RagqaError."""
    name = model.removeprefix("transformers:")
    if not Path(name).expanduser().is_dir() and Path(name).name == model and (jobs_folder(settings) / model).is_dir():
        job = open_provider("local", settings).status(model)
        if not job.model or not job.model.startswith("transformers:"):
            raise RagqaError(f"job {model} has no language model to teach: it is {job.state}, of the form {job.form}")
        name = job.model.removeprefix("transformers:")
    return find_causal(name, "MODEL")


def _learn(
    folder: Path,
    record: dict[str, Any],
    pairs: Sequence[PreferencePair],
    settings: Settings,
    plan: DPO,
    target: Path,
    job: JobFolder,
    sink: ProgressSink,
) -> Preferred:
    began, base = time.perf_counter(), find_base(str(folder))
    with quiet():
        model, tokenizer = load_base(base, half=False)
    asking = _asking(folder, tokenizer, record, settings)
    parts = [[texts_of(pair, asking) for pair in part] for part in split_pairs(pairs, plan.seed)]
    learned, held = ([one for one in part if length_of(tokenizer, one) <= context_of(model)] for part in parts)
    left_out = len(pairs) - len(learned) - len(held)
    if not learned:
        raise RagqaError(f"all {len(pairs)} pairs are longer than the {context_of(model)} tokens that {folder} reads")
    before, held_before = margin(model, tokenizer, learned), margin(model, tokenizer, held)
    counts = f"{quantity(len(learned), 'pair')} to learn from, {len(held)} held back"
    sink.report(f"{counts}, {left_out} too long for the model", {})
    taught = train(model, tokenizer, learned, plan, job.checkpoints("learning"), sink)
    after, held_after = margin(taught, tokenizer, learned), margin(taught, tokenizer, held)
    assert before and after
    seconds = round(time.perf_counter() - began, 2)
    found = Preferred(f"transformers:{target}", len(learned), left_out, before, after, held_before, held_after, seconds)
    row: dict[str, Any] = {"base": str(folder), "base_revision": base.revision, "scratch": base.scratch}
    row |= {"form": record.get("form"), "method": "dpo", "options": asdict(plan), "seed": plan.seed}
    row |= {"pairs_sha256": digest_of([asdict(one) for one in (*learned, *held)]), "finished_at": time.time()}
    row |= {"train_seconds": seconds, "preference": asdict(found)}

    def write(making: Path) -> dict[str, Any]:
        with quiet():
            save_model(taught, tokenizer, making, row)
        return row

    write_model(target, write)
    return found


def _asking(folder: Path, tokenizer: Any, record: dict[str, Any], settings: Settings) -> Asking:
    options = ChatOptions(max_tokens=settings.max_tokens, context_tokens=settings.context_tokens)
    room = LocalModel(folder, options, f"transformers:{folder}").room()
    instructions = settings.instructions.read_text(encoding="utf-8") if settings.instructions else ""
    return Asking(tokenizer, room, load_prompts(settings.prompts), instructions, record.get("form") == "closed-book")
