"""Does the right page come first, or among the first five? Are unanswerable questions refused? On PDF manuals.

Each manual is asked in a library of its own, by the defaults. Three groups: the sample manuals and ``manuals``, both
development, and ``consumer-manuals``, whose questions chose nothing: the test. (``whole-answers``, a development set,
asks other questions about the consumer manuals.) Groups that are not there are left out; of those not measured, kept
rows stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from bench.data import SETS, folder_of, library_of, manual_questions
from bench.record import Row, kept_rows, names_of, parser_of_names, report
from ragqa.answerers.extractive import THRESHOLD
from ragqa.metrics import auroc, mean_interval, page_hit

GROUPS = ("consumer-manuals", "manuals", "sample manuals")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of some questions, one value a question."""

    first: tuple[float, ...]
    """1 if the first passage stands on a right page; answerable questions only, as ``in_five``."""
    in_five: tuple[float, ...]
    answerable: tuple[float, ...]
    """Confidence of each answerable question's answer."""
    unanswerable: tuple[float, ...]

    def row(self, name: str, group: str) -> Row:
        """Return the figures, with an interval of each share of pages."""
        row: Row = {"group": group, "role": SETS[group].role, "manual": name}
        row |= {"questions": len(self.answerable) + len(self.unanswerable)}
        for measure, values in (("page_hit@1", self.first), ("page_hit@5", self.in_five)):
            found = mean_interval(values)
            row |= {measure: found.mean, f"{measure} low": found.low, f"{measure} high": found.high}
        row["answered"] = sum(sure >= THRESHOLD for sure in self.answerable) / len(self.answerable)
        if self.unanswerable:
            row["unanswerable"] = len(self.unanswerable)
            row["refused"] = sum(sure < THRESHOLD for sure in self.unanswerable) / len(self.unanswerable)
            row["auroc"] = auroc(self.answerable, self.unanswerable)
        return row


def ask_all(manual: Path, embedder: str | None = None) -> Outcomes:
    """Ask a manual all its questions, with the usual embedder for it or the one named."""
    first: list[float] = []
    five: list[float] = []
    yes: list[float] = []
    no: list[float] = []
    with library_of(manuals=[manual], embedder=embedder) as library:
        for question in manual_questions(manual):
            answer = library.ask(question.text)
            (yes if question.answerable else no).append(answer.confidence)
            if question.answerable:
                pages = [(hit.passage.page or 0, hit.passage.page_end or 0) for hit in answer.hits]
                first.append(page_hit(pages, question.pages, 1))
                five.append(page_hit(pages, question.pages, 5))
    return Outcomes(tuple(first), tuple(five), tuple(yes), tuple(no))


def pool(parts: Sequence[Outcomes]) -> Outcomes:
    """Return the outcomes of all questions together."""
    return Outcomes(
        tuple(value for part in parts for value in part.first),
        tuple(value for part in parts for value in part.in_five),
        tuple(value for part in parts for value in part.answerable),
        tuple(value for part in parts for value in part.unanswerable),
    )


def measure(group: str) -> list[Row]:
    """Return a row for all questions of a group together, one for the mean of its manuals, and one for each manual."""
    files = sorted(folder_of(group).glob("*.pdf"))
    parts = [ask_all(file) for file in files]
    rows = [part.row(file.stem, group) for file, part in zip(files, parts, strict=True)]
    means: Row = {
        "group": group,
        "role": SETS[group].role,
        "manual": "mean of the manuals",
        "page_hit@1": mean(mean(part.first) for part in parts),
        "page_hit@5": mean(mean(part.in_five) for part in parts),
    }
    return [pool(parts).row("all questions", group), means, *rows]


def main(argv: Sequence[str] | None = None) -> None:
    given = parser_of_names(__doc__, GROUPS, "Groups").parse_args(argv)
    groups = [name for name in names_of(given) if folder_of(name).exists()]
    rows = [*kept_rows("manuals", "group", groups), *(row for group in groups for row in measure(group))]
    report("manuals", rows, data=dict.fromkeys(str(row["group"]) for row in rows), keep=given.keep)


if __name__ == "__main__":
    main()
