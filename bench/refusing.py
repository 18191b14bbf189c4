"""Does the confidence tell what a manual answers from what it does not? And where should the line be drawn?

``--learn`` fits ``answerers/confidence.py`` on our own manuals: their questions, and the other manuals' questions asked
of them, which they can't answer. The evaluation manuals' own questions are never learned from.
"""

from __future__ import annotations

import sys
from statistics import mean

import numpy as np

from bench.data import CORPORA, DATA, library_of, manual_questions
from bench.record import report
from ragqa.answerers.confidence import WEIGHTS, confidence_of, features_of
from ragqa.metrics import auroc


def asked(folder, strangers=()):
    """Yield (manual, kind, evidence) for each question; kind is 'answerable', 'near miss' or 'foreign'."""
    manuals = sorted(folder.glob("*.pdf"))
    for manual in manuals:
        with library_of(manuals=[manual]) as library:
            for question in manual_questions(manual):
                kind = "answerable" if question.answerable else "near miss"
                yield manual.stem, kind, library.evidence(question.text)[1]
            for other in {*manuals, *strangers} - {manual}:
                if ("zh" in other.stem) == ("zh" in manual.stem):
                    for question in manual_questions(other)[::2]:
                        yield manual.stem, "foreign", library.evidence(question.text)[1]


def learn(examples):
    """Return logistic weights, both classes counting the same."""
    from sklearn.linear_model import LogisticRegression

    rows = np.array([list(features_of(evidence).values()) for _, _, evidence in examples])
    right = [kind == "answerable" for _, kind, _ in examples]
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    model = LogisticRegression(class_weight="balanced").fit((rows - middle) / spread, right)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - (weights * middle).sum())


def rows_of(title, examples):
    """Return for each line drawn what share of each kind falls on its right side."""
    sure = {
        kind: [confidence_of(e) for _, k, e in examples if k == kind] for kind in ("answerable", "near miss", "foreign")
    }
    area = auroc(sure["answerable"], sure["near miss"])
    return [
        {
            "set": title,
            "threshold": line,
            "answered": mean(c >= line for c in sure["answerable"]),
            "near misses refused": mean(c < line for c in sure["near miss"]),
            "foreign refused": mean(c < line for c in sure["foreign"]),
            "auroc": area,
        }
        for line in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
    ]


if __name__ == "__main__":
    theirs = sorted((DATA / "manuals").glob("*.pdf"))
    ours = list(asked(CORPORA, theirs))
    if "--learn" in sys.argv:
        weights, bias = learn(ours)
        print({name: round(float(w), 2) for name, w in zip(WEIGHTS, weights, strict=True)}, round(bias, 2))
    else:
        rows = rows_of("our manuals", ours)
        if theirs:
            rows += rows_of("evaluation manuals", list(asked(DATA / "manuals")))
        report("refusing", rows)
