"""bm25s: English stop words and a Snowball stemmer, as its documentation begins. It reads no PDF."""

from __future__ import annotations

import bm25s
import Stemmer
from peer import Found, Search, Text, run


def of_texts(texts: list[Text]) -> Search:
    stemmer = Stemmer.Stemmer("english")
    names = [text.name for text in texts]
    store = bm25s.BM25()
    held = bm25s.tokenize([text.text for text in texts], stopwords="en", stemmer=stemmer, show_progress=False)
    store.index(held, show_progress=False)

    def search(question: str, k: int) -> Found:
        words = bm25s.tokenize(question, stopwords="en", stemmer=stemmer, show_progress=False)
        found, scores = store.retrieve(words, k=min(k, len(names)), show_progress=False)
        both = zip(found[0], scores[0], strict=True)
        return [(names[place], float(score)) for place, score in both if score > 0]

    return search


run(of_texts)
