"""Which documents a question names: by words of their file names that few of the other documents have.

In a library of reports that repeat one another's words, often only the file's name says whose report it is, and of
when. Where the library holds one document, or the question names none, this says nothing. Texts that are no files are
left out: in a collection of short texts the titles are what the texts are about (bench/LOG.md). Knows no passages.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from ragqa.analysis import ENGLISH_ONLY, bag_of_terms, is_stop

RAREST = 3.0
"""The most that one word's rarity can be: in a large library it would else drown what the passages say."""

_JOINTS = re.compile(r"[_\-./]+")


class Names:
    """The words of all documents' file names."""

    def __init__(self, documents: Sequence[tuple[int, str, str]], languages: Sequence[str] = ENGLISH_ONLY) -> None:
        """Take each document's id, name and title, and the library's languages.

        A name without a suffix is no file's but an identifier.
        """
        self._size = len(documents)
        self._named: dict[str, list[int]] = defaultdict(list)
        for document_id, name, title in documents:
            path = PurePosixPath(name)
            if path.suffix:
                for word in _words(f"{path.with_suffix('')} {title}", languages):
                    self._named[word].append(document_id)

    def __contains__(self, term: object) -> bool:
        """Say whether a term stands in the name of a file."""
        return term in self._named

    def named_by(self, words: Iterable[str]) -> Mapping[int, float]:
        """Return how much the terms of a question name each document: the sum of their rarities among documents.

        A word's rarity is ln((N + 1) / (n + 0.5)) for n of N documents, at most ``RAREST``, 0 if all have it.
        Unnamed documents are left out.
        """
        scores: dict[int, float] = defaultdict(float)
        scale = min(1.0, RAREST / math.log(self._size + 1)) if self._size else 0.0
        for word in set(words):
            holders = self._named.get(word, ())
            if len(holders) < self._size:
                rarity = scale * math.log((self._size + 1) / (len(holders) + 0.5))
                for document_id in holders:
                    scores[document_id] += rarity
        return scores


def _words(text: str, languages: Sequence[str]) -> set[str]:
    return {term for term in bag_of_terms(_JOINTS.sub(" ", text), languages) if not is_stop(term)}
