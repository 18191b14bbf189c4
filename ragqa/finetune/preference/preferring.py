"""``ragqa finetune prefer``: a local model and the feedback → a new model's folder, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragqa.answer_log import judgements
from ragqa.answerers import ChatOptions
from ragqa.answerers.transformers import LocalModel, check_folder
from ragqa.errors import MissingExtra, RagqaError
from ragqa.finetune.jobs import jobs_folder, open_provider
from ragqa.finetune.local.bases import context_of, find_base, load_base, preferred_beside, save_model
from ragqa.finetune.local.training import quiet
from ragqa.finetune.preference.learning import (
    DPO,
    NEEDED,
    Asking,
    Margin,
    Pair,
    Texts,
    learn,
    length_of,
    margin,
    pairs_of,
    parted,
    texts_of,
)
from ragqa.models.safety import read_record
from ragqa.plain_files import cannot_write, made_whole
from ragqa.printable import quantity
from ragqa.prompts import load_prompts

if TYPE_CHECKING:
    from ragqa.settings import Settings


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
    _need_extra()
    pairs = pairs_of(judgements(settings))
    if len(pairs) < NEEDED:
        raise RagqaError(
            f"learning what is preferred needs {NEEDED} pairs of a better and a worse answer to one question; the "
            f'feedback gives {len(pairs)}: add some with ragqa feedback bad --better "…"'
        )
    folder = folder_of(model, settings)
    target = out or preferred_beside(folder)
    if target.exists():
        raise RagqaError(f"{target} is there already: remove it, or choose another --out")
    record = read_record(folder)
    plan = replace(plan, adapters=not record.get("scratch"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from None
    with made_whole(target) as making:
        return _taught(folder, record, pairs, settings, plan, making, target, notice)


def folder_of(model: str, settings: Settings) -> Path:
    """Return the folder of a model that is named by its job's id, or by itself. Raises RagqaError."""
    folder = Path(model.removeprefix("transformers:")).expanduser()
    if not folder.is_dir() and folder.name == model and (jobs_folder(settings) / model).is_dir():
        job = open_provider("local", settings).status(model)
        if not job.model or not job.model.startswith("transformers:"):
            raise RagqaError(f"job {model} has no language model to teach: it is {job.state}, of the form {job.form}")
        folder = Path(job.model.removeprefix("transformers:"))
    check_folder(folder, "MODEL")
    return folder


def _taught(
    folder: Path,
    record: dict[str, Any],
    pairs: Sequence[Pair],
    settings: Settings,
    plan: DPO,
    making: Path,
    target: Path,
    notice: Callable[[str], None],
) -> Preferred:
    began, base = time.perf_counter(), find_base(str(folder))
    with quiet():
        model, tokenizer = load_base(base, half=False)
    asking = _asking(folder, tokenizer, record, settings)
    parts = [[texts_of(pair, asking) for pair in part] for part in parted(pairs, plan.seed)]
    learned, held = ([one for one in part if length_of(tokenizer, one) <= context_of(model)] for part in parts)
    left_out = len(pairs) - len(learned) - len(held)
    if not learned:
        raise RagqaError(f"all {len(pairs)} pairs are longer than the {context_of(model)} tokens that {folder} reads")
    before, held_before = margin(model, tokenizer, learned), margin(model, tokenizer, held)
    notice(f"{quantity(len(learned), 'pair')} to learn from, {len(held)} held back, {left_out} too long for the model")
    taught = learn(model, tokenizer, learned, plan, making / "trl", notice)
    after, held_after = margin(taught, tokenizer, learned), margin(taught, tokenizer, held)
    assert before and after
    seconds = round(time.perf_counter() - began, 2)
    found = Preferred(f"transformers:{target}", len(learned), left_out, before, after, held_before, held_after, seconds)
    told: dict[str, Any] = {"base": str(folder), "base_revision": base.revision, "scratch": base.scratch}
    told |= {"form": record.get("form"), "method": "dpo", "options": asdict(plan), "seed": plan.seed}
    told |= {"pairs_sha256": _hash([*learned, *held]), "finished_at": time.time(), "train_seconds": seconds}
    with quiet():
        save_model(taught, tokenizer, making, {**told, "preference": asdict(found)})
    _tidy(making / "trl")
    return found


def _asking(folder: Path, tokenizer: Any, record: dict[str, Any], settings: Settings) -> Asking:
    options = ChatOptions(max_tokens=settings.max_tokens, context_tokens=settings.context_tokens)
    room = LocalModel(folder, options, f"transformers:{folder}").room()
    instructions = settings.instructions.read_text(encoding="utf-8") if settings.instructions else ""
    return Asking(tokenizer, room, load_prompts(settings.prompts), instructions, record.get("form") == "closed-book")


def _tidy(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _hash(texts: Sequence[Texts]) -> str:
    return hashlib.sha256(json.dumps([asdict(one) for one in texts]).encode()).hexdigest()


def _need_extra() -> None:
    if not all(find_spec(name) for name in ("trl", "peft", "accelerate", "datasets")):
        raise MissingExtra("ragqa[train] is needed to learn from feedback — pip install 'ragqa[train]'")
