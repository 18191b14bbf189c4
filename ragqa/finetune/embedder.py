"""Teach a library's embedder its manuals, from generated questions, and keep it only if it then finds more.

What is gained is measured on questions whose pages the training has not seen, or on people's where they are given, by
the library's own search. The library itself is not changed: ``ragqa reembed`` does that.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from ragqa.embedders.folders import ModelFolder, find_model
from ragqa.errors import GO_ON, RagqaError
from ragqa.evaluation.datasets.records import Dataset, Held, Question, check
from ragqa.evaluation.questions import as_gold, write_questions
from ragqa.evaluation.questions.statements import GeneratedQuestion
from ragqa.evaluation.tune import Gain, gain_of
from ragqa.evaluation.tune.workbench import Workbench, cut_anew, hit, passage_tokens_of, reciprocal_rank
from ragqa.finetune.jobs import jobs_folder
from ragqa.finetune.training.checkpoints import Checkpoints
from ragqa.finetune.training.job import JobFolder, Outcome, digest_of, need_extra, run_job
from ragqa.finetune.training.loop import Plan, ProgressSink, Training, quiet, resumable
from ragqa.ingest import embedding_input
from ragqa.models.safety import RECORD
from ragqa.plain_files import emptied, publish, write_json
from ragqa.printable import quantity
from ragqa.retrieval import Fusion
from ragqa.store import Store
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

SAVE_EVERY = 5
"""Steps between two checkpoints."""


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """A question and the text that answers it."""

    question: str
    passage: str


def train(
    base: ModelFolder, pairs: Sequence[TrainingPair], checkpoints: Checkpoints, seed: int, sink: ProgressSink
) -> Any:
    """Return the model of ``base`` after a training on ``pairs``, its weights half those before."""
    import datasets
    import torch

    from ragqa.embedders.local import load_original

    with quiet():
        torch.manual_seed(seed)
        model = load_original(base, "cuda" if torch.cuda.is_available() else "cpu")
        # The model card, which is not written, would be looked up on a hub and show a bar of its own.
        model.model_card_data.local_files_only = True
        model.model_card_data.generate_widget_examples = False
        before = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
        data = datasets.Dataset.from_dict(
            {
                "anchor": [base.query_prefix + pair.question for pair in pairs],
                "positive": [base.passage_prefix + pair.passage for pair in pairs],
            }
        )
    plan = Plan(EPOCHS, RATE, seed, save_every=SAVE_EVERY)
    training = Training("training", plan, checkpoints, sink, steps=-(-len(pairs) // BATCH))
    training.run(lambda: _trainer(model, data, training))
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.lerp_(before[name], KEPT)
    # Some models get their prefixes by their name, which this one has not.
    model.prompts = {"query": base.query_prefix, "document": base.passage_prefix}
    return model


def _trainer(model: Any, data: Any, training: Training) -> Any:
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    arguments = SentenceTransformerTrainingArguments(
        **training.arguments(),
        per_device_train_batch_size=BATCH,
        warmup_steps=max(round(WARM_UP * EPOCHS * training.steps), 1),
        batch_sampler=BatchSamplers.NO_DUPLICATES,
    )
    trainer = resumable(SentenceTransformerTrainer, training)
    return trainer(model=model, args=arguments, train_dataset=data, loss=MultipleNegativesRankingLoss(model))


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


def pairs_of(store: Store, drafts: Sequence[GeneratedQuestion]) -> list[TrainingPair]:
    """Return each question with the passage of the library that holds its answer, as it is embedded."""
    titles = {stored.name: stored.title for stored in store.documents()}
    passages: dict[str, list[Passage]] = defaultdict(list)
    for passage in store.passages(store.passage_ids().tolist()).values():
        passages[passage.document].append(passage)
    pairs = []
    for draft in drafts:
        name, place = draft.source.document, draft.source.place
        held = next((passage for passage in passages[name] if passage.start <= place < passage.end), None)
        if held:
            pairs.append(TrainingPair(draft.text, embedding_input(titles[name], held)[0]))
    return pairs


MOST = 1000
"""Questions generated at most: a pass over them takes minutes."""

FEWEST_PAIRS = 64
"""Under this there is nothing to learn from: two batches."""


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
    pairs = pairs_of(library.store, learned)
    if len(pairs) < FEWEST_PAIRS or not test:
        raise RagqaError(
            f"library '{library.name}' gives {quantity(len(pairs), 'question')} "
            f"to learn from and {len(test)} with a page "
            f"to measure with; {FEWEST_PAIRS} and one are needed: ingest more manuals"
        )
    check(Dataset("the library", Held(""), tuple(test)), documents)
    data = digest_of([asdict(pair) for pair in pairs])
    out = out or library.settings.indexes().parent / "models" / f"{library.name}-{data[:8]}-{seed}"
    if out.exists():
        raise RagqaError(f"{out} is there already: remove it, or choose another --out or --seed")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RagqaError(f"{out} can't be written: {error.strerror or error}; choose another --out") from None
    known = digest_of([base.revision, data, [asdict(one) for one in test], seed, EPOCHS, RATE, KEPT, str(out)])
    folder = JobFolder(jobs_folder(library.settings) / f"embedder-{known[:12]}")

    def work(sink: ProgressSink) -> Outcome[tuple[Gain, Gain]]:
        model = train(base, pairs, folder.checkpoints("training"), seed, sink)
        sink.report("measuring: cutting and embedding with the model before and after", {})
        with _making(out) as made:
            with quiet():
                # Its card would quote the manual's text.
                model.save(str(made), create_model_card=False)
            before, after = _measured(library, test, None), _measured(library, test, f"local:{made}")
            mrr, hits = (gain_of(old, new, seed) for old, new in zip(before, after, strict=True))
            record = {"base": base.spec, "base_revision": base.revision, "base_share": KEPT, "library": library.name}
            record |= {"pairs": len(pairs), "data_sha256": data, "seed": seed, "measured_on": len(test)}
            record |= {"page_mrr": asdict(mrr), f"page_hit@{library.settings.k}": asdict(hits)}
            write_json(made / RECORD, record)
            if mrr.real:
                publish(made, out)
            else:
                _forget_compiled(made)
        return Outcome(f"local:{out}" if mrr.real else None, (mrr, hits), seconds=time.perf_counter() - started)

    about = f"{len(pairs)} generated questions to learn from, {len(test)} to measure with"
    job, outcome = run_job(folder, base.spec, "embedder", about, work, progress)
    if outcome is None:
        raise RagqaError(f"job {job.id} was stopped: {GO_ON}")
    kept, seconds = out if outcome.model else None, round(time.perf_counter() - started, 1)
    k, (mrr, hits) = library.settings.k, outcome.result
    return Adapted(library.name, base.spec, len(pairs), len(test), mrr, hits, k, kept, seconds)


def _trainable(library: Library) -> ModelFolder:
    need_extra("to train an embedder", "datasets", "accelerate")
    spec = library.info().embedder or ""
    kind, _, model = spec.partition(":")
    if kind != "local":
        raise RagqaError(
            f"only a model on this machine can be trained; library '{library.name}' has {spec or 'no document yet'}: "
            "choose another --index, or run 'ragqa reembed --embedder local:all-MiniLM-L6-v2' first"
        )
    return find_model(model)


@contextlib.contextmanager
def _making(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``out`` that is gone afterwards, unless it was moved there."""
    made = emptied(out.with_name(f".{out.name}.making"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _measured(library: Library, questions: Sequence[Question], spec: str | None) -> tuple[list[float], list[float]]:
    """Return how soon the right page comes, and whether among the first k, for the library's embedder or ``spec``."""
    settings = library.settings
    fusion = Fusion.of(settings)

    def each(bench: Workbench) -> tuple[list[float], list[float]]:
        places = []
        for question in questions:
            bench.forget()
            places.append(bench.places(question.text, fusion, settings.mode))
        pairs = list(zip(places, questions, strict=True))
        return [reciprocal_rank(*pair) for pair in pairs], [hit(*pair, settings.k) for pair in pairs]

    if spec is None:
        return each(Workbench(library.store, library.embedder))
    documents = [library.show(stored.name) for stored in library.documents()]
    with cut_anew(documents, passage_tokens_of(library), spec) as bench:
        return each(bench)


def _forget_compiled(made: Path) -> None:
    """Remove the compiled form of a model that is not kept."""
    from ragqa.models.compiled import home_of

    shutil.rmtree(home_of(find_model(str(made)).revision), ignore_errors=True)
