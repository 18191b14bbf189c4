"""The whole of it: a prepared folder and a library in, a model out that was taught by both. Knows no command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ragqa.engine import Library
from ragqa.errors import GO_ON, RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import train_local
from ragqa.finetune.records import Example, Form, Split, lines_of, read_examples, read_prepared, write_splits
from ragqa.finetune.semi.rounds import (
    SelfTrained,
    Taught,
    consistent,
    pseudo_examples,
    self_train,
    sentence_examples,
    unasked,
)
from ragqa.models.safety import read_record
from ragqa.settings import Settings


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
