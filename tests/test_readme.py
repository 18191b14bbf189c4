"""The README tells the truth: every command stands in its table, those it shows run, the demo answers rightly."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import MANUALS, ROOT, Run, copy_library

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.is_file() else ""
ROWS = re.findall(r"^\|\s*`(?:ragqa )?([a-z]+)", TEXT, re.MULTILINE)

pytestmark = pytest.mark.skipif(not ROWS, reason="README.md has no table of commands yet")

ONLINE = (
    *(
        "openai:",
        "transformers:",
        "smollm2",
        "local:",
        "http",
        "--batch",
        "chat",
        "bench",
        "compare",
        "finetune",
        "serve",
        "mcp",
    ),
)
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


def test_every_command_says_how_it_is_called(ragqa: Run) -> None:
    from ragqa.cli.app import app

    for group in (app, *(added.typer_instance for added in app.registered_groups)):
        for command in group.registered_commands:
            words = [str(name) for name in ([] if group is app else [group.info.name]) + [command.name]]
            ran = ragqa(*words, "--help")
            usage, _, what_it_does = ran.out.splitlines()[:3]
            assert ran.code == 0 and f" {' '.join(words)} [OPTIONS]" in usage and what_it_does.strip(), words


def test_the_commands_shown_run(home: Path, manuals_home: Path, ragqa: Run) -> None:
    (home / "corpora").symlink_to(MANUALS.parent)
    (home / "manuals").symlink_to(MANUALS)
    for name in {word for words in shown() for word in words if word.endswith(".pdf") and "/" not in word}:
        (home / name).symlink_to(MANUALS / "halden-kx-40.pdf")
    copy_library(manuals_home, home)  # what was ingested already, so that nothing shown embeds a whole manual again
    shutil.copytree(home / "indexes" / "default", home / "indexes" / "pumps")
    for words in shown():
        ran = ragqa(*words)
        assert ran.code == 0, (words, ran)


def test_every_flag_named_is_one() -> None:
    folder = Path(__file__).resolve().parents[1] / "ragqa" / "cli"
    sources = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    flags = set(re.findall(r"`[^`\n]*?(--[a-z][a-z-]+)", TEXT))
    unknown = {flag for flag in flags if f'"{flag}"' not in sources} - {"--help", "--version", "--install-completion"}
    assert unknown == set()


def test_the_demo_answers_in_both_languages_with_the_page(home: Path, process: Run) -> None:
    recipe = re.findall(r"^\t@?\$\(BIN\)/ragqa (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    (home / "corpora").symlink_to(ROOT / "corpora")
    ingested, english, chinese = [process(*shlex.split(line)) for line in recipe]
    assert "2 of 2 documents" in ingested.out
    said, proof = english.out.split("\n\n")
    assert "E17 · Meaning: Supply air too cold" in said
    assert "Remedy: Check exchanger, bypass and post-heater [1]" in said
    assert proof.startswith("[1] halden-kx-40.pdf, page 27, printed 23 (") and proof.count("\n") == 1
    said, proof = chinese.out.split("\n\n")
    assert "每 15 天洗一次" in said and "[1]" in said
    assert proof.startswith("[1] halden-kx-40c-zh.pdf, page 22, printed 18 (8 保养 > 8.2 清洗初效滤网)")
