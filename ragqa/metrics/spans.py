"""How well stretches of text that were found cover those that answer, to the character. Pure functions of spans.

Recall, precision and intersection over union as in Smith & Troynikov, 'Evaluating Chunking Strategies for Retrieval',
Chroma 2024, over the union of the spans: a character found twice counts once. Spans are of one text, (start, end).
"""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the same characters as spans that are in order and do not touch."""
    joined: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def characters(spans: Iterable[Span]) -> int:
    """Return how many characters the spans hold."""
    return sum(end - start for start, end in union(spans))


def shared(one: Iterable[Span], other: Iterable[Span]) -> int:
    """Return how many characters both hold."""
    left, right = union(one), union(other)
    total = at = 0
    for start, end in left:
        while at < len(right) and right[at][1] <= start:
            at += 1
        beside = at
        while beside < len(right) and right[beside][0] < end:
            total += min(end, right[beside][1]) - max(start, right[beside][0])
            beside += 1
    return total


def span_recall(found: Iterable[Span], gold: Iterable[Span]) -> float:
    """Return the share of the characters of ``gold`` that was found."""
    gold = union(gold)
    return shared(found, gold) / characters(gold) if gold else 0.0


def span_precision(found: Iterable[Span], gold: Iterable[Span]) -> float:
    """Return the share of the characters found that is in ``gold``."""
    found = union(found)
    return shared(found, gold) / characters(found) if found else 0.0


def span_iou(found: Iterable[Span], gold: Iterable[Span]) -> float:
    """Return the characters in both over the characters in either."""
    found, gold = union(found), union(gold)
    either = characters([*found, *gold])
    return shared(found, gold) / either if either else 0.0
