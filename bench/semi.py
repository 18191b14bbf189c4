"""What does unlabelled text add to few labels? A pretrained model at 10 to 100 % of the labels, with it or not.

xquad-en, ``ARTICLES`` articles in the library, ``TRAIN`` labelled questions at 100 %, the test questions about other
paragraphs of the same articles. A row is a share: of the same test questions the share whose right answer the model
tells (answer_recall) and token F1, taught the labelled questions alone, and taught them after
reading the library's text and together with generated questions that came back by round trip; all with the same
minutes of training. Intervals are 95 %, the difference is paired. The last row is the reading of the text: its loss in
nats a token at the beginning and at the end of a single pass. Prompts are shorter than ragqa's own, so that two cores
learn three questions in the time of one. The work lies in --home: a run that was stopped goes on. A development set.

Two cores that train 150 tokens/s, answer in 2 to 4 s: 40 minutes are about 4 for reading, 6 to judge generated
questions, 2.5 for each of the eight trainings (some 40 examples of the form context, 300 of closed-book) and 10 to ask.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from bench.data import collection
from bench.record import Row, parser, report
from ragqa import Library
from ragqa.compare.systems import write_prepared
from ragqa.evaluation.datasets import Question
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local.bases import find_base
from ragqa.finetune.preparing import prepare
from ragqa.finetune.records import Form
from ragqa.finetune.semi import Curve, CurveOptions, SemiOptions, measure_curve, percents_of
from ragqa.metrics import Difference, Interval
from ragqa.settings import Settings, load_settings
from ragqa.types import Document

ARTICLES = 12
TRAIN, HELD_BACK, ASKED = 80, 8, 60
"""Questions: labelled at 100 %, held back to stop by, and asked at most."""
MINUTES = 40.0
PASSAGES = 2
ANSWER_TOKENS = 60
PROMPTS = '''system = """
Answer from the passages: the answer alone, in as few words as it takes, with the number of its passage, as in [1]. If \
the passages do not say it, reply with exactly this line: {refusal}
"""
passage = """
[{number}] {boundary}
{text}
END {boundary}
"""
'''


def main(argv: Sequence[str] | None = None) -> None:
    made = parser(__doc__)
    made.add_argument("--base", default="smollm2", help="What is trained; smollm2 by default.")
    made.add_argument("--form", default="context", choices=("context", "closed-book"), help="context by default.")
    made.add_argument("--minutes", type=float, default=MINUTES, help=f"For all of it; {MINUTES:g} by default.")
    made.add_argument("--curve", default="10,25,50,100", help="Shares of the labels in percent.")
    made.add_argument("--home", type=Path, default=Path("build/bench-semi"), help="Where the work lies.")
    given = made.parse_args(argv)
    percents = percents_of(given.curve)
    found = measure(given.base, given.form, given.minutes, percents, given.home)
    report("semi", list(rows(found)), data=["xquad-en"], keep=given.keep)


def measure(base: str, form: Form, minutes: float, percents: tuple[int, ...], home: Path) -> Curve:
    """Return the curve; what an earlier run left in ``home`` is taken up."""
    documents, questions = collection("xquad-en")
    chosen = set(Random(0).sample(sorted({document.title for document in documents}), ARTICLES))
    documents = tuple(document for document in documents if document.title in chosen)
    settings = _settings(home)
    with Library.open(settings=settings, create=True) as library:
        if not library.documents():
            library.add_documents(documents)
        prepared = home / f"prepared-{form}-{Path(base).name}"
        if not prepared.exists():
            file = _write_questions(documents, questions, home)
            model = str(find_base(base).folder or base)
            planned = prepare([file], form, library=library, test=0.4, model=model, notice=_tell)
            parts = {part: list(examples) for part, examples in planned.splits.items()}
            Random(0).shuffle(parts["train"])
            parts |= {"train": parts["train"][:TRAIN], "valid": parts["valid"][:HELD_BACK]}
            write_prepared(prepared, parts, form, 0)
    options = TrainOptions(base, minutes=minutes)
    return measure_curve(prepared, options, settings, CurveOptions(percents, ASKED), SemiOptions(count=200), _tell)


def _settings(home: Path) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    prompts = home / "prompts.toml"
    prompts.write_text(PROMPTS, encoding="utf-8")
    options = {"home": home, "index": "bench", "k": PASSAGES, "max_tokens": ANSWER_TOKENS, "prompts": prompts}
    return replace(load_settings(options), answerer="extractive")


def _write_questions(documents: Iterable[Document], questions: Iterable[Question], home: Path) -> Path:
    """Write the questions about ``documents`` in ragqa's own form."""
    names = {document.name for document in documents}
    lines = []
    for one in questions:
        (name,) = one.relevant or {}
        if name in names:
            row = {"_id": one.id, "text": one.text, "answer": list(one.answers), "document": name}
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    file = home / "questions.jsonl"
    file.write_text("".join(lines), encoding="utf-8")
    return file


def rows(found: Curve) -> Iterable[Row]:
    """Yield a row for each share, and one for the reading of the text."""
    for share in found.shares:
        without, added = share.without, share.added
        row: Row = {"labels used": f"{without.percent}%", "labelled": without.labelled, "generated": added.generated}
        row |= {"base": found.base, "form": found.form, "questions": found.questions}
        for name, cell in (("labels alone", without), ("with the text", added)):
            contained, f1 = cell.intervals(found.seed)
            row |= {f"{name}, answer_recall": _interval(contained), f"{name}, f1": _interval(f1)}
            row |= {f"{name}, refused": round(cell.refused, 3), f"{name}, passes": round(cell.passes, 2)}
        row |= {"text adds, answer_recall": _interval(share.contained, "+"), "text adds, f1": _interval(share.f1, "+")}
        yield {**row, "train_s": round(without.train_seconds + added.train_seconds)}
    if found.reading:
        curve = found.reading["curve"]
        row = {"labels used": "reading the text", "base": found.base, "form": found.form}
        row |= {"tokens": found.reading["tokens"], "passes": found.reading["epochs"]}
        yield {**row, "losses": " ".join(f"{loss:.3f}" for _, loss in curve), "train_s": found.reading["seconds"]}


def _interval(of: Interval | Difference, sign: str = "") -> str:
    return f"{of.mean:{sign}.3f} [{of.low:{sign}.3f}, {of.high:{sign}.3f}]"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
