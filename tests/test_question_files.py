"""One form of question files, CSV and JSONL alike, that every command reads; what the page on it says is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets import Question, read_questions
from tests.conftest import MANUALS, Run, copy_library

PAGE = Path(__file__).resolve().parents[1] / "docs" / "questions.md"

ROWS = [
    {
        "_id": "1",
        "text": "How often, and with what?",
        "pages": [12, 13],
        "answer": "every 30 days",
        "document": "pump.pdf",
    },
    {"_id": "2", "text": "谁赢了比赛？", "answerable": False},
    {"_id": "3", "text": "Which code?", "pages": [2], "evidence": "E04: blocked", "reworded": "What number is shown?"},
]
TABLE = """_id;text;pages;answer;document;answerable;evidence;reworded
1;How often, and with what?;12, 13;every 30 days;pump.pdf;;;
2;谁赢了比赛？;;;;false;;

3;Which code?;[2];;;yes;E04: blocked;What number is shown?
"""
READ = (
    Question("1", "How often, and with what?", pages=(12, 13), answers=("every 30 days",), document="pump.pdf"),
    Question("2", "谁赢了比赛？", answerable=False),
    Question("3", "Which code?", pages=(2,), evidence=("E04: blocked",), reworded=("What number is shown?",)),
)


@pytest.mark.parametrize(
    "text",
    ["\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), TABLE, "\ufeff" + TABLE.replace("\n", "\r\n")],
    ids=["JSONL", "CSV", "CSV of a spreadsheet"],
)
def test_csv_and_jsonl_are_the_same_questions(tmp_path: Path, text: str) -> None:
    file = tmp_path / "questions.txt"
    file.write_text(text, encoding="utf-8", newline="")
    assert read_questions(file) == READ


def test_a_table_without_ids_is_numbered_by_line(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text('text,pages\n"How often,\nand why?",3\nWhere?,4\n', encoding="utf-8")
    assert [(one.id, one.text, one.pages) for one in read_questions(file)] == [
        ("3", "How often,\nand why?", (3,)), ("4", "Where?", (4,))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("question,pages\nWhere?,3\n", "line 1: expected a column 'text', got 'question, pages'; see docs"),
        ("text,pages\nWhere?,three\n", "expected pages from 1"),
        ("text,pages\n,3\n", "line 2: expected something under 'text'"),
        ("text,pages\nWhere, when?,3\n", "line 2: expected 2 columns as in the first line, got 3"),
        ("text,answerable\nWhere?,perhaps\n", "expected true or false under 'answerable'"),
        ("text\n", "holds no question"),
    ],
)
def test_what_is_no_such_table_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    with pytest.raises(RagqaError, match=re.escape(told)):
        read_questions(tmp_path / "own.csv")


def test_the_page_names_every_field_and_its_examples_are_read(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    fields = ("_id", "text", "pages", "answer", "evidence", "document", "answerable", "reworded")
    assert tuple(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == fields
    for number, example in enumerate(re.findall(r"```(?:json|csv)\n(.*?)```", page, re.DOTALL)):
        (tmp_path / f"{number}").write_text(example, encoding="utf-8")
        assert read_questions(tmp_path / f"{number}")[0].document == "pump.pdf"


@pytest.mark.parametrize("command", [("bench", "retrieval"), ("tune",), ("compare",)])
def test_the_help_of_a_command_that_reads_questions_names_the_page(ragqa: Run, command: tuple[str, ...]) -> None:
    assert "docs/questions.md" in re.sub(r"[\s│]+", "", ragqa(*command, "--help").out)


def test_the_shipped_questions_work_on_one_library_of_both_manuals(home: Path, manuals_home: Path, ragqa: Run) -> None:
    copy_library(manuals_home, home)
    ran = ragqa("bench", "retrieval", "--index", "default", "--questions", MANUALS, "--mode", "lexical", "--json")
    (run,) = ran.json["runs"]
    assert run["queries"] == sum(row.count('"answerable": true') for row in _shipped()) and run["role"] == "development"
    assert run["metrics"]["page_hit@5"]["mean"] > 0.3, "each page is looked for in its own manual"


def _shipped() -> list[str]:
    return [file.read_text(encoding="utf-8") for file in MANUALS.glob("*.questions.jsonl")]


@pytest.mark.parametrize(
    "command",
    [
        ("bench", "retrieval", "-q", "own.jsonl"),
        ("bench", "answers", "whole.jsonl"),
        ("bench", "questions"),
        ("tune", "-q", "own.jsonl"),
        ("compare", "-q", "own.jsonl"),
        ("ask", "How often?"),
    ],
    ids=" ".join,
)
def test_a_library_that_is_not_there_is_told_and_no_other_is_measured(
    small: Path, ragqa: Run, command: tuple[str, ...]
) -> None:
    Path("own.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    whole = {
        "_id": "1",
        "manual": "pump.md",
        "text": "How?",
        "kind": "fact",
        "pages": [],
        "parts": ["30 days"],
        "not": [],
    }
    Path("whole.jsonl").write_text(json.dumps(whole), encoding="utf-8")
    ran = ragqa(*command, "--index", "nowhere")
    assert ran.code == 1 and ran.error.startswith("there is no library 'nowhere'") and not ran.out
