"""Teach a local model which answers people prefer, from ``ragqa feedback``: SFT, a reward model, DPO; measured.

What is measured is the share of held-back pairs whose chosen answer is the likelier one, the sum of log-probabilities
over its tokens as in DPO, before and after; and how well a linear reward model on the model's states, fitted on the
pairs to learn from, tells the same pairs apart: what can be known of the preference without training the model.
"""

from __future__ import annotations

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
from ragqa.finetune.local.bases import check_memory, context_of, find_base, load_base, save_model, stored_dtype
from ragqa.finetune.preference_measuring import (
    Agreement,
    Encoded,
    agreement_of,
    encode,
    fit_reward_model,
    gain,
    margins_of,
    read_pairs,
)
from ragqa.finetune.preference_pairs import NEEDED, Asking, PreferencePair, pairs_of, split_pairs, texts_of
from ragqa.finetune.preference_stages import (
    Fit,
    Recipe,
    Stages,
    fit_budget,
    kept_fit,
    seconds_of_a_pair,
    some_of,
)
from ragqa.finetune.training.job import (
    CHECKPOINTS,
    MODEL,
    JobFolder,
    Outcome,
    digest_of,
    need_extra,
    run_job,
    write_model,
)
from ragqa.finetune.training.loop import ProgressSink, at_best_pace, quiet
from ragqa.metrics import Difference
from ragqa.models.causal import find_causal
from ragqa.models.files import fingerprint
from ragqa.models.safety import read_record
from ragqa.plain_files import cannot_write
from ragqa.printable import quantity
from ragqa.prompts import load_prompts

if TYPE_CHECKING:
    from ragqa.settings import Settings


@dataclass(frozen=True, slots=True)
class Preferred:
    """What came of it; ``Agreement`` counts the pairs whose chosen answer is the likelier one."""

    model: str
    """transformers:FOLDER."""
    learned: int
    """Pairs that were learned from."""
    epochs: int
    """Passes of DPO over them."""
    sft: bool
    """Whether the chosen answers were learned before."""
    no_time: int
    """Pairs that the minutes left out."""
    before: Agreement
    """On the pairs to learn from."""
    after: Agreement
    held_before: Agreement | None
    """On pairs that were held back; None where there are none."""
    held_sft: Agreement | None
    """After SFT, where there was any."""
    held_after: Agreement | None
    held_gain: Difference | None
    """By how much the share of held-back pairs rose, with its paired interval."""
    held_reward: Agreement | None
    """The reward model on the held-back pairs; its scores are rewards, not log-probabilities."""
    too_long: int = 0
    """Pairs that are longer than the model reads."""
    seconds: float = 0.0


def prefer(
    model: str,
    settings: Settings,
    recipe: Recipe,
    out: Path | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> Preferred:
    """Teach ``model``, a local job's id or a model's folder or name, what the feedback prefers; write it to ``out``.

    Raises RagqaError where the pairs are too few, the model is none, or ``out`` is there already.
    """
    pairs = enough_pairs(settings)
    return teach(model, *split_pairs(pairs, recipe.seed), settings, recipe, out, notice)


def enough_pairs(settings: Settings) -> list[PreferencePair]:
    """Return the pairs that the feedback gives. Raises RagqaError where they are fewer than NEEDED."""
    pairs = pairs_of(judgements(settings))
    if len(pairs) < NEEDED:
        raise RagqaError(
            f"learning what is preferred needs {NEEDED} pairs of a better and a worse answer to one question; the "
            f'feedback gives {len(pairs)}: add some with ragqa feedback bad --better "…"'
        )
    return pairs


def teach(
    model: str,
    pairs: Sequence[PreferencePair],
    held: Sequence[PreferencePair],
    settings: Settings,
    recipe: Recipe,
    out: Path | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> Preferred:
    """Teach ``model`` what ``pairs`` prefer, measured on ``held``, as ``prefer`` does."""
    need_extra("to learn from feedback", "peft", "accelerate")
    folder = folder_of(model, settings, notice)
    target = out or target_of(model, folder)
    if target.exists():
        raise RagqaError(f"{target} is there already: remove it, or choose another --out")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from None
    record = read_record(folder)
    sft = "form" not in record if recipe.sft is None else recipe.sft
    recipe = replace(recipe, sft=sft)
    room = (settings.max_tokens, settings.context_tokens, asdict(load_prompts(settings.prompts)))
    both = [[asdict(pair) for pair in part] for part in (pairs, held)]
    asked = (fingerprint(folder, folder, ()), both, asdict(recipe), str(target), room)
    job_folder = JobFolder(jobs_folder(settings) / f"preference-{digest_of(asked)[:12]}")

    def work(sink: ProgressSink) -> Outcome[Preferred]:
        found = _Learning(folder, record, settings, recipe, target, job_folder, sink).run(pairs, held)
        return Outcome(found.model, found, seconds=found.seconds)

    about = quantity(len(pairs) + len(held), "pair")
    job, outcome = run_job(job_folder, str(folder), "preference", about, work, notice)
    if outcome is None:
        raise RagqaError(f"job {job.id} was stopped: {GO_ON}")
    return outcome.result


def folder_of(model: str, settings: Settings, notice: Callable[[str], None] = lambda line: None) -> Path:
    """Return the folder of a model that is named by its job's id, or as ``find_causal`` takes it. Raises RagqaError."""
    name = model.removeprefix("transformers:")
    if not Path(name).expanduser().is_dir() and Path(name).name == model and (jobs_folder(settings) / model).is_dir():
        job = open_provider("local", settings).status(model)
        if not job.model or not job.model.startswith("transformers:"):
            raise RagqaError(f"job {model} has no language model to teach: it is {job.state}, of the form {job.form}")
        name = job.model.removeprefix("transformers:")
    return find_causal(name, "MODEL", notice)


def target_of(model: str, folder: Path) -> Path:
    """Return where the taught model is written: beside the folder or file that was named, else in the current one."""
    name = Path(model.removeprefix("transformers:")).expanduser()
    if name.is_file():
        return name.with_name(f"{name.stem}-preferred")
    beside = name.is_dir() or folder.name == MODEL  # the latter is a job's
    return folder.with_name(f"{folder.name}-preferred") if beside else Path(f"{name.name}-preferred")


@dataclass(frozen=True, slots=True)
class _Learning:
    """One job."""

    folder: Path
    record: dict[str, Any]
    settings: Settings
    recipe: Recipe
    target: Path
    job: JobFolder
    sink: ProgressSink

    def run(self, pairs: Sequence[PreferencePair], held: Sequence[PreferencePair]) -> Preferred:
        """Measure, learn, measure again and write the model. Raises RagqaError, Cancelled."""
        import torch

        began, base = time.perf_counter(), find_base(str(self.folder))
        with quiet():
            model, tokenizer = load_base(base, half=False)
        learned, apart = (self._encoded(part, tokenizer, context_of(model)) for part in (pairs, held))
        too_long = len(pairs) + len(held) - len(learned) - len(apart)
        if not learned:
            raise RagqaError(
                f"all {len(pairs)} pairs are longer than the {context_of(model)} tokens that {self.folder} reads"
            )
        adapters = not base.scratch
        check_memory(base, max(pair.length for pair in learned), adapters=adapters)
        counts = f"{quantity(len(learned), 'pair')} to learn from, {len(apart)} held back"
        self.sink.report(f"{counts}, {too_long} too long for the model", {})
        like_a_step = {"input_ids": torch.tensor([(*learned[0].shared, *learned[0].rests[0])])}
        with at_best_pace(model, like_a_step, self._kept) as pace:
            stages = Stages(self.recipe, adapters, pace.half, self.sink)
            model, found = self._taught(model, stages, learned, apart, began)
        found = replace(found, too_long=too_long, seconds=round(time.perf_counter() - began, 2))
        row: dict[str, Any] = {"base": str(self.folder), "base_revision": base.revision, "scratch": base.scratch}
        row |= {"form": self.record.get("form"), "method": "dpo", "options": asdict(self.recipe)}
        row |= {"seed": self.recipe.seed, "pairs_sha256": digest_of([asdict(one) for one in (*learned, *apart)])}
        row |= {"finished_at": time.time(), "train_seconds": found.seconds, "preference": asdict(found)}

        def write(making: Path) -> dict[str, Any]:
            with quiet():
                save_model(model.to(stored_dtype(base, model.dtype)), tokenizer, making, row)
            return row

        write_model(self.target, write)
        return found

    def _taught(
        self, model: Any, stages: Stages, learned: Sequence[Encoded], apart: Sequence[Encoded], began: float
    ) -> tuple[Any, Preferred]:
        """Return the model that learned from ``learned``, and how it ranks them and those held back, ``apart``."""
        first, recipe = time.perf_counter(), self.recipe
        read, read_apart = (read_pairs(model, part) for part in (learned, apart))
        now = time.perf_counter()
        reward = fit_reward_model(read, recipe.seed) if len(read) > 1 else None
        before, held_before = agreement_of(margins_of(read)), agreement_of(margins_of(read_apart))
        self._say("before", held_before)
        fit = self._fit(model, learned, stages.adapters, spent=now - began, measuring=now - first)
        chosen, held_sft = some_of(learned, fit.pairs, recipe.seed), None
        known = some_of(margins_of(read), fit.pairs, recipe.seed)
        if recipe.sft:
            model = stages.learn_chosen(model, chosen, self.job.checkpoints("sft"))
            held_sft = agreement_of(margins_of(read_pairs(model, apart)))
            self._say("after SFT", held_sft)
            known = margins_of(read_pairs(model, chosen))
        model = stages.learn_preferences(model, chosen, known, fit.epochs, self.job.checkpoints("learning"))
        after, held_after = (agreement_of(margins_of(read_pairs(model, part))) for part in (learned, apart))
        self._say("after DPO", held_after)
        assert before and after
        return model, Preferred(
            f"transformers:{self.target}",
            learned=len(chosen),
            epochs=fit.epochs,
            sft=bool(recipe.sft),
            no_time=len(learned) - len(chosen),
            before=before,
            after=after,
            held_before=held_before,
            held_sft=held_sft,
            held_after=held_after,
            held_gain=gain(held_before, held_after),
            held_reward=agreement_of(reward.margins(read_apart)) if reward else None,
        )

    @property
    def _kept(self) -> Path:
        """Return the folder of what a run that goes on must know, removed when the job is done."""
        return self.job.folder / CHECKPOINTS

    def _encoded(self, pairs: Sequence[PreferencePair], tokenizer: Any, context: int) -> list[Encoded]:
        """Return those pairs that the model can read, as it reads them."""
        asking = _asking(self.folder, tokenizer, self.record, self.settings)
        made = (encode(tokenizer, texts_of(pair, asking)) for pair in pairs)
        return [one for one in made if one.length <= context]

    def _fit(self, model: Any, pairs: Sequence[Encoded], adapters: bool, *, spent: float, measuring: float) -> Fit:
        """Return what fits into the minutes, or what did when the job was begun; what does not is reported."""
        whole = Fit(self.recipe.epochs, len(pairs))
        if self.recipe.minutes is None:
            return whole
        fit = kept_fit(self._kept)
        if fit is None:
            sft = bool(self.recipe.sft)
            left = 60 * self.recipe.minutes - spent - measuring * (2 if sft else 1)
            each = seconds_of_a_pair(model, pairs, self.recipe.seed, adapters=adapters)
            fit = kept_fit(self._kept, fit_budget(left, each, len(pairs), self.recipe.epochs, sft=sft))
            assert fit
        if fit != whole:
            self.sink.report(
                f"{self.recipe.minutes:g} minutes allow for {quantity(fit.epochs, 'pass', 'passes')} over {fit.pairs} "
                f"of {quantity(len(pairs), 'pair')}; {whole.epochs} over all were asked for",
                {},
            )
        return fit

    def _say(self, when: str, held: Agreement | None) -> None:
        if held:
            share = f"{held.share:.2f} [{held.low:.2f}, {held.high:.2f}]"
            self.sink.report(f"{when}: the better answer is the likelier one in {share} of held-back pairs", {})


def _asking(folder: Path, tokenizer: Any, record: dict[str, Any], settings: Settings) -> Asking:
    options = ChatOptions(max_tokens=settings.max_tokens, context_tokens=settings.context_tokens)
    room = LocalModel(folder, options, f"transformers:{folder}").room()
    instructions = settings.instructions.read_text(encoding="utf-8") if settings.instructions else ""
    return Asking(tokenizer, room, load_prompts(settings.prompts), instructions, record.get("form") == "closed-book")
