"""``chat``: questions with what was said before, and the few commands within it."""

from __future__ import annotations

import difflib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ragqa.cli import options as opt
from ragqa.cli.asking import print_answer
from ragqa.cli.output import note, print_page, say, styled, where
from ragqa.cli.streams import uncleaned
from ragqa.errors import RagqaError
from ragqa.printable import printable

if TYPE_CHECKING:
    from ragqa.answerers import Turn
    from ragqa.engine import Library
    from ragqa.types import Answer, Citation


_COMMAND = re.compile(r"[/／]([^\s/／.]*)(?:\s+(.*))?", re.DOTALL)
"""A word after a slash, or the wide slash of Chinese keyboards; '/etc/hosts' begins a question."""

_HELP = {
    "/help": "lists these commands.",
    "/open N": "shows the page that [N] of the last answer cites; without N, the first.",
    "/new": "forgets what was said: the next question stands by itself.",
    "/quit": "ends the chat, as Ctrl-D does.",
}


def chat(
    answerer: opt.AnswererOption = None,
    k: opt.K = None,
    mode: opt.ModeOption = None,
    document: opt.DocumentGlob = None,
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
) -> None:
    """Ask one question after another; follow-ups such as 'and how long does that take?' are understood.

    Within it /help lists the commands, /open 1 shows the page that [1] cites, /new forgets what was said, and /quit
    or Ctrl-D ends it.
    """
    from ragqa.engine import Library

    chosen = opt.given(locals())
    with Library.open(index, notice=note, **chosen) as library:
        interactive = sys.stdin.isatty()
        if interactive:
            note("Ask away. /help lists the commands, Ctrl-D ends the chat.")
        conversation = Conversation(library, document)
        for line in _lines(interactive):
            try:
                if not conversation.take(line):
                    return
            except RagqaError as error:
                note(f"ragqa: {error}")
            except KeyboardInterrupt:
                if not interactive:
                    raise
                note("Stopped.")


def _lines(interactive: bool) -> Iterator[str]:
    """Yield the lines that hold anything, until the end of the input."""
    read: Callable[[], str] = input
    if interactive and (sys.stdout.isatty() or sys.stderr.isatty()):
        read = open_line_editor()
    while True:
        try:
            line = read().strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            if not interactive:
                raise
            continue
        if line:
            yield line


class Conversation:
    """What was said, and what a line does to it."""

    def __init__(self, library: Library, document: str | None = None) -> None:
        self._library = library
        self._document = document
        self._history: list[Turn] = []
        self._answer: Answer | None = None

    def take(self, line: str) -> bool:
        """Do what a line says, a question or a command, and print it; return False where it ends the chat.

        Raises RagqaError for a question that can't be answered and for a command that is none.
        """
        command = _COMMAND.fullmatch(line)
        if line.lower() == "new":
            self._forget()
        elif command:
            return self._command(command[1].lower(), (command[2] or "").strip())
        else:
            self._ask(line)
        return True

    def _command(self, name: str, argument: str) -> bool:
        if name == "open":
            self._open(argument)
        elif name == "help":
            for usage, what in _HELP.items():
                say(f"{usage:<8} {what}")
        elif name == "new":
            self._forget()
        elif name != "quit":
            names = [usage.split()[0] for usage in _HELP]
            (nearest,) = difflib.get_close_matches(f"/{name}", names, n=1, cutoff=0)
            raise RagqaError(f"there is no command /{name}; the nearest is {nearest}, and /help lists them all")
        return name != "quit"

    def _ask(self, question: str) -> None:
        from ragqa.answerers import Turn

        self._answer = None  # what follows may fail: an older answer is not the last one
        answer = print_answer(
            lambda on_text: self._library.ask(
                question, document=self._document, history=self._history, on_text=on_text
            ),
            self._library.file_of,
        )
        say()
        self._answer = answer
        self._history.append(Turn(question, answer.text))

    def _forget(self) -> None:
        self._history.clear()
        self._answer = None

    def _open(self, wanted: str) -> None:
        """Print the page that a citation of the last answer names, or its passage where a format has no pages."""
        if self._answer is None:
            raise RagqaError("there is no answer yet whose pages could be shown: ask something first")
        cited = _citation(self._answer, wanted)
        if cited.page is not None:
            text = self._library.page_text(cited.document, cited.page)
        else:
            passages = (hit.passage for hit in self._answer.hits)
            text = next((one.text for one in passages if one.passage_id == cited.passage_id), cited.quote)
        print_page(where(cited.document, cited.page, cited.section), text)


def _citation(answer: Answer, wanted: str) -> Citation:
    """Return the citation that an answer marks with ``wanted``, the first for ''. Raises RagqaError."""
    if not answer.citations:
        raise RagqaError("the last answer cites no page")
    number = unicodedata.normalize("NFKC", wanted).strip("[] ") or str(answer.citations[0].marker)
    for citation in answer.citations:
        if str(citation.marker) == number:
            return citation
    markers = ", ".join(f"[{citation.marker}]" for citation in answer.citations)
    raise RagqaError(f"the last answer cites {markers}; got {wanted[:20]}: say '/open {answer.citations[0].marker}'")


def open_line_editor() -> Callable[[], str]:
    """Return what reads a line; it raises EOFError for Ctrl-D and KeyboardInterrupt for Ctrl-C, which drops the line.

    It writes to standard output, or to standard error where only that is a terminal.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.formatted_text import ANSI
    from prompt_toolkit.output import create_output
    from prompt_toolkit.renderer import CPR_Support
    from prompt_toolkit.styles import Style

    stream = sys.stdout if sys.stdout.isatty() else sys.stderr
    output = create_output(uncleaned(stream))
    write = output.write
    output.write = lambda data: write(printable(data))  # type: ignore[method-assign]  # what was pasted
    # Ctrl-C and Ctrl-D leave the line as it is: painted in another colour it would fill rows below.
    style = Style.from_dict({"aborting": "fg: bg:", "exiting": "fg: bg:"})
    session: PromptSession[str] = PromptSession(output=output, style=style, enable_suspend=True)
    # Else the terminal is asked where its cursor is; what it replies too late would be read as typed.
    session.app.renderer.cpr_support = CPR_Support.NOT_SUPPORTED
    return lambda: session.prompt(ANSI(styled("? ", "36")))
