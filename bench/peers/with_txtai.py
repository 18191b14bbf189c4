"""txtai: Embeddings, whole texts, dense search. Its reader of PDFs needs another program, so it reads none here."""

from __future__ import annotations

from asked import Found, Search, Text, model_path, run
from txtai import Embeddings


def of_texts(texts: list[Text], **options: object) -> Search:
    store = Embeddings(path=model_path(), **options)
    store.index((text.name, text.text) for text in texts)

    def search(question: str, k: int) -> Found:
        return [(str(name), float(score)) for name, score in store.search(question, k)]

    return search


if __name__ == "__main__":
    run(of_texts)
