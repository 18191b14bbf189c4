"""A question in other words: it is other words, the same every time, and what it asks about is still in it."""

from __future__ import annotations

import re

import pytest

from ragqa.compare.questions import reworded_by_rule
from ragqa.metrics import token_f1

QUESTIONS = (
    "How many points did the Panthers defense surrender?",
    "What is the oldest church in Fresno?",
    "Where does fault code E17 stand?",
    "Why should the filter P-40 be cleaned?",
    "Name the three codes of the display.",
    "初效滤网多久清洗一次？",
    "面板上显示 E17 是什么意思？",
    "马丁·路德什么时候去世？",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_is_said_otherwise_and_always_alike(question: str) -> None:
    told = reworded_by_rule(question)
    assert told != question and told == reworded_by_rule(question)
    assert token_f1(told, [question]) < 1, "not the same words only"
    assert token_f1(told, [question]) > 0.4, "but it asks the same"


@pytest.mark.parametrize("question", QUESTIONS)
def test_names_numbers_and_codes_stay(question: str) -> None:
    told = reworded_by_rule(question)
    names = re.findall(r"(?<=\s)[A-Z][\w-]+|\d+", question)
    assert all(name in told for name in names)


def test_the_form_is_turned() -> None:
    assert re.search(r"what the oldest \w+ in Fresno is\b", reworded_by_rule(QUESTIONS[1]))
    assert " did " not in reworded_by_rule(QUESTIONS[0])


@pytest.mark.parametrize("odd", ["", "?", " ", "E17", "？", "a" * 3000, "Where\nis it"])
def test_what_is_no_sentence_does_no_harm(odd: str) -> None:
    assert odd.strip("?？ ") in reworded_by_rule(odd) or "\n" in odd
