"""Say something as a person would who does not have the page at hand: fewer words, everyday ones, nothing verbatim.

Three things tell people's questions from a manual's sentences: they leave out most of it, above all the words that only
this manual uses, and say some of the rest in everyday words. Each is done here by chance, from a seeded generator.
Knows no model.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from ragqa.analysis import CHINESE_STOPS, CJK, cjk_share, is_stop, terms

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
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    groups = tomllib.loads(Path(__file__).with_name("everyday.toml").read_text(encoding="utf-8"))[language]
    others: dict[str, dict[str, None]] = {}
    for group in (line.split(", ") for line in groups):
        for word in group:
            key = terms(word)[0] if language == "en" and " " not in word else word
            others.setdefault(key, {}).update({other: None for other in group if other != word})
    return {word: tuple(others[word]) for word in sorted(others, key=len, reverse=True)}
