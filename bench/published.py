"""Are published figures of SciFact reproduced by the same measuring code? BM25 and MiniLM in their plain forms.

BM25 as bm25s has it by default (Lucene's form, k1 1.5, b 0.75), with English stop words and Snowball stems, title and
text in one field: .679 to .687 were published. all-MiniLM-L6-v2 over whole documents, title and text, cut at 256
tokens, by cosine: .645. What the product does instead, passages under their titles, is for ``sets``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data import collection
from bench.record import Row, parser, report
from ragqa.embedders import open_embedder
from ragqa.evaluation.datasets import Question
from ragqa.metrics import ndcg, recall
from ragqa.types import Document

PUBLISHED = {"bm25": (0.679, 0.687), "minilm": (0.645, 0.645)}
DEPTH = 100


def bm25(texts: list[str], questions: list[str]) -> NDArray[np.int64]:
    """Return the places of the best ``DEPTH`` documents for each question."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def tokens(texts: list[str]) -> Any:
        return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

    index = bm25s.BM25()
    index.index(tokens(texts), show_progress=False)
    return np.asarray(index.retrieve(tokens(questions), k=DEPTH, show_progress=False)[0])


def minilm(texts: list[str], questions: list[str]) -> NDArray[np.int64]:
    """Return the same by the cosine of whole documents."""
    embedder = open_embedder()
    rows = np.stack([made.vector for made in embedder.embed_passages(texts, [()] * len(texts))])
    return np.argsort(-(embedder.embed_queries(questions) @ rows.T), axis=1, kind="stable")[:, :DEPTH]


def measure(system: str, documents: tuple[Document, ...], questions: tuple[Question, ...]) -> Row:
    texts = [f"{document.title} {document.text}" for document in documents]
    places = {"bm25": bm25, "minilm": minilm}[system](texts, [question.text for question in questions])
    rankings = [[documents[at].name for at in found] for found in places]
    low, high = PUBLISHED[system]
    pairs = list(zip(rankings, questions, strict=True))
    return {
        "set": "scifact",
        "system": system,
        "ndcg@10": float(np.mean([ndcg(ranking, question.relevant or {}, 10) for ranking, question in pairs])),
        "recall@100": float(np.mean([recall(ranking, question.relevant or {}, 100) for ranking, question in pairs])),
        "published ndcg@10": f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}",
    }


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    scifact = collection("scifact")
    report("published", [measure(system, *scifact) for system in PUBLISHED], data=["scifact"], keep=given.keep)


if __name__ == "__main__":
    main()
