"""A misspelt word finds the library's; a word that is spelt right, or may be, is left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa.analysis import terms
from ragqa.embedders.folders import is_bundled_word
from ragqa.engine import Library
from ragqa.spelling import corrected, find_slips
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from ragqa.types import Correction
from tests.conftest import Run
from tests.store_making import put

TEXT = (
    "pressure pressures valve installation maintenance thermostat settings bluetooth warrant inspect position filter "
    "codes small machine separately replacement halden completely complied water later types display while"
)
WORDS = TEXT.split()


class Words:
    """Knows ``WORDS``, of which 'valve' stands in most passages."""

    def __init__(self, *more: str) -> None:
        self._words = sorted({*WORDS, *more})
        self._terms = {term for word in self._words for term in terms(word)}

    def doc_freq(self, term: str) -> int:
        return 9 if term == "valv" else int(term in self._terms)

    def words(self, letter: str) -> list[str]:
        return [word for word in self._words if word.startswith(letter)]


def taken(question: str, *more: str) -> str:
    vocabulary = Words(*more)
    return corrected(question, find_slips(question, vocabulary, {"xantor"}, is_bundled_word))


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        ("presure", "pressure"),
        ("Presure", "pressure"),
        ("vlave", "valve"),
        ("pressrue", "pressure"),
        ("instlalation", "installation"),
        ("maintainance", "maintenance"),
        ("seperatly", "separately"),
        ("thermstat", "thermostat"),
        ("settigns", "settings"),
        ("replacemnt", "replacement"),
        ("filtre", "filter"),
        ("machime", "machine"),
        ("bluetoth", "bluetooth"),
    ],
)
def test_a_slip_within_a_word_finds_the_word(slip: str, word: str):
    assert taken(f"How is the {slip.lower()} checked?") == f"How is the {word} checked?"


@pytest.mark.parametrize(
    "word",
    [
        "warranty",  # English, and only an ending apart
        "warrantys",  # no word of its own, but an ending apart too
        "smell",  # English: not 'small'
        "whole",
        "repositions",
        "codec",  # a wrong letter in a short word
        "typos",
        "completes",  # a form of an English word
        "relacement2",  # a code
        "presurE9",
        "etc/presure",
        "presure.conf",
        "--presure",
        "PRESURE",  # letters that stand for words
        "xantor",  # of a file's name
        "presh",  # three letters away
        "ressure",  # another first letter
        "pre",
        "水压",
    ],
)
def test_other_words_are_left_as_they_are(word: str):
    question = f"Where does it say {word} then?"
    assert taken(question) is question


def test_what_may_be_a_name_is_held_to_more():
    assert taken("Is the Hallden any good?") == "Is the halden any good?"
    assert taken("Is the Helden any good?") == "Is the Helden any good?"
    assert taken("Helden, is it any good?") == "halden, is it any good?"


def test_the_nearest_word_is_taken_then_the_most_frequent_and_none_of_several_far_ones():
    assert taken("the valvve", "valves", "vallve") == "the valve"
    assert taken("the presssure") == "the pressure"
    assert taken("the pressuxy") == "the pressuxy", "two slips in the ending"
    assert taken("the valxyve") == "the valxyve", "two slips in a short word"
    assert taken("the calibratiom", "calibrations", "celebration") == "the calibratiom"


def test_each_slip_of_a_question_is_found_once_with_chinese_around_it():
    slips = find_slips("presure或presure，vlave怎么调？", Words(), (), is_bundled_word)
    assert slips == (Correction("presure", "pressure"), Correction("vlave", "valve"))
    assert corrected("presure或presure，vlave怎么调？", slips) == "pressure或pressure，valve怎么调？"


def test_the_index_knows_the_words_of_its_passages(tmp_path: Path):
    with Database.create_or_open(tmp_path / "lib") as database:
        put(database, "a.txt", ["The Pressure of the café pump_valve, E41x and 阀门pressostat。", "Straße"])
        words = LexicalIndex.open(database, pytest.fail).words
        assert {"pressostat", "pressure", "pump"} <= set(words("p")) and words("p") == sorted(words("p"))
        assert words("v") == ["valve"] and words("z") == []
        assert "cafe" in words("c") and words("x") == words("e") == [] and not {"stra", "strae"} & set(words("s"))
        put(database, "b.txt", ["The zeolite plate."])
        again = LexicalIndex.open(database, pytest.fail).words
        assert again("z") == ["zeolite"] and again("p") == sorted({*words("p"), "plate"})
        assert LexicalIndex.open(database, pytest.fail).words("p") == again("p")


MANUAL = """# Boiler B7

## Filling

Open the red valve until the gauge shows the right water pressure of 1.5 bar.

## Thermostat

Turn the thermostat to 3 at night.

## Feet

Level the feet with a spanner.
"""


@pytest.fixture(scope="module")
def boiler(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("boiler")
    (folder / "boiler.md").write_text(MANUAL, encoding="utf-8")
    with Library.open("default", create=True, home=folder / "home") as library:
        library.ingest([folder / "boiler.md"])
        yield library


SLIP, RIGHT = "What is the right presure?", "What is the right pressure?"


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_question_with_a_slip_is_answered_like_the_one_without(boiler: Library, mode: str):
    slip, right = boiler.ask(SLIP, mode=mode), boiler.ask(RIGHT, mode=mode)  # type: ignore[arg-type]
    assert slip.corrections == (Correction("presure", "pressure"),) and slip.question == SLIP
    assert (slip.text, slip.citations, slip.hits, slip.confidence) == (
        right.text,
        right.citations,
        right.hits,
        right.confidence,
    )
    assert right.corrections == () and not right.abstained


def test_nothing_is_changed_silently(boiler: Library, ragqa: Run):
    home = boiler.settings.home
    for command in ("ask", "search"):
        ran = ragqa(command, SLIP, "--home", home)
        assert ran.code == 0 and ran.out.splitlines().count('"presure" taken for "pressure"') == 1
        found = ragqa(command, SLIP, "--home", home, "--json").json
        assert found["corrections"] == [{"word": "presure", "taken_for": "pressure"}] and found["question"] == SLIP
        assert ragqa(command, RIGHT, "--home", home, "--json").json["corrections"] == []
        assert "taken for" not in ragqa(command, RIGHT, "--home", home).out
    assert "“presure”按“pressure”查找" in ragqa("ask", "presure 应该是多少？", "--home", home).out
    assert '"presure" taken for' in ragqa("chat", "--home", home, stdin=f"{SLIP}\n").out
    batch = json.dumps({"_id": 1, "text": SLIP})
    (line,) = ragqa("ask", "--batch", "-", "--home", home, stdin=batch).lines
    assert line["corrections"] and line["_id"] == 1
