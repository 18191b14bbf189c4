"""Tables of contents and indexes of terms: rows that send the reader elsewhere. Tells nothing of other roles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.readers.pdf.rows import Row

_PAGE = r"(?:\d{1,4}|[ivxlc]{1,7}|[A-Z]{1,2}[-–]\d{1,3})"
_LEADERS = re.compile(rf"(?:\.\s?){{4,}}\s*{_PAGE}?$|(?:…\s?){{2,}}\s*{_PAGE}?$|(?:·\s?){{4,}}\s*{_PAGE}?$")
_ENDS_IN_PAGE = re.compile(rf"(?:^|\s|[\u4e00-\u9fff）)]){_PAGE}$")
_INDEX_ROW = re.compile(
    r"^(?=.*[^\W\d]).{1,90}?[,\s.]\s?\d{1,4}(?:\s?[-–,]\s?\d{1,4})*,?$|^\d{1,4}(?:\s?[-–,]\s?\d{1,4})*,?$|^[A-Z]$"
)
_CONTENTS = re.compile(
    r"^(?:table of contents|(?:brief )?contents|list of (?:figures|tables|examples)|目\s*[录錄次]|[图圖表]目?[录錄])$",
    re.I,
)
_INDEX = re.compile(r"^(?:(?:subject |general |concept |function )?index|索\s*引)$", re.I)


def find_contents(rows: Sequence[Row]) -> set[int]:
    """Return the positions of rows of tables of contents, their title included, and of indexes below theirs."""
    found = _with_leaders(rows)
    for at, row in enumerate(rows):
        if at in found or len(row.text) > 40:
            continue
        if _CONTENTS.match(row.text.strip()):
            entries = _after(rows, at, _is_entry, 0.6)
            if entries or at + 1 in found:
                found |= {at, *entries}
        elif _INDEX.match(row.text.strip()):
            found |= _after(rows, at, _is_index_entry, 0.5)
    return found


def _with_leaders(rows: Sequence[Row]) -> set[int]:
    """Return rows with dot leaders, where several stand near each other, and what stands between them."""
    dotted = [
        at
        for at, row in enumerate(rows)
        if "." * 3 in row.text or ". . ." in row.text or "…" in row.text or "··" in row.text
    ]
    dotted = [at for at in dotted if _LEADERS.search(rows[at].text)]
    found: set[int] = set()
    run: list[int] = []
    for at in [*dotted, None]:
        if run and (at is None or at - run[-1] > 4 or (at - run[-1] > 1 and rows[at].page != rows[run[-1]].page)):
            if len(run) >= 3:
                found.update(range(run[0], run[-1] + 1))
            run = []
        if at is not None:
            run.append(at)
    return found


def _is_entry(row: Row) -> bool:
    return bool(_ENDS_IN_PAGE.search(row.text)) and len(row.text) < 160


def _is_index_entry(row: Row) -> bool:
    return bool(_INDEX_ROW.match(row.text))


def _after(rows: Sequence[Row], at: int, matches: object, share: float) -> set[int]:
    """Return the rows after a heading at ``at`` up to where, over a dozen rows, too few match any more."""
    assert callable(matches)
    flags: list[bool] = []
    last = at
    for here in range(at + 1, len(rows)):
        flags.append(matches(rows[here]))
        if flags[-1]:
            last = here
        window = flags[-12:]
        if len(window) >= 4 and sum(window) < share * len(window) and (len(flags) > 6 or not any(window)):
            break
    entries = sum(flags[: last - at])
    if entries < 3 or entries < share * (last - at):
        return set()
    return set(range(at + 1, last + 1))
