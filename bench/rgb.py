"""Is a question refused where no text answers it, and answered rightly where one does? RGB, a test set.

RGB (Chen et al. 2024, arXiv 2309.01431) gives each question about the news web snippets that answer it, and snippets
that do not. Each question is asked twice, of a library of its own: of all its snippets, where ``answer_recall`` is
the share of answers that hold the right one, a refusal being wrong; and of those alone that do not answer, where
``refused`` is the share of refusals. It was made for language models, and snippets of news are no manuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.data import jsonl, library_of, need
from bench.record import Row, parser, report
from ragqa.metrics import answer_recall, mean_interval
from ragqa.types import Answer, Block, Document

FILES = {"en": "en_fact.jsonl", "zh": "zh_refine_a.jsonl"}


def document(name: str, text: str) -> Document:
    """Return a snippet as a document of one paragraph."""
    return Document(name, "", "text/plain", name, text, (Block("paragraph", 0, len(text)),))


def ask(one: dict[str, Any]) -> tuple[Answer, Answer]:
    """Return the answers from all snippets of a question, and from those alone that do not answer it."""
    kinds = {text.strip(): kind for kind in ("negative", "positive") for text in one[kind] if text.strip()}
    texts = {f"{kind} {at}": text for at, (text, kind) in enumerate(kinds.items())}
    with library_of(documents=tuple(document(name, text) for name, text in texts.items())) as library:
        answered = library.ask(one["query"])
        library.remove([name for name in texts if name.startswith("positive")])
        return answered, library.ask(one["query"])


def holds(text: str, right: Any) -> float:
    """Return 1 if ``text`` holds all parts of the right answer, as RGB has it: a string, or a list of alternatives."""
    parts = [right] if isinstance(right, str) else right
    return float(all(answer_recall(text, [part] if isinstance(part, str) else part) for part in parts))


def measure(language: str, questions: Sequence[dict[str, Any]]) -> Row:
    answered, unanswerable = zip(*map(ask, questions), strict=True)
    recall = [
        0.0 if answer.abstained else holds(answer.text, one["answer"])
        for answer, one in zip(answered, questions, strict=True)
    ]
    refused = mean_interval([float(answer.abstained) for answer in unanswerable])
    return {
        "language": language,
        "questions": len(questions),
        "answer_recall": mean_interval(recall).mean,
        "wrongly_refused": mean_interval([float(answer.abstained) for answer in answered]).mean,
        "refused": refused.mean,
        "refused low": refused.low,
        "refused high": refused.high,
    }


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--questions", type=int, help="Questions of each language, the first; all by default.")
    given = options.parse_args(argv)
    (folder,) = need("rgb")
    rows = [measure(language, jsonl(folder / file)[: given.questions]) for language, file in FILES.items()]
    report("rgb", rows, data=["rgb"], keep=given.keep)


if __name__ == "__main__":
    main()
