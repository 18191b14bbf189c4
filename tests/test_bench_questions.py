"""Generated questions: answered on the page that they name, not copied from it, varied, the same for the same seed."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from ragqa.analysis import is_stop, terms
from ragqa.engine import Library
from ragqa.evaluation.datasets import read_questions
from ragqa.evaluation.questions import trust, vary, write_questions
from ragqa.evaluation.questions.model import read_reply
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statement
from ragqa.readers import read_bytes
from tests.conftest import CHINESE, ENGLISH, Run
from tests.servers import chat
from tests.servers.chat import serving

OVEN = """# Oven

## Heating

The thermostat is a device that holds the chosen temperature of the baking chamber within five degrees.
Preheat the oven for 12 minutes before you put the first tray into the baking chamber.
If the red lamp flickers during heating, the fuse of the upper element must be replaced by a technician.

## Removing the door

1. Open the door fully and lift both hinges.
2. Close the door until it rests at an angle of 30 mm from the frame.
3. Pull the door upwards with both hands.

## Programs

| Program | Meaning | Temperature |
| --- | --- | --- |
| P1 | Bread with crust | 230 °C |
| P2 | Slow roast overnight | 85 °C |
"""
BREWER = """# 咖啡机

## 保养

水垢是指水加热以后留在管路内壁的白色矿物质沉积。
每隔 45 天用柠檬酸溶液冲洗管路和出水口一次，以免水垢堵塞阀门而损坏水泵。
如果指示灯一直闪烁，请关闭电源并等待机器冷却。
"""


def folded(text: str) -> str:
    return "".join(text.split()).lower()


def oven() -> list[GeneratedQuestion]:
    return write_questions([read_bytes(OVEN.encode(), "oven.md")], 50)


@pytest.fixture(scope="module")
def written(manuals: Library) -> list[GeneratedQuestion]:
    return write_questions([manuals.show(ENGLISH), manuals.show(CHINESE)], 120)


def test_each_kind_of_a_manual_gives_a_question_that_a_person_would_ask() -> None:
    assert {(draft.origin, draft.text, draft.answer) for draft in oven()} == {
        ("definition", "What is the thermostat?",
         "a device that holds the chosen temperature of the baking chamber within five degrees"),
        ("sentence", "How long should I preheat the oven?", "12 minutes"),
        ("sentence", "What should I do if the red lamp flickers during heating?",
         "the fuse of the upper element must be replaced by a technician"),
        ("step", "How do I remove the door?", "Open the door fully and lift both hinges"),
        ("table", "What is the temperature of Bread with crust?", "230 °C"),
        ("table", "What is the temperature of Slow roast overnight?", "85 °C"),
        ("table", "What is the program of Bread with crust?", "P1"),
        ("table", "What is the program of Slow roast overnight?", "P2"),
    }  # fmt: skip


def test_chinese_manuals_give_chinese_questions() -> None:
    found = write_questions([read_bytes(BREWER.encode(), "brewer.md")], 50)
    assert {(draft.text, draft.answer) for draft in found} == {
        ("水垢是什么？", "水加热以后留在管路内壁的白色矿物质沉积"),
        ("多久用柠檬酸溶液冲洗管路和出水口一次？", "每隔 45 天"),
        ("指示灯一直闪烁怎么办？", "请关闭电源并等待机器冷却"),
    }


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("The filter must be cleaned every 30 days by hand.", "How often must the filter be cleaned?", "every 30 days"),
        ("To reset the counter, press both keys.", "How do I reset the counter?", "press both keys"),
        ("If your pump is loud, call the service.", "What should I do if my pump is loud?", "call the service"),
        ("The door must stay shut because heat escapes.", "Why must the door stay shut?", "because heat escapes"),
        ("清洗滤网的水温不得超过 40 ℃，洗后放在阴凉通风处晾干。", "清洗滤网的水温不得超过多少？", "40 ℃"),
        ("For more information see page 12 and Section 4.7 of it.", None, None),
        ("It lasts for 12 weeks if this is done with care.", None, None),
        ("滤网在 20 ℃ 至 40 ℃ 的水中清洗。", None, None),
    ],
)  # fmt: skip
def test_a_sentence_is_asked_for_in_its_own_words(text: str, question: str | None, answer: str | None) -> None:
    found = [(one.text, one.answer) for one in write_questions([read_bytes(text.encode(), "a.txt")], 9)]
    assert found == ([(question, answer)] if question else [])


def test_the_answer_stands_on_every_page_named(written: list[GeneratedQuestion], manuals: Library) -> None:
    assert len(written) == 120
    for draft in written:
        assert draft.pages
        for page in draft.pages:
            assert folded(draft.answer) in folded(manuals.page_text(draft.source.document, page)), draft


def test_the_evidence_holds_the_answer_and_the_question_does_not(written: list[GeneratedQuestion]) -> None:
    for draft in written:
        assert folded(draft.answer) in folded(draft.evidence)
        said = {term for term in terms(draft.answer) if not is_stop(term)}
        assert not said or not said <= set(terms(draft.text)), draft


def test_no_question_is_a_copy_of_its_passage(written: list[GeneratedQuestion]) -> None:
    shares = []
    for draft in written:
        evidence = {term for term in terms(draft.evidence) if not is_stop(term)}
        shares.append(len(evidence & set(terms(draft.text))) / len(evidence))
    assert max(shares) <= 0.7 and sum(shares) / len(shares) < 0.4


def test_questions_differ_and_spread_over_kinds_and_pages(written: list[GeneratedQuestion]) -> None:
    assert len({draft.text for draft in written}) == len(written)
    kinds = Counter(draft.origin for draft in written)
    assert len(kinds) == 5 and max(kinds.values()) < 0.7 * len(written)
    assert len({(draft.source.document, draft.pages) for draft in written}) > 40
    assert {draft.source.document for draft in written} == {ENGLISH, CHINESE}


def test_the_seed_decides(manuals: Library) -> None:
    document = manuals.show(ENGLISH)
    first, again, other = (write_questions([document], 20, seed) for seed in (1, 1, 2))
    assert first == again and {draft.text for draft in first} != {draft.text for draft in other}


def test_what_two_places_answer_differently_is_not_asked() -> None:
    rows = "\n".join(f"| Pump {n} | {n} kW |" for n in range(9))
    document = read_bytes(f"# Pumps\n\n| Kind | Power |\n| --- | --- |\n{rows}\n".encode(), "pumps.md")
    asked = [draft.text for draft in write_questions([document], 50) if draft.origin == "table"]
    assert all(re.search(r"\d", text) for text in asked), "'Pump' alone would ask for nine powers"


def test_equal_questions_are_asked_once() -> None:
    source = Statement("a.pdf", "sentence", "The belt lasts 12 weeks.", 1, ("Belt",))
    drafts = [GeneratedQuestion("How long does the belt last?", "12 weeks", source.text, (1,), "heading", source)] * 3
    assert len(vary(drafts, 10, 0)) == 1


# The command


def test_the_command_writes_a_question_set_that_is_read_back(manuals_home: Path, home: Path, ragqa: Run) -> None:
    ran = ragqa("bench", "questions", "--home", manuals_home, "--count", 40, "--out", "own.jsonl")
    assert ran.code == 0 and not ran.out and "40 questions" in ran.err and trust() in ran.err
    rows = [json.loads(line) for line in (home / "own.jsonl").read_text(encoding="utf-8").splitlines()]
    keys = {"_id", "text", "answer", "evidence", "pages", "document", "answerable", "origin"}
    assert len(rows) == 40 and all(set(row) == keys for row in rows)
    read = read_questions(home / "own.jsonl")
    assert [(one.text, list(one.pages), one.document) for one in read] == [
        (row["text"], row["pages"], row["document"]) for row in rows
    ]


def test_without_a_file_the_questions_come_on_standard_output(small: Path, ragqa: Run) -> None:
    ran = ragqa("bench", "questions")
    assert ran.code == 0 and ran.lines and all(row["document"] in ("pump.md", "lamp.md") for row in ran.lines)


def test_most_questions_are_found_by_the_search(manuals: Library, written: list[GeneratedQuestion]) -> None:
    found = 0
    for draft in written[:60]:
        hits = manuals.search(draft.text, k=10).hits
        found += any(
            hit.passage.document == draft.source.document
            and (hit.passage.page or 0) <= page <= (hit.passage.page_end or 0)
            for hit in hits
            for page in draft.pages
        )
    assert found > 30, "a question that no search finds measures nothing"


def test_bad_input_is_one_line(small: Path, ragqa: Run) -> None:
    assert "nowhere" in ragqa("bench", "questions", "--index", "nowhere").error
    ran = ragqa("bench", "questions", "--out", "missing/own.jsonl")
    assert "missing/own.jsonl can't be written" in ran.error and not (small / "missing").exists()
    (small / "short.md").write_text("# A\n\nShort.\n", encoding="utf-8")
    assert ragqa("ingest", "short.md", "--index", "short").code == 0
    assert "no question" in ragqa("bench", "questions", "--index", "short").error
    assert ragqa("bench", "questions", "--count", "0").code == 2


# Written by a model

REPLY = "QUESTION: When is it time to rinse the sieve of my machine?\nANSWER: every 30 days"


def test_a_model_writes_from_fenced_pages(small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(chat.says(REPLY)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        ran = ragqa("bench", "questions", "--answerer", "openai:test", "--count", "3")
    (row,) = ran.lines
    assert row["origin"] == "model" and row["answer"] == "every 30 days" and row["document"] == "pump.md"
    assert "Clean the pump filter every 30 days" in row["evidence"][0]
    prompts = [request["messages"][-1]["content"] for request in server.requests]
    assert all(
        re.search(r"BEGIN PASSAGE \[1\] (\w+)\n.*END PASSAGE \[1\] \1\n", prompt, re.DOTALL) for prompt in prompts
    )


@pytest.mark.parametrize(
    "reply",
    [
        "I'd rather not.",
        "QUESTION: When is it time to rinse the sieve?\nANSWER: every 7 days",
        "QUESTION: Is the filter cleaned every 30 days?\nANSWER: every 30 days",
        "QUESTION: Clean the pump filter every when with warm water?\nANSWER: 30 days",
    ],
    ids=["no question", "invented answer", "answer in the question", "copy of the page"],
)
def test_what_a_model_gets_wrong_is_dropped(reply: str) -> None:
    text = "Clean the pump filter every 30 days with warm water."
    page = [Statement("pump.md", "sentence", text, 3, ("Cleaning",))]
    assert read_reply(REPLY, page) is not None
    assert read_reply(reply, page) is None


def test_a_server_that_fails_is_one_line(small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(chat.fails(401, {"error": {"message": "no such key"}})) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert ragqa("bench", "questions", "--answerer", "openai:test", "--out", "own.jsonl").code == 1
    assert not (small / "own.jsonl").exists()
