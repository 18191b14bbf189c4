"""Does the manual's own sentence answer? Share of questions whose answer string stands in the one or two quoted.

``--learn`` fits the weights of ``answerers/evidence.py`` anew on ``xquad-en``, ``xquad-zh`` and the sample manuals,
whose questions name the evidence, and prints them; what stands there is their rounded middle. It learns nothing
where one of these sets is not there. Weights are never learned on ``drcd-dev``, but how Chinese sentences are cut was
chosen on it: both are development sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data import CORPORA, collection, library_of, manual_questions, need_to_learn
from bench.record import Row, parser, report
from ragqa import Library
from ragqa.analysis import terms
from ragqa.answerers.evidence import WEIGHTS
from ragqa.answerers.extractive import best_places
from ragqa.evaluation.datasets import Question

MEASURED = ("xquad-en", "drcd-dev")
LEARNED_FROM = ("xquad-en", "xquad-zh")


class Example(NamedTuple):
    """The windows found for a question: their features (windows, features), which answer, and the question's weight."""

    features: NDArray[np.float64]
    answers: NDArray[np.bool_]
    weight: float


def measure(name: str) -> Row:
    """Return the row of one collection: each answer quotes exactly one, then two sentences of its passages."""
    documents, questions = collection(name)
    counts = {1: 0, 2: 0}
    with library_of(documents=documents) as library:
        for question in questions:
            _, seen = library.consider(question.text)
            hits = seen.best_hits(library.settings.k)
            for size in counts:
                chosen = best_places(hits, at_most=size, enough=1.0, near=0.0)
                text = "\n".join(hit.passage.text[slice(*hit.passage.windows[at])] for hit, at in chosen)
                counts[size] += any(answer in text for answer in question.answers)
    shares = {f"in {size} sentence{'s' * (size > 1)}": count / len(questions) for size, count in counts.items()}
    return {"set": name, "questions": len(questions), **shares}


def collection_examples(name: str) -> list[Example]:
    """Return the examples of a collection, where a window answers that holds an answer string."""
    documents, questions = collection(name)
    with library_of(documents=documents) as library:
        return list(_examples(library, questions, _holds_answer))


def manual_examples(manual: Path) -> list[Example]:
    """Return the examples of a manual, where a window answers that holds most terms of a piece of evidence."""
    with library_of(manuals=[manual]) as library:
        questions = [question for question in manual_questions(manual) if question.answerable]
        return list(_examples(library, questions, _holds_evidence))


def _examples(
    library: Library, questions: Sequence[Question], answers: Callable[[str, Question], bool]
) -> Iterator[Example]:
    for question in questions:
        found, evidence = library.evidence(question.text)
        texts = [found.hits[at].passage.text[start:end] for at, (start, end) in evidence.places]
        holds = np.array([answers(text, question) for text in texts])
        if holds.any() and not holds.all():
            yield Example(evidence.features.astype(float), holds, 1 / len(questions))


def _holds_answer(text: str, question: Question) -> bool:
    return any(answer in text for answer in question.answers)


def _holds_evidence(text: str, question: Question) -> bool:
    held = set(terms(text))
    return any(len(held.intersection(terms(piece))) >= 0.7 * len(set(terms(piece))) for piece in question.evidence)


def learn(examples: Sequence[Example], shrink: float = 0.002) -> NDArray[np.float64]:
    """Return the weights under which windows that hold the answer get most of a softmax over all windows found."""
    from scipy.optimize import minimize

    rows = np.concatenate([example.features for example in examples])
    holds = np.concatenate([example.answers for example in examples])
    sizes = [len(example.answers) for example in examples]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    owner = np.repeat(np.arange(len(examples)), sizes)
    counts = np.array([example.weight for example in examples])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = rows @ weights
        likely = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        everyone, right = np.add.reduceat(likely, starts), np.add.reduceat(likely * holds, starts)
        gradient = -rows.T @ ((likely * holds / right[owner] - likely / everyone[owner]) * counts[owner])
        value = -float((counts * np.log(right / everyone)).sum()) + shrink * float(weights @ weights)
        return value, gradient + 2 * shrink * weights

    return np.asarray(minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--learn", action="store_true", help="Fit the weights and print them.")
    given = options.parse_args(argv)
    if not given.learn:
        report("answers", [measure(name) for name in MEASURED], data=MEASURED, keep=given.keep)
        return
    need_to_learn(*LEARNED_FROM)
    examples = [example for name in LEARNED_FROM for example in collection_examples(name)]
    examples += [example for manual in sorted(CORPORA.glob("*.pdf")) for example in manual_examples(manual)]
    print({name: round(float(weight), 1) for name, weight in zip(WEIGHTS, learn(examples), strict=True)})


if __name__ == "__main__":
    main()
