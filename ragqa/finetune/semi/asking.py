"""Ask a model questions as ``ragqa ask`` does, keeping each answer: a killed run goes on. Judges none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ragqa.answerers.citations import check_markers
from ragqa.answerers.language_model import ModelAnswerer
from ragqa.engine import Library
from ragqa.errors import NoAnswer
from ragqa.finetune.records import Example
from ragqa.plain_files import append_line, cannot_write, json_lines
from ragqa.settings import Settings

FEWEST_ASKED = 8
"""Questions that are asked however little time there is: fewer tell nothing."""

REPORT_EVERY = 20
"""Questions between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said to the example ``id``; ``text`` is without markers, and empty where it refused."""

    id: str
    text: str
    refused: bool
    seconds: float


def ask_all(
    examples: Sequence[Example],
    spec: str,
    settings: Settings,
    file: Path,
    seconds: float | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> list[Reply]:
    """Return what the model ``spec`` says to the first of ``examples``, in order: to all, or as many as ``seconds`` do.

    A closed-book model is asked the question alone, any other with passages of the library ``settings.index``. Answers
    that ``file`` holds, with the time that they took, are not asked for again. Raises RagqaError.
    """
    kept, said, spent = _kept(file), list[Reply](), 0.0
    with ExitStack() as stack:
        library: Library | None = None
        for number, example in enumerate(examples):
            if seconds is not None and number >= FEWEST_ASKED and spent >= seconds:
                break
            reply = kept.get(example.id)
            if reply is None:
                if library is None:
                    library = stack.enter_context(_opened(spec, settings, notice))
                reply = _ask(library, example)
                _append(file, reply)
                if number % REPORT_EVERY == REPORT_EVERY - 1:
                    notice(f"{number + 1} of {len(examples)} questions asked")
            said.append(reply)
            spent += reply.seconds
    return said


def _opened(spec: str, settings: Settings, notice: Callable[[str], None]) -> Library:
    library = Library.open(settings=replace(settings, answerer=spec), notice=notice)
    answerer = library.answerer
    if isinstance(answerer, ModelAnswerer):
        answerer.model.room()  # loads it: that is no part of an answer's time
    return library


def _ask(library: Library, example: Example) -> Reply:
    began = time.perf_counter()
    try:
        answer = library.ask(example.question)
        text, refused = check_markers(answer.text, 0).text.strip(), answer.abstained
    except NoAnswer:
        text, refused = "", False
    return Reply(example.id, "" if refused else text, refused, round(time.perf_counter() - began, 3))


def _kept(file: Path) -> dict[str, Reply]:
    """Return the answers of an earlier run."""
    found: dict[str, Reply] = {}
    for row in json_lines(file):
        with suppress(TypeError):
            reply = Reply(**row)
            found[reply.id] = reply
    return found


def _append(file: Path, reply: Reply) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        append_line(file, asdict(reply))
    except OSError as error:
        raise cannot_write(file, error) from None
