"""Which segment of which page says a stretch of a text that was put together from many. Knows no format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Run(NamedTuple):
    """``length`` characters of a text, from ``at`` on: those of a page's segment from its own character ``skip`` on."""

    at: int
    page: int
    segment: int
    skip: int
    length: int


class Line(NamedTuple):
    """A text, and the runs that it is made of."""

    text: str
    runs: tuple[Run, ...] = ()


def moved(runs: Iterable[Run], by: int, end: int) -> list[Run]:
    """Return the runs ``by`` characters further on, none past ``end``."""
    return [
        Run(at + by, page, segment, skip, min(length, end - at - by))
        for at, page, segment, skip, length in runs
        if at + by < end
    ]


def joined(lines: Sequence[Line], between: str = " ") -> Line:
    """Return lines as one."""
    runs: list[Run] = []
    length = 0
    for line in lines:
        runs += moved(line.runs, length, length + len(line.text))
        length += len(line.text) + len(between)
    return Line(between.join(line.text for line in lines), tuple(runs))
