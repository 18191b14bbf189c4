"""Segments to Rows: what stands side by side on one baseline. IsWord nothing of columns or of roles."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from ragqa.cjk import PUNCTUATION
from ragqa.readers.pdf.calls import CJK, SOFT_HYPHEN
from ragqa.readers.pdf.lines import Segment, is_leftward
from ragqa.readers.pdf.source import Bookmark
from ragqa.readers.runs import Line, Run
from ragqa.wording import document_words

IsWord = Callable[[str], bool]
"""Whether the document has a word, in lower case, somewhere inside a line."""

_HYPHENS = ("-", "\u2010", SOFT_HYPHEN)
_TAIL = re.compile(r"[^\W\d_]+$")
_HEAD = re.compile(r"[^\W\d_]+")
_WIDE = re.compile(f"[{PUNCTUATION}]")


def join(first: str, second: str, is_word: IsWord) -> tuple[str, str]:
    """Return ``first`` as it stands before ``second``, and what comes between them: nothing or a space."""
    if not first.endswith(_HYPHENS):
        return first, "" if _touches(first[-1:], second[:1]) else " "
    stem = first[:-1]
    tail, head = _TAIL.search(stem), _HEAD.match(second)
    if not tail or not head:  # '1-' + '2', '--' + 'option', a dash at a line's end
        between = "" if stem[-1:].isalnum() and second[:1].isalnum() else " "
        return stem + "-", between
    compound = stem[: tail.start()].endswith("-") and stem[: tail.start() - 1][-1:].isalnum()
    before, after = tail[0].lower(), head[0].lower()
    if is_word(before + after):
        return stem, ""
    shouted = len(before) > 1 and (tail[0] + head[0]).isupper()
    known_apart = is_word(before) and is_word(after) and min(len(before), len(after)) > 3
    if compound or is_word(f"{before}-{after}") or not (head[0].islower() or shouted) or known_apart:
        return stem + "-", ""
    return stem, ""


def finish(text: str) -> str:
    """Return a last line as it stands at the end of its block."""
    return text[:-1] + "-" if text.endswith(SOFT_HYPHEN) else text


def _touches(last: str, first: str) -> bool:
    """Whether two characters meet without a space over a line break."""
    if not last or not first or (last.isascii() and first.isascii()):
        return False
    if _WIDE.match(last) or _WIDE.match(first):
        return True
    return bool(CJK.match(last)) and bool(CJK.match(first))


class TextRow(NamedTuple):
    """Segments on one baseline, left to right. ``left`` and ``right`` bound the column that it stands in."""

    page: int
    segments: tuple[Segment, ...]
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    mono: bool
    column: int
    """Counts the stretches of text that are read one after the other; rows of one stretch share it."""
    left: float
    right: float


def make_rows(
    page: int, segments: Sequence[Segment], column: int = 0, bounds: tuple[float, float] | None = None
) -> list[TextRow]:
    """Return the rows of a stretch of a page, top first. ``bounds`` default to what the segments reach."""
    if not segments:
        return []
    left, right = bounds or (min(s.x0 for s in segments), max(s.x1 for s in segments))
    return [_row(page, group, column, left, right) for group in _groups(segments)]


def _groups(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Gather what shares a baseline. A small segment (a superscript) joins the row that it overlaps by half."""
    groups: list[list[Segment]] = []
    top = bottom = 0.0
    for segment in sorted(segments, key=lambda s: -(s.y0 + s.y1)):
        low, high = segment.y0, segment.y1
        if groups:
            overlap = min(high, top) - max(low, bottom)
            small, large = sorted((high - low, top - bottom))
            if overlap > (0.5 if small > 0.8 * large else 0.25) * small and not _stacked(segment, groups[-1]):
                groups[-1].append(segment)
                if high - low > top - bottom:  # the tallest speaks for the row
                    top, bottom = high, low
                continue
        groups.append([segment])
        top, bottom = high, low
    for group in groups:
        group.sort(key=attrgetter("x0"))
    return groups


def _stacked(segment: Segment, group: Sequence[Segment]) -> bool:
    """Whether it stands over or under a segment of the group: lines set tighter than their type size."""
    for other in group:
        if min(segment.x1, other.x1) - max(segment.x0, other.x0) > 0.5 * min(
            segment.x1 - segment.x0, other.x1 - other.x0
        ):
            return abs(segment.y0 - other.y0) > 0.25 * min(segment.size, other.size)
    return False


def _row(page: int, group: list[Segment], column: int, left: float, right: float) -> TextRow:
    first = group[0]
    if len(group) == 1:
        return TextRow(
            page,
            (first,),
            first.text,
            first.x0,
            first.y0,
            first.x1,
            first.y1,
            first.size,
            first.bold,
            first.mono,
            column,
            left,
            right,
        )
    widest = max(group, key=lambda s: len(s.text))
    return TextRow(
        page,
        tuple(group),
        _read(group),
        first.x0,
        min(s.y0 for s in group),
        max(s.x1 for s in group),
        max(s.y1 for s in group),
        widest.size,
        all(s.bold for s in group),
        all(s.mono for s in group),
        column,
        left,
        right,
    )


def _read(group: Sequence[Segment]) -> str:
    """Return the text of a row's segments in the order in which they are read: Arabic and Hebrew from the right."""
    ordered = group[::-1] if is_leftward("".join(s.text for s in group)) else group
    return " ".join([*(finish(s.text) for s in ordered[:-1]), ordered[-1].text])


def line_of(row: TextRow) -> Line:
    """Return the text of a row and where it comes from."""
    if len(row.segments) == 1:
        (only,) = row.segments
        return Line(row.text, (Run(0, row.page, only.number, only.skip, len(row.text)),))
    leftward = not row.text.isascii() and is_leftward("".join(s.text for s in row.segments))
    return Line(row.text, runs_of(row.page, row.segments[::-1] if leftward else row.segments))


def runs_of(page: int, segments: Sequence[Segment]) -> tuple[Run, ...]:
    """Return the runs of segments that are read one after the other, a space between them."""
    runs, at = [], 0
    for one in segments:
        runs.append(Run(at, page, one.number, one.skip, len(one.text)))
        at += len(one.text) + 1
    return tuple(runs)


def join_lines(lines: Sequence[Line], is_word: IsWord) -> list[Line]:
    """Return the lines as they stand one behind the other: words broken at their ends whole, spaces between."""
    found = []
    for line, below in pairwise([*lines, Line("")]):
        if below.text:
            text, between = join(line.text, below.text, is_word)
            text += between
        else:
            text = finish(line.text)
        found.append(Line(text, line.runs))
    return found


def split_run_ins(rows: Sequence[TextRow], bookmarks: Sequence[Bookmark]) -> list[TextRow]:
    """Return the rows, those that begin with a bookmark's title in bold and go on in plain type parted after it."""
    titles: defaultdict[int, list[str]] = defaultdict(list)
    for mark in bookmarks:
        if mark.page is not None:
            titles[mark.page].append(mark.title)
    found: list[TextRow] = []
    for row in rows:
        title = _title(row, titles.get(row.page, ()))
        found += _parted(row, title) if title else [row]
    return found


def _title(row: TextRow, titles: Sequence[str]) -> str:
    first = row.segments[0]
    if not titles or not first.font.bold or row.bold:
        return ""
    fits = [title for title in titles if row.text.startswith(title + " ")]
    return max(fits, key=len, default="")


def _parted(row: TextRow, title: str) -> list[TextRow]:
    first, *others = row.segments
    if len(title) > len(first.text):
        return [row]
    split = first.x0 + (first.x1 - first.x0) * len(title) / len(first.text)
    head = first._replace(text=title, x1=split, last_font=first.font)
    rest = first.text[len(title) :].strip()
    skip = first.skip + len(first.text) - len(first.text[len(title) :].lstrip())
    tail = [first._replace(text=rest, x0=split + 0.5 * row.size, font=first.last_font, skip=skip)] if rest else []
    tail += others
    text = row.text[len(title) :].strip()
    heading = row._replace(segments=(head,), text=title, x1=split, size=head.size, bold=True)
    return [heading, row._replace(segments=tuple(tail), text=text, x0=row.x0, bold=False)] if tail else [heading]


_CAPTION = re.compile(
    rf"^(?:(?:fig(?:ure|\.)|{document_words('caption')}|table|listing|exhibit)\s+[A-Z]?\d+(?:[.-]\d+)*(?:[.:]|\s+[A-Z—–-]|$)"
    rf"|(?:[图圖表]|{document_words('caption_joined')})\s*\d+(?:[.-]\d+)*(?:[.:：]|\s|$))",
    re.I,
)
_TABLE_SAYS = re.compile(r"^\w+\.?\s+[\d.-]+\s+[a-z]")


def is_caption(line: str) -> bool:
    """Whether a line begins a caption: 'Table 2-1 Limits', 'Figure 3: …', '图 4 …', but not 'Table 2 shows'."""
    return bool(_CAPTION.match(line)) and not _TABLE_SAYS.match(line)
