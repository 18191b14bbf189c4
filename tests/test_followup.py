"""Follow-up questions, offline: what leans on the turns before is found, and what stands alone is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.answerers import Turn
from ragqa.answerers.followup import belongs, leans, standalone
from tests.conftest import ENGLISH, Run

FILTER = Turn("How do I clean the pump filter?", "Rinse it with warm water every 30 days [1]. Wear gloves [2].")
BUG = Turn("How do I report a security bug?", "Send a mail to the tracker; it names a severity [1].")
FAULT = Turn("What does E04 mean?", "- Code: E04 · Meaning: The inlet valve is blocked [1]")
FILTER_ZH = Turn("怎么清洗初效滤网？", "用清水冲洗，晾干后装回 [1]。面板的指示灯会熄灭 [2]。")
LAMP_ZH = Turn("指示灯闪烁是什么意思？", "冷凝水盘已满 [1]。")


@pytest.mark.parametrize(
    ("last", "question"),
    [
        (BUG, "What severity should the bug have?"),
        (BUG, "Who fixes the bug?"),
        (BUG, "Which severities are there?"),
        (BUG, "Where is the tracker?"),
        (FILTER, "And the other one?"),
        (FILTER, "And how much water is needed?"),
        (FILTER, "But how long does the filter last?"),
        (FILTER, "And what about the belt?"),
        (FILTER, "And is the belt cleaned like that?"),
        (FILTER, "And what is the price?"),
        (FILTER, "And what should the water temperature be?"),
        (FILTER, "And how long does the drying take?"),
        (FILTER, "Then how is the cover put back?"),
        (FILTER, "How often?"),
        (FILTER, "Which gloves do I need?"),
        (FILTER, "In winter?"),
        (FILTER, "How long does the filter last?"),
        (FILTER, "When should the filter be replaced?"),
        (FILTER, "How long does cleaning take?"),
        (FILTER, "Can I do that without water?"),
        (FILTER, "What comes next?"),
        (FILTER, "Should I rinse?"),
        (FAULT, "What happens if the valve stays shut?"),
        (FAULT, "The outlet valve?"),
        (FILTER_ZH, "那多久换一次？"),
        (FILTER_ZH, "多久换一次？"),
        (FILTER_ZH, "另外，多久换一次？"),
        (FILTER_ZH, "还有，指示灯在哪里？"),
        (FILTER_ZH, "那么滤网多久换一次？"),
        (FILTER_ZH, "那个滤网多久换一次？"),
        (FILTER_ZH, "那些滤网可以水洗吗？"),
        (FILTER_ZH, "而且滤网要不要晒干？"),
        (FILTER_ZH, "那样会不会损坏机器？"),
        (FILTER_ZH, "那办公室里多久一次？"),
        (FILTER_ZH, "然后怎么装回去？"),
        (FILTER_ZH, "滤网多久换一次？"),
        (FILTER_ZH, "怎么更换滤网？"),
        (FILTER_ZH, "滤网的寿命多长？"),
        (FILTER_ZH, "可以水洗吗？"),
        (FILTER_ZH, "高效滤网呢？"),
        (FILTER_ZH, "指示灯在哪里？"),
        (FILTER_ZH, "需要多长时间？"),
        (FILTER_ZH, "清洗要用什么工具？"),
        (LAMP_ZH, "这样安全吗？"),
        (LAMP_ZH, "怎么倒空？"),
        (LAMP_ZH, "冷凝水盘在哪里？"),
    ],
)
def test_a_question_that_says_too_little_belongs_to_the_one_before(last: Turn, question: str) -> None:
    assert belongs(question, last)
    assert standalone(question, [last]) == f"{last.question} {question}"


@pytest.mark.parametrize(
    ("last", "question"),
    [
        (BUG, "What is the warranty?"),
        (BUG, "How do I install Debian?"),
        (FILTER, "What severity should the bug have?"),
        (FILTER, "Is there a service contract?"),
        (FILTER, "What does error E17 mean?"),
        (FILTER, "How do I know that the lamp is broken?"),
        (FILTER, "If the belt is worn, how do I change it?"),
        (FILTER, "How long does it take to descale the boiler?"),
        (FILTER, "How do I clean the condensate tray?"),
        (FILTER, "What does the filter of the oven cost?"),
        (FILTER, "How much does the pump filter weigh?"),
        (FILTER, "Why does the compressor start in the morning?"),
        (FAULT, "What does E17 mean?"),
        (FAULT, "And how often is the filter cleaned?"),
        (FILTER, "So where do I find the drain?"),
        (FAULT, "Which languages are supported?"),
        (FILTER_ZH, "保修期多长？"),
        (FILTER_ZH, "另外，冷凝水盘怎么清洗？"),
        (LAMP_ZH, "那高效滤网多久换一次？"),
        (FILTER_ZH, "应该多久清洗一次冷凝水盘？"),
        (FILTER_ZH, "怎么清洗冷凝水盘？"),
        (FILTER_ZH, "高效滤网多久换一次？"),
        (FILTER_ZH, "遥控器怎么配对呢？"),
        (FILTER_ZH, "E17是什么意思？"),
        (LAMP_ZH, "什么是热回收？"),
        (LAMP_ZH, "怎样更换初效滤网和高效过滤器？"),
    ],
)
def test_a_question_with_a_subject_of_its_own_stands_alone(last: Turn, question: str) -> None:
    assert not belongs(question, last)
    assert standalone(question, [last]) == question


@pytest.mark.parametrize(
    "question",
    ["", "?", "…", "\u200b", "the", "是", "/", "the the the", "那" * 2000, "a b " * 2500, "the lid, " + "it " * 3000],
)
def test_no_question_is_too_odd_to_be_looked_at(question: str) -> None:
    assert standalone(question, [FILTER, FILTER_ZH]).endswith(question)


@pytest.mark.parametrize(
    "question",
    [
        "And how long does that take?",
        "What about the other one?",
        "Why?",
        "Can I wash it?",
        "那要多久？",
        "它可以水洗吗？",
        "還有呢？",
    ],
)
def test_a_question_that_leans_is_known(question: str) -> None:
    assert leans(question)
    assert standalone(question, [Turn("How do I clean the pump filter?", "…")]).startswith("How do I clean the pump")


@pytest.mark.parametrize(
    "question",
    [
        "How do I replace the supply filter of the unit?",
        "Which bulb does the lamp need?",
        "What does error E17 mean?",
        "怎样更换初效滤网和高效过滤器？",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert standalone(question, [Turn("How do I clean the pump filter?", "…")]) == question


def test_a_chain_of_follow_ups_goes_back_to_what_stood_alone() -> None:
    turns = [Turn("How do I oil the door hinge of the oven?", "…"), Turn("How do I clean the pump filter?", "…")]
    chain = [*turns, Turn("And how long does that take?", "…")]
    assert standalone("Why?", chain) == "How do I clean the pump filter? And how long does that take? Why?"


def test_chat_finds_the_page_of_a_follow_up_and_forgets_when_told(manuals_home: Path, ragqa: Run) -> None:
    def pages(*questions: str) -> list[str]:
        """The sources below each answer."""
        said = ragqa("chat", "--threshold", "0", "-d", ENGLISH, "--home", manuals_home, stdin="\n".join(questions))
        assert said.code == 0 and said.err == ""
        return [part for part in said.out.split("\n\n") if part.startswith("[1]")]

    asked = ("How do I replace the extract filter?", "And how do I reset its counter?")
    first, second = pages(*asked)
    assert "page 23" in first or "page 22" in first
    assert f"{ENGLISH}, page 2" in second or "page 8" in second
    (_, forgotten) = pages(asked[0], "new", asked[1])
    assert forgotten == pages(asked[1])[0]
