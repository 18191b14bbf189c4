"""What a kind of question gives: a draft, checked so that it is a question whose answer is not in it.

Knows no kinds; each is a file beside this one.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Literal

from ragqa.analysis import CHINESE_STOPS, cjk_share, is_stop, terms
from ragqa.cjk import CJK
from ragqa.plain_files import parse_toml
from ragqa.sentences import sentences
from ragqa.types import Block, Document

SHORTEST, LONGEST = 24, 320
"""Characters of a sentence that says enough to be asked for, and little enough to be one thing. CJK counts twice."""

_ELSEWHERE = re.compile(r"(?i)\W*(?:see\b|refer to|参见|请参|另请参|详见|见第)|.*(?:\.\s?){4}")
"""A sentence that only says where to read on."""

_STEP = re.compile(r"\s*(?:\d{1,2}[.)、]|（\d{1,2}）|\(\d{1,2}\)|第[一二三四五六七八九十]+步)\s*")


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of a document that holds an answer."""

    document: str
    kind: Literal["sentence", "row", "step"]
    text: str
    """As it stands in the document; a row's cells are joined by ' | '."""
    page: int | None
    section: tuple[str, ...]
    header: tuple[str, ...] = ()
    """Of a row: the names of its columns."""
    place: int = 0
    """Where in the document it begins, in characters."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of a row."""
        return tuple(cell.strip() for cell in self.text.split(" | "))


class Sources:
    """The sources of some documents, with the terms that each holds."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.all: tuple[Source, ...] = tuple(source for document in documents for source in _sources(document))
        self._holders: dict[str, set[int]] = defaultdict(set)
        for number, source in enumerate(self.all):
            for term in terms(" ".join((source.text, *source.section, *source.header))):
                self._holders[term].add(number)

    def rarity(self, word: str) -> float:
        """Return ln(N / n) for the rarest term of ``word``, which n of N sources hold; 0 for a word without subject."""
        own = [term for term in terms(word) if not is_stop(term)]
        held = min((len(self._holders.get(term, ())) for term in own), default=len(self.all))
        return math.log(max(len(self.all), 1) / max(held, 1))

    def holding(self, words: Iterable[str]) -> list[Source]:
        """Return the sources that hold every term of ``words``, headings and column names counted."""
        held = [self._holders.get(term, set()) for word in words for term in terms(word) if not is_stop(term)]
        return [self.all[number] for number in sorted(set.intersection(*held))] if held else []


def _sources(document: Document) -> Iterator[Source]:
    path: list[tuple[int, str]] = []
    header: tuple[str, ...] = ()
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.kind == "heading":
            path = [(level, name) for level, name in path if level < block.level]
            path.append((block.level, text))
        if block.kind == "table_header":
            header = tuple(cell.strip() for cell in text.split(" | "))
        elif block.kind != "table_row":
            header = ()
        yield from _of_block(document, block, text, tuple(name for _, name in path), header)


def _of_block(
    document: Document, block: Block, text: str, section: tuple[str, ...], header: tuple[str, ...]
) -> Iterator[Source]:
    if block.kind == "table_row":
        page = document.page_at(block.start)
        if header and len(header) == len(text.split(" | ")):
            yield Source(document.name, "row", text, page, section, header, block.start)
        return
    if block.kind not in ("paragraph", "list_item"):
        return
    step = _STEP.match(text) if block.kind == "list_item" else None
    first = step.end() if step else 0
    for start, end in sentences(text[first:]):
        start, end = start + first, end + first
        said = " ".join(text[start:end].split())
        if SHORTEST <= _weight(said) <= LONGEST and not _ELSEWHERE.match(said):
            page = document.page_at(block.start + start)
            yield Source(document.name, "step" if step else "sentence", said, page, section, (), block.start + start)


def _weight(text: str) -> int:
    return len(text) + sum(c >= "\u2e80" for c in text)


def pages_of(sources: Sequence[Source]) -> tuple[int, ...]:
    """Return the pages on which they stand, in order."""
    return tuple(sorted({source.page for source in sources if source.page is not None}))


KNOWN = 2
"""Words of the page that a question has at most, apart from those said otherwise."""

RARE = 3.0
"""How much sooner the rarest word is left out than one that stands everywhere: it would find the page alone, and people
seldom know it."""

MOST, FEWEST = 9, 3
"""Words with a subject that a question has at most, and at least where the text has them."""

_WORD = re.compile(r"[^\s,;:!?()\[\]{}<>“”\"‘’`]+")
_PIECE = re.compile(rf"[{CJK}]+|[^\s{CJK}，。；：、！？（）《》“”‘’|]+")


@dataclass(frozen=True, slots=True)
class Retold:
    """A text retold, and the words of the text that are still in it."""

    text: str
    kept: tuple[str, ...]


def chinese(text: str) -> bool:
    """Say whether a question about ``text`` is asked in Chinese."""
    return cjk_share(text) > 0.3


def retell(text: str, rarity: Callable[[str], float], chance: Random, most: int = MOST) -> Retold:
    """Return ``text`` with words left out, the rarer the sooner, and some of the others in everyday words."""
    pieces = pieces_of(text)
    telling = [at for at, piece in enumerate(pieces) if _tells(piece)]
    said = {at: said_otherwise(pieces[at], chance) for at in telling}
    top = max((rarity(pieces[at]) for at in telling), default=0.0) or 1.0
    otherwise = [at for at in telling if said[at] != pieces[at]]
    # A word that the page has too finds it, the rarer the surer; people know few of those, and seldom the rarest.
    known = sorted(
        (at for at in telling if said[at] == pieces[at]),
        key=lambda at: chance.random() * (0.4 + RARE * rarity(pieces[at]) / top),
    )
    kept = set([*known[: max(KNOWN, FEWEST - len(otherwise))], *otherwise][:most])
    words = [said.get(at, pieces[at]) for at in _with_joints(pieces, kept)]
    still = [pieces[at] for at in sorted(kept) if said[at] == pieces[at]]
    return Retold(("" if chinese(text) else " ").join(words), tuple(still))


def pieces_of(text: str) -> list[str]:
    """Return the words of ``text``; of Chinese, what stands between characters that only join."""
    return _chinese_pieces(text) if chinese(text) else [word.strip(".…'’*•-–") for word in _WORD.findall(text)]


def _tells(piece: str) -> bool:
    own = terms(piece)
    return bool(own) and not all(is_stop(term) for term in own)


def _with_joints(pieces: Sequence[str], kept: set[int]) -> list[int]:
    """Return the pieces to say: those kept, and the small words that stand right before one of them."""
    indexes: list[int] = []
    for at, piece in enumerate(pieces):
        if at in kept or (at + 1 in kept and indexes and terms(piece) and not _tells(piece)):
            indexes.append(at)
    return indexes


def _chinese_pieces(text: str) -> list[str]:
    """Return the runs between characters that only join, long ones cut into twos."""
    pieces: list[str] = []
    for run in _PIECE.findall(text):
        start = 0
        for at, c in enumerate((*run, "")):
            if c == "" or c in CHINESE_STOPS:
                pieces.extend(_twos(run[start:at]))
                pieces.extend(c)
                start = at + 1
    return [piece for piece in pieces if piece]


def _twos(run: str) -> list[str]:
    if len(run) <= 3 or run.isascii():
        return [run]
    known = next((word for word in _everyday("zh") if word in run), "")
    if known and known != run:
        before, _, after = run.partition(known)
        return [*_twos(before), known, *_twos(after)]
    return [run[at : at + 2] for at in range(0, len(run) - 1, 2)] + ([run[-1:]] if len(run) % 2 else [])


def said_otherwise(word: str, chance: Random) -> str:
    """Return a word as people may say it."""
    if chinese(word):
        found = _everyday("zh").get(word)
    else:
        stems = terms(word)
        found = _everyday("en").get(stems[0]) if len(stems) == 1 else None
    return chance.choice(found) if found else word


@lru_cache(maxsize=2)
def _everyday(language: str) -> Mapping[str, tuple[str, ...]]:
    groups = parse_toml(Path(__file__).with_name("everyday.toml").read_text(encoding="utf-8"))[language]
    others: dict[str, dict[str, None]] = {}
    for group in (line.split(", ") for line in groups):
        for word in group:
            key = terms(word)[0] if language == "en" and " " not in word else word
            others.setdefault(key, {}).update({other: None for other in group if other != word})
    return {word: tuple(others[word]) for word in sorted(others, key=len, reverse=True)}


COPIED = 0.7
"""Share of the evidence's terms with a subject that a question may repeat."""

Origin = Literal["heading", "definition", "table", "step", "model"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its answer, and what proves it."""

    text: str
    answer: str
    evidence: str
    pages: tuple[int, ...]
    origin: Origin
    source: Source


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes drafts about one source. ``chance`` is its own, so that the same seed gives the same questions."""

    source: Source
    sources: Sources
    chance: Random

    def retold(self, text: str, most: int = MOST) -> Retold:
        """Return ``text`` in fewer and other words."""
        return retell(text, self.sources.rarity, self.chance, most)

    def draft(self, asks: str, told: Retold, answer: str, origin: Origin) -> Draft | None:
        """Return the question that ``asks`` for what is missing in ``told``; None where it would be no fair one.

        Unfair is a question that holds its answer, that copies the sentence, that has fewer than two words to go by, or
        whose words stand just as well in places that answer otherwise.
        """
        text = _put(asks, told.text, chinese(self.source.text))
        answer = answer.strip(" .。;；,，:：")
        if len(_subjects(text)) < 2 or not answer or holds_its_answer(text, answer) or is_copy(text, self.source.text):
            return None
        alike = self.sources.holding(told.kept)
        also = [source for source in alike if _folded(answer) in _folded(source.text)]
        if len(alike) - len(also) > 2:
            return None
        return Draft(text, answer, self.source.text, pages_of([self.source, *also]), origin, self.source)


def holds_its_answer(question: str, answer: str) -> bool:
    """Say whether every word of the answer that says something stands in the question."""
    answered = _subjects(answer)
    return bool(answered) and answered <= _subjects(question)


def is_copy(question: str, evidence: str) -> bool:
    """Say whether a question repeats most of its evidence, so that it would measure word search only."""
    told = _subjects(evidence)
    return len(told & _subjects(question)) > COPIED * len(told)


def _subjects(text: str) -> set[str]:
    return {term for term in terms(text) if not is_stop(term)}


def _put(asks: str, told: str, in_chinese: bool) -> str:
    if in_chinese:
        return f"{told}{asks}？"
    return f"{asks} {told[:1].lower() + told[1:] if told[1:2].islower() else told}?"


def _folded(text: str) -> str:
    return "".join(text.split()).lower()
