"""Which unit answers? The weights of the features that choose, and how often they choose right. A development bench.

Questions with known answers: whole units (``whole-answers`` and those of the sample manuals) and single facts (in
people's own words, and of the manuals). Right is a unit that holds all parts of the answer, no wrong one, and not much
more. The table leaves one manual out at a time, learns on the others and chooses in that one. ``--learn`` writes what
is learned on all of them.

    python -m bench.units [--learn]
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from bench.data import CORPORA, DATA, jsonl, library_of_each
from bench.record import report
from ragqa.answerers.choosing import NAMES, WEIGHTS_FILE, features
from ragqa.answerers.evidence import candidates
from ragqa.answerers.extractive import quoted
from ragqa.engine import Library
from ragqa.evaluation.answers import SHORT, TIMES, flatten

PENALTY = 4.0
"""Of the squared weights, each of a feature scaled to a spread of 1. Chosen on the manuals left out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its candidates: their features, and which of them are right."""

    kind: str
    manual: str
    features: np.ndarray
    right: np.ndarray


def questions() -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Yield kind, manual and question."""
    held = {
        path.name: path for folder in ("manuals", "consumer-manuals", "phone-manual") for path in _files(DATA / folder)
    }
    for name in ("whole-answers", "own-words"):
        for row in jsonl(DATA / "whole-answers" / f"{name}.jsonl"):
            yield (row["kind"] if "parts" in row else "own words"), held[row["manual"]], row
    for folder in (DATA / "manuals", CORPORA):
        for file in sorted(folder.glob("*.jsonl")):
            manual = file.with_name(file.name.split(".")[0] + ".pdf") if folder is CORPORA else None
            manual = manual or file.with_name(file.name.replace(".questions.jsonl", ".pdf"))
            for row in jsonl(file):
                if row.get("answerable", True):
                    kind = f"sample {row['kind']}" if "parts" in row else "fact"
                    yield kind, manual, row


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in (".pdf", ".html")]


def right(row: dict[str, Any], text: str) -> bool:
    """Whether a text is the answer: all of it, nothing wrong, not much more."""
    parts = row.get("parts") or row.get("evidence") or []
    said = flatten(text)
    whole = bool(parts) and all(flatten(part) in said for part in parts)
    wrong = any(flatten(one) in said for one in row.get("not", []))
    return whole and not wrong and len(text) <= max(SHORT, TIMES * sum(map(len, parts)))


def asked(library: Library, kind: str, manual: Path, row: dict[str, Any]) -> Asked | None:
    """Return a question with its candidates; None where nothing is found."""
    _, seen = library.consider(row["text"])
    found = candidates(seen.hits, seen.evidence, seen.units)
    if not found:
        return None
    table = features(seen.question, seen.hits, seen.evidence, seen.interaction, found)
    texts = [quoted(library.extract(one, seen)) for one in found]
    return Asked(kind, manual.name, table, np.array([right(row, text) for text in texts]))


def learn(some: list[Asked], spread: np.ndarray) -> np.ndarray:
    """Return the weights that make the right candidates of each question the most likely (a softmax over them all)."""
    known = [(one.features / spread, one.right) for one in some if one.right.any()]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = PENALTY * float(weights @ weights), 2 * PENALTY * weights
        for table, good in known:
            scores = table @ weights
            odds = np.exp(scores - scores.max())
            odds /= odds.sum()
            share = float(odds[good].sum()) + 1e-12
            total -= np.log(share)
            slope = slope + table.T @ (odds - odds * good / share)
        return total, slope

    return np.asarray(minimize(loss, np.zeros(len(NAMES)), jac=True, method="L-BFGS-B").x)


def main() -> None:
    everything: list[Asked] = []
    with library_of_each() as library:
        for kind, manual, row in questions():
            one = asked(library(manual), kind, manual, row)
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
    rows: list[dict[str, object]] = [
        {"kind": kind, "questions": n, "could": could / n, "chosen": hit / n}
        for kind, (n, could, hit) in counts.items()
    ]
    report("units", rows)
    if "--learn" in sys.argv:
        learned = learn(everything, spread) / spread
        held = {
            name: round(float(weight), 4) for name, weight in zip(NAMES, learned, strict=True) if abs(weight) > 1e-4
        }
        WEIGHTS_FILE.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
