"""Does the manual's own sentence answer? Share of questions whose answer string stands in the one or two quoted.

``--learn`` fits the weights of ``answerers/evidence.py`` anew on XQuAD (both languages) and on our own manuals, whose
questions name the evidence, and prints them; what stands there is their rounded middle. DRCD and the evaluation manuals
are never learned from, so that their figures show what the weights are worth elsewhere.
"""

from __future__ import annotations

import sys

import numpy as np

from bench.data import CORPORA, collection, library_of, manual_questions
from bench.record import report
from ragqa.analysis import terms
from ragqa.answerers.evidence import WEIGHTS
from ragqa.answerers.extractive import best_places

MEASURED = ("xquad-en", "drcd-dev")
LEARNED_FROM = ("xquad-en", "xquad-zh")


def measure(name):
    """Return the row of one collection: each answer quotes exactly one, then two sentences of its passages."""
    documents, questions = collection(name)
    held = {1: 0, 2: 0}
    with library_of(documents=documents) as library:
        for question in questions:
            _, seen = library.consider(question.text)
            hits = seen.best_hits(library.settings.k)
            for size in held:
                chosen = best_places(hits, at_most=size, enough=1.0, near=0.0)
                said = "\n".join(hit.passage.text[slice(*hit.passage.windows[at])] for hit, at in chosen)
                held[size] += any(answer in said for answer in question.answers)
    shares = {f"in {size} sentence{'s' * (size > 1)}": count / len(questions) for size, count in held.items()}
    return {"set": name, "questions": len(questions), **shares}


def examples(name):
    """Return for each question the features of its windows, and which of them hold an answer string."""
    documents, questions = collection(name)
    with library_of(documents=documents) as library:
        return list(_examples(library, questions, lambda text, question: any(a in text for a in question.answers)))


def manual_examples(manual):
    """The same of a manual's questions, where a window answers that holds most terms of a piece of evidence."""
    with library_of(manuals=[manual]) as library:
        questions = [question for question in manual_questions(manual) if question.answerable]
        return list(_examples(library, questions, lambda text, question: _shows(text, question.evidence)))


def _examples(library, questions, answers):
    for question in questions:
        found, evidence = library.evidence(question.text)
        texts = [found.hits[at].passage.text[start:end] for at, (start, end) in evidence.places]
        holds = np.array([answers(text, question) for text in texts])
        if holds.any() and not holds.all():
            yield evidence.features.astype(float), holds, 1 / len(questions)


def _shows(text, evidence):
    held = set(terms(text))
    return any(len(held.intersection(terms(piece))) >= 0.7 * len(set(terms(piece))) for piece in evidence)


def learn(made, shrink=0.002):
    """Return the weights under which windows that hold the answer get most of a softmax over all windows found."""
    from scipy.optimize import minimize

    rows = np.concatenate([features for features, _, _ in made])
    holds = np.concatenate([held for _, held, _ in made])
    sizes = [len(held) for _, held, _ in made]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    owner = np.repeat(np.arange(len(made)), sizes)
    counts = np.array([weight for _, _, weight in made])

    def loss(weights):
        scores = rows @ weights
        likely = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        everyone, right = np.add.reduceat(likely, starts), np.add.reduceat(likely * holds, starts)
        gradient = -rows.T @ ((likely * holds / right[owner] - likely / everyone[owner]) * counts[owner])
        return -(counts * np.log(right / everyone)).sum() + shrink * weights @ weights, gradient + 2 * shrink * weights

    return minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x


if __name__ == "__main__":
    if "--learn" in sys.argv:
        made = [example for name in LEARNED_FROM for example in examples(name)]
        made += [example for manual in sorted(CORPORA.glob("*.pdf")) for example in manual_examples(manual)]
        learned = learn(made)
        print({name: round(float(weight), 1) for name, weight in zip(WEIGHTS, learned, strict=True)})
    else:
        report("answers", [measure(name) for name in MEASURED])
