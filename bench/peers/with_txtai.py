"""txtai: Embeddings, whole texts, dense search; ``--hybrid`` adds its BM25. Its PDF reader needs another program."""

from __future__ import annotations

import sys

from peer import Found, Search, Text, model_path, run
from txtai import Embeddings

HYBRID = "--hybrid" in sys.argv


def of_texts(texts: list[Text]) -> Search:
    store = Embeddings(path=model_path(), **({"hybrid": True} if HYBRID else {}))
    store.index((text.name, text.text) for text in texts)

    def search(question: str, k: int) -> Found:
        return [(str(name), float(score)) for name, score in store.search(question, k)]

    return search


run(of_texts)
