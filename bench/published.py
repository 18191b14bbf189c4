"""Are published figures of SciFact reproduced by the same measuring code? BM25 and MiniLM in their plain forms.

BM25 as bm25s has it by default (Lucene's form, k1 1.5, b 0.75), with English stop words and Snowball stems, title and
text in one field: .679 to .687 were published. all-MiniLM-L6-v2 over whole documents, title and text, cut at 256
tokens, by cosine: .645. What the product does instead, passages under their titles, is for ``sets``.
"""

from __future__ import annotations

import bm25s
import numpy as np
import Stemmer

from bench.data import collection
from bench.record import report
from ragqa.embedders import open_embedder
from ragqa.evaluation.datasets import Question
from ragqa.metrics import ndcg, recall
from ragqa.types import Document

PUBLISHED = {"bm25": (0.679, 0.687), "minilm": (0.645, 0.645)}
DEPTH = 100


def bm25(texts: list[str], questions: list[str]) -> np.ndarray:
    """Return the places of the best documents for each question."""
    stemmer = Stemmer.Stemmer("english")

    def tokens(texts: list[str]) -> object:
        return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

    index = bm25s.BM25()
    index.index(tokens(texts), show_progress=False)
    return index.retrieve(tokens(questions), k=DEPTH, show_progress=False)[0]


def minilm(texts: list[str], questions: list[str]) -> np.ndarray:
    """Return the same by the cosine of whole documents."""
    embedder = open_embedder()
    rows = np.stack([made.vector for made in embedder.embed_passages(texts, [()] * len(texts))])
    return np.argsort(-(embedder.embed_queries(questions) @ rows.T), axis=1, kind="stable")[:, :DEPTH]


def row(system: str, documents: tuple[Document, ...], questions: tuple[Question, ...]) -> dict[str, object]:
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


if __name__ == "__main__":
    report("published", [row(system, *collection("scifact")) for system in PUBLISHED])
