"""What does the multilingual model find that the bundled one does not, in Chinese and across languages? And refuse?

Both embedders on the same sets, hybrid search, the defaults: nDCG@10 where documents are found by questions of one
language or the other (``xquad`` has the same paragraphs and questions in both), pages of the Chinese manual, and how
far confidence parts questions that a manual answers from those that it does not: ``near`` ones about the same manual,
``foreign`` ones of the other manuals. ``service-zh`` chose nothing: the test; all others are development. Names given
measure those rows only; the kept rows of the others stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.data import SETS, collection, library_of, manual_questions, need
from bench.manuals import ask_all
from bench.record import Row, kept_rows, names_of, parser_of_names, report
from bench.sets import DEPTH, rank
from ragqa.embedders import BUNDLED_SPEC, MULTILINGUAL_SPEC
from ragqa.evaluation.datasets import Question
from ragqa.metrics import auroc, mean_interval, ndcg

EMBEDDERS = (BUNDLED_SPEC, MULTILINGUAL_SPEC)

SEARCHED = {
    "Chinese questions, English documents": ("xquad-zh", "xquad-en"),
    "English questions, Chinese documents": ("xquad-en", "xquad-zh"),
    "xquad-zh": ("xquad-zh", "xquad-zh"),
    "drcd-dev": ("drcd-dev", "drcd-dev"),
    "cmrc2018-trial": ("cmrc2018-trial", "cmrc2018-trial"),
    "service-zh": ("service-zh", "service-zh"),
}
"""What is asked → the set of the questions, and that of the documents."""
CHINESE_MANUAL = "debmake-doc.zh-cn"
REFUSING = "refusing, manuals"
NAMES = (*SEARCHED, CHINESE_MANUAL, REFUSING)
EVERY = 2
"""Of the questions of other manuals, each second is asked."""


def search(name: str, embedder: str) -> Row:
    """Return how well the documents of one set are found by the questions of another."""
    asked, held = SEARCHED[name]
    documents, own = collection(held)
    questions = own if asked == held else _in_other_words(collection(asked)[1], own)
    with library_of(documents=documents, embedder=embedder) as library:
        values = [ndcg(rank(library, one.text, "hybrid"), one.relevant or {}, DEPTH) for one in questions]
    found = mean_interval(values)
    figures = {f"ndcg@{DEPTH}": found.mean, "low": found.low, "high": found.high}
    return {"what": name, "role": SETS[held].role, "embedder": embedder, "questions": len(questions), **figures}


def _in_other_words(asked: Sequence[Question], own: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions ``asked`` with the documents that answer those of the same id among ``own``."""
    relevant = {one.id: one.relevant for one in own}
    return tuple(replace(one, relevant=relevant[one.id]) for one in asked)


def pages(embedder: str) -> Row:
    """Return how often the right page of the Chinese manual comes first, and in five."""
    (folder,) = need("manuals")
    row = ask_all(folder / f"{CHINESE_MANUAL}.pdf", embedder=embedder).row(CHINESE_MANUAL, "manuals")
    return {"what": CHINESE_MANUAL, "embedder": embedder, **row}


def refusing(embedder: str) -> Row:
    """Return how far confidence parts what a manual answers from what it does not."""
    (folder,) = need("manuals")
    manuals = sorted(folder.glob("*.pdf"))
    yes: list[float] = []
    near: list[float] = []
    foreign: list[float] = []
    for manual in manuals:
        with library_of(manuals=[manual], embedder=embedder) as library:
            for one in manual_questions(manual):
                (yes if one.answerable else near).append(library.ask(one.text).confidence)
            for other in manuals:
                if other != manual and _is_chinese(other) == _is_chinese(manual):
                    foreign += [library.ask(one.text).confidence for one in manual_questions(other)[::EVERY]]
    counts = {"questions": len(yes), "near": len(near), "foreign": len(foreign)}
    figures = {"auroc near": auroc(yes, near), "auroc foreign": auroc(yes, foreign)}
    return {"what": REFUSING, "role": SETS["manuals"].role, "embedder": embedder, **counts, **figures}


def _is_chinese(manual: Path) -> bool:
    return "zh" in manual.stem


def measure(name: str) -> Iterator[Row]:
    """Yield a row for each embedder."""
    for embedder in EMBEDDERS:
        yield (
            pages(embedder)
            if name == CHINESE_MANUAL
            else refusing(embedder)
            if name == REFUSING
            else search(name, embedder)
        )


def main(argv: Sequence[str] | None = None) -> None:
    given = parser_of_names(__doc__, NAMES, "Rows").parse_args(argv)
    names = names_of(given)
    rows = [*kept_rows("languages", "what", names), *(row for name in names for row in measure(name))]
    sets = [SEARCHED.get(str(row["what"]), ("manuals", "manuals"))[1] for row in rows]
    report("languages", rows, data=dict.fromkeys(sets), keep=given.keep)


if __name__ == "__main__":
    main()
