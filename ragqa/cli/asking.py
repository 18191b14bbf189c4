"""``search`` and ``ask``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import Written, note, print_found, print_json
from ragqa.json_forms import answer_json, found_json

if TYPE_CHECKING:
    from ragqa.types import Answer

Question = Annotated[str | None, typer.Argument(help="The question, in quotes.", show_default=False)]


def search(
    question: Question = None,
    k: opt.K = None,
    mode: opt.ModeOption = None,
    document: opt.DocumentGlob = None,
    batch: opt.Batch = None,
    index: opt.Index = None,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    rerank: opt.Rerank = None,
    as_json: opt.Json = False,
) -> None:
    """Find the passages of the manuals that answer a question best."""
    from ragqa.engine import Library

    _one_of(question, batch)
    chosen = opt.given(locals())
    with Library.open(index, notice=note, **chosen) as library:
        if batch:
            _each(batch, lambda text: found_json(library.search(text, document=document)))
            return
        found = library.search(str(question), document=document)
        print_json(found_json(found)) if as_json else print_found(found)


def ask(
    question: Question = None,
    answerer: opt.AnswererOption = None,
    k: opt.K = None,
    mode: opt.ModeOption = None,
    document: opt.DocumentGlob = None,
    batch: opt.Batch = None,
    index: opt.Index = None,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    rerank: opt.Rerank = None,
    threshold: opt.Threshold = None,
    max_tokens: opt.MaxTokens = None,
    temperature: opt.Temperature = None,
    n: opt.N = None,
    stop: opt.Stop = None,
    seed: opt.Seed = None,
    context_tokens: opt.ContextTokens = None,
    timeout: opt.Timeout = None,
    instructions: opt.Instructions = None,
    prompts: opt.Prompts = None,
    opens: Annotated[
        bool, typer.Option("--open", help="Open the pages cited, the quotes lit, with the system's viewer.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Answer a question from the manuals, with the page that proves each statement, or say that they do not say."""
    from ragqa.answer_log import keep_answer
    from ragqa.engine import Library

    _one_of(question, batch)
    if opens and batch:
        raise typer.BadParameter("give --open with a question, not with --batch")
    chosen = opt.given(locals())
    with Library.open(index, notice=note, **chosen) as library:
        if batch:
            _each(batch, lambda text: answer_json(library.ask(text, document=document)))
            return
        if as_json:
            answer = library.ask(str(question), document=document)
            print_json(answer_json(answer))
        else:
            answer = print_answer(
                lambda on_text: library.ask(str(question), document=document, on_text=on_text), library.file_of
            )
        keep_answer(library.settings, library.name, answer)
        if opens:
            from ragqa.cli.viewing import open_cited

            open_cited(library, answer)


def print_answer(ask: Callable[[Callable[[str], None]], Answer], file_of: Callable[[str], Path | None]) -> Answer:
    """Print an answer while it is written, and its sources; ``file_of`` returns where a document's file lies."""
    written = Written(file_of)
    try:
        answer = ask(written.piece)
    except BaseException:
        written.close()
        raise
    written.sources(answer)
    return answer


def _one_of(question: str | None, batch: Path | None) -> None:
    if (question is None) == (batch is None):
        raise typer.BadParameter("give either a question or --batch FILE")


def _each(batch: Path, answer: Callable[[str], dict[str, Any]]) -> None:
    """Print a result for each line of ``batch``, in order; a line that fails is named and the others go on."""
    from ragqa.errors import RagqaError

    failed = 0
    for number, line in enumerate(_read(batch), 1):
        if not line.strip():
            continue
        identity: object = None
        try:
            asked = _parsed(line)
            identity = asked.get("_id") if isinstance(asked, dict) else None
            print_json({"_id": identity, **answer(_text_of(asked, line))})
        except RagqaError as error:
            failed += 1
            note(f"ragqa: {batch}, line {number}: {error}")
            print_json({"_id": identity, "error": str(error)})
    if failed:
        raise typer.Exit(3)


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _text_of(asked: object, line: str) -> str:
    from ragqa.errors import RagqaError

    if isinstance(asked, dict) and isinstance(asked.get("text"), str):
        return str(asked["text"])
    raise RagqaError(f'expected {{"_id": …, "text": "…"}}, got {line.strip()[:60]!r}')


def _read(batch: Path) -> list[str]:
    from ragqa.errors import RagqaError

    try:
        text = sys.stdin.read() if str(batch) == "-" else batch.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RagqaError(f"{batch} can't be read as questions in UTF-8: {error}") from None
    if not text.strip():
        raise RagqaError(f'{batch} holds no question: expected one {{"_id", "text"}} a line')
    return text.split("\n")
