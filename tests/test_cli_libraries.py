"""Libraries as a whole: listed, removed, exported, imported; and tables that fit the terminal."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ragqa.cli.ingesting import time_left
from ragqa.cli.output import columns_of, print_table, shortened
from ragqa.printable import printable_name, quantity
from tests.conftest import Run
from tests.test_terminal import EVIL, unseen


def test_libraries_are_listed_with_what_they_hold(small: Path, ragqa: Run) -> None:
    ragqa("export", "all.ragqa")
    assert ragqa("import", "all.ragqa").out == "library 'all': 2 documents\n"  # called as the file
    listed = ragqa("libraries", "--json").json["libraries"]
    assert [(one["name"], one["documents"], one["dim"]) for one in listed] == [("all", 2, 384), ("default", 2, 384)]
    assert ragqa("libraries").out.splitlines()[1].startswith("all")
    assert "already holds a library" in ragqa("import", "all.ragqa").error


def test_the_only_library_is_meant_where_none_is_named(small: Path, ragqa: Run) -> None:
    ragqa("export", "all.ragqa")
    ragqa("import", "all.ragqa", "--index", "pumps")
    assert ragqa("remove", "--library", "default", "--yes").code == 0
    ran = ragqa("list")
    assert "pump.md" in ran.out and ran.err == "library 'pumps', the only one there is\n"
    assert "there are pumps" in ragqa("list", "--index", "default").error


def test_a_library_goes_whole_and_only_when_told(small: Path, ragqa: Run) -> None:
    assert "--yes" in ragqa("remove", "--library", "default").error
    assert "no library 'other'" in ragqa("remove", "--library", "other", "--yes").error
    mine = small / "indexes" / "default" / "notes.txt"
    mine.write_text("mine", encoding="utf-8")
    assert "notes.txt" in ragqa("remove", "--library", "default", "--yes").error and mine.is_file()
    mine.unlink()
    assert ragqa("remove", "--library", "default", "--yes", "--json").json["removed"] == "default"
    assert list((small / "indexes").iterdir()) == [] and ragqa("libraries").code == 0


def test_a_pattern_that_means_several_is_asked_about(small: Path, ragqa: Run) -> None:
    ran = ragqa("remove", "*.md")
    assert ran.code == 1 and ran.err.splitlines()[:2] == ["lamp.md", "pump.md"] and "--yes" in ran.err
    assert "no document matches" in ragqa("remove", "*.pdf").error
    assert ragqa("remove", "*.md", "--yes").out == "2 documents removed\n"


def test_an_export_writes_over_a_file_only_when_told(small: Path, ragqa: Run) -> None:
    (small / "all.ragqa").write_text("mine", encoding="utf-8")
    assert "--force" in ragqa("export", "all.ragqa").error
    assert (small / "all.ragqa").read_text(encoding="utf-8") == "mine"
    assert ragqa("export", "all.ragqa", "--force").code == 0


def test_ingest_says_what_it_passed_over(home: Path, small: Path, ragqa: Run) -> None:
    folder = home / "docs"
    folder.mkdir()
    shutil.copy(small / "pump.md", folder / "one.md")
    for name in ("a.png", "b.png", "c.xlsx", ".hidden"):
        (folder / name).write_bytes(b"x")
    ran = ragqa("ingest", folder)
    assert "skipped 3 files of kinds that are not read (2 .png, 1 .xlsx), 1 hidden (.hidden)" in ran.err
    assert len(ragqa("ingest", folder, "--json").json["skipped"]) == 4


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """What makes standard output a terminal of so many columns, with colours."""

    def make(columns: int) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)

    return make


@pytest.mark.parametrize("columns", [40, 80])
def test_a_table_is_no_wider_than_the_terminal_and_loses_nothing(
    columns: int, terminal: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(columns)
    monkeypatch.setenv("NO_COLOR", "1")
    figures = [f"figure {number}" for number in range(7)]
    name = "很长的手册名称" * 9 + ".pdf"
    print_table(["name", *figures], [[name, *[f"0.12{number}" for number in range(7)]]])
    out = capsys.readouterr().out
    assert all(columns_of(line) <= columns for line in out.splitlines()) and "\033" not in out
    assert all(figure in out for figure in figures) and all(f"0.12{number}" in out for number in range(7))
    assert name in "".join(re.findall(r"[\u4e00-\u9fff]+|\.pdf", out))


def test_a_table_marks_the_best_and_keeps_figures_in_line(
    terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(80)
    print_table(["", "MRR"], [["手册", "0.5"], ["mine", "10.5"]], [[False, False], [False, True]])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["       \x1b[2mMRR\x1b[0m", "手册   0.5", "mine  \x1b[1;32m10.5\x1b[0m"]


def test_a_table_in_a_pipe_is_plain_and_whole_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a [bold]long[/bold] :smile: name " * 20 + EVIL
    print_table(["name", "n"], [[name, "1"]], [[True, True]])
    first, second = capsys.readouterr().out.splitlines()
    assert second == f"{printable_name(name)}  1" and unseen(second) == [] and first.split() == ["name", "n"]


def test_words_of_the_command_line() -> None:
    assert shortened("a-long-manual-name.pdf", 12) == "a-long…e.pdf" and shortened("short", 12) == "short"
    assert [quantity(n, "page") for n in (0, 1, 1200)] == ["0 pages", "1 page", "1,200 pages"]
    assert quantity(2, "pass", "passes") == "2 passes"
    assert (time_left(42.4), time_left(200), time_left(-3)) == ("42 s left", "3 min left", "…")
