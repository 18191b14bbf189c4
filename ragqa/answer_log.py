"""The last answers, and what a person thought of them: two small files beside ``indexes/``, a JSON line each.

Sends nothing. An answer holds its question, text, answerer and the passages that were found; keys and settings never
get into it. Whoever writes holds a lock, so that no line of another process is lost while old lines are removed.
Imports nothing heavy: ``ask`` passes through here each time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragqa.errors import RagqaError
from ragqa.plain_files import append_line, json_lines, write_private

if TYPE_CHECKING:
    from ragqa.settings import Settings
    from ragqa.types import Answer, Passage

Verdict = Literal["good", "bad"]

ANSWERS, FEEDBACK = "answers.jsonl", "feedback.jsonl"

MOST_BYTES = 4_000_000
"""Past this the older half of the answers is removed; what was judged is kept with its judgement."""

LOCK_TIMEOUT = 5.0
"""Seconds to wait for another process that writes; past this an answer is shown but not kept."""

_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given."""

    id: str
    at: float
    """Seconds since 1970."""
    index: str
    question: str
    text: str
    answerer: str
    passages: tuple[Mapping[str, Any], ...] = ()
    """What was found, best first: document, page, page_end, section, header, text."""
    markers: Mapping[str, int] = field(default_factory=dict)
    """Which passage, from 1, each [n] of the text names."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer and what a person thought of it."""

    at: float
    verdict: Verdict
    answer: KeptAnswer
    better: str | None = None
    """What it should have said."""


def keep_answer(settings: Settings, index: str, answer: Answer) -> str | None:
    """Add ``answer`` to the last ones and return its id; None where the setting ``keep_answers`` forbids it.

    A home that can't be written to costs the memory, not the answer: None then too.
    """
    if not settings.keep_answers:
        return None
    file = _home(settings) / ANSWERS
    ranks = {hit.passage.passage_id: rank for rank, hit in enumerate(answer.hits, 1)}
    identity = f"{time.time_ns():x}"
    kept = {
        "id": identity,
        "at": round(time.time(), 3),
        "index": index,
        "question": answer.question,
        "text": answer.text,
        "answerer": answer.answerer,
        "passages": [_passage_row(hit.passage) for hit in answer.hits],
        "markers": {str(one.marker): ranks[one.passage_id] for one in answer.citations if one.passage_id in ranks},
    }
    with contextlib.suppress(OSError), _locked(file):
        append_line(file, kept)
        if file.stat().st_size > MOST_BYTES:
            _remove_older_half(file)
        return identity
    return None


def last_answers(settings: Settings) -> list[KeptAnswer]:
    """Return the answers that are kept, the last one first."""
    rows = [_answer(row) for row in _rows(_home(settings) / ANSWERS)]
    return [row for row in rows if row][::-1]


def find_answer(settings: Settings, identity: str) -> KeptAnswer | None:
    """Return the answer that ``keep_answer`` gave this id; None where it is not kept, or not any more."""
    return next((answer for answer in last_answers(settings) if answer.id == identity), None)


def nth_answer(settings: Settings, number: int) -> KeptAnswer:
    """Return the ``number``-th last answer, from 1. Raises RagqaError where there are not so many."""
    answers = last_answers(settings)
    if 1 <= number <= len(answers):
        return answers[number - 1]
    if not answers:
        off = "" if settings.keep_answers else " (keep_answers is off)"
        raise RagqaError(f'there is no answer to judge{off}: ask something first, as in ragqa ask "…"')
    raise RagqaError(f"answers are counted from the last, 1 to {len(answers)}; got {number}: 'ragqa feedback answers'")


def judge(settings: Settings, answer: KeptAnswer, verdict: Verdict, better: str | None = None) -> Judged:
    """Keep what a person thought of ``answer``; a later judgement of the same answer counts instead.

    Raises RagqaError on a ``better`` that is blank or the answer itself, or where it can't be written.
    """
    better = better.strip() if better is not None else None
    if better is not None and (not better or better == answer.text.strip()):
        raise RagqaError("--better should be what the answer should have said; got nothing, or the answer itself")
    judged = Judged(round(time.time(), 3), verdict, answer, better)
    file = _home(settings) / FEEDBACK
    try:
        with _locked(file):
            append_line(file, asdict(judged))
    except OSError as error:
        raise RagqaError(f"{file} can't be written: {error.strerror or error}; mend that and judge again") from None
    return judged


def judgements(settings: Settings) -> list[Judged]:
    """Return what was judged, oldest first; of an answer that was judged again, the last."""
    found: dict[str, Judged] = {}
    for row in _rows(_home(settings) / FEEDBACK):
        answer = _answer(row.get("answer"))
        at, better = row.get("at"), row.get("better")
        if answer and row.get("verdict") in ("good", "bad") and isinstance(at, int | float):
            found.pop(answer.id, None)
            found[answer.id] = Judged(at, row["verdict"], answer, better if isinstance(better, str) else None)
    return list(found.values())


def _home(settings: Settings) -> Path:
    return settings.indexes().parent


def _passage_row(passage: Passage) -> dict[str, Any]:
    names = ("document", "page", "page_end", "section", "header", "text")
    return {name: getattr(passage, name) for name in names}


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold the lock of ``file`` against other threads and processes. Raises OSError, a timeout included."""
    from filelock import FileLock

    # The threads of this process take turns without polling: a server keeps many answers a second.
    with _writing, FileLock(file.with_name(f".{file.name}.lock"), timeout=LOCK_TIMEOUT, mode=0o600):
        yield


def _remove_older_half(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    write_private(file, b"".join(lines[len(lines) // 2 :]))


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines that are JSON objects; none where none was kept yet, or what lies there is not ours."""
    with contextlib.suppress(OSError):
        yield from (row for row in json_lines(file) if isinstance(row, dict))


def _answer(row: object) -> KeptAnswer | None:
    """Return what a line holds; None where it is no answer: anyone may have written into the file."""
    if not isinstance(row, dict) or set(row) != {one.name for one in fields(KeptAnswer)}:
        return None
    words = all(isinstance(row[name], str) for name in ("id", "index", "question", "text", "answerer"))
    passages, markers = row["passages"], row["markers"]
    if not words or not isinstance(row["at"], int | float) or not isinstance(markers, dict):
        return None
    if not isinstance(passages, list) or not all(isinstance(one, dict) for one in passages):
        return None
    ranks = {marker: rank for marker, rank in markers.items() if isinstance(rank, int)}
    return KeptAnswer(**{**row, "passages": tuple(passages), "markers": ranks})
