"""A question's article: does a classifier trained on other questions tell it better than the nearest passage does?

The articles are those of the evaluation data's paragraphs; each one's questions are split by chance into some to learn
from, some to stop by and some to measure with. All systems see the same questions. Names given measure those sets only.
Both are development sets: the rate and the epochs were chosen on ``xquad-en``.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from bench.data import collection, library_of
from bench.record import Row, kept_rows, names_of, parser_of_names, report
from ragqa.answerers.prompting import Message
from ragqa.compare.systems import write_prepared
from ragqa.evaluation.datasets import Question
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import Example, Split
from ragqa.finetune.routing import load_route
from ragqa.finetune.routing.systems import NearestPassage, NearestQuestion, Routed, compared, measure
from ragqa.finetune.routing.training import train
from ragqa.finetune.training.job import JobFolder
from ragqa.finetune.training.loop import ProgressSink
from ragqa.types import Document

EPOCHS = {"drcd-dev": 4, "xquad-en": 5}
"""As many as a few minutes on two cores take."""

SHARES = {"test": 0.25, "valid": 0.15}


def split(documents: Iterable[Document], questions: Iterable[Question], seed: int = 0) -> dict[Split, list[Example]]:
    """Return the questions of each split; every article of three questions or more has some in each."""
    titles = {document.name: document.title for document in documents}
    by_article: dict[str, list[Example]] = defaultdict(list)
    for question in questions:
        (name,) = question.relevant or {}
        label = titles[name]
        messages = (Message("user", question.text), Message("assistant", label))
        by_article[label].append(
            Example(question.id, messages, question.text, (label,), document=name, group=name, label=label)
        )
    found: dict[Split, list[Example]] = {"train": [], "valid": [], "test": []}
    for article, examples in sorted(by_article.items()):
        Random(f"{seed} {article}").shuffle(examples)
        test, valid = (max(round(SHARES[name] * len(examples)), 1) for name in ("test", "valid"))
        found["test"] += examples[:test]
        found["valid"] += examples[test : test + valid]
        found["train"] += examples[test + valid :]
    return found


def systems(name: str) -> Iterator[Routed]:
    """Yield the classifier, the nearest passage and the nearest question, measured on the same questions."""
    documents, questions = collection(name)
    parts = split(documents, questions)
    asked, gold = [one.question for one in parts["test"]], [str(one.label) for one in parts["test"]]
    with tempfile.TemporaryDirectory() as home:
        prepared, job = write_prepared(Path(home) / "prepared", parts, "route", 0), JobFolder(Path(home) / "job")
        options = TrainOptions("all-MiniLM-L6-v2", epochs=EPOCHS[name])
        sink = ProgressSink(lambda line, figures: print(line, file=sys.stderr, flush=True))
        record = train(prepared, options, job, sink)
        router = load_route(job.model)
        router.predict(asked[:1])
        yield measure("classifier", router, asked, gold, record["train_seconds"])
    with library_of(documents=documents) as library:
        nearest = NearestPassage(library, parts["train"])
        nearest.predict(asked[:1])
        yield measure("nearest passage", nearest, asked, gold)
        yield measure("nearest question", NearestQuestion(library.embedder, parts["train"]), asked, gold)


def rows(name: str, measured: Sequence[Routed]) -> Iterator[Row]:
    """Yield a row a system; the difference is the classifier's macro-F1 less this one's."""
    apart = {one.second: one.difference for one in compared(measured)}
    for one in measured:
        less = apart.get(one.name)
        yield {
            "set": name,
            "labels": len(set(one.gold)),
            "questions": len(one.gold),
            "system": one.name,
            "macro-F1": one.figures.macro_f1.mean,
            "low": one.figures.macro_f1.low,
            "high": one.figures.macro_f1.high,
            "accuracy": one.figures.accuracy.mean,
            "classifier ahead by": f"{less.mean:+.3f} [{less.low:+.3f}, {less.high:+.3f}]" if less else "",
            "train_seconds": one.train_seconds or 0,
            "ms": one.latency_ms,
        }


def main(argv: Sequence[str] | None = None) -> None:
    given = parser_of_names(__doc__, EPOCHS, "Sets").parse_args(argv)
    names = names_of(given)
    found = kept_rows("routing", "set", names)
    for name in names:
        found += rows(name, list(systems(name)))
    report("routing", found, data=dict.fromkeys(str(row["set"]) for row in found), keep=given.keep)


if __name__ == "__main__":
    main()
