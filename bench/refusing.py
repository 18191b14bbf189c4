"""Does the confidence separate questions that a manual answers from others? Where to draw the line? Development sets.

Answerable questions: those of ``manuals``, of the sample manuals and of ``whole-answers`` (whole units, and single
facts in people's own words), and plain ones made of headings. Unanswerable ones: near misses (``whole-answers``,
``manuals``, the sample manuals), and foreign ones, which are about another manual.

The weights that ship are learned on all of these, the evaluation manuals included: ``--learn`` writes them, and leaves
without writing where a set is not there. So the table, which leaves one manual out at a time, learns on the others and
judges that one, is of development sets. Of ``consumer-manuals`` the headings are used, and what ``whole-answers`` asks
about them, but not its own questions, a test set: ``bench.manuals`` and ``bench.rgb`` have figures of test sets.

    python -m bench.refusing [--learn]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from bench.data import CORPORA, folder_of, jsonl, library_of_each, need, need_to_learn
from bench.record import Row, parser, report
from bench.units import LEARNED_FROM, QUESTIONS_OF, questions
from ragqa.analysis import cjk_share
from ragqa.answerers.choosing import CONFIDENCE_FILE, choose, features_of, logistic
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


def read_questions() -> Iterator[tuple[str, Path, str]]:
    """Yield kind, manual and text of each question."""
    own = [(kind, manual, row["text"]) for kind, manual, row in questions()]
    for kind, manual, text in own:
        sample = manual.parent == CORPORA
        yield "sample" if sample else {"own words": kind, "fact": "manuals"}.get(kind, "whole"), manual, text
    manuals = {manual.name: manual for _, manual, _ in own}
    for row in jsonl(folder_of("whole-answers") / "near-misses.jsonl"):
        if not row.get("denied"):
            yield "near misses", manuals[row["manual"]], row["text"]
    for folder in (folder_of("manuals"), CORPORA):
        for file in sorted(folder.glob("*.questions.jsonl")):
            for row in jsonl(file):
                if not row.get("answerable", True):
                    manual = file.with_name(f"{file.name.removesuffix('.questions.jsonl')}.pdf")
                    yield "near misses of manuals", manual, row["text"]
    for manual in sorted(manuals.values()):
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


def judge_all() -> list[Judged]:
    """Ask every question of its manual."""
    found = []
    with library_of_each() as library:
        for kind, manual, text in read_questions():
            _, seen = library(manual).consider(text)
            choice = choose(seen)
            if choice:
                found.append(Judged(kind, manual.name, features_of(seen, choice)))
    return found


def learn(some: Sequence[Judged]) -> dict[str, float]:
    """Return logistic weights, answerable and unanswerable questions counting the same as a whole."""
    from scipy.optimize import minimize

    counts = np.array([COUNTS.get(one.kind, 1.0) for one in some])
    answerable = np.array([one.answerable for one in some])
    counts[answerable] *= counts[~answerable].sum() / answerable.sum()
    rows = np.array([list(one.features.values()) for one in some])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    table = np.column_stack([(rows - middle) / spread, np.ones(len(rows))])
    signs = np.where(answerable, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (table @ weights)
        slope = table.T @ (-signs * counts / (1 + np.exp(margins)))
        penalty = np.append(weights[:-1], 0.0) / STRENGTH
        return float((counts * np.logaddexp(0, -margins)).sum() + penalty @ weights / 2), slope + penalty

    bounds = [BOUNDS.get(name, (0, None)) for name in [*some[0].features, "bias"]]
    found = minimize(loss, np.zeros(table.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[:-1] / spread
    named = dict(zip(some[0].features, weights.tolist(), strict=True))
    return named | {"bias": float(found[-1] - (weights * middle).sum())}


def rows_of(some: Sequence[Judged], confidences: Sequence[float]) -> list[Row]:
    """Return for each threshold what share of each kind falls on its right side."""
    by = {
        kind: [s for one, s in zip(some, confidences, strict=True) if one.kind == kind]
        for kind in {o.kind for o in some}
    }
    rows: list[Row] = []
    for line in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5):
        shares = {
            kind: mean((s < line) == kind.startswith(("near", "foreign")) for s in held) for kind, held in by.items()
        }
        rows.append({"line": line, **dict(sorted(shares.items()))})
    rows[0]["own words against near misses"] = auroc(by["own words"], by["near misses"])
    rows[0]["manuals against theirs"] = auroc(by["manuals"], by["near misses of manuals"])
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--learn", action="store_true", help="Write the weights learned on all questions.")
    given = options.parse_args(argv)
    (need_to_learn if given.learn else need)(*LEARNED_FROM)
    everything = judge_all()
    confidences = [0.0] * len(everything)
    for manual in sorted({one.manual for one in everything}):
        weights = learn([one for one in everything if one.manual != manual])
        for at, one in enumerate(everything):
            if one.manual == manual:
                confidences[at] = logistic(one.features, weights)
    report("refusing", rows_of(everything, confidences), data=QUESTIONS_OF, keep=given.keep)
    if given.learn:
        rounded = {name: round(weight, 3) for name, weight in learn(everything).items()}
        CONFIDENCE_FILE.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
