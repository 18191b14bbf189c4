"""Read lines on a terminal: editing, the lines before, characters of any width. Knows nothing of questions.

The lines before are kept in memory only: what is asked may be private.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.output import create_output
from prompt_toolkit.renderer import CPR_Support
from prompt_toolkit.styles import Style

from ragqa.cli.output import styled
from ragqa.cli.streams import uncleaned
from ragqa.printable import printable


def open_line_editor() -> Callable[[], str]:
    """Return what reads a line; it raises EOFError for Ctrl-D and KeyboardInterrupt for Ctrl-C, which drops the line.

    It writes to standard output, or to standard error where only that is a terminal.
    """
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
