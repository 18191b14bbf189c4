"""Libraries as a whole: listed, removed, exported, imported; and tables that fit the terminal."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from ragqa.cli.ingesting import time_left
from ragqa.cli.output import columns_of, shortened
from ragqa.cli.tables import print_table
from ragqa.printable import quantity
from tests.conftest import Run


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


@pytest.mark.parametrize("columns", [40, 80])
def test_a_table_is_no_wider_than_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    figures = [f"figure {number}" for number in range(7)]
    print_table(["name", *figures], [["很长的手册名称" * 9 + ".pdf", *["0.123"] * 7]])
    lines = capsys.readouterr().out.splitlines()
    assert all(columns_of(line) <= columns for line in lines)
    assert all(figure in "\n".join(lines) for figure in figures) and lines[1].startswith("很") and "pdf" in lines[1]


def test_words_of_the_command_line() -> None:
    assert shortened("a-long-manual-name.pdf", 12) == "a-long…e.pdf" and shortened("short", 12) == "short"
    assert [quantity(n, "page") for n in (0, 1, 1200)] == ["0 pages", "1 page", "1,200 pages"]
    assert quantity(2, "pass", "passes") == "2 passes"
    assert (time_left(42.4), time_left(200), time_left(-3)) == ("42 s left", "3 min left", "…")
