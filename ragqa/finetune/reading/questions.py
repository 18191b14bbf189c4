"""Questions with answers in the forms that they come in: rows of fields, BEIR, SQuAD, question sets, generated ones."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragqa.answerers.prompting import Message
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets import read_questions
from ragqa.evaluation.datasets.beir import QUERIES, read_beir
from ragqa.evaluation.datasets.questions import SUFFIX
from ragqa.evaluation.datasets.records import Documents
from ragqa.evaluation.questions import for_library
from ragqa.readers.encodings import decode

if TYPE_CHECKING:
    from ragqa.engine import Library


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with what is known of its answer; each form of training data makes an example of it."""

    question: str
    answers: tuple[str, ...]
    """Any of them answers it, the first is learned; empty where it can't be answered."""
    source: str
    """Where it stands, for people: 'faq.csv, line 12'."""
    id: str = ""
    before: tuple[Message, ...] = ()
    """Of a conversation: what was said before the question, a system's message first."""
    answerable: bool = True
    label: str | None = None
    document: str | None = None
    pages: tuple[int, ...] = ()
    """Physical pages, from 1, that answer it."""
    passage: str = ""
    """Names the passage or the conversation that it belongs to, where the source has them."""
    evidence: tuple[str, ...] = ()
    """What the manual says, as far as the source quotes it."""
    reworded: tuple[str, ...] = ()
    """The same question in other words: never trained on, ``ragqa compare`` asks it."""
    generated: bool = False
    """No person wrote it."""

    @property
    def is_conversation(self) -> bool:
        """Whether there was an answer before this one."""
        return any(message.role == "assistant" for message in self.before)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source gave, and what a person should know of how it was read."""

    entries: Sequence[Entry]
    notes: tuple[str, ...] = ()


LONGEST_FIELD = 10_000_000
"""Characters; Python's own limit would refuse a long manual page in a cell."""

DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Named fields, their names in small letters."""

    fields: dict[str, Any]
    where: str
    """'line 12', or 'entry 12' of a JSON list."""


def json_rows(text: str, name: str) -> Iterator[SourceRow]:
    """Yield the object on each line. Raises RagqaError that names the first bad line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield SourceRow(_fields(_object(line, f"{name}, line {number}")), f"line {number}")


def list_rows(value: list[Any], name: str) -> Iterator[SourceRow]:
    """Yield the objects of a JSON list. Raises RagqaError where one is none."""
    for number, one in enumerate(value, 1):
        if not isinstance(one, dict):
            raise RagqaError(f"{name}, entry {number}: expected an object with named fields, got {str(one)[:40]!r}")
        yield SourceRow(_fields(one), f"entry {number}")


def csv_rows(text: str, name: str) -> Iterator[SourceRow]:
    """Yield the rows of a table whose first line names the columns. Raises RagqaError on what is no table."""
    csv.field_size_limit(LONGEST_FIELD)
    head = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    names: list[str] | None = None
    begins = 1
    try:
        for cells in reader:
            if names is None and any(cells):
                names = [cell.strip().lower() for cell in cells]
            elif names is not None and any(cell.strip() for cell in cells):
                yield SourceRow(_of_cells(names, cells, f"{name}, line {begins}"), f"line {begins}")
            begins = reader.line_num + 1
    except csv.Error as error:
        raise RagqaError(f"{name}, line {reader.line_num}: the table can't be read ({error}); mend the line") from None


def _of_cells(names: list[str], cells: list[str], where: str) -> dict[str, Any]:
    if any(cell.strip() for cell in cells[len(names) :]):
        raise RagqaError(
            f"{where}: expected {len(names)} columns as in the first line, got {len(cells)}; "
            "put fields that hold the separator into double quotes"
        )
    return dict(zip(names, cells, strict=False))


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RagqaError(f"{where}: expected a JSON object, got {line.strip()[:40]!r}; mend or remove the line")
    return value


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {str(name).strip().lower(): value for name, value in row.items()}


def read_text(file: Path) -> tuple[str, tuple[str, ...]]:
    """Return a file's text and what had to be mended in it. Raises RagqaError where it holds none."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RagqaError(f"{file} can't be read: {error.strerror or error}; name a file of questions") from None
    if not data.strip():
        raise RagqaError(f"{file} is empty: expected questions with answers, as CSV, JSONL, JSON or a dialogue")
    decoded = decode(data, repair=False)  # a check of the entries finds and tells it
    if decoded is None:
        raise RagqaError(f"{file} is no text: expected questions with answers, as CSV, JSONL, JSON or a dialogue")
    notes = tuple(f"{file.name}: {warning}" for warning in decoded.warnings)
    if decoded.encoding not in ("utf-8", "ascii"):
        notes = (f"{file.name} was read as {decoded.encoding}", *notes)
    return decoded.text, notes


def read_judged(folder: Path) -> Reading:
    """Return an entry a judged query that has an answer. Raises RagqaError where none has."""
    dataset = read_beir(folder)
    titles = {one.name: one.title for one in dataset.source.documents} if isinstance(dataset.source, Documents) else {}
    entries = []
    for question in dataset.questions:
        if question.answers:
            document = max(question.relevant or {"": 0}, key=lambda name: (question.relevant or {}).get(name, 0))
            source = f"{dataset.name}, query {question.id}"
            entries.append(
                Entry(
                    question.text.strip(),
                    question.answers,
                    source,
                    id=question.id,
                    label=titles.get(document) or None,
                    document=document or None,
                    passage=document,
                )
            )
    if not entries:
        raise RagqaError(
            f'{folder / QUERIES} has no query with "answers", so there is nothing to learn: add them, as in '
            '{"_id", "text", "answers": ["…"]}'
        )
    without = len(dataset.questions) - len(entries)
    return Reading(entries, (f"{dataset.name}: {without:,} queries have no answers and were left out",) * bool(without))


QUESTION = ("question", "query", "prompt", "instruction", "input", "q", "问题", "問題", "text")
ANSWER = ("answer", "answers", "completion", "response", "output", "reply", "a", "答案", "回答")
LABEL = ("label", "category", "class", "intent", "标签", "类别", "section", "document")
PASSAGE = ("group", "passage_id", "passage", "context")
SYSTEM = ("system",)

OF_ALL = 0.9
"""Share of the prompts that must end alike before the ending is taken for a separator."""

_SEPARATOR = re.compile(r"\s*(-+>|=+>|#{2,}|-{3,})\s*$")
_STOP = re.compile(r"\s*(?:\bEND|<END>|\[END\]|#{2,}|<\|end(?:oftext)?\|>)\s*$")


def read_columns(rows: Sequence[SourceRow], name: str) -> Reading:
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


def _entry(row: SourceRow, name: str, question: str, answer: str | None, label: str | None) -> Entry:
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


def _of(names: Sequence[str], row: SourceRow) -> Any:
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


def read_generated(library: Library, count: int, seed: int, notice: Callable[[str], None]) -> Reading:
    """Return up to ``count`` entries that say what they were generated from. Raises RagqaError, ModelError."""
    entries = []
    for number, draft in enumerate(for_library(library, count, seed, notice), 1):
        document, page = draft.source.document, draft.source.page
        page_part = "" if page is None else f" p. {page}"
        entries.append(
            Entry(
                draft.text,
                (draft.answer,),
                f"generated from a {draft.origin}, {document}{page_part}",
                id=f"generated-{number}",
                document=document,
                pages=draft.pages,
                passage="" if draft.pages else f"{document} {' > '.join(draft.source.section)}",
                evidence=(draft.evidence,),
                generated=True,
            )
        )
    return Reading(entries)


def read_paged(file: Path) -> Reading:
    """Return an entry a question; its document is the manual beside, unless the set names another."""
    manual = file.name.removesuffix(SUFFIX)
    return Reading(
        [
            Entry(
                one.text.strip(),
                one.answers,
                f"{file.name}, question {one.id}",
                id=one.id,
                answerable=one.answerable,
                document=one.document or manual,
                pages=one.pages,
                evidence=one.evidence,
            )
            for one in read_questions(file)
        ]
    )


def is_squad(value: Any) -> bool:
    """Say whether a JSON document is meant to be in SQuAD's form."""
    return isinstance(value, dict) and isinstance(value.get("data"), list)


def read_squad(value: Any, name: str) -> Reading:
    """Return an entry a question; one that is impossible has no answer. Raises RagqaError on anything else."""
    entries = []
    try:
        for number, article in enumerate(value["data"], 1):
            for at, paragraph in enumerate(article["paragraphs"], 1):
                where = f"{name}, article {number}, paragraph {at}"
                title = str(article.get("title") or "") or None
                entries += [_squad_entry(one, paragraph, where, title) for one in paragraph["qas"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise RagqaError(
            f"{name} should be in SQuAD's form, data > paragraphs > context and qas > question and answers; after "
            f"{len(entries)} questions there is {error} missing or of another kind"
        ) from None
    return Reading(entries)


def _squad_entry(row: Any, paragraph: Any, where: str, title: str | None) -> Entry:
    answerable = not row.get("is_impossible", False)
    answers = (str(answer["text"]).strip() for answer in row.get("answers") or ()) if answerable else ()
    return Entry(
        str(row["question"]).strip(),
        tuple(dict.fromkeys(filter(None, answers))),
        where,
        id=str(row.get("id") or ""),
        answerable=answerable,
        document=title,
        passage=str(paragraph["context"]),
    )
