"""The evaluation data: what each set is, what it was used for, where to get it; and libraries made of it.

The sets lie in ``../shared/data``, or in the folder that RAGQA_DATA names, each under its name in ``SETS``. "BEIR form"
is ``corpus.jsonl`` (``_id``, ``title``, ``text``), ``queries.jsonl`` (``_id``, ``text``, here with ``answers``) and
``qrels/test.tsv``, as in Thakur et al. 2021 (arXiv 2104.08663). Nothing of it is part of the project.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ragqa import Library
from ragqa.evaluation.datasets import Documents, Question, open_datasets, read_questions
from ragqa.types import Document

CORPORA = Path(__file__).parents[1] / "corpora" / "manuals"

Role = Literal["development", "test", "made"]
"""A development set was used to choose settings or to fit weights, a test set never; ``made`` is written by a bench."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """One set: its role, what it holds, its source, its licence, and how to get it into the form that benches read."""

    role: Role
    holds: str
    source: str
    licence: str
    how_to_get: str


_TO_BEIR = "fetch the source; each paragraph is a document in BEIR form, its title the article's"

SETS: dict[str, DataSet] = {
    "scifact": DataSet(
        "development",
        "5,183 abstracts, 300 test questions",
        "Wadden et al. 2020 (arXiv 2004.14974), in BEIR",
        "CC BY 4.0 (questions), ODC-By (abstracts)",
        "https://public.ukp.informatik.tu-darmstadt.de/thakur/BEIR/datasets/scifact.zip, as it is",
    ),
    "phone-manual": DataSet(
        "development",
        "a phone's manual in 451 sections, 50 questions of its users; manual.html is the same to ingest",
        "Nandy et al. 2021 (arXiv 2109.05897), https://github.com/abhi1nandy2/EMNLP-2021-Findings",
        "Apache-2.0 (questions); the manual is its maker's",
        "fetch the source; each section is a document in BEIR form",
    ),
    "cacm": DataSet(
        "development",
        "3,204 abstracts, 52 questions with answers",
        "Communications of the ACM, http://ir.dcs.gla.ac.uk/resources/test_collections/cacm/",
        "none stated",
        "fetch the source; write it in BEIR form",
    ),
    "cisi": DataSet(
        "development",
        "1,460 abstracts, 76 questions with answers",
        "Institute for Scientific Information, http://ir.dcs.gla.ac.uk/resources/test_collections/cisi/",
        "none stated",
        "fetch the source; write it in BEIR form",
    ),
    "xquad-en": DataSet(
        "development",
        "240 paragraphs, 1,190 questions",
        "Artetxe et al. 2020 (arXiv 1910.11856), https://github.com/google-deepmind/xquad",
        "CC BY-SA 4.0",
        _TO_BEIR,
    ),
    "xquad-zh": DataSet(
        "development",
        "the same in Chinese",
        "Artetxe et al. 2020 (arXiv 1910.11856), https://github.com/google-deepmind/xquad",
        "CC BY-SA 4.0",
        _TO_BEIR,
    ),
    "cmrc2018-trial": DataSet(
        "development",
        "256 paragraphs in simplified Chinese, 1,002 questions",
        "Cui et al. 2019 (arXiv 1810.07366), https://github.com/ymcui/cmrc2018",
        "CC BY-SA 4.0",
        _TO_BEIR,
    ),
    "drcd-dev": DataSet(
        "development",
        "1,000 paragraphs in traditional Chinese, 3,524 questions",
        "Shao et al. 2018 (arXiv 1806.00920), https://github.com/DRCKnowledgeTeam/DRCD",
        "CC BY-SA 3.0",
        _TO_BEIR,
    ),
    "sec-10q": DataSet(
        "development",
        "20 quarterly reports as PDF (docs/), 195 questions that name their sources (qna.csv)",
        "Docugami's KG-RAG datasets, https://github.com/docugami/KG-RAG-datasets (sec-10-q)",
        "MIT",
        "fetch the source, as it is",
    ),
    "chunking": DataSet(
        "development",
        "5 texts (corpora/), 472 questions with the spans that answer them (questions.csv)",
        "Smith & Troynikov 2024, https://github.com/brandonstarxel/chunking_evaluation",
        "MIT",
        "fetch the source: its general evaluation data, as it is",
    ),
    "manuals": DataSet(
        "development",
        "three free manuals as PDF (gnuplot; developers-reference and debmake-doc of Debian), 118 questions with pages",
        "http://www.gnuplot.info and https://www.debian.org/doc; the questions are ours and not published",
        "each manual's own free licence",
        "the manuals from their source; write NAME.questions.jsonl beside each, as docs/questions.md says",
    ),
    "whole-answers": DataSet(
        "development",
        "230 questions in users' own words, about the manuals of manuals, phone-manual and consumer-manuals: whole "
        "units, single facts, near misses",
        "ours, not published",
        "ours",
        "not to be had: write a file of your own, as `ragqa bench answers` takes it",
    ),
    "pdfs": DataSet(
        "development",
        "211 PDFs of readers' own tests; docling-groundtruth is the text and tables of 11",
        "https://github.com/docling-project/docling (tests/data), and the tests of pypdf, pdfminer.six and pdfplumber",
        "MIT and other permissive ones",
        "fetch docling's tests; its PDFs go to pdfs/docling, its Markdown to pdfs/docling-groundtruth",
    ),
    "sample manuals": DataSet(
        "development",
        "two manuals as PDF, English and Chinese, with 130 questions",
        "corpora/ of this project",
        "MIT",
        "they are here",
    ),
    "consumer-manuals": DataSet(
        "test",
        "six consumer manuals as PDF, 223 questions with pages that others wrote; whole-answers asks other questions "
        "about the same manuals",
        "OHR-Bench (https://github.com/opendatalab/OHR-Bench), "
        "MMLongBench-Doc (https://github.com/mayubo2333/MMLongBench-Doc)",
        "Apache-2.0 (questions); the manuals are their makers'",
        "fetch both sources; write NAME.questions.jsonl beside each manual, as docs/questions.md says",
    ),
    "service-zh": DataSet(
        "test",
        "837 help texts of a Chinese customer service, 841 questions of users: half of the source, by document",
        "https://github.com/WitcherLeo/Knowing-how-Knowing-that (ACL 2023)",
        "Apache-2.0",
        "fetch the source; each help text is a document in BEIR form",
    ),
    "rgb": DataSet(
        "test",
        "250 questions about the news, each with snippets that answer it and snippets that do not",
        "Chen et al. 2024 (arXiv 2309.01431), https://github.com/chen700564/RGB",
        "CC BY-NC-SA 4.0",
        "fetch the source: data/en_fact.json and data/zh_refine.json (150 of it) as lines of JSON",
    ),
}


def roles_of(names: Iterable[str]) -> dict[str, Role]:
    """Return the role of each set; a name that is no set is data that the bench makes."""
    return {name: SETS[name].role if name in SETS else "made" for name in names}


def folder_of(name: str) -> Path:
    """Return where a set lies, whether it is there or not."""
    if name == "sample manuals":
        return CORPORA
    return Path(os.environ.get("RAGQA_DATA", Path(__file__).parents[2] / "shared" / "data")) / name


def need(*names: str) -> tuple[Path, ...]:
    """Return the folders of some sets. Leaves with a line that says where to get the first one that is not there."""
    for name in names:
        if not folder_of(name).exists():
            print(f"skipped: {_missing(name)}", file=sys.stderr)
            raise SystemExit(0)
    return tuple(folder_of(name) for name in names)


def need_to_learn(*names: str) -> None:
    """Leave with exit code 1 and a line if a set is not there: weights learned on less would be other weights."""
    for name in names:
        if not folder_of(name).exists():
            raise SystemExit(f"nothing learned: {_missing(name)}; weights are learned on all of {', '.join(names)}")


def _missing(name: str) -> str:
    data = SETS[name]
    return f"{name} is not here ({data.source}; {data.how_to_get}; RAGQA_DATA names the folder of all sets)"


def manual_questions(manual: Path) -> tuple[Question, ...]:
    """Return the questions beside a manual."""
    return read_questions(manual.with_name(f"{manual.stem}.questions.jsonl"))


def manual_of(file: Path) -> Path:
    """Return the manual that a file of questions lies beside."""
    return file.with_name(f"{file.name.removesuffix('.whole.jsonl').removesuffix('.questions.jsonl')}.pdf")


def collection(name: str) -> tuple[tuple[Document, ...], tuple[Question, ...]]:
    """Return the documents and the questions of a set in BEIR form."""
    (folder,) = need(name)
    (dataset,) = open_datasets(str(folder))
    assert isinstance(dataset.source, Documents)
    return dataset.source.documents, dataset.questions


@contextlib.contextmanager
def library_of(
    *, manuals: Iterable[Path] = (), documents: tuple[Document, ...] = (), **options: Any
) -> Iterator[Library]:
    """Yield a library of manuals or documents, gone afterwards; ``options`` are those of ``Library.open``."""
    with tempfile.TemporaryDirectory() as home, Library.open("bench", create=True, home=home, **options) as library:
        if files := list(manuals):
            library.ingest(files)
        if documents:
            library.add_documents(documents)
        yield library


@contextlib.contextmanager
def library_of_each(**options: Any) -> Iterator[Callable[[Path], Library]]:
    """Yield a function: manual → its library, made at the first call; all are gone afterwards."""
    with contextlib.ExitStack() as stack:
        yield cache(lambda manual: stack.enter_context(library_of(manuals=[manual], **options)))


def jsonl(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
