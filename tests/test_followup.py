"""Follow-up questions, offline: what leans on the turns before is found, and what stands alone is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.answerers import Turn
from ragqa.answerers.followup import leans, standalone
from tests.conftest import ENGLISH, Run


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
