"""How good is ragqa's search beside what a user would pick instead? Same sets, same model, same measures, one run.

nDCG@10 on collections, the right page first or among the first five on manuals. Peers that read no PDF have no row for
manuals. Names given (``python -m bench.peers scifact gnuplot.pdf``) measure those sets only;
kept rows of the others stay.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.data import DATA, collection, library_of, manual_questions, need
from bench.peers import command, offline
from bench.record import kept_of_others, report
from ragqa.evaluation.datasets import Question
from ragqa.evaluation.files import read_run
from ragqa.metrics import mean_interval, ndcg, page_hit

COLLECTIONS = ("scifact", "phone-manual", "xquad-zh")
READ_TEXTS = ("langchain", "llama_index", "haystack", "txtai", "txtai_hybrid", "bm25s")
READ_PDFS = ("langchain", "llama_index", "haystack")
DEPTH, PASSAGES = 10, 50

Rankings = dict[str, list[str]]
"""By question: documents, or PAGE.RANK of what was found in a manual."""


def of_peer(name: str, source: Path) -> tuple[Rankings, dict[str, float]]:
    """Return what a peer's program finds, and the seconds it took."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run.trec"
        subprocess.run(command(name, source, run), check=True, env=offline(), stdout=subprocess.DEVNULL)
        told = json.loads(run.with_suffix(".json").read_text(encoding="utf-8"))
        return {question: list(scores) for question, scores in read_run(run).items()}, told


def of_ragqa(source: Path, questions: Sequence[Question]) -> tuple[Rankings, dict[str, float]]:
    """Return the same of ragqa, by its defaults."""
    started = time.perf_counter()
    beir = source.is_dir()
    made = {"documents": collection(source.name)[0]} if beir else {"manuals": [source]}
    found, taken = {}, []
    with library_of(**made) as library:
        seconds = time.perf_counter() - started
        for question in questions:
            if question.text.strip():
                began = time.perf_counter()
                passages = [hit.passage for hit in library.search(question.text, k=PASSAGES).hits]
                taken.append((time.perf_counter() - began) * 1000)
                names = [p.document if beir else f"{p.page}-{p.page_end}.{at}" for at, p in enumerate(passages)]
                found[question.id] = list(dict.fromkeys(names))
    return found, {"index_s": seconds, "p50_ms": median(taken)}


def measured(rankings: Rankings, questions: Sequence[Question], beir: bool) -> dict[str, object]:
    """Return the measures of a run; a question without hits scores 0."""
    if beir:
        sure = mean_interval([ndcg(rankings.get(q.id, ()), q.relevant or {}, DEPTH) for q in questions])
        return {"ndcg@10": sure.mean, "low": sure.low, "high": sure.high}
    pages = {question: [page_range(name) for name in names] for question, names in rankings.items()}
    asked = [question for question in questions if question.answerable]
    hits = {k: mean_interval([page_hit(pages.get(q.id, ()), q.pages, k) for q in asked]) for k in (1, 5)}
    return {"page_hit@1": hits[1].mean, "page_hit@5": hits[5].mean, "low": hits[5].low, "high": hits[5].high}


def page_range(name: str) -> tuple[int, int]:
    """Return the pages that PAGE.RANK, or FIRST-LAST.RANK, names."""
    first, _, last = name.partition(".")[0].partition("-")
    return int(first), int(last or first)


def main() -> None:
    sources = [DATA / name for name in COLLECTIONS] + sorted((need(DATA) / "manuals").glob("*.pdf"))
    chosen = [word for word in sys.argv[1:] if not word.startswith("-")]
    rows: list[dict[str, object]] = []
    for source in sources:
        if chosen and source.name not in chosen:
            continue
        beir = source.is_dir()
        questions = collection(source.name)[1] if beir else manual_questions(source)
        runs = {"ragqa": of_ragqa(source, questions)}
        runs |= {name: of_peer(name, source) for name in (READ_TEXTS if beir else READ_PDFS)}
        for name, (rankings, took) in runs.items():
            rows.append({"set": source.stem, "system": name, **measured(rankings, questions, beir), **took})
    report("peers", [*kept_of_others("peers", "set", {row["set"] for row in rows}), *rows])


if __name__ == "__main__":
    main()
