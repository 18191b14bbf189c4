"""Retrieve or fine-tune? The offline systems on the same questions: learned ones, the same reworded, and unseen ones.

xquad-en, drcd-dev, and the sample manuals. No pretrained language model is at hand here, so what is
fine-tuned is the scratch one: a small GPT-2 that has read the very texts and then learned the questions. On the sample
manuals it also learns to read passages, for which two cores take hours on the others. ``minutes`` is all of it:
preparing, training, asking, and changing three facts. Names given measure those sets only. All are development sets.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.data import CORPORA, collection, library_of, need
from bench.record import Row, kept_rows, names_of, parser_of_names, report
from ragqa import Library
from ragqa.compare.comparison import Asking, Comparison, compare
from ragqa.compare.facts import Updated
from ragqa.compare.records import SplitResult
from ragqa.finetune.preparing import Planned, prepare

SETS = ("xquad-en", "drcd-dev", "sample manuals")
SYSTEMS = ("extractive", "closed-book:scratch")
READER = "retrieve:train=scratch"
SHOWN = ("em", "f1", "rouge_l", "answer_recall", "citations", "refused", "wrongly_refused")


def compare_systems(name: str, home: Path) -> Comparison:
    """Return the comparison on one set."""
    if name == "sample manuals":
        with library_of(manuals=sorted(CORPORA.glob("*.pdf"))) as library:
            planned = prepare(sorted(CORPORA.glob("*.questions.jsonl")), "closed-book", library=library)
            return _compare(planned, library, home, (*SYSTEMS, READER))
    with library_of(documents=collection(name)[0]) as library:
        return _compare(prepare([*need(name)], "closed-book"), library, home, SYSTEMS)


def _compare(planned: Planned, library: Library, home: Path, systems: tuple[str, ...]) -> Comparison:
    planned.write(home / "prepared")
    return compare(Asking(home / "prepared", systems), library, lambda line: print(line, file=sys.stderr))


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
    figures = {measure: of.mean for measure, of in one.metrics.items() if measure in SHOWN}
    recall = one.metrics["answer_recall"]
    training = one.system.training
    return {
        "system": one.label,
        "split": one.split,
        "questions": len(one.asked),
        **figures,
        "answer_recall low": recall.low,
        "answer_recall high": recall.high,
        "p50_ms": one.latency_ms(0.5),
        "train_s": training.seconds if training else 0.0,
    }


def _update(one: Updated) -> Row:
    return {
        "system": one.label,
        "split": f"three facts changed, {one.how}",
        "questions": len(one.facts),
        "answer_recall": one.new / len(one.facts),
        "train_s": one.seconds,
    }


def main(argv: Sequence[str] | None = None) -> None:
    given = parser_of_names(__doc__, SETS, "Sets").parse_args(argv)
    table: list[Row] = []
    for name in names_of(given):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as home:
            found = compare_systems(name, Path(home))
        table += rows(name, found, (time.perf_counter() - began) / 60)
    table = [*kept_rows("compare", "set", {row["set"] for row in table}), *table]
    report("compare", table, data=dict.fromkeys(str(row["set"]) for row in table), keep=given.keep)


if __name__ == "__main__":
    main()
