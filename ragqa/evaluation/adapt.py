"""Teach a library's embedder its manuals, from generated questions, and keep it only if it then finds more.

What is gained is measured on questions whose pages the training has not seen, or on people's where they are given, by
the library's own search. The library itself is not changed: ``ragqa reembed`` does that.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ragqa.embedders.folders import ModelFolder, find_model
from ragqa.errors import MissingExtra, RagqaError
from ragqa.evaluation.datasets.records import Dataset, Held, Question, check
from ragqa.evaluation.questions import as_gold, write_questions
from ragqa.evaluation.questions.statements import GeneratedQuestion
from ragqa.evaluation.tune import Gain, gain_of
from ragqa.evaluation.tune.workbench import Workbench, cut_anew, hit, passage_tokens_of, worth
from ragqa.ingest import embedding_input
from ragqa.printable import quantity
from ragqa.retrieval import Fusion
from ragqa.store.database import Database
from ragqa.types import Passage

if TYPE_CHECKING:
    from ragqa.engine import Library


BATCH = 32
EPOCHS = 1
RATE = 2e-5
WARM_UP = 0.1
"""Share of the steps in which the rate climbs."""

KEPT = 0.5
"""Share of the weights before in those that are saved."""

TOLD_EVERY = 5
"""Steps between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the text that answers it."""

    question: str
    passage: str


def train(folder: ModelFolder, pairs: Sequence[Pair], out: Path, *, seed: int, progress: Callable[[str], None]) -> None:
    """Write into ``out`` the model of ``folder``, trained on ``pairs``; ``progress`` gets the loss."""
    with _quiet():
        import torch
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

        from ragqa.embedders.local import load_original

        torch.manual_seed(seed)
        model = load_original(folder, "cuda" if torch.cuda.is_available() else "cpu")
        # The model card, which is not written, would be looked up on a hub and show a bar of its own.
        model.model_card_data.local_files_only = True
        model.model_card_data.generate_widget_examples = False
        before = {name: value.detach().clone() for name, value in model.state_dict().items()}
        loss = MultipleNegativesRankingLoss(model)
        with TemporaryDirectory(prefix="ragqa-") as scratch:
            _trainer(model, loss, _data(folder, pairs), scratch, seed, progress).train()
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(before[name], KEPT)
        # Some models get their prefixes by their name, which this one has not.
        model.prompts = {"query": folder.query_prefix, "document": folder.passage_prefix}
        # Its card would quote the manual's text.
        model.save(str(out), create_model_card=False)


def can_train() -> bool:
    """Say whether what training needs is installed."""
    from importlib.util import find_spec

    return all(find_spec(name) for name in ("datasets", "accelerate"))


def _data(folder: ModelFolder, pairs: Sequence[Pair]) -> Any:
    from datasets import Dataset

    return Dataset.from_dict(
        {
            "anchor": [folder.query_prefix + pair.question for pair in pairs],
            "positive": [folder.passage_prefix + pair.passage for pair in pairs],
        }
    )


def _trainer(model: Any, loss: Any, data: Any, scratch: str, seed: int, progress: Callable[[str], None]) -> Any:
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers
    from transformers import PrinterCallback, TrainerCallback

    class Told(TrainerCallback):
        """Passes the loss on."""

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
            if logs and "loss" in logs:
                progress(f"training: step {state.global_step} of {state.max_steps}, loss {logs['loss']:.3f}")

    steps = EPOCHS * -(-len(data) // BATCH)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=scratch,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        warmup_steps=max(round(WARM_UP * steps), 1),
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        seed=seed,
        logging_steps=TOLD_EVERY,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=loss, callbacks=[Told()])
    trainer.remove_callback(PrinterCallback)
    return trainer


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what trains from showing bars and advice of its own."""
    import datasets
    from transformers.utils import logging as transformers_logging

    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)


HELD_BACK = 0.3
"""Share of the pages whose questions are kept for measuring."""


def held_back(
    drafts: Sequence[GeneratedQuestion], seed: int
) -> tuple[list[GeneratedQuestion], list[GeneratedQuestion]]:
    """Return the questions to learn from, and those held back: no page has questions of both."""
    pages = sorted({(draft.source.document, page) for draft in drafts for page in draft.pages})
    Random(seed).shuffle(pages)
    back = set(pages[: round(HELD_BACK * len(pages))])
    parts: tuple[list[GeneratedQuestion], list[GeneratedQuestion]] = ([], [])
    for draft in drafts:
        own = {(draft.source.document, page) for page in draft.pages}
        if own <= back and own:
            parts[1].append(draft)
        elif not own & back:
            parts[0].append(draft)
    return parts


def pairs_of(library: Path, drafts: Sequence[GeneratedQuestion]) -> list[Pair]:
    """Return each question with the passage of the library in ``library`` that holds its answer, as it is embedded."""
    database = Database.open(library)
    try:
        titles = {stored.name: stored.title for stored in database.documents()}
        passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in database.passages(database.passage_ids().tolist()).values():
            passages[passage.document].append(passage)
    finally:
        database.close()
    pairs = []
    for draft in drafts:
        name, place = draft.source.document, draft.source.place
        held = next((passage for passage in passages[name] if passage.start <= place < passage.end), None)
        if held:
            pairs.append(Pair(draft.text, embedding_input(titles[name], held)[0]))
    return pairs


MOST = 1000
"""Questions generated at most: a pass over them takes minutes."""

FEWEST_PAIRS = 64
"""Under this there is nothing to learn from: two batches."""

RECORD = "ragqa.json"


@dataclass(frozen=True, slots=True)
class Adapted:
    """What training gave. Gains are those of held-back questions over the present embedder."""

    library: str
    base: str
    pairs: int
    held_back: int
    page_mrr: Gain
    """page_mrr@10."""
    page_hit: Gain
    """Share of questions whose page is among the first k passages."""
    k: int
    folder: Path | None
    """The new model; None where it was not better beyond chance, and then nothing is left of it."""
    seconds: float


def adapt(
    library: Library,
    out: Path | None = None,
    *,
    questions: Sequence[Question] = (),
    seed: int = 0,
    progress: Callable[[str], None] = lambda line: None,
) -> Adapted:
    """Train ``library``'s embedder on its manuals and keep the result in ``out`` if it is better.

    ``questions`` are people's, to measure with; without them a part of the generated ones is held back. ``out`` is
    ``models/NAME-…`` beside ``indexes/`` unless given. Raises RagqaError, MissingExtra.
    """
    started = time.perf_counter()
    base = _trainable(library)
    documents = [library.show(stored.name) for stored in library.documents()]
    drafts = write_questions(documents, MOST, seed)
    learned, kept_back = (drafts, []) if questions else held_back(drafts, seed)
    test = list(questions) or as_gold(kept_back)
    pairs = pairs_of(Path(library.info().path), learned)
    if len(pairs) < FEWEST_PAIRS or not test:
        raise RagqaError(
            f"library '{library.name}' gives {quantity(len(pairs), 'question')} "
            f"to learn from and {len(test)} with a page "
            f"to measure with; {FEWEST_PAIRS} and one are needed: ingest more manuals"
        )
    check(Dataset("the library", Held(""), tuple(test)), documents)
    data = _hash_of(pairs)
    out = out or library.settings.indexes().parent / "models" / f"{library.name}-{data[:8]}-{seed}"
    with _beside(out) as made:
        progress(f"{len(pairs)} generated questions to learn from, {len(test)} to measure with")
        train(base, pairs, made, seed=seed, progress=progress)
        progress("measuring: cutting and embedding with the model before and after")
        before, after = _measured(library, test, None), _measured(library, test, f"local:{made}")
        mrr, hits = (gain_of(old, new, seed) for old, new in zip(before, after, strict=True))
        told = {"base": base.spec, "base_revision": base.revision, "base_share": KEPT, "library": library.name}
        told |= {"pairs": len(pairs), "data_sha256": data, "seed": seed, "measured_on": len(test)}
        record = {**told, "page_mrr": asdict(mrr), f"page_hit@{library.settings.k}": asdict(hits)}
        (made / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if mrr.real:
            made.replace(out)
        else:
            _forget_compiled(made)
    kept = out if mrr.real else None
    k, seconds = library.settings.k, round(time.perf_counter() - started, 1)
    return Adapted(library.name, base.spec, len(pairs), len(test), mrr, hits, k, kept, seconds)


def _trainable(library: Library) -> ModelFolder:
    if not can_train():
        raise MissingExtra("ragqa[train] is needed to train an embedder — pip install 'ragqa[train]'")
    spec = library.info().embedder or ""
    kind, _, model = spec.partition(":")
    if kind != "local":
        raise RagqaError(
            f"only a model on this machine can be trained; library '{library.name}' has {spec or 'no document yet'}: "
            "choose another --index, or run 'ragqa reembed --embedder local:all-MiniLM-L6-v2' first"
        )
    return find_model(model)


def _hash_of(pairs: Sequence[Pair]) -> str:
    return hashlib.sha256(json.dumps([asdict(pair) for pair in pairs]).encode()).hexdigest()


@contextlib.contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``out`` that is gone afterwards, unless it was moved there."""
    if out.exists():
        raise RagqaError(f"{out} is there already: remove it, or choose another --out or --seed")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.resolve().parent))
    except OSError as error:
        raise RagqaError(f"{out} can't be written: {error.strerror or error}; choose another --out") from None
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _measured(library: Library, questions: Sequence[Question], spec: str | None) -> tuple[list[float], list[float]]:
    """Return how soon the right page comes, and whether among the first k, for the library's embedder or ``spec``."""
    settings = library.settings
    fusion = Fusion(**{field.name: getattr(settings, field.name) for field in fields(Fusion)})

    def each(bench: Workbench) -> tuple[list[float], list[float]]:
        places = []
        for question in questions:
            bench.forget()
            places.append(bench.places(question.text, fusion, settings.mode))
        pairs = list(zip(places, questions, strict=True))
        return [worth(*pair) for pair in pairs], [hit(*pair, settings.k) for pair in pairs]

    if spec is None:
        with contextlib.closing(Workbench(Path(library.info().path), library.embedder)) as bench:
            return each(bench)
    documents = [library.show(stored.name) for stored in library.documents()]
    with cut_anew(documents, passage_tokens_of(library), spec) as bench:
        return each(bench)


def _forget_compiled(made: Path) -> None:
    """Remove the compiled form of a model that is not kept."""
    from ragqa.models.compiled import home_of

    shutil.rmtree(home_of(find_model(str(made)).revision), ignore_errors=True)
