"""The whole of it: a prepared folder and a library in, a model out that was taught by both. Knows no command line."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Protocol

from ragqa.analysis import is_stop, terms
from ragqa.answerers.prompting import Message
from ragqa.engine import Library
from ragqa.errors import GO_ON, RagqaError
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statement, Statements, pages_of
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import train_local
from ragqa.finetune.records import Example, Form, Split, lines_of, read_examples, read_prepared, write_splits
from ragqa.finetune.routing.systems import label_named
from ragqa.finetune.routing.training import read_labelled
from ragqa.models.safety import read_record
from ragqa.printable import quantity
from ragqa.settings import Settings
from ragqa.types import Document, Hit, Passage

SHARE = 0.5
"""Of the examples not yet taken, those that a round takes."""

FEWEST = 8
"""Fewer than so many are taken at once."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that was taught, and the loss on the held-back examples."""

    model: str
    """Its spec, as a job gives it."""
    loss: float


class Learner(Protocol):
    """Teaches a model. Errors are RagqaError."""

    def teach(self, examples: Sequence[Example], name: str) -> Taught:
        """Return a model taught ``examples`` from the base; ``name`` tells this teaching from others."""

    def doubts(self, taught: Taught, examples: Sequence[Example]) -> Sequence[float]:
        """Return for each example how unlikely the model finds what it says; lower is surer."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round was taught, and what came of it."""

    number: int
    """0 has the labelled examples only."""
    labelled: int
    generated: int
    loss: float
    """On the held-back examples."""
    kept: bool
    """Whether the loss fell."""
    model: str


@dataclass(frozen=True, slots=True)
class SelfTrained:
    """All rounds; the model is that of the last one that was kept."""

    rounds: tuple[Round, ...]

    @property
    def best(self) -> Round:
        return [one for one in self.rounds if one.kept][-1]


def self_train(
    learner: Learner,
    labelled: Sequence[Example],
    pool: Sequence[Example],
    *,
    rounds: int,
    notice: Callable[[str], None] = lambda line: None,
) -> SelfTrained:
    """Teach ``labelled``, then with more and more of ``pool``, ``rounds`` times at most. Raises RagqaError."""
    best = _taught(learner, labelled, 0)
    done = [Round(0, len(labelled), 0, best.loss, True, best.model)]
    notice(told(done[-1]))
    taken: list[Example] = []
    left = list(pool)
    while left and len(done) <= rounds:
        surest = _surest(left, learner.doubts(best, left))
        chosen = {one.id for one in surest}
        taken, left = taken + surest, [one for one in left if one.id not in chosen]
        now = _taught(learner, [*labelled, *taken], len(done))
        fell = now.loss < best.loss
        done.append(Round(len(done), len(labelled), len(taken), now.loss, fell, now.model))
        notice(told(done[-1]))
        if not fell:
            break
        best = now
    return SelfTrained(tuple(done))


def told(one: Round) -> str:
    """Return a line on a round."""
    what = f"{one.labelled} labelled questions" + (f" and {one.generated} generated ones" if one.generated else "")
    end = "" if one.kept else ": no better, so the round before stays"
    return f"round {one.number}: {what}, held-back loss {one.loss:.4f}{end}"


def _taught(learner: Learner, examples: Sequence[Example], number: int) -> Taught:
    taught = learner.teach(examples, f"round{number}")
    if not math.isfinite(taught.loss):
        raise RagqaError(f"round {number}: the held-back loss became {taught.loss}; choose a lower --learning-rate")
    return taught


def _surest(left: Sequence[Example], doubts: Sequence[float]) -> list[Example]:
    """Return the share of ``left`` that is doubted least, in the order it came."""
    size = max(math.ceil(SHARE * len(left)), FEWEST)
    places = sorted(range(len(left)), key=lambda at: (doubts[at], at))[:size]
    return [left[at] for at in sorted(places)]


Search = Callable[[str, int], Sequence[Hit]]
"""A question and how many passages → those found, best first."""


def consistent(drafts: Iterable[GeneratedQuestion], search: Search, k: int) -> list[tuple[GeneratedQuestion, Passage]]:
    """Return the drafts whose own passage is among the first ``k`` that their question finds, each with it."""
    kept = []
    for draft in drafts:
        try:
            hits = search(draft.text, k)
        except RagqaError:  # a question that no search takes is none to learn from
            continue
        own = next((hit.passage for hit in hits if holds(hit.passage, draft)), None)
        if own:
            kept.append((draft, own))
    return kept


def holds(passage: Passage, draft: GeneratedQuestion) -> bool:
    """Say whether the draft's evidence begins in ``passage``."""
    return passage.document == draft.source.document and passage.start <= draft.source.place < passage.end


def pseudo_examples(
    found: Iterable[tuple[GeneratedQuestion, Passage]], form: Form, labels: Collection[str], titles: Mapping[str, str]
) -> Iterator[Example]:
    """Yield the examples; of the form ``route`` only those whose passage stands where one of ``labels`` names it."""
    for number, (draft, passage) in enumerate(found, 1):
        label = None
        if form == "route":
            label = label_named(passage.section, passage.document, titles.get(passage.document, ""), labels)
            if label is None:
                continue
        kind, said = f"a {draft.origin}", label or draft.answer
        yield _example(f"generated-{number}", draft.text, said, kind, draft.source, draft.pages, label)


def sentence_examples(
    documents: Sequence[Document], labels: Collection[str], count: int, seed: int
) -> Iterator[Example]:
    """Yield up to ``count`` sentences, drawn by chance, of places that one of ``labels`` names."""
    titles = {document.name: document.title for document in documents}
    sources = list(Statements(documents).all)
    Random(seed).shuffle(sources)
    made = 0
    for source in sources:
        label = label_named(source.section, source.document, titles[source.document], labels)
        if label is not None and made < count:
            made += 1
            yield _example(
                f"sentence-{made}", source.text, label, f"a {source.kind}", source, pages_of([source]), label
            )


def unasked(examples: Iterable[Example], asked: Sequence[Example]) -> list[Example]:
    """Return the examples whose question is none of ``asked``, by the words that say what it is about."""
    known = {_words(text) for example in asked for text in (example.question, *example.reworded)}
    return [example for example in examples if _words(example.question) not in known]


def _example(
    name: str, asked: str, said: str, kind: str, source: Statement, pages: tuple[int, ...], label: str | None
) -> Example:
    page = f" p. {pages[0]}" if pages else ""
    return Example(
        id=name,
        messages=(Message("user", asked), Message("assistant", said)),
        question=asked,
        answers=(said,),
        source=f"generated from {kind}, {source.document}{page}",
        group=f"{source.document} {source.place}",
        document=source.document,
        pages=pages,
        label=label,
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(term for term in terms(text) if not is_stop(term))


class LocalLearner:
    """Teaches by local jobs on copies of ``prepared`` with other training examples; they lie in ``folder``.

    A round that was done before is not trained again: the same examples and options are the same job.
    """

    def __init__(
        self,
        prepared: Path,
        options: TrainOptions,
        settings: Settings,
        folder: Path,
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._prepared, self._options, self._settings = prepared, options, settings
        self._folder, self._notice = folder, notice
        self._form = read_prepared(prepared).form

    def teach(self, examples: Sequence[Example], name: str) -> Taught:
        """See Learner."""
        options = replace(self._options, suffix="-".join(filter(None, (self._options.suffix, name))))
        held = with_train(self._prepared, examples, self._folder / name)
        job = train_local(held, options, self._settings, self._notice)
        if job.model is None:
            raise RagqaError(f"{name} was not finished ({job.state}): {GO_ON}")
        record = read_record(_place(job.model))
        if record.get("valid_loss") is None:
            raise RagqaError(f"{self._prepared} holds no example back, and that is what ends the rounds: prepare more")
        return Taught(job.model, float(record["valid_loss"]))

    def doubts(self, taught: Taught, examples: Sequence[Example]) -> Sequence[float]:
        """Return the loss of a label, or the mean loss of an answer's tokens."""
        if self._form == "route":
            return _label_losses(_place(taught.model), examples)
        return answer_losses(_place(taught.model), examples)


def with_train(prepared: Path, examples: Sequence[Example], folder: Path) -> Path:
    """Write into ``folder`` what ``prepared`` holds, but with ``examples`` to train on. Raises RagqaError."""
    record = read_prepared(prepared)
    splits: dict[Split, Iterable[bytes]] = {"train": lines_of(examples)}
    for split in ("valid", "test"):
        splits[split] = [(prepared / f"{split}.jsonl").read_bytes()]
    generated = sum(example.source.startswith("generated") for example in examples)
    record = replace(record, examples={**record.examples, "train": len(examples)}, generated=generated)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_splits(folder, splits, record)
    except OSError as error:
        raise RagqaError(
            f"{folder} can't be written: {error.strerror or error}; make room, or choose another --home"
        ) from None
    return folder


def answer_losses(model: Path, examples: Sequence[Example]) -> list[float]:
    """Return the mean loss, in nats, of each example's answer tokens; infinite where it is too long for the model."""
    import torch

    from ragqa.finetune.local.bases import context_of, find_base, load_base
    from ragqa.finetune.local.tokens import items_of
    from ragqa.finetune.training.loop import quiet

    with quiet():
        network, tokenizer = load_base(find_base(str(model)), half=False)
    network.eval()
    losses = []
    with torch.inference_mode():
        for example in examples:
            items, _ = items_of([example], tokenizer, context_of(network))
            total = count = 0.0
            for item in items:
                scores = network(torch.tensor([item.ids])).logits[0, :-1].float().log_softmax(dim=1)
                said = torch.tensor(item.ids[1:])
                own = scores.gather(1, said[:, None])[max(item.learned - 1, 0) :]
                total, count = total - float(own.sum()), count + len(own)
            losses.append(total / count if count else float("inf"))
    return losses


def _label_losses(model: Path, examples: Sequence[Example]) -> list[float]:
    import numpy as np

    from ragqa.finetune.routing import load_route

    router = load_route(model)
    place = {label: at for at, label in enumerate(router.labels)}
    rows = router.probabilities([example.question for example in examples])
    return [
        float(-np.log(max(row[place[str(example.label)]], 1e-12))) if example.label in place else float("inf")
        for row, example in zip(rows, examples, strict=True)
    ]


def _place(spec: str) -> Path:
    return Path(spec.partition(":")[2])


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
    check_labelled(prepared, record.form, len(train), len(valid))
    labels = {str(example.label) for example in train}
    with Library.open(settings=settings, notice=notice) as library:
        check_unlabelled(library)
        pool = trusted(library, record.form, labels, asked, options.seed, notice)
        texts = [library.show(stored.name).text for stored in library.documents()]
    pool = unasked(pool, [*train, *valid, *test])
    if not pool:
        raise RagqaError(
            f"nothing that was generated from library '{settings.index}' can be learned from, so nothing was trained: "
            "ingest more manuals, or raise -k"
        )
    notice(f"{len(pool)} generated examples that can be trusted, none of them asked by a person")
    folder = settings.indexes().parent / "semi" / _id_of(record.sha256, texts, options)
    if record.form != "route":
        options = replace(options, base=str(_read(options, texts, folder / "base", notice)), read_library=None)
    learner = LocalLearner(prepared, options, settings, folder, notice)
    return self_train(learner, train, pool, rounds=asked.rounds, notice=notice)


FEWEST_LABELLED, FEWEST_HELD_BACK = 8, 4
"""Examples under which a round's gain on those held back would be chance."""

FEWEST_UNLABELLED = 4
"""Sentences, steps and table cells of a library under which there is nothing to generate questions from."""


def check_labelled(prepared: Path, form: Form, train: int, valid: int) -> None:
    """Raise RagqaError, before anything runs, where the labelled examples are too few to learn from."""
    if train < FEWEST_LABELLED or valid < FEWEST_HELD_BACK:
        raise RagqaError(
            f"semi-supervised training needs {FEWEST_LABELLED} labelled examples to train on and {FEWEST_HELD_BACK} "
            f"held back, which end the rounds; {prepared} has {train} and {valid}: prepare more questions"
        )
    if form == "route":
        read_labelled(prepared)


def check_unlabelled(library: Library) -> None:
    """Raise RagqaError, before anything is generated, where the library has too little text."""
    found = len(Statements(library.show(stored.name) for stored in library.documents()).all)
    if found < FEWEST_UNLABELLED:
        raise RagqaError(
            f"library '{library.name}' has {quantity(found, 'sentence')} to ask about, and {FEWEST_UNLABELLED} are "
            "needed: ingest more manuals"
        )


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
