"""Rows with a question and an answer, or a prompt and a completion as OpenAI once took them → entries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ragqa.answerers.prompting import Message
from ragqa.errors import RagqaError
from ragqa.finetune.reading.entries import Entry, Reading
from ragqa.finetune.reading.rows import Row

QUESTION = ("question", "query", "prompt", "instruction", "input", "q", "问题", "問題", "text")
ANSWER = ("answer", "answers", "completion", "response", "output", "reply", "a", "答案", "回答")
LABEL = ("label", "category", "class", "intent", "标签", "类别", "section", "document")
PASSAGE = ("group", "passage_id", "passage", "context")
SYSTEM = ("system",)

OF_ALL = 0.9
"""Share of the prompts that must end alike before the ending is taken for a separator."""

_SEPARATOR = re.compile(r"\s*(-+>|=+>|#{2,}|-{3,})\s*$")
_STOP = re.compile(r"\s*(?:\bEND|<END>|\[END\]|#{2,}|<\|end(?:oftext)?\|>)\s*$")


def read_columns(rows: Sequence[Row], name: str) -> Reading:
    """Return an entry a row. Raises RagqaError, naming the columns found, where there is no question column."""
    found = dict.fromkeys(column for row in rows for column in row.fields)
    question, answer = _first(QUESTION, found), _first(ANSWER, found)
    label = _first(LABEL, found)
    if question is None or (answer is None and label is None):
        raise RagqaError(
            f"{name} should have columns 'question' and 'answer' (or 'prompt' and 'completion', or 'question' and "
            f"'label', or 'messages'); it has {', '.join(map(repr, list(found)[:8])) or 'none'}: rename them"
        )
    entries = [_entry(row, name, question, answer, label) for row in rows]
    if question == "prompt":
        return _without_marks(entries, name)
    return Reading(entries)


def _entry(row: Row, name: str, question: str, answer: str | None, label: str | None) -> Entry:
    where = f"{name}, {row.where}"
    answerable = row.fields.get("answerable", True) not in (False, "false", "False", "0", "no")
    said = _texts(row.fields.get(answer), where) if answer and answerable else ()
    told = label and row.fields.get(label)
    labelled = str(told).strip() if told is not None else ""
    system = _text(_of(SYSTEM, row), where)
    document = _of(("document",), row)
    return Entry(
        _text(row.fields.get(question), where),
        said,
        where,
        id=str(_of(("_id", "id"), row) or ""),
        before=(Message("system", system),) if system else (),
        answerable=answerable,
        label=labelled or None,
        document=str(document) if document else None,
        pages=_pages(row.fields.get("pages", row.fields.get("page")), where),
        passage=str(_of(PASSAGE, row) or ""),
        evidence=_texts(row.fields.get("evidence"), where),
        reworded=_texts(row.fields.get("reworded"), where),
    )


def _without_marks(entries: list[Entry], name: str) -> Reading:
    """Return entries without the marks that told old completion models where a prompt and an answer end."""
    notes = []
    ends = Counter(match[1] for entry in entries if (match := _SEPARATOR.search(entry.question)))
    mark, count = ends.most_common(1)[0] if ends else ("", 0)
    if count >= OF_ALL * len(entries):
        entries = [replace(entry, question=_cut(entry.question, mark)) for entry in entries]
        notes.append(f"{name}: the separator '{mark}' at the end of {count:,} prompts was taken off")
    stopped = sum(any(_STOP.search(text) for text in entry.answers) for entry in entries)
    if stopped >= OF_ALL * len(entries):
        entries = [
            replace(entry, answers=tuple(_STOP.sub("", text).strip() for text in entry.answers)) for entry in entries
        ]
        notes.append(f"{name}: the stop at the end of {stopped:,} completions was taken off")
    return Reading(entries, tuple(notes))


def _cut(text: str, mark: str) -> str:
    return text.rstrip().removesuffix(mark).rstrip()


def _first(names: Iterable[str], found: Iterable[str]) -> str | None:
    held = set(found)
    return next((name for name in names if name in held), None)


def _of(names: Sequence[str], row: Row) -> Any:
    return next((row.fields[name] for name in names if row.fields.get(name)), None)


def _text(value: Any, where: str) -> str:
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value).strip()
    raise RagqaError(f"{where}: expected text as the question, got {str(value)[:40]!r}")


def _texts(value: Any, where: str) -> tuple[str, ...]:
    """Return a field that holds a text, several, or SQuAD's {"text": […]}."""
    if isinstance(value, dict):
        value = value.get("text")
    several = value if isinstance(value, list) else [value]
    texts = (_text(one.get("text") if isinstance(one, dict) else one, where) for one in several)
    return tuple(dict.fromkeys(text for text in texts if text))


def _pages(value: Any, where: str) -> tuple[int, ...]:
    several = value if isinstance(value, list) else [] if value in (None, "") else re.split(r"[,;\s]+", str(value))
    try:
        pages = tuple(int(page) for page in several)
    except (TypeError, ValueError):
        pages = (0,)
    if any(page < 1 for page in pages):
        raise RagqaError(f"{where}: expected pages from 1, as in 12 or 12, 13, got {str(value)[:40]!r}")
    return pages
