"""The README tells the truth: every command stands in its table, and the commands it shows run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import MANUALS, Run

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.is_file() else ""
ROWS = re.findall(r"^\|\s*`(?:ragqa )?([a-z]+)", TEXT, re.MULTILINE)

pytestmark = pytest.mark.skipif(not ROWS, reason="README.md has no table of commands yet")

ONLINE = ("openai:", "transformers:", "local:", "http", "--batch", "chat", "bench", "compare", "finetune", "serve")
"""What a command shown needs beyond the project itself: a key, a server, a model, a file of one's own, a person."""


def commands() -> set[str]:
    from ragqa.cli.app import app

    return {command.name for command in app.registered_commands if command.name}


def shown() -> list[list[str]]:
    """The words of each ``ragqa`` command in a shell block that needs nothing but the project."""
    blocks = re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines()]
    ours = [line for line in lines if line.startswith("ragqa ") and not any(word in line for word in ONLINE)]
    return [shlex.split(line, comments=True)[1:] for line in ours if not re.search(r"[|<>…]", line)]


def test_every_command_stands_in_the_table() -> None:
    assert commands() <= set(ROWS)


def test_the_commands_shown_run(home: Path, ragqa: Run) -> None:
    (home / "corpora").symlink_to(MANUALS.parent)
    (home / "manuals").symlink_to(MANUALS)
    for name in {word for words in shown() for word in words if word.endswith(".pdf") and "/" not in word}:
        (home / name).symlink_to(MANUALS / "halden-kx-40.pdf")
    assert ragqa("ingest", MANUALS).code == 0
    for words in shown():
        ran = ragqa(*words)
        assert ran.code == 0, (words, ran)


def test_every_flag_named_is_one() -> None:
    folder = Path(__file__).resolve().parents[1] / "ragqa" / "cli"
    sources = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    flags = set(re.findall(r"`[^`\n]*?(--[a-z][a-z-]+)", TEXT))
    unknown = {flag for flag in flags if f'"{flag}"' not in sources} - {"--help", "--version", "--install-completion"}
    assert unknown == set()
