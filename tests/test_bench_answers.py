"""``ragqa bench answers`` as a user runs it: what answers are worth, its report, a library, a model, and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ragqa.evaluation.answers import Answered, WholeQuestion, rows_of, score
from ragqa.evaluation.report.pages import answers_page
from ragqa.types import Answer, Citation
from tests.conftest import PATIENCE, ROOT, Run, clean_environment
from tests.servers import chat

MANUAL = """# Pump

## Cleaning

Clean the pump filter every 30 days with "warm" water. Never use solvents on the pump filter.

## 漏水

如果水泵漏水，请先关闭电源，再拧紧排水阀。
"""
SCORE_ANSWERS = ROOT.parent / "shared" / "score-answers"
EVIL = "<script>alert('manual')</script> & \"Ünïcödé\""


def question(name: str, text: str, *parts: str, kind: str = "condition", **more: Any) -> dict[str, Any]:
    row = {"_id": name, "manual": "pump.md", "text": text, "kind": kind, "pages": [], "parts": list(parts), "not": []}
    return row | more


CLEANED = "How often is the pump filter cleaned?"
ASKED = [
    question("whole", CLEANED, "pump filter every 30 days", "“Warm”  water"),
    question("partial", CLEANED, "every 30 days", "rinse it twice"),
    question("wrong", CLEANED, "every 30 days", **{"not": ["every 30 days", "once a year"]}, kind="procedure"),
    question("refused", "Who invented the telephone?", "Alexander Graham Bell"),
    question("chinese", "水泵漏水怎么办？", "请先关闭电源", "再拧紧排水阀", kind="procedure"),
]


def write(folder: Path, *rows: dict[str, Any], name: str = "asked.jsonl") -> None:
    (folder / "pump.md").write_text(MANUAL, encoding="utf-8")
    lines = [json.dumps(row, ensure_ascii=False) for row in rows or ASKED]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def means(row: dict[str, Any]) -> dict[str, float]:
    return {"n": row["n"], **{name: of["mean"] for name, of in row["metrics"].items()}}


def test_each_answer_is_worth_what_stands_in_it(home: Path, process: Run):
    write(home)
    ran = process("bench", "answers", "asked.jsonl", "--json", "--report", "out/answers.html")
    assert ran.code == 0, ran.err
    worth = {one["_id"]: one for one in ran.json["questions"]}
    assert list(worth) == [row["_id"] for row in ASKED]
    for name, usable, whole, parts, wrong, refused in (
        ("whole", True, True, 1, False, False),
        ("partial", False, False, 0.5, False, False),
        ("wrong", False, True, 1, True, False),
        ("refused", False, False, 0, False, True),
        ("chinese", True, True, 1, False, False),
    ):
        one = worth[name]
        got = tuple(one[key] for key in ("usable", "whole", "parts", "wrong", "refused", "page"))
        assert got == (usable, whole, parts, wrong, refused, not refused), one
        assert one["characters"] == len(one["answer"]) > 0 and one["error"] is None
    assert worth["partial"]["missing"] == ["rinse it twice"] and worth["wrong"]["misplaced"] == ["every 30 days"]
    rows = ran.json["rows"]
    assert {name: row["n"] for name, row in rows.items()} == {
        "all": 5, "en": 4, "zh": 1, "condition": 3, "procedure": 2
    }  # fmt: skip
    every = means(rows["all"])
    assert every == {
        "n": 5, "usable": 0.4, "whole": 0.6, "parts": 0.7, "page": 0.8, "wrong": 0.2, "refused": 0.2,
        "characters": pytest.approx(sum(one["characters"] for one in worth.values()) / 5),
    }  # fmt: skip
    assert means(rows["zh"])["usable"] == 1 and means(rows["en"])["usable"] == 0.25
    usable = rows["all"]["metrics"]["usable"]
    assert 0 <= usable["low"] < 0.4 < usable["high"] <= 1
    assert "report written to out/answers.html" in ran.err
    page = (home / "out" / "answers.html").read_text(encoding="utf-8")
    assert "The 3 worst answers" in page and "rinse it twice" in page and "default-src 'none'" in page
    assert not (home / "indexes").exists()  # libraries made for measuring are gone


def test_the_table(home: Path, ragqa: Run):
    (home / "manuals" / "deep").mkdir(parents=True)
    write(home, *ASKED[:2])
    (home / "pump.md").rename(home / "manuals" / "deep" / "pump.md")
    ran = ragqa("bench", "answers", "asked.jsonl", "--manuals", "manuals")
    assert ran.code == 0, ran.err
    first, names, *rows = ran.out.splitlines()
    assert first == "2 questions about 1 manual, answered by extractive"
    assert names.split() == ["n", "usable", "whole", "parts", "page", "wrong", "refused", "characters"]
    assert [row.split()[:2] for row in rows] == [["all", "2"], ["en", "2"], ["zh", "0"], ["condition", "2"]]
    assert rows[0].split()[2:9] == [".500", "[.00,", "1.00]", ".500", ".750", "1.000", ".000"]
    assert rows[2].split()[2:] == ["–"] * 7


def test_a_library_that_is_held_is_asked(small: Path, ragqa: Run):
    def one(**more: str) -> dict[str, Any]:
        (small / "asked.jsonl").write_text(json.dumps(question("1", CLEANED, "every 30 days", **more)))
        return ragqa(*words).json["questions"][0]

    words = ("bench", "answers", "asked.jsonl", "--index", "default", "--json")
    got = one()
    assert got["usable"] and got["page"] and got["cited"][0] == {"document": "pump.md", "page": None}, got
    got = one(manual="lamp.md")
    assert got["usable"] and got["cited"] and not got["page"], got  # what proves it stands in another manual
    (small / "asked.jsonl").write_text(json.dumps(question("1", CLEANED, "every 30 days", manual="lamb.md")))
    assert ragqa(*words).error == "library 'default' holds no document 'lamb.md': did you mean 'lamp.md'?"


def test_an_error_costs_its_question_only(home: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch):
    write(home, *ASKED[:2])
    right = chat.says("The pump filter every 30 days, warm water [1].")
    refusal = chat.fails(400, {"error": {"message": "no such thing"}})
    words = ("bench", "answers", "asked.jsonl", "--answerer", "openai:test", "--json")
    with chat.serving(right, refusal) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        ran = ragqa(*words)
    assert ran.code == 3 and "1 of 2 questions met an error" in ran.err
    first, second = ran.json["questions"]
    assert first["parts"] == 0.5 and first["missing"] == ["“Warm”  water"] and first["error"] is None
    assert second["parts"] == 0 and second["answer"] is None and "no such thing" in second["error"]
    assert means(ran.json["rows"]["all"])["parts"] == 0.25 and ran.json["answerer"] == "openai:test"
    with chat.serving(refusal) as server:  # a model that can't be used at all is measured by nothing
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        ran = ragqa(*words)
    assert ran.code == 1 and not ran.out and "no such thing" in ran.err.splitlines()[-1]


def said(text: str, *pages: int | None, abstained: bool = False, document: str = "pump.pdf") -> Answer:
    cited = tuple(Citation(n, document, page, (), "quote", n) for n, page in enumerate(pages, 1))
    return Answer("?", text, cited, (), abstained, 0.5, "extractive")


def whole(*parts: str, forbidden: tuple[str, ...] = (), pages: tuple[int, ...] = ()) -> WholeQuestion:
    return WholeQuestion("1", "pump.pdf", EVIL, "procedure", pages, parts, forbidden)


@pytest.mark.parametrize(
    ("text", "part", "there"),
    [
        ("1. Turn the [2] **valve**\n   `off`. [1]", "turn the valve 'off'.", True),
        ("Say ‘stop’ and “go”", "say 'stop' and \"go\"", True),
        ("Code | Remedy · E04", "code remedy e04", True),
        ("Turn the valve on.", "turn the valve off", False),
        ("Turn the valve [x] off", "turn the valve off", False),
    ],
)
def test_what_counts_when_a_part_is_looked_for(text: str, part: str, there: bool):
    assert score(whole(part), said(text), "pump.pdf").whole is there


def test_a_usable_answer_is_not_too_long():
    short, long = whole("valve"), whole("v" * 50)
    assert score(short, said("valve".ljust(600, ".")), "").usable and score(long, said("v" * 750), "").usable
    assert not score(short, said("valve".ljust(601, ".")), "").usable and not score(long, said("v" * 751), "").usable
    assert not score(short, said("valve".ljust(597, ".") + " [1]"), "").usable  # markers are read too


def test_the_page_is_right_where_one_of_the_manual_is_cited():
    paged = whole("valve", pages=(3, 4))
    assert score(paged, said("valve", 1, 4), "pump.pdf").page
    assert not score(paged, said("valve", 1, 2), "pump.pdf").page and not score(paged, said("valve"), "pump.pdf").page
    assert not score(paged, said("valve", 4, document="lamp.pdf"), "pump.pdf").page
    assert score(whole("valve"), said("valve", None), "pump.pdf").page
    assert not score(whole("valve"), said("valve"), "pump.pdf").page


def test_the_report_shows_the_worst_first_and_no_text_becomes_a_tag():
    asked = whole(EVIL, "valve", forbidden=(EVIL,), pages=(3,))
    answers = [said(f"valve {EVIL} [1]", 3), said("nothing", abstained=True), None]
    answered = [
        Answered(asked, score(asked, answer, "pump.pdf"), answer, "" if answer else f"server said {EVIL}")
        for answer in answers
    ]
    page = answers_page(answered, rows_of(answered, 7), "3 questions", f"ragqa bench answers {EVIL}", 7)
    assert "<script>" not in page and "&lt;script&gt;" in page
    refused, failed, wrong = (
        page.index(told) for told in ("refused; 0 of 2 parts", ": an error", "2 of 2 parts; 1 of another")
    )
    assert refused < failed < wrong
    assert "7 (of the intervals)" in page and "Cited: pump.pdf, page 3" in page


@pytest.mark.skipif(not SCORE_ANSWERS.is_file(), reason="needs ../shared/score-answers")
def test_it_agrees_with_score_answers(home: Path, ragqa: Run):
    write(home)
    program = home / "ragqa"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:] = {sys.path!r}\nfrom ragqa.cli import main\nmain()\n"
    )
    program.chmod(0o755)
    words = [sys.executable, str(SCORE_ANSWERS), str(program), "asked.jsonl", "."]
    environment = clean_environment(RAGQA_HOME=str(home))
    done = subprocess.run(words, cwd=home, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    ours = ragqa("bench", "answers", "asked.jsonl", "--json").json["rows"]
    assert list(ours) == list(theirs)
    for name, row in ours.items():
        got = means(row)
        assert got | {"characters": round(got["characters"])} == pytest.approx(theirs[name], abs=0.5e-3)


GOOD = question("1", CLEANED, "every 30 days")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"kind": 3}, 'asked.jsonl, line 2: expected {"_id": "…", "manual": "…", "text": "…", "kind": "…"}'),
        ({"parts": "every"}, "line 2: expected {\"_id\", \"manual\", \"text\", \"kind\"} with strings"),
        ({"not": None}, "got 'None' under 'not'; mend the line"),
        ({"parts": []}, "line 2: expected at least one string of the answer under 'parts'"),
        ({"not": ["**"]}, "line 2: expected at least one string of the answer under 'parts'"),
        ({"parts": [7]}, "line 2: expected a string or a list of strings under 'parts'"),
        ({"pages": ["7"]}, "line 2: expected pages from 1"),
        ({"manual": "../pump.md"}, "line 2: expected the file name of a manual"),
        ({"kind": "zh"}, "line 2: expected a kind of answer"),
        ({"text": " "}, "line 2: the question is empty"),
        ({"_id": "1"}, "1 stand twice, the first '1'"),
        ({"manual": "gone.md"}, "asks about gone.md: expected beside it, in manuals, and not there; name the folder with --manuals"),  # noqa: E501
    ],
)  # fmt: skip
def test_a_question_that_is_not_in_the_form_is_one_line(home: Path, ragqa: Run, row: dict[str, Any], told: str):
    (home / "manuals").mkdir()
    write(home, GOOD, {**GOOD, "_id": "2"} | row)
    ran = ragqa("bench", "answers", "asked.jsonl", "--manuals", "manuals", "--report", "out.html")
    assert told in ran.error and not (home / "out.html").exists()


def test_other_bad_input_is_one_line(home: Path, ragqa: Run):
    write(home)
    (home / "none.jsonl").write_text("\n")
    (home / "odd.jsonl").write_text("\nnonsense\n")
    (home / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    write(home, {**GOOD, "manual": "broken.pdf"}, name="broken.jsonl")
    for words, told in {
        ("none.jsonl",): "none.jsonl holds no question: expected lines of",
        ("odd.jsonl",): "odd.jsonl, line 2: expected",
        ("gone.jsonl",): "gone.jsonl should be a file of text in UTF-8",
        ("asked.jsonl", "--manuals", "gone"): "there is no folder gone",
        ("asked.jsonl", "--index", "gone"): "there is no library 'gone'",
        ("asked.jsonl", "--report", "."): ". is a folder: expected the name of a file",
        ("asked.jsonl", "--report", "asked.jsonl/report.html"): "can't be written to",
    }.items():
        assert told in ragqa("bench", "answers", *words).error, words
    for words, told in {  # found once it is under way
        ("broken.jsonl",): "broken.pdf",
        ("asked.jsonl", "--answerer", "psychic"): "an answerer should be named",
    }.items():
        ran = ragqa("bench", "answers", *words)
        assert ran.code == 1 and not ran.out and told in ran.err.splitlines()[-1], ran
    for words in (("--manuals", "."), ("--passage-tokens", "40")):
        assert ragqa("bench", "answers", "asked.jsonl", "--index", "mine", *words).code == 2
