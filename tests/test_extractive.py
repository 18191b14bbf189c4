"""Offline answers from the sample manuals: quoted letter for letter, on the right page, refused in one's language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ragqa.answerers.extractive import ExtractiveAnswerer
from ragqa.engine import Library
from ragqa.types import Hit, Passage
from tests.conftest import CHINESE, ENGLISH

QUESTIONS = [
    "What does E17 mean?",
    "How do I replace the supply filter?",
    "How often must the extract filter be replaced?",
    "What may I not do with the unit?",
    "面板上的小锁怎么解开？",
    "多久要更换一次滤网？",
    "E04 是什么意思？",
]


def answerer(threshold: float = 0.0) -> ExtractiveAnswerer:
    return ExtractiveAnswerer(threshold)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_quote_stands_letter_for_letter_on_the_page_it_names(manuals: Library, question: str) -> None:
    found, evidence = manuals.evidence(question)
    answer = answerer().answer(question, evidence.on(found.hits))
    assert not answer.abstained and answer.citations
    passages = {hit.passage.passage_id: hit.passage for hit in found.hits}
    for citation in answer.citations:
        assert f"[{citation.marker}]" in answer.text
        passage = passages[citation.passage_id]
        assert citation.quote in passage.text
        assert citation.page is not None and passage.page is not None and passage.page_end is not None
        assert passage.page <= citation.page <= passage.page_end
        page = "".join(manuals.page_text(citation.document, citation.page).split())
        assert "".join(citation.quote.split())[:25] in page


def test_a_sentence_on_the_second_page_of_a_passage_names_that_page() -> None:
    text = "The cover is open. Turn the blue valve twice. Close the cover."
    at = text.index("Turn")
    passage = Passage(
        "m.pdf",
        0,
        len(text),
        text,
        page=4,
        page_end=5,
        page_breaks=((at, 5),),
        windows=((0, 18), (at, at + 26), (at + 27, len(text))),
        passage_id=1,
    )
    answer = answerer().answer("What do I turn?", [Hit(1, passage, 1.0, evidence=(0.0, 9.0, 0.0))])
    quote = "Turn the blue valve twice."
    assert [(one.quote, one.page, one.page_end) for one in answer.citations] == [(quote, 5, None)]
    over = Hit(1, replace(passage, page_breaks=((at + 9, 5),)), 1.0, evidence=(0.0, 9.0, 0.0))
    (cited,) = answerer().answer("What do I turn?", [over]).citations
    assert (cited.quote, cited.page, cited.page_end) == (quote, 4, 5), "it runs over the page's end"


def test_a_table_row_is_shown_under_its_header(manuals: Library) -> None:
    found, evidence = manuals.evidence("What does E17 mean?", document=ENGLISH)
    answer = answerer().answer("What does E17 mean?", evidence.on(found.hits))
    (row,) = [line for line in answer.text.splitlines() if line.startswith("- ") and "Code: E17" in line]
    assert "Meaning: " in row and "Remedy: " in row


def test_a_row_past_a_page_break_keeps_its_header(manuals: Library) -> None:
    found, evidence = manuals.evidence("E41 代码 含义", document=CHINESE)
    answer = answerer().answer("E41 代码 含义", evidence.on(found.hits))
    assert "代码: " in answer.text and "含义: " in answer.text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Does it play music?", "The manual does not say."),
        ("它能播放音乐吗？", "手册中没有说明。"),
        ("如何播放音乐？", "手册中没有说明。"),
        ("它能播放音樂嗎？", "手冊中沒有說明。"),
        ("機器可以洗碗碟嗎？", "手冊中沒有說明。"),
        ("保固期多長？", "手冊中沒有說明。"),
        ("E17 是什么意思？", "手册中没有说明。"),
    ],
)
def test_a_refusal_speaks_the_language_of_the_question(question: str, said: str) -> None:
    answer = answerer(threshold=0.9).answer(question, [], confidence=0.1)
    assert (answer.text, answer.abstained, answer.citations) == (said, True, ())


def test_the_text_that_streams_is_the_text_of_the_answer(manuals: Library) -> None:
    pieces: list[str] = []
    assert manuals.ask(QUESTIONS[0], on_text=pieces.append).text == "".join(pieces)
