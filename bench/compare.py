"""Retrieve or fine-tune? Systems on the same questions: trained on, unseen, without an answer, facts that change.

xquad-en with a pretrained model (smollm2, English only): quoting; reading passages and answering from memory, each
untrained and trained. Whole articles are left out of the library before it is made, and their questions have no answer
there: those of one article are trained on as refusals, those of the others are asked. drcd-dev and the sample manuals
with a model made from nothing, since none that is pretrained on Chinese is at hand. ``minutes`` is all of it:
preparing, training, asking, changing facts. By default xquad-en takes up to 90 minutes of two cores, drcd-dev 20, the
manuals 5; with ``--home`` the same command goes on after a stop. Names given measure those sets only. All are
development sets.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from bench.data import CORPORA, collection
from bench.record import Row, kept_rows, names_of, parser_of_names, report
from ragqa import Library
from ragqa.compare.comparison import Asking, Comparison, compare
from ragqa.compare.facts import FACTS, Updated
from ragqa.compare.records import LEAST, SplitResult
from ragqa.compare.systems import write_prepared
from ragqa.evaluation.datasets import Question
from ragqa.finetune.forms import closed_book_examples
from ragqa.finetune.preparing import prepare
from ragqa.finetune.reading import Entry
from ragqa.finetune.records import Example, Split, split_examples
from ragqa.prompts import load_prompts
from ragqa.types import Document

SCRATCH = ("extractive", "closed-book:scratch")
SETS = {
    "xquad-en": (
        "extractive",
        "retrieve:smollm2",
        "retrieve:train=smollm2",
        "closed-book:smollm2",
        "closed-book:train=smollm2",
    ),
    "drcd-dev": SCRATCH,
    "sample manuals": SCRATCH,
}
WITHHELD = 3
"""Articles left out of the library."""
K, TOKENS = 1, 48
"""Passages that a small model is given, beside the unit that ``ask`` chose, and tokens that it may answer with.

The first passage holds the answer nearly always here, and from fewer a small model reads more examples in its minutes.
"""
LIMIT, MINUTES = 40, 20.0
"""Questions of a split and minutes of a training, of a set with a pretrained model."""
KEPT = (
    "shown",
    "answer_recall",
    "em",
    "f1",
    "rouge_l",
    "usable",
    "citations",
    "supported",
    "refused",
    "wrongly_refused",
)


def compare_systems(name: str, home: Path, limit: int, minutes: float) -> Comparison:
    """Return the comparison on one set; what is made for it lies under ``home``."""
    systems = SETS[name]
    pretrained = systems != SCRATCH
    options: dict[str, Any] = {"k": K, "max_tokens": TOKENS} if pretrained else {}
    with Library.open("bench", create=True, home=home, **options) as library:
        if name == "sample manuals":
            manuals = sorted(CORPORA.glob("*.pdf"))
            if len(library.documents()) < len(manuals):
                library.ingest(manuals)
            planned = prepare(sorted(CORPORA.glob("*.questions.jsonl")), "closed-book", library=library)
            parts = {part: list(examples) for part, examples in planned.splits.items()}
        else:
            documents, questions = collection(name)
            withheld = withheld_of(documents) if pretrained else []
            held = [one for one in documents if one.title not in withheld]
            if len(library.documents()) < len(held):  # as it is, answers that were kept are of this very state
                library.add_documents(held)
            parts = parts_of(documents, questions, withheld)
        write_prepared(home / "prepared", parts, "closed-book", 0)
        asking = Asking(home / "prepared", systems)
        if pretrained:
            facts, fewest = min(FACTS, limit), min(LEAST, limit)
            asking = replace(asking, limit=limit, facts=facts, fewest=fewest, minutes=minutes)
        return compare(asking, library, lambda line: print(line, file=sys.stderr))


def withheld_of(documents: Sequence[Document]) -> list[str]:
    """Return the titles of the articles that the library goes without."""
    return Random(0).sample(sorted({one.title for one in documents}), WITHHELD)


def parts_of(
    documents: Sequence[Document], questions: Sequence[Question], withheld: Sequence[str]
) -> dict[Split, list[Example]]:
    """Return the questions by split, grouped by passage; those of ``withheld`` articles have no answer.

    Those of the first such article are trained on, as refusals; those of the others are asked only.
    """
    titles = {one.name: one.title for one in documents}
    entries, groups = [], {}
    for one in questions:
        document = next(iter(one.relevant or {}))
        gone = titles[document] in withheld
        groups[one.id] = titles[document] if gone else document
        answers, place = ((), None) if gone else (one.answers, document)
        entries.append(Entry(one.text, answers, document, one.id, answerable=not gone, document=place))
    examples = closed_book_examples(entries, groups, load_prompts(None))
    parts = split_examples([example for example in examples if example.answerable], seed=0, valid=0.1, test=0.2)
    for example in examples:
        if not example.answerable:
            parts["train" if example.group == withheld[0] else "test"].append(example)
    return parts


def rows(name: str, found: Comparison, minutes: float) -> Iterator[Row]:
    """Yield a row for each system and split, the facts that changed, and what follows."""
    for one in found.results:
        yield {"set": name, **_row(one), "minutes": round(minutes, 1)}
    for update in found.updates:
        yield {"set": name, **_update(update)}
    for apart in found.differences:
        yield {"set": name, "split": apart.split, "conclusion": apart.difference.told(apart.first, apart.second)}
    yield {"set": name, "conclusion": " ".join(found.advice)}


def _row(one: SplitResult) -> Row:
    figures = {measure: of.mean for measure, of in one.metrics.items() if measure in KEPT}
    training = one.system.training
    main = [name for name in ("shown", "answer_recall") if name in one.metrics] or ["refused"]
    return {
        "system": one.label,
        "split": one.split,
        "questions": len(one.asked),
        **figures,
        **{f"{name} {end}": getattr(one.metrics[name], end) for name in main for end in ("low", "high")},
        "p50_ms": one.latency_ms(0.5),
        "train_s": training.seconds if training else 0.0,
        "train_tokens": training.tokens if training else 0,
        "mb": round((one.system.disk_bytes or 0) / 1e6, 1),
    }


def _update(one: Updated) -> Row:
    share, follows = one.share(), one.follows()
    return {
        "system": one.label,
        "split": f"facts changed, {one.how}",
        "questions": len(one.facts),
        "answer_recall": share.mean,
        "answer_recall low": share.low,
        "answer_recall high": share.high,
        "known before": sum(one.known),
        "follows": follows.mean if follows else None,
        "train_s": one.seconds,
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = parser_of_names(__doc__, SETS, "Sets")
    parser.add_argument("--limit", type=int, default=LIMIT, help=f"Questions of a split of xquad-en ({LIMIT}).")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"Minutes of a training there ({MINUTES:g}).")
    parser.add_argument("--home", type=Path, help="A folder to keep what is made, to go on after a stop.")
    given = parser.parse_args(argv)
    table: list[Row] = []
    for name in names_of(given):
        began = time.perf_counter()
        found = _compared(name, given)
        table += rows(name, found, (time.perf_counter() - began) / 60)
    table = [*kept_rows("compare", "set", {row["set"] for row in table}), *table]
    report("compare", table, data=dict.fromkeys(str(row["set"]) for row in table), keep=given.keep)


def _compared(name: str, given: argparse.Namespace) -> Comparison:
    with tempfile.TemporaryDirectory() as made:
        home = given.home / name.replace(" ", "-") if given.home else Path(made)
        home.mkdir(parents=True, exist_ok=True)
        return compare_systems(name, home, given.limit, given.minutes)


if __name__ == "__main__":
    main()
