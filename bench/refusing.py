"""Does the confidence separate questions that a manual answers from others? Where to draw the line? Development sets.

Answerable questions: those of ``manuals``, of the sample manuals and of ``whole-answers`` (whole units, and single
facts in people's own words), and plain ones made of headings. Unanswerable ones: near misses (``whole-answers``,
``manuals``, the sample manuals), and foreign ones, which are about another manual.

The weights that ship are learned on all of these, the evaluation manuals included: ``--learn`` writes them, and leaves
without writing where a set is not there. So the table, which leaves one manual out at a time, learns on the others and
judges that one, is of development sets. Of ``consumer-manuals`` the headings are used, and what ``whole-answers`` asks
about them, but not its own questions, a test set: ``bench.manuals`` and ``bench.rgb`` have figures of test sets.

Each embedder has weights of its own, for its cosines are its own. Across languages words tell nothing: there weights
are learned on the sample manuals' questions in other languages and on foreign ones, for the multilingual model alone.

    python -m bench.refusing [--embedder local:multilingual] [--learn]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from bench.data import CORPORA, folder_of, jsonl, library_of_each, manual_of, need, need_to_learn
from bench.record import Row, kept_rows, parser, report
from bench.units import LEARNED_FROM, QUESTIONS_OF, questions
from ragqa.analysis import cjk_share
from ragqa.answerers.choosing import ACROSS, CONFIDENCE_FILE, choose, features_of, learned_in, logistic
from ragqa.embedders import BUNDLED_SPEC, MULTILINGUAL_SPEC
from ragqa.languages import language_of
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

COUNTS_BY_VECTORS = COUNTS | {"foreign": 1.0, "own words": 2.0, "near misses": 1.0}
"""The same for the multilingual model. Its tokens lie near to one another in any text, so that foreign questions, which
MiniLM refuses whatever they count, are answered unless they are taught. And it can't part questions in people's own
words from near misses: what it learns from these it loses on all others (bench/LOG.md)."""

APART = {
    "own words against near misses": ("own words", "near misses"),
    "manuals against theirs": ("manuals", "near misses of manuals"),
    "across against near": ("across", "near across"),
    "across against foreign": ("across", "foreign across"),
}
"""AUROC that the first row tells: of which questions against which."""

AGAINST = (None, 0)
BY_WORDS = ("coverage", "coverage_cubed", "unknown", "lost_words", "heading", "terms", "least_uncovered", "illegible")
"""What tells nothing of a question in another language than the manual's."""

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
    embedder: str
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
                    yield "near misses of manuals", manual_of(file), row["text"]
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


def questions_across() -> Iterator[tuple[str, Path, str]]:
    """Yield kind, manual and text of questions in another language than the manual is in."""
    samples, manuals = CORPORA, folder_of("manuals")
    rows = {file: jsonl(file) for folder in (samples, manuals) for file in sorted(folder.glob("*.questions.jsonl"))}
    for file, held in rows.items():
        manual = manual_of(file)
        for row in held:
            kind = "across" if row["answerable"] else "near across"
            yield from ((kind, manual, text) for text in row.get("in_other_languages", {}).values())
        for other, asked in rows.items():
            if other.parent != file.parent:
                texts = [text for row in asked for text in (row["text"], *row.get("in_other_languages", {}).values())]
                away = [text for text in texts if language_of(text) not in (None, "zh" if "zh" in file.stem else "en")]
                yield from (("foreign across", manual, text) for text in away[:: max(len(away) // FOREIGN, 1)])


def judge_all(asked: Iterable[tuple[str, Path, str]], embedder: str) -> list[Judged]:
    """Ask every question of its manual."""
    found = []
    with library_of_each(embedder=embedder) as library:
        for kind, manual, text in asked:
            _, seen = library(manual).consider(text)
            choice = choose(seen)
            if choice:
                found.append(Judged(kind, manual.name, embedder, features_of(seen, choice)))
    return found


def _count_of(one: Judged) -> float:
    counts = COUNTS_BY_VECTORS if one.embedder == MULTILINGUAL_SPEC else COUNTS
    return counts.get(one.kind, 1.0)


def learn(some: Sequence[Judged], without: Sequence[str] = ()) -> dict[str, float]:
    """Return logistic weights, answerable and unanswerable questions counting the same as a whole.

    Features ``without`` weight are those that tell nothing here.
    """
    from scipy.optimize import minimize

    counts = np.array([_count_of(one) for one in some])
    answerable = np.array([one.answerable for one in some])
    counts[answerable] *= counts[~answerable].sum() / answerable.sum()
    names = [name for name in some[0].features if name not in without]
    rows = np.array([[one.features[name] for name in names] for one in some])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    table = np.column_stack([(rows - middle) / spread, np.ones(len(rows))])
    signs = np.where(answerable, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (table @ weights)
        slope = table.T @ (-signs * counts / (1 + np.exp(margins)))
        penalty = np.append(weights[:-1], 0.0) / STRENGTH
        return float((counts * np.logaddexp(0, -margins)).sum() + penalty @ weights / 2), slope + penalty

    bounds = [BOUNDS.get(name, (0, None)) for name in [*names, "bias"]]
    found = minimize(loss, np.zeros(table.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[:-1] / spread
    named = dict(zip(names, weights.tolist(), strict=True))
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
    for name, (kind, other) in APART.items():
        if kind in by:
            rows[0][name] = auroc(by[kind], by[other])
    return rows


def judged_apart(some: Sequence[Judged], without: Sequence[str]) -> list[float]:
    """Return the confidence of each question, by weights learned on the other manuals."""
    confidences = [0.0] * len(some)
    for manual in sorted({one.manual for one in some}):
        weights = learn([one for one in some if one.manual != manual], without)
        for at, one in enumerate(some):
            if one.manual == manual:
                confidences[at] = logistic(one.features, weights)
    return confidences


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--embedder", default=BUNDLED_SPEC, choices=(BUNDLED_SPEC, MULTILINGUAL_SPEC), help="Whose.")
    options.add_argument("--learn", action="store_true", help="Write the weights learned on all questions.")
    given = options.parse_args(argv)
    (need_to_learn if given.learn else need)(*LEARNED_FROM)
    groups: dict[str, tuple[list[Judged], Sequence[str]]] = {
        given.embedder: (judge_all(read_questions(), given.embedder), ())
    }
    if given.embedder == MULTILINGUAL_SPEC:
        groups[given.embedder + ACROSS] = (judge_all(questions_across(), given.embedder), BY_WORDS)
    rows = kept_rows("refusing", "weights", groups)
    for name, (judged, without) in groups.items():
        rows += [{"weights": name, **row} for row in rows_of(judged, judged_apart(judged, without))]
    report("refusing", rows, data=QUESTIONS_OF, keep=given.keep)
    if given.learn:
        learned = {name: learn(*group) for name, group in groups.items()}
        rounded = {name: {one: round(weight, 3) for one, weight in held.items()} for name, held in learned.items()}
        CONFIDENCE_FILE.write_text(json.dumps(learned_in(CONFIDENCE_FILE) | rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
