"""The whole of it: a prepared folder and a library in, a model out that was taught by both. Knows no command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import Example, Form, read_examples, read_prepared
from ragqa.finetune.semi.learners import LocalLearner
from ragqa.finetune.semi.pseudo import pseudo_examples, sentence_examples, unasked
from ragqa.finetune.semi.rounds import SelfTrained, self_train
from ragqa.finetune.semi.roundtrip import consistent
from ragqa.settings import Settings

COUNT = 300
K = 3
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class SemiOptions:
    """What is asked of the unlabelled side."""

    count: int = COUNT
    """Questions generated at most."""
    k: int = K
    """A question must find its own passage among so many."""
    rounds: int = ROUNDS
    """Of self-training, at most."""


def semi_supervised(
    prepared: Path,
    options: TrainOptions,
    settings: Settings,
    asked: SemiOptions = SemiOptions(),
    notice: Callable[[str], None] = lambda line: None,
) -> SelfTrained:
    """Teach a model the labelled questions of ``prepared`` and the text of the library ``settings.index``.

    A causal model first reads the text; a classifier's encoder does not. Then come the rounds. What is made on the way
    lies in ``semi/`` beside ``indexes/``, and the models among the jobs; the same call goes on where it was stopped.
    Raises RagqaError.
    """
    record = read_prepared(prepared)
    if record.form == "context":
        raise RagqaError(
            f"semi-supervised training takes the forms closed-book and route; {prepared} is of the form context"
        )
    train, valid, test = (list(read_examples(prepared, split)) for split in ("train", "valid", "test"))
    if not train or not valid:
        raise RagqaError(
            f"{prepared} should hold examples to train on and some held back; it has {len(train)} and {len(valid)}"
        )
    labels = {str(example.label) for example in train}
    with Library.open(settings=settings, notice=notice) as library:
        pool = trusted(library, record.form, labels, asked, options.seed, notice)
        texts = [library.show(stored.name).text for stored in library.documents()]
    pool = unasked(pool, [*train, *valid, *test])
    notice(f"{len(pool)} generated examples that can be trusted, none of them asked by a person")
    folder = settings.indexes().parent / "semi" / _id_of(record.sha256, texts, options)
    if record.form != "route":
        options = replace(options, base=str(_read(options, texts, folder / "base", notice)), read_library=None)
    learner = LocalLearner(prepared, options, settings, folder, notice)
    return self_train(learner, train, pool, rounds=asked.rounds, notice=notice)


def trusted(
    library: Library,
    form: Form,
    labels: Collection[str],
    asked: SemiOptions,
    seed: int,
    notice: Callable[[str], None] = lambda line: None,
) -> list[Example]:
    """Return the generated questions that find their own passage again, as examples.

    A classifier also learns from sentences, where the questions are fewer than were asked for.
    """
    from ragqa.evaluation.questions import for_library

    drafts = for_library(library, asked.count, seed, notice=notice)
    found = consistent(drafts, lambda text, k: library.search(text, k=k).hits, asked.k)
    notice(f"{len(found)} of {len(drafts)} generated questions find their own passage among the first {asked.k}")
    titles = {stored.name: stored.title for stored in library.documents()}
    made = list(pseudo_examples(found, form, labels, titles))
    if form == "route" and len(made) < asked.count:
        documents = [library.show(name) for name in titles]
        sentences = list(sentence_examples(documents, labels, asked.count - len(made), seed))
        notice(f"{len(sentences)} sentences stand beside them for questions about their section")
        made += sentences
    return made


def _read(options: TrainOptions, texts: list[str], out: Path, notice: Callable[[str], None]) -> Path:
    """Return the base after it has read ``texts``; what was read in an earlier call is not read again."""
    from ragqa.finetune.local import continue_pretraining

    if not out.is_dir():
        out.parent.mkdir(parents=True, exist_ok=True)
        continue_pretraining(options.base, texts, out, seed=options.seed, notice=notice)
    return out


def _id_of(data: dict[str, str], texts: list[str], options: TrainOptions) -> str:
    known = json.dumps([data, texts, options.base, options.seed], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()[:12]
