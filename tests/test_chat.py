"""``ragqa chat``: its commands, line by line from a pipe, and the line editor on a pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path

import pytest

from ragqa.cli.asking import ask
from ragqa.cli.chatting import chat
from tests.conftest import ENGLISH, PATIENCE, Run, clean_environment
from tests.test_terminal import EVIL, NAME, TEXT, unseen

ASKED = "How often must I clean the pump filter?"
LOOSE = ("--threshold", "0")
PROMPT = "\n\n?"
"""What a terminal shows at the end of an answer."""


def test_chat_takes_the_options_of_ask() -> None:
    asked, chatted = signature(ask).parameters, signature(chat).parameters
    assert set(asked) - {"question", "batch", "as_json", "opens"} == set(chatted)
    assert all(asked[name].annotation == one.annotation for name, one in chatted.items())


def test_every_option_of_chat_reaches_the_answer(small: Path, ragqa: Run) -> None:
    ran = ragqa("chat", *LOOSE, "--mode", "sideways", stdin=f"{ASKED}\n")
    assert ran.code == 1 and "sideways" in ran.err
    ran = ragqa("chat", *LOOSE, "--mode", "lexical", "--n", "2", "--stop", "x", "--seed", "3", stdin=f"{ASKED}\n")
    assert ran.code == 0 and "30 days" in ran.out


def test_open_shows_the_page_that_the_last_answer_cites(manuals_home: Path, ragqa: Run) -> None:
    asked = "What does error E17 mean?\n/open 1\n/open\n／OPEN [１]\n"
    ran = ragqa("chat", *LOOSE, "-d", ENGLISH, "--home", manuals_home, stdin=asked)
    assert ran.code == 0 and ran.err == ""
    page = re.search(r"^\[1\] .*, page (\d+)", ran.out, re.MULTILINE)
    assert page
    text = ragqa("show", ENGLISH, "--page", page[1], "--home", manuals_home).out.strip("\n")
    assert "E17" in text and ran.out.count(text) == 3


def test_open_shows_the_passage_where_a_format_has_no_pages(small: Path, ragqa: Run) -> None:
    ran = ragqa("chat", *LOOSE, "-d", "pump.md", stdin=f"{ASKED}\n/open 1\n/quit\n{ASKED}\n")
    assert ran.code == 0 and ran.err == "" and ran.out.count("[1] pump.md") == 1
    assert "pump.md (Pump > Cleaning)\n\nClean the pump filter" in ran.out and "E17 | The motor" in ran.out


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("/open 1", "there is no answer yet whose pages could be shown: ask something first"),
        (f"{ASKED}\n/open 99", "the last answer cites [1]"),
        (f"{ASKED}\n/open x", "got x: say '/open 1'"),
        (f"{ASKED}\n/new\n/open", "there is no answer yet"),
        (f"{ASKED}\n???\n/open", "there is no answer yet"),
        ("/opne 1", "there is no command /opne; the nearest is /open, and /help lists them all"),
        ("/hlp", "the nearest is /help"),
        ("/\x1b]0;owned\x07", "there is no command /"),
        ("/帮助", "there is no command /帮助"),
    ],
)
def test_a_command_that_cannot_be_done_is_one_line_and_the_chat_goes_on(
    small: Path, ragqa: Run, lines: str, said: str
) -> None:
    ran = ragqa("chat", *LOOSE, stdin=f"{lines}\n{ASKED}\n")
    assert ran.code == 0 and ran.out.endswith("\n\n") and "30 days" in ran.out
    *_, error = ran.err.splitlines()
    assert error.startswith("ragqa: ") and said in error and unseen(ran.out + ran.err) == []


def test_help_names_every_command_and_a_path_is_a_question(small: Path, ragqa: Run) -> None:
    ran = ragqa("chat", *LOOSE, stdin="/help\n/HELP\n")
    assert ran.err == "" and [ran.out.count(f"\n{name}") for name in ("/open N", "/new", "/quit")] == [2, 2, 2]
    ran = ragqa("chat", *LOOSE, stdin="/etc/pump.conf: how often must I clean the pump filter?\n")
    assert ran.err == "" and "30 days" in ran.out


def test_hostile_names_and_pages_are_cleaned(home: Path, ragqa: Run) -> None:
    (home / NAME).write_text(TEXT, encoding="utf-8")
    ragqa("ingest", ".")
    ran = ragqa("chat", *LOOSE, stdin="How often is the filter cleaned?\n/open 1\n/open 9\n")
    assert ran.code == 0 and "30 days" in ran.out and r"\x1b" in ran.out and "Wipe the housing dry." in ran.out
    assert unseen(ran.out + ran.err) == []


def test_a_pipe_needs_no_line_editor(small: Path, process: Run) -> None:
    before = "import atexit, sys\natexit.register(lambda: print('prompt_toolkit' in sys.modules, file=sys.stderr))"
    ran = process("chat", *LOOSE, stdin=f"{ASKED}\n", before=before)
    assert ran.code == 0 and "30 days" in ran.out and ran.err == "False\n"


class Terminal:
    """A pseudo-terminal with ``ragqa chat`` on it."""

    def __init__(self, home: Path, *words: str, **environment: str) -> None:
        self._end, other = os.openpty()
        code = "from ragqa.cli import main; main()"
        env = clean_environment(RAGQA_HOME=str(home), TERM="xterm-256color", **environment)
        self.program = subprocess.Popen(
            [sys.executable, "-c", _OWN_TERMINAL + code, "chat", *LOOSE, *words],
            stdin=other,
            stdout=other,
            stderr=other,
            env=env,
            cwd=home,
            start_new_session=True,
        )
        os.close(other)
        self.raw = ""

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def until(self, said: str) -> str:
        """Return what the terminal got until it shows ``said``, its colours and cursor movements left out."""
        begun, got = time.monotonic(), b""
        while said not in shown(got):
            assert time.monotonic() - begun < PATIENCE, shown(got)
            if select.select([self._end], [], [], 1)[0]:
                got += os.read(self._end, 65536)
        self.raw += got.decode()
        return shown(got)

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self._end)


_OWN_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
"""Has Ctrl-C typed there reach the program."""


def shown(raw: bytes) -> str:
    return re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", raw.decode(errors="ignore")).replace("\r", "")


@contextmanager
def chatting(home: Path, *words: str, **environment: str) -> Iterator[Terminal]:
    terminal = Terminal(home, *words, **environment)
    try:
        terminal.until("\n?")
        yield terminal
    finally:
        terminal.close()


def _has_terminals() -> bool:
    """Whether this system lends pseudo-terminals: Windows has none, nor has a bare system without devpts."""
    try:
        ends = os.openpty()
    except (AttributeError, OSError):
        return False
    for end in ends:
        os.close(end)
    return True


needs_terminal = pytest.mark.skipif(not _has_terminals(), reason="no pseudo-terminals are to be had here")


@needs_terminal
def test_a_line_can_be_edited_dropped_and_had_again(small: Path) -> None:
    with chatting(small) as terminal:
        terminal.type("\r")  # an empty line ends nothing
        terminal.until("\n?")
        terminal.type("How often must I clen\x1b[Da\x01\x05 the pump filter?\r")
        assert "How often must I clean the pump filter?" in terminal.until(PROMPT)
        terminal.type("half a line")
        terminal.until("half a line")
        terminal.type("\x03")
        terminal.until("\n?")
        terminal.type("\x1b[A\r")  # the line that was dropped is not kept
        assert "30 days" in terminal.until(PROMPT)
        terminal.type("水泵的滤网\x7f器\r")
        assert "水泵的滤器" in terminal.until(PROMPT)
        terminal.type("\x04")
        assert terminal.program.wait(PATIENCE) == 0


@needs_terminal
@pytest.mark.parametrize("last", ["/quit\r", "\x04"])
def test_the_chat_ends_by_a_word_or_a_key(small: Path, last: str) -> None:
    with chatting(small, NO_COLOR="1") as terminal:
        terminal.type(last)
        assert terminal.program.wait(PATIENCE) == 0


@needs_terminal
def test_what_is_pasted_moves_no_cursor(small: Path) -> None:
    with chatting(small) as terminal:
        terminal.type(f"\x1b[200~pump {EVIL} filter\x1b[201~\r")
        terminal.until("[1]")
        assert "\x1b]0;" not in terminal.raw and "\x1b[31m" not in terminal.raw
        assert not any(c in terminal.raw for c in "\x07\x9b\u202e\u2066\u200b\u2028\x85\U000e0041")


@needs_terminal
def test_only_memory_holds_what_was_asked(small: Path, tmp_path: Path) -> None:
    question = "How does the xylograph bimble the pump filter?"
    with chatting(small, HOME=str(tmp_path)) as terminal:
        terminal.type(f"{question}\r")
        terminal.until(PROMPT)
        terminal.type("/quit\r")
        assert terminal.program.wait(PATIENCE) == 0
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files and not any(b"bimble" in file.read_bytes() for file in files)
