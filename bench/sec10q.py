"""Do the first five passages come from a right document? 20 quarterly reports that repeat one another's words.

Each question names the reports that answer it, as a glob of file names. Precision of the first five passages.
A development set.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import mean
from typing import NamedTuple, get_args

from bench.data import library_of, need
from bench.record import Row, parser, report
from ragqa import Library
from ragqa.types import Mode

FIRST = 5


class ReportQuestion(NamedTuple):
    """A question, the reports that answer it, and whether it takes several."""

    text: str
    reports: tuple[str, ...]
    kind: str


def read_questions(file: Path) -> list[ReportQuestion]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [
        ReportQuestion(
            row["Question"], tuple(glob.strip() for glob in row["Source Docs"].split(",")), row["Question Type"]
        )
        for row in rows
    ]


def precision(library: Library, asked: ReportQuestion, mode: Mode) -> float:
    """Return the share of the first five passages that stand in a right report; a missing one counts as wrong."""
    names = [hit.passage.document for hit in library.search(asked.text, k=FIRST, mode=mode).hits]
    return sum(any(fnmatchcase(name, glob) for glob in asked.reports) for name in names) / FIRST


def measure(library: Library, asked: Sequence[ReportQuestion]) -> list[Row]:
    """Return a row for each mode: the mean, and that of each kind of question."""
    rows: list[Row] = []
    for mode in get_args(Mode):
        values = [precision(library, question, mode) for question in asked]
        row: Row = {"mode": mode, "questions": len(values), "precision@5": mean(values)}
        kinds = dict.fromkeys(question.kind for question in asked)
        by_kind = {
            kind: mean(value for value, question in zip(values, asked, strict=True) if question.kind == kind)
            for kind in kinds
        }
        rows.append(row | by_kind)
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    (folder,) = need("sec-10q")
    with library_of(manuals=sorted((folder / "docs").glob("*.pdf"))) as library:
        rows = measure(library, read_questions(folder / "qna.csv"))
    report("sec10q", rows, data=["sec-10q"], keep=given.keep)


if __name__ == "__main__":
    main()
