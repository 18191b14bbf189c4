"""Does the confidence tell what a manual answers from what it does not? Where should the line be drawn? Development.

Answerable questions: the manuals' own, whole units, in people's own words, and plain ones made of headings.
Unanswerable ones: near misses, and foreign ones, asked of another manual.

The table leaves one manual out at a time, learns on the others and judges that one.
``--learn`` writes what is learned on all of them.

    python -m bench.refusing [--learn]
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from scipy.optimize import minimize

from bench.data import CORPORA, DATA, jsonl, library_of_each
from bench.record import report
from bench.units import questions
from ragqa.analysis import cjk_share
from ragqa.answerers.choosing import WEIGHTS_FILE, choose, features_of, likely
from ragqa.metrics import auroc
from ragqa.readers import read
from ragqa.units import find_units

HEADINGS = 24
"""Headings of each manual that are asked for."""

FOREIGN = 24
"""Questions about other manuals that each is asked."""

STRENGTH = 0.3
"""Inverse of the penalty on weights."""

COUNTS = {
    "foreign": 0.2,
    "headings": 0.3,
    "own words": 3.0,
    "near misses": 3.0,
    "near misses of manuals": 2.0,
    "manuals": 2.0,
}
"""How much a question of a kind counts, against 1: people seldom ask about something else, or for a heading."""

AGAINST = (None, 0)
BOUNDS = {
    "unknown": AGAINST,
    "lacks_value": AGAINST,
    "lacks_reason": AGAINST,
    "illegible": (None, None),
    "bias": (None, None),
}
"""Which weights may be negative; of all others what speaks for an answer counts for one, or not at all."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A question asked of a manual, and what speaks for an answer."""

    kind: str
    manual: str
    features: dict[str, float]

    @property
    def answerable(self) -> bool:
        return not self.kind.startswith(("near", "foreign"))


def asked() -> Iterator[tuple[str, Path, str]]:
    """Yield kind, manual and text of each question."""
    own = [(kind, manual, row["text"]) for kind, manual, row in questions()]
    for kind, manual, text in own:
        sample = manual.parent == CORPORA
        told = "sample" if sample else {"own words": kind, "fact": "manuals"}.get(kind, "whole")
        yield told, manual, text
    held = {manual.name: manual for _, manual, _ in own}
    for row in jsonl(DATA / "whole-answers" / "near-misses.jsonl"):
        if not row.get("denied"):
            yield "near misses", held[row["manual"]], row["text"]
    for folder in (DATA / "manuals", CORPORA):
        for file in sorted(folder.glob("*.questions.jsonl")):
            for row in jsonl(file):
                if not row.get("answerable", True):
                    yield (
                        "near misses of manuals",
                        file.with_name(file.name.split(".questions")[0] + ".pdf"),
                        row["text"],
                    )
    for manual in sorted(held.values()):
        yield from (("headings", manual, text) for text in _headings(manual))
        chinese = "zh" in manual.stem
        others = [text for _, other, text in own if other != manual and (cjk_share(text) > 0.2) == chinese]
        for text in others[:: max(len(others) // FOREIGN, 1)][:FOREIGN]:
            yield "foreign", manual, text


def _headings(manual: Path) -> Iterator[str]:
    """Yield plain questions in a manual's own words: its headings, asked for."""
    document = read(manual)
    named = [unit.section[-1].strip() for unit in find_units(document) if unit.section and unit.kind != "paragraph"]
    short = [name for name in dict.fromkeys(named) if 8 <= len(name) * (1 + 2 * (cjk_share(name) > 0.2)) <= 60]
    for number, name in enumerate(short[:: max(len(short) // HEADINGS, 1)][:HEADINGS]):
        bare = re.sub(r"^[\d.]+\s*", "", name)
        if cjk_share(bare) > 0.2:
            yield (f"{bare}怎么弄？", f"关于{bare}，手册是怎么说的？")[number % 2]
        else:
            lowered = bare[:1].lower() + bare[1:]
            yield (f"How do I {lowered}?", f"What does it say on {lowered}?", f"{bare}: how does that work?")[
                number % 3
            ]


def judged() -> list[Judged]:
    """Ask every question of its manual."""
    found = []
    with library_of_each() as library:
        for kind, manual, text in asked():
            _, seen = library(manual).consider(text)
            choice = choose(seen)
            if choice:
                found.append(Judged(kind, manual.name, features_of(seen, choice)))
    return found


def learn(some: list[Judged]) -> dict[str, float]:
    """Return logistic weights, answerable and unanswerable questions counting the same as a whole."""
    counts = np.array([COUNTS.get(one.kind, 1.0) for one in some])
    answerable = np.array([one.answerable for one in some])
    counts[answerable] *= counts[~answerable].sum() / answerable.sum()
    rows = np.array([list(one.features.values()) for one in some])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    table = np.column_stack([(rows - middle) / spread, np.ones(len(rows))])
    signs = np.where(answerable, 1.0, -1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (table @ weights)
        slope = table.T @ (-signs * counts / (1 + np.exp(margins)))
        held = np.append(weights[:-1], 0.0) / STRENGTH
        return float((counts * np.logaddexp(0, -margins)).sum() + held @ weights / 2), slope + held

    bounds = [BOUNDS.get(name, (0, None)) for name in [*some[0].features, "bias"]]
    found = minimize(loss, np.zeros(table.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[:-1] / spread
    named = dict(zip(some[0].features, weights.tolist(), strict=True))
    return named | {"bias": float(found[-1] - (weights * middle).sum())}


def rows_of(some: list[Judged], sure: list[float]) -> list[dict[str, object]]:
    """Return for each line drawn what share of each kind falls on its right side."""
    by = {kind: [s for one, s in zip(some, sure, strict=True) if one.kind == kind] for kind in {o.kind for o in some}}
    rows: list[dict[str, object]] = []
    for line in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5):
        shares = {
            kind: mean((s < line) == kind.startswith(("near", "foreign")) for s in held) for kind, held in by.items()
        }
        rows.append({"line": line, **dict(sorted(shares.items()))})
    rows[0]["own words against near misses"] = auroc(by["own words"], by["near misses"])
    rows[0]["manuals against theirs"] = auroc(by["manuals"], by["near misses of manuals"])
    return rows


def main() -> None:
    everything = judged()
    sure = [0.0] * len(everything)
    for manual in sorted({one.manual for one in everything}):
        weights = learn([one for one in everything if one.manual != manual])
        for at, one in enumerate(everything):
            if one.manual == manual:
                sure[at] = likely(one.features, weights)
    report("refusing", rows_of(everything, sure))
    if "--learn" in sys.argv:
        rounded = {name: round(weight, 3) for name, weight in learn(everything).items()}
        WEIGHTS_FILE.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
