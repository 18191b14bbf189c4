"""Does the right page come first, and among the first five; and are unanswerable questions told apart? On manuals."""

from __future__ import annotations

from statistics import mean

from bench.data import CORPORA, DATA, library_of, manual_questions
from bench.record import report
from ragqa.answerers.extractive import THRESHOLD
from ragqa.metrics import auroc, page_hit


def measure(folder, title):
    """Return a row for each manual of ``folder``, each asked in a library of its own, and one for them all."""
    rows, sure, unsure = [], [], []
    for manual in sorted(folder.glob("*.pdf")):
        first, five, yes, no = [], [], [], []
        with library_of(manuals=[manual]) as library:
            for question in manual_questions(manual):
                answer = library.ask(question.text)
                (yes if question.answerable else no).append(answer.confidence)
                if question.answerable:
                    found = [(hit.passage.page, hit.passage.page_end) for hit in answer.hits]
                    first.append(page_hit(found, question.pages, 1))
                    five.append(page_hit(found, question.pages, 5))
        row = {"set": manual.stem, "page_hit@1": mean(first), "page_hit@5": mean(five), "auroc": auroc(yes, no)}
        rows.append({**row, "answered": mean(c >= THRESHOLD for c in yes), "refused": mean(c < THRESHOLD for c in no)})
        sure += yes
        unsure += no
    mean_of = {name: mean(row[name] for row in rows) for name in ("page_hit@1", "page_hit@5")}
    shares = {"answered": mean(c >= THRESHOLD for c in sure), "refused": mean(c < THRESHOLD for c in unsure)}
    return [*rows, {"set": f"{title}: mean, AUROC pooled", **mean_of, "auroc": auroc(sure, unsure), **shares}]


if __name__ == "__main__":
    rows = measure(CORPORA, "our manuals")
    if (DATA / "manuals").exists():
        rows += measure(DATA / "manuals", "evaluation manuals")
    report("manuals", rows)
