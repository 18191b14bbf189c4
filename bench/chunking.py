"""Do the passages found within 1,000 tokens hold what answers, and little else? Five texts, spans marked to the letter.

The texts lie in one library and passages are taken in their order while their tokens (the bundled model's, which are
some more than those of OpenAI's tokenizer) sum to 1,000 at most, as in Smith & Troynikov, 'Evaluating Chunking
Strategies for Retrieval', Chroma 2024. ``iou`` leaves out passages that hold nothing of the answer, as the figures of
.177 and .183 that its code was published with do; ``iou_all`` and ``precision`` count them, as its report does: a
marked span is some 270 characters and 1,000 tokens are some 4,500, so these two can hardly pass .06.
``--passage-tokens 100 160`` measures other lengths of passages. A development set.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from bench.data import library_of, need
from bench.record import Row, parser, report
from ragqa import Library
from ragqa.metrics import span_iou, span_precision, span_recall
from ragqa.settings import Settings
from ragqa.types import Span

BUDGET = 1_000
MEASURES = ("recall", "precision", "iou", "iou_all")


class SpanQuestion(NamedTuple):
    """A question, the text that answers it, and the spans of that text that do."""

    text: str
    corpus: str
    spans: list[Span]


def read_questions(file: Path) -> list[SpanQuestion]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            SpanQuestion(
                row["question"],
                row["corpus_id"],
                [(span["start_index"], span["end_index"]) for span in json.loads(row["references"])],
            )
            for row in csv.DictReader(lines)
        ]


def span_measures(found: Sequence[Span], gold: Sequence[Span]) -> tuple[float, ...]:
    """Return ``MEASURES`` of the spans found."""
    useful = [span for span in found if span_recall([span], gold)]
    return span_recall(found, gold), span_precision(found, gold), span_iou(useful, gold), span_iou(found, gold)


def offsets_in(source: str, text: str) -> list[int]:
    """Return where each character of ``text``, which a reader made of ``source``, stands in ``source``.

    A reader leaves out marks (a backslash, an unknown tag) and may change white space, but keeps the order.
    """
    places = [at for at, char in enumerate(source) if not char.isspace()]
    letters, wanted = "".join(source.split()), "".join(text.split())
    found, at = [], 0
    for number in range(len(wanted)):
        if letters[at : at + 1] != wanted[number]:
            ahead = letters.find(wanted[number : number + 8], at, at + 4_000)
            at = ahead if ahead >= 0 else at
        found.append(places[min(at, len(places) - 1)])
        at += 1
    solid = iter(found)
    last = 0
    return [last := last if char.isspace() else next(solid) for char in text]


def search_within_budget(library: Library, question: str, offsets: dict[str, list[int]]) -> list[Span]:
    """Return where the best passages stand that sum to ``BUDGET`` tokens."""
    passages = [hit.passage for hit in library.search(question, k=60).hits]
    found, spent = [], 0
    for passage, tokens in zip(passages, library.embedder.count_tokens([p.text for p in passages]), strict=True):
        spent += tokens
        if spent > BUDGET:
            break
        at = offsets[passage.document]
        found.append((at[passage.start], at[passage.end - 1] + 1))
    return found


def measure(folder: Path, passage_tokens: int) -> list[Row]:
    """Return a row for each text and one for all questions."""
    texts = {file.name: file for file in sorted((folder / "corpora").glob("*.md"))}
    asked = read_questions(folder / "questions.csv")
    with library_of(manuals=list(texts.values()), passage_tokens=passage_tokens) as library:
        first, offsets = {}, {}
        end = 0  # the texts lie behind one another, so that a span is of one of them
        for name, file in texts.items():
            source = file.read_text(encoding="utf-8")
            first[file.stem] = end
            offsets[name] = [end + at for at in offsets_in(source, library.show(name).text)]
            end += len(source)
        found = [search_within_budget(library, question.text, offsets) for question in asked]
    gold = [[(first[corpus] + start, first[corpus] + end) for start, end in spans] for _, corpus, spans in asked]
    values = [span_measures(*both) for both in zip(found, gold, strict=True)]
    rows: list[Row] = []
    for title in [*(file.stem for file in texts.values()), "all five"]:
        some = [at for at, question in enumerate(asked) if title in (question.corpus, "all five")]
        row: Row = {"text": title, "passage_tokens": passage_tokens, "questions": len(some)}
        row["passages"] = mean(len(found[at]) for at in some)
        rows.append(row | {name: mean(values[at][number] for at in some) for number, name in enumerate(MEASURES)})
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--passage-tokens", type=int, nargs="+", default=[Settings().passage_tokens])
    given = options.parse_args(argv)
    (folder,) = need("chunking")
    rows = [row for size in given.passage_tokens for row in measure(folder, size)]
    report("chunking", rows, data=["chunking"], keep=given.keep)


if __name__ == "__main__":
    main()
