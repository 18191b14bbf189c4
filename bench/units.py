"""Which unit answers? The weights of the features that choose, and how often they choose right. Development sets.

Questions with known answers: whole units and single facts of ``whole-answers``, of ``manuals`` and of the sample
manuals. Right is a unit that holds all parts of the answer, no wrong one, and not much more. The table leaves one
manual out at a time, learns on the others and chooses in that one. ``whole-answers`` asks about ``phone-manual`` and
about the manuals of ``consumer-manuals`` too; the latter's own questions, which are a test set, are not read.
``--learn`` writes the weights learned on all questions, and leaves without writing where a set is not there.

Each embedder has weights of its own. The multilingual one is also asked the sample manuals' questions in other
languages.

    python -m bench.units [--embedder local:multilingual] [--learn]
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data import CORPORA, folder_of, jsonl, library_of_each, manual_of, need, need_to_learn
from bench.record import Row, kept_rows, parser, report
from ragqa.answerers.choosing import NAMES, WEIGHTS_FILE, features, learned_in
from ragqa.answerers.evidence import candidates
from ragqa.answerers.extractive import quoted
from ragqa.embedders import BUNDLED_SPEC, MULTILINGUAL_SPEC
from ragqa.engine import Library
from ragqa.evaluation.answers import SHORT, TIMES, flatten
from ragqa.wording import labels_for

QUESTIONS_OF = ("whole-answers", "manuals", "sample manuals")
LEARNED_FROM = (*QUESTIONS_OF, "phone-manual", "consumer-manuals")
"""Of the last two only the manuals, about which ``whole-answers`` asks."""

PENALTY = 4.0
"""Of the squared weights, each of a feature scaled to a spread of 1. Chosen on the manuals left out."""


@dataclass(frozen=True, slots=True)
class Choices:
    """A question's candidates: their features, and which of them are right."""

    kind: str
    manual: str
    features: NDArray[np.float64]
    right: NDArray[np.bool_]


def questions() -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Yield kind, manual and question."""
    folders = map(folder_of, ("manuals", "consumer-manuals", "phone-manual"))
    manuals = {path.name: path for folder in folders for path in folder.iterdir() if path.suffix in (".pdf", ".html")}
    for name in ("whole-answers", "own-words"):
        for row in jsonl(folder_of("whole-answers") / f"{name}.jsonl"):
            yield (row["kind"] if "parts" in row else "own words"), manuals[row["manual"]], row
    for folder in (folder_of("manuals"), CORPORA):
        for file in sorted(folder.glob("*.jsonl")):
            manual = manual_of(file)
            for row in jsonl(file):
                if row.get("answerable", True):
                    kind = f"sample {row['kind']}" if "parts" in row else "fact"
                    yield kind, manual, row


def questions_across() -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Yield kind, manual and question, of the sample manuals' questions in other languages than theirs."""
    for file in sorted(CORPORA.glob("*.questions.jsonl")):
        manual = manual_of(file)
        for row in jsonl(file):
            if row["answerable"]:
                yield from (("across", manual, row | {"text": text}) for text in row["in_other_languages"].values())


def is_right(row: dict[str, Any], text: str) -> bool:
    """Whether a text is the answer: all of it, nothing wrong, not much more."""
    parts = row.get("parts") or row.get("evidence") or []
    flat = flatten(text)
    whole = bool(parts) and all(flatten(part) in flat for part in parts)
    wrong = any(flatten(one) in flat for one in row.get("not", []))
    return whole and not wrong and len(text) <= max(SHORT, TIMES * sum(map(len, parts)))


def choices_of(library: Library, kind: str, manual: Path, row: dict[str, Any]) -> Choices | None:
    """Return a question with its candidates; None where nothing is found."""
    _, seen = library.consider(row["text"])
    found = candidates(seen.hits, seen.evidence, seen.units)
    if not found:
        return None
    table = features(seen.question, seen.hits, seen.evidence, seen.interaction, found)
    texts = [quoted(library.extract(one, seen), labels_for(row["text"])) for one in found]
    return Choices(kind, manual.name, np.asarray(table, np.float64), np.array([is_right(row, text) for text in texts]))


def learn(some: Sequence[Choices], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights that make the right candidates of each question the most likely (a softmax over them all)."""
    from scipy.optimize import minimize

    known = [(one.features / spread, one.right) for one in some if one.right.any()]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slope = PENALTY * float(weights @ weights), 2 * PENALTY * weights
        for table, good in known:
            scores = table @ weights
            odds = np.exp(scores - scores.max())
            odds /= odds.sum()
            share = float(odds[good].sum()) + 1e-12
            total -= float(np.log(share))
            slope = slope + table.T @ (odds - odds * good / share)
        return total, slope

    return np.asarray(minimize(loss, np.zeros(len(NAMES)), jac=True, method="L-BFGS-B").x)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--embedder", default=BUNDLED_SPEC, choices=(BUNDLED_SPEC, MULTILINGUAL_SPEC), help="Whose.")
    options.add_argument("--learn", action="store_true", help="Write the weights learned on all questions.")
    given = options.parse_args(argv)
    (need_to_learn if given.learn else need)(*LEARNED_FROM)
    everything: list[Choices] = []
    across = questions_across() if given.embedder == MULTILINGUAL_SPEC else ()
    with library_of_each(embedder=given.embedder) as library:
        for kind, manual, row in (*questions(), *across):
            one = choices_of(library(manual), kind, manual, row)
            if one:
                everything.append(one)
    spread = np.vstack([one.features for one in everything]).std(axis=0)
    spread[spread < 1e-9] = 1
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for manual_name in sorted({one.manual for one in everything}):
        weights = learn([one for one in everything if one.manual != manual_name], spread) / spread
        for one in everything:
            if one.manual == manual_name:
                chosen = int(np.argmax(one.features @ weights))
                for name in (one.kind, "all"):
                    counts[name][0] += 1
                    counts[name][1] += bool(one.right.any())
                    counts[name][2] += bool(one.right[chosen])
    rows: list[Row] = kept_rows("units", "embedder", [given.embedder])
    rows += [
        {"embedder": given.embedder, "kind": kind, "questions": n, "could": could / n, "chosen": hit / n}
        for kind, (n, could, hit) in counts.items()
    ]
    report("units", rows, data=QUESTIONS_OF, keep=given.keep)
    if given.learn:
        learned = learn(everything, spread) / spread
        weights_of = {
            name: round(float(weight), 4) for name, weight in zip(NAMES, learned, strict=True) if abs(weight) > 1e-4
        }
        every = learned_in(WEIGHTS_FILE) | {given.embedder: weights_of}
        WEIGHTS_FILE.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
