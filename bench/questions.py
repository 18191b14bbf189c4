"""Do generated questions put settings into the order that people's questions give? On manuals that have both."""

from __future__ import annotations

from statistics import mean

import numpy as np
from scipy.stats import kendalltau

from bench.data import CORPORA, DATA, manual_questions
from bench.record import report
from ragqa.bench.questions import write_questions
from ragqa.bench.questions.files import Gold, as_gold
from ragqa.bench.tune.workbench import cut_anew
from ragqa.bench.tune.worth import answers
from ragqa.ingest import read_document
from ragqa.retrieval import Fusion
from ragqa.settings import Settings

SIZES = (80, 160, 320)
SEEDS = (0, 1, 2)
COUNT = 100
DEFAULT = {name: getattr(Settings(), name) for name in ("dense_weight", "window_weight", "pull", "neighbour")}
SETTINGS = [(mode, size, {}) for mode in ("dense", "lexical", "hybrid") for size in SIZES] + [
    ("hybrid", 160, {"dense_weight": 0.0}),
    ("hybrid", 160, {"window_weight": 0.0}),
    ("hybrid", 160, {"pull": 0.0, "neighbour": 0.0}),
]


def name_of(mode, size, weights):
    return " ".join((mode, str(size), *(f"{name} {value:g}" for name, value in weights.items())))


def measured(document, sets):
    """Return for each question set page_hit@5 and page_mrr@10 of each setting: (settings, 2)."""
    found = [np.zeros((len(SETTINGS), len(questions), 2)) for questions in sets]
    for size in SIZES:
        with cut_anew([document], size, None) as bench:
            for values, questions in zip(found, sets, strict=True):
                for number, question in enumerate(questions):
                    bench.forget()
                    for at, (mode, own, weights) in enumerate(SETTINGS):
                        if own == size:
                            values[at, number] = measures(bench, question, mode, weights)
    return [values.mean(axis=1) for values in found]


def measures(bench, question, mode, weights):
    places = bench.places(question.text, Fusion(**{**DEFAULT, **weights}), mode)
    rank = next((rank for rank, place in enumerate(places, 1) if answers(place, question)), 99)
    return rank <= 5, 1 / rank if rank <= 10 else 0.0


def taus(people, generated):
    return [float(kendalltau(people[:, at], generated[:, at]).statistic) for at in range(2)]


def row(title, people, generated):
    """Return the taus of the seeds' sets, their means."""
    both = np.array([taus(people, values) for values in generated])
    return {
        "set": title,
        "tau page_hit@5": float(np.nanmean(both[:, 0])),
        "tau page_mrr@10": float(np.nanmean(both[:, 1])),
        "lowest": float(np.nanmin(both)),
    }


if __name__ == "__main__":
    manuals = sorted(CORPORA.glob("*.pdf")) + sorted((DATA / "manuals").glob("*.pdf"))
    rows, people, generated = [], [], []
    for manual in manuals:
        document = read_document(manual.read_bytes(), manual.name, None)
        own = [Gold(question.text, question.pages) for question in manual_questions(manual) if question.answerable]
        made = [as_gold(write_questions([document], COUNT, seed)) for seed in SEEDS]
        first, *others = measured(document, [own, *made])
        people.append(first)
        generated.append(others)
        rows.append({**row(manual.stem, first, others), "people's": len(own), "generated": len(made[0])})
    together = np.mean(people, axis=0)
    others = [np.mean([values[seed] for values in generated], axis=0) for seed in range(len(SEEDS))]
    rows.append({**row("all manuals, means", together, others), "manuals": len(manuals), "settings": len(SETTINGS)})
    for at, setting in enumerate(SETTINGS):
        hit, mrr = together[at]
        rows.append(
            {
                "set": name_of(*setting),
                "people page_hit@5": float(hit),
                "people page_mrr@10": float(mrr),
                "generated page_hit@5": mean(float(values[at, 0]) for values in others),
                "generated page_mrr@10": mean(float(values[at, 1]) for values in others),
            }
        )
    report("questions", rows)
