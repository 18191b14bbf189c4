"""How good is ragqa's search beside what a user would pick instead? Same sets, same model, same measures, one run.

nDCG@10 on collections, the right page first or among the first five on manuals. Peers that read no PDF have no row for
manuals. Names given (``python -m bench.peers scifact gnuplot.pdf``) measure those sets only;
kept rows of the others stay. ``consumer-manuals`` and ``service-zh`` are test sets, the others development sets: the
settings of ragqa were chosen on them, those of its peers were not.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.data import collection, library_of, manual_questions, need, roles_of
from bench.peers import command, offline
from bench.record import Row, kept_rows, parser, report
from ragqa.evaluation.datasets import Question
from ragqa.evaluation.files import read_run
from ragqa.metrics import mean_interval, ndcg, page_hit

COLLECTIONS = ("service-zh", "scifact", "phone-manual", "xquad-zh")
MANUALS = ("consumer-manuals", "manuals")
READ_TEXTS = ("langchain", "llama_index", "haystack", "txtai", "txtai+hybrid", "bm25s")
READ_PDFS = ("langchain", "llama_index", "haystack")
DEPTH, PASSAGES = 10, 50

Rankings = dict[str, list[str]]
"""By question: documents, or PAGE.RANK of what was found in a manual."""


def of_peer(name: str, source: Path) -> tuple[Rankings, dict[str, float]]:
    """Return what a peer's program finds, and the seconds it took."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run.trec"
        subprocess.run(command(name, source, run), check=True, env=offline(), stdout=subprocess.DEVNULL)
        times = json.loads(run.with_suffix(".json").read_text(encoding="utf-8"))
        return {question: list(scores) for question, scores in read_run(run).items()}, times


def of_ragqa(source: Path, questions: Sequence[Question]) -> tuple[Rankings, dict[str, float]]:
    """Return the same of ragqa, by its defaults."""
    started = time.perf_counter()
    beir = source.is_dir()
    documents = collection(source.name)[0] if beir else ()
    found: Rankings = {}
    taken: list[float] = []
    with library_of(documents=documents, manuals=[] if beir else [source]) as library:
        seconds = time.perf_counter() - started
        for question in questions:
            if question.text.strip():
                began = time.perf_counter()
                passages = [hit.passage for hit in library.search(question.text, k=PASSAGES).hits]
                taken.append((time.perf_counter() - began) * 1000)
                names = [p.document if beir else f"{p.page}-{p.page_end}.{at}" for at, p in enumerate(passages)]
                found[question.id] = list(dict.fromkeys(names))
    return found, {"index_s": seconds, "p50_ms": median(taken)}


def measure(rankings: Rankings, questions: Sequence[Question], beir: bool) -> Row:
    """Return the measures of a run; a question without hits scores 0."""
    if beir:
        found = mean_interval([ndcg(rankings.get(q.id, ()), q.relevant or {}, DEPTH) for q in questions])
        return {"ndcg@10": found.mean, "low": found.low, "high": found.high}
    pages = {question: [page_range(name) for name in names] for question, names in rankings.items()}
    asked = [question for question in questions if question.answerable]
    hits = {k: mean_interval([page_hit(pages.get(q.id, ()), q.pages, k) for q in asked]) for k in (1, 5)}
    return {"page_hit@1": hits[1].mean, "page_hit@5": hits[5].mean, "low": hits[5].low, "high": hits[5].high}


def page_range(name: str) -> tuple[int, int]:
    """Return the pages that PAGE.RANK, or FIRST-LAST.RANK, names."""
    first, _, last = name.partition(".")[0].partition("-")
    return int(first), int(last or first)


def set_of(source: Path) -> str:
    """Return the name of the set that a folder, or a manual, is of."""
    return source.name if source.is_dir() else source.parent.name


def measure_all(source: Path) -> list[Row]:
    """Return a row for each system."""
    beir = source.is_dir()
    questions = collection(source.name)[1] if beir else manual_questions(source)
    runs = {"ragqa": of_ragqa(source, questions)}
    runs |= {name: of_peer(name, source) for name in (READ_TEXTS if beir else READ_PDFS)}
    (role,) = roles_of([set_of(source)]).values()
    return [
        {"set": source.stem, "role": role, "system": name, **measure(rankings, questions, beir), **took}
        for name, (rankings, took) in runs.items()
    ]


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help="Sets or manuals to measure; all by default.")
    given = options.parse_args(argv)
    sources = [*need(*COLLECTIONS), *(pdf for folder in need(*MANUALS) for pdf in sorted(folder.glob("*.pdf")))]
    chosen = [source for source in sources if not given.names or source.name in given.names]
    rows = [row for source in chosen for row in measure_all(source)]
    rows = [*kept_rows("peers", "set", {row["set"] for row in rows}), *rows]
    shown = {row["set"] for row in rows}
    data = dict.fromkeys(set_of(source) for source in sources if source.stem in shown)
    report("peers", rows, data=data, keep=given.keep)


if __name__ == "__main__":
    main()
