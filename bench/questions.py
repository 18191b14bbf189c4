"""Do generated questions put settings into the order that people's questions give? On manuals that have both."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean

import numpy as np
from scipy.stats import kendalltau

from bench.data import CORPORA, DATA, manual_questions
from bench.record import report
from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.questions import as_gold, write_questions
from ragqa.evaluation.tune.workbench import Setting, answers, cut_anew
from ragqa.readers import read_bytes
from ragqa.settings import Settings

SIZES = (80, 160, 320)
SEEDS = (10, 11, 12)
"""Not those with which the generator's own numbers were chosen."""

COUNT = 100
DEFAULT = Setting.of(Settings(), 160).fusion
SETTINGS = [(mode, size, {}) for mode in ("dense", "lexical", "hybrid") for size in SIZES] + [
    ("hybrid", 160, {"dense_weight": 0.0}),
    ("hybrid", 160, {"window_weight": 0.0}),
    ("hybrid", 160, {"pull": 0.0, "neighbour": 0.0}),
]


def name_of(mode, size, weights):
    return " ".join((mode, str(size), *(f"{name} {value:g}" for name, value in weights.items())))


def measured(document, sets):
    """Return for each question set page_hit@5 and page_mrr@10: (settings, questions, 2)."""
    found = [np.zeros((len(SETTINGS), len(questions), 2)) for questions in sets]
    for size in SIZES:
        with cut_anew([document], size, None) as bench:
            for values, questions in zip(found, sets, strict=True):
                for number, question in enumerate(questions):
                    bench.forget()
                    for at, (mode, own, weights) in enumerate(SETTINGS):
                        if own == size:
                            values[at, number] = measures(bench, question, mode, weights)
    return found


def measures(bench, question, mode, weights):
    places = bench.places(question.text, replace(DEFAULT, **weights), mode)
    rank = next((rank for rank, place in enumerate(places, 1) if answers(place, question)), 99)
    return rank <= 5, 1 / rank if rank <= 10 else 0.0


def taus(people, generated):
    return [float(kendalltau(people[:, at], generated[:, at]).statistic) for at in range(2)]


def row(title, people, generated):
    """Return the mean taus of the seeds' sets; beside them what people's own questions, in halves, reach.

    ``people`` and each of ``generated`` are a list of (settings, questions, 2), one a manual.
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


def mean_of(sets):
    """Return the mean over each manual's questions, then over manuals: (settings, 2)."""
    return np.mean([values.mean(axis=1) for values in sets], axis=0)


def halves_of(sets, seed):
    """Return the means over one half of each manual's questions, and over the other."""
    orders = [np.random.default_rng(seed).permutation(values.shape[1]) for values in sets]
    return [mean_of([v[:, order[half::2]] for v, order in zip(sets, orders, strict=True)]) for half in (0, 1)]


if __name__ == "__main__":
    manuals = sorted(CORPORA.glob("*.pdf")) + sorted((DATA / "manuals").glob("*.pdf"))
    rows, people, generated = [], [], []
    for manual in manuals:
        document = read_bytes(manual.read_bytes(), manual.name)
        own = [
            Question(str(at), question.text, pages=question.pages)
            for at, question in enumerate(manual_questions(manual))
            if question.answerable
        ]
        made = [as_gold(write_questions([document], COUNT, seed)) for seed in SEEDS]
        first, *others = measured(document, [own, *made])
        people.append(first)
        generated.append(others)
        of_seeds = [[values] for values in others]
        rows.append({**row(manual.stem, [first], of_seeds), "people's": len(own), "generated": len(made[0])})
    of_seeds = list(zip(*generated, strict=True))
    alone = {name: mean(row[name] for row in rows) for name in rows[0] if name.startswith(("tau", "halves"))}
    rows.append({"set": "mean of the manuals, each alone", **alone})
    rows.append({**row("all manuals together", people, of_seeds), "manuals": len(manuals), "settings": len(SETTINGS)})
    together, others = mean_of(people), np.mean([mean_of(sets) for sets in of_seeds], axis=0)
    for setting, theirs, ours in zip(SETTINGS, together, others, strict=True):
        row_of = {"set": name_of(*setting)}
        for at, name in enumerate(("page_hit@5", "page_mrr@10")):
            row_of |= {f"people's {name}": float(theirs[at]), f"generated {name}": float(ours[at])}
        rows.append(row_of)
    report("questions", rows)
