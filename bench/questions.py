"""Do generated questions put settings into the order that people's questions give?

On the sample manuals and ``manuals``, which have both. Development sets: the generator's numbers were chosen on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data import CORPORA, manual_questions, need
from bench.record import Row, parser, report
from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.questions import as_gold, write_questions
from ragqa.evaluation.tune.workbench import Setting, answers, cut_anew
from ragqa.readers import read_bytes
from ragqa.settings import Settings
from ragqa.types import Document, Mode

SIZES = (80, 160, 320)
SEEDS = (10, 11, 12)
"""Not those with which the generator's own numbers were chosen."""

COUNT = 100
DEFAULT = Setting.of(Settings(), 160).fusion
Values = NDArray[np.float64]
"""(settings, questions, 2): page_hit@5 and page_mrr@10."""
Weights = dict[str, float]

MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")
SETTINGS: list[tuple[Mode, int, Weights]] = [(mode, size, Weights()) for mode in MODES for size in SIZES] + [
    ("hybrid", 160, {"dense_weight": 0.0}),
    ("hybrid", 160, {"window_weight": 0.0}),
    ("hybrid", 160, {"pull": 0.0, "neighbour": 0.0}),
]


def name_of(mode: Mode, size: int, weights: Weights) -> str:
    return " ".join((mode, str(size), *(f"{name} {value:g}" for name, value in weights.items())))


def measure_settings(document: Document, sets: Sequence[Sequence[Question]]) -> list[Values]:
    """Return the values of each question set."""
    found = [np.zeros((len(SETTINGS), len(questions), 2)) for questions in sets]
    for size in SIZES:
        with cut_anew([document], size, None) as bench:
            for values, questions in zip(found, sets, strict=True):
                for number, question in enumerate(questions):
                    bench.forget()
                    for at, (mode, own, weights) in enumerate(SETTINGS):
                        if own == size:
                            values[at, number] = measure(bench, question, mode, weights)
    return found


def measure(bench: Any, question: Question, mode: Mode, weights: Weights) -> tuple[float, float]:
    places = bench.places(question.text, replace(DEFAULT, **weights), mode)
    rank = next((rank for rank, place in enumerate(places, 1) if answers(place, question)), 99)
    return float(rank <= 5), 1 / rank if rank <= 10 else 0.0


def taus(people: NDArray[np.float64], generated: NDArray[np.float64]) -> list[float]:
    """Return Kendall's tau of two orders of the settings, by each measure."""
    from scipy.stats import kendalltau

    return [float(kendalltau(people[:, at], generated[:, at]).statistic) for at in range(2)]


def row(title: str, people: Sequence[Values], generated: Sequence[Sequence[Values]]) -> Row:
    """Return the mean taus of the seeds' sets; beside them what people's own questions, in halves, reach.

    ``people``, and each of ``generated``, has the values of each manual.
    """
    means = mean_of(people)
    made = np.array([taus(means, mean_of(sets)) for sets in generated])
    halves = np.array([taus(*halves_of(people, seed)) for seed in range(200)])
    return {
        "set": title,
        "tau page_hit@5": float(np.nanmean(made[:, 0])),
        "tau page_mrr@10": float(np.nanmean(made[:, 1])),
        "halves page_hit@5": float(np.nanmean(halves[:, 0])),
        "halves page_mrr@10": float(np.nanmean(halves[:, 1])),
    }


def mean_of(sets: Sequence[Values]) -> NDArray[np.float64]:
    """Return the mean over each manual's questions, then over manuals: (settings, 2)."""
    return np.asarray(np.mean([values.mean(axis=1) for values in sets], axis=0))


def halves_of(sets: Sequence[Values], seed: int) -> list[NDArray[np.float64]]:
    """Return the means over one half of each manual's questions, and over the other."""
    orders = [np.random.default_rng(seed).permutation(values.shape[1]) for values in sets]
    return [mean_of([v[:, order[half::2]] for v, order in zip(sets, orders, strict=True)]) for half in (0, 1)]


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    (folder,) = need("manuals")
    manuals = [*sorted(CORPORA.glob("*.pdf")), *sorted(folder.glob("*.pdf"))]
    rows: list[Row] = []
    people: list[Values] = []
    generated: list[list[Values]] = []
    for manual in manuals:
        document = read_bytes(manual.read_bytes(), manual.name)
        own = [
            Question(str(at), question.text, pages=question.pages)
            for at, question in enumerate(manual_questions(manual))
            if question.answerable
        ]
        made = [as_gold(write_questions([document], COUNT, seed)) for seed in SEEDS]
        first, *others = measure_settings(document, [own, *made])
        people.append(first)
        generated.append(others)
        alone = row(manual.stem, [first], [[values] for values in others])
        rows.append({**alone, "people's": len(own), "generated": len(made[0])})
    by_seed = list(zip(*generated, strict=True))
    columns = [name for name in rows[0] if name.startswith(("tau", "halves"))]
    means = {name: float(np.mean([one[name] for one in rows])) for name in columns}
    rows.append({"set": "mean of the manuals, each alone", **means})
    rows.append({**row("all manuals together", people, by_seed), "manuals": len(manuals), "settings": len(SETTINGS)})
    theirs, ours = mean_of(people), np.mean([mean_of(sets) for sets in by_seed], axis=0)
    for number, setting in enumerate(SETTINGS):
        line: Row = {"set": name_of(*setting)}
        for at, name in enumerate(("page_hit@5", "page_mrr@10")):
            line |= {f"people's {name}": float(theirs[number, at]), f"generated {name}": float(ours[number, at])}
        rows.append(line)
    report("questions", rows, data=["sample manuals", "manuals"], keep=given.keep)


if __name__ == "__main__":
    main()
