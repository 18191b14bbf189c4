"""Few labels and much text: what is generated must find its passage again, and rounds end when they gain no more."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ragqa.answerers.prompting import Message
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.evaluation.questions import for_library
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statement
from ragqa.finetune.records import Example, read_examples, read_prepared
from ragqa.finetune.semi import FEWEST, Taught, consistent, self_train, trusted, unasked, with_train
from tests.conftest import Run
from tests.test_adapt import make_embedder
from tests.test_routing import example, prepare, questions


@pytest.fixture(scope="module")
def drafts(manuals: Library) -> list[GeneratedQuestion]:
    return for_library(manuals, 60)


@pytest.fixture
def written(drafts: list[GeneratedQuestion], monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions about the sample manuals are written once: it takes seconds, and other tests look at them."""
    monkeypatch.setattr("ragqa.evaluation.questions.for_library", lambda library, count, *_, **__: drafts[:count])


def draft(text: str, document: str, place: int, answer: str = "it") -> GeneratedQuestion:
    source = Statement(document, "sentence", "Evidence.", 2, (), place=place)
    return GeneratedQuestion(text, answer, "Evidence.", (2,), "definition", source)


# Round trip


def test_a_question_that_does_not_find_its_passage_is_dropped(small: Path) -> None:
    with Library.open(home=small) as library:
        text = library.show("lamp.md").text
        place = text.index("replace the bulb")
        good = draft("Which watts has the bulb of the lamp?", "lamp.md", place)
        astray = draft("How often is the pump filter cleaned?", "lamp.md", place)
        wordless = draft("?!", "lamp.md", place)
        kept = consistent([good, astray, wordless], lambda asked, k: library.search(asked, k=k).hits, 1)
    assert [(one, passage.document) for one, passage in kept] == [(good, "lamp.md")]
    assert kept[0][1].start <= place < kept[0][1].end


def test_more_passages_looked_at_keep_more_questions(manuals: Library, drafts: list[GeneratedQuestion]) -> None:
    def kept(k: int) -> set[str]:
        found = consistent(drafts, lambda text, n: manuals.search(text, k=n).hits, k)
        return {one.text for one, _ in found}

    first, five = kept(1), kept(5)
    assert first < five and len(first) > 20


# Examples


def test_generated_examples_say_so_and_carry_answer_and_place(manuals: Library, written: None) -> None:
    found = trusted(manuals, "closed-book", set(), _asked(40), 0)
    assert len(found) > 20 and len({one.id for one in found}) == len(found)
    for one in found:
        assert one.source.startswith("generated from a ") and one.document in one.source
        assert one.messages == (Message("user", one.question), Message("assistant", one.answers[0]))
        assert one.pages and one.label is None
    assert trusted(manuals, "closed-book", set(), _asked(40), 0) == found


def test_a_label_is_read_off_where_the_passage_stands_or_the_question_is_left_out(
    manuals: Library, written: None
) -> None:
    (name, *_) = {stored.name for stored in manuals.documents()}
    found = trusted(manuals, "route", {name}, _asked(60), 0)
    assert len(found) == 60 and len({one.id for one in found}) == 60
    assert all(one.label == name == one.document == one.messages[-1].content for one in found)
    kinds = {one.id.partition("-")[0] for one in found}
    assert kinds == {"generated", "sentence"}
    text = manuals.show(name).text
    assert all(one.question in " ".join(text.split()) for one in found if one.id.startswith("sentence"))
    assert trusted(manuals, "route", {"nowhere"}, _asked(60), 0) == []


def test_what_people_asked_is_not_learned_from_a_generated_copy() -> None:
    asked = [example(1, "How is the filter cleaned?", "a", reworded=("The filter: how to wash it?",))]
    copies = [example(2, "the filter, how is it CLEANED", "a"), example(3, "How do I wash the filter?", "a")]
    other = example(4, "How is the motor cooled?", "a")
    assert unasked([*copies, other], asked) == [other]


def _asked(count: int) -> Any:
    from ragqa.finetune.semi import SemiOptions

    return SemiOptions(count=count)


# Rounds


class Planned:
    """A learner whose held-back losses were planned; it is surest of what comes first in the alphabet."""

    def __init__(self, *losses: float) -> None:
        self.losses, self.taught = list(losses), list[list[str]]()

    def teach(self, examples: Sequence[Example], name: str) -> Taught:
        self.taught.append([one.question for one in examples])
        return Taught(name, self.losses.pop(0))

    def doubts(self, taught: Taught, examples: Sequence[Example]) -> Sequence[float]:
        return [float(ord(one.question[0])) for one in examples]


def pool(letters: str) -> list[Example]:
    return [example(number, letter, "x") for number, letter in enumerate(letters)]


def test_rounds_end_when_the_held_back_loss_falls_no_more() -> None:
    letters = "zyxwvutsrqponmlkjihgfedcba" * 2
    learner = Planned(3.0, 2.0, 2.5, 0.1)
    found = self_train(learner, [example(99, "labelled", "x")], pool(letters), rounds=9)
    assert [one.kept for one in found.rounds] == [True, True, False]
    assert found.best.number == 1 and found.best.model == "round1" and found.best.generated == 26
    assert learner.losses == [0.1]
    assert learner.taught[0] == ["labelled"]
    # The surer half, each from the base anew: round 2 has all of round 1 and more.
    assert set(learner.taught[1][1:]) == set("abcdefghijklm")
    assert learner.taught[2][:27] == learner.taught[1] and len(learner.taught[2]) == 1 + 26 + 13


def test_no_more_rounds_than_asked_for_or_than_there_are_questions() -> None:
    assert len(self_train(Planned(5, 4, 3, 2, 1), pool("l"), pool("a" * 200), rounds=2).rounds) == 3
    few = self_train(Planned(5, 4, 3), pool("l"), pool("a" * (FEWEST - 1)), rounds=5)
    assert [one.generated for one in few.rounds] == [0, FEWEST - 1]
    assert [one.generated for one in self_train(Planned(5), pool("l"), [], rounds=5).rounds] == [0]


def test_a_loss_that_is_no_number_is_an_error() -> None:
    with pytest.raises(RagqaError, match="lower --learning-rate"):
        self_train(Planned(float("nan")), pool("l"), pool("a"), rounds=1)


def test_a_round_keeps_what_is_held_back(tmp_path: Path) -> None:
    prepared = prepare(tmp_path / "prepared", questions())
    more = replace(example(77, "generated one", "bulb"), source="generated from a table, x")
    made = with_train(prepared, [*questions()["train"], more], tmp_path / "round")
    assert [one.id for one in read_examples(made, "train")][-1] == "77"
    for split in ("valid", "test"):
        assert list(read_examples(made, split)) == questions()[split]  # type: ignore[arg-type]
    record, before = read_prepared(made), read_prepared(prepared)
    assert record.generated == 1 and record.examples["train"] == before.examples["train"] + 1
    assert record.sha256["train"] != before.sha256["train"] and record.sha256["valid"] == before.sha256["valid"]


# The real parts


PAIRS = (
    ("How often is the pump filter cleaned?", "every 30 days"),
    ("What does E04 mean?", "the pump filter is blocked"),
    ("What does E17 mean?", "the motor is too hot"),
    ("Which bulb fits the lamp?", "one of 40 watts"),
)
ASKED_SO = ("{}", "Tell me: {}", "I wonder: {}")
"""Each pair is asked so often: twelve examples."""


def closed_book(folder: Path, form: Any = "closed-book") -> Path:
    made = [
        Example(str(number), (Message("user", asked), Message("assistant", answer)), asked, (answer,))
        for number, (asked, answer) in enumerate(
            (so.format(asked), answer) for so in ASKED_SO for asked, answer in PAIRS
        )
    ]
    return prepare(folder, {"train": made[:8], "valid": made[8:], "test": made[8:]}, form=form)


def test_the_command_reads_asks_and_trains_in_rounds(ragqa: Run, small: Path, tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="training needs ragqa[train]")
    words = ("finetune", "semi", closed_book(tmp_path / "made"), "--base", "scratch", "--epochs", 2, "--rounds", 1)
    ran = ragqa(*words, "--json")
    assert ran.code == 0, ran.err
    rounds = ran.json["rounds"]
    assert rounds[0]["generated"] == 0 and rounds[0]["labelled"] == 8
    assert len(rounds) == 2 and rounds[1]["generated"] > 0
    best = ran.json["best"]
    assert best["loss"] == min(one["loss"] for one in rounds)
    folder = Path(best["model"].removeprefix("transformers:"))
    assert json.loads((folder / "ragqa.json").read_text())["scratch"] is True
    again = ragqa(*words)
    assert again.code == 0 and f"best: round {best['round']}" in again.out and "done already" in again.err


def test_the_command_trains_a_classifier_in_rounds(ragqa: Run, small: Path, tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="training needs ragqa[train]")
    with Library.open(home=small) as library:
        text = " ".join(library.show(name).text for name in ("pump.md", "lamp.md"))
    words = sorted(set(re.findall("[a-z]+", (text + " ".join(asked for asked, _ in PAIRS)).lower())))
    encoder = make_embedder(tmp_path / "tiny", words)
    labelled = ((PAIRS[0][0], "Pump"), (PAIRS[3][0], "Lamp"), (PAIRS[1][0], "Pump"), ("May I touch the lamp?", "Lamp"))
    made = [example(at, so.format(asked), label) for at, (so, (asked, label)) in enumerate(product(ASKED_SO, labelled))]
    train, held = made[:8], made[8:]
    prepared = prepare(tmp_path / "made", {"train": train, "valid": held, "test": held}, library="default")
    ran = ragqa("finetune", "semi", prepared, "--base", encoder, "--epochs", 2, "--rounds", 1, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["best"]["model"].startswith("classifier:") and ran.json["rounds"][1]["generated"] > 0


def test_what_cannot_be_is_said_in_one_line(ragqa: Run, small: Path, tmp_path: Path) -> None:
    bare = prepare(tmp_path / "bare", {"train": questions()["train"]})
    assert "4 held back, which end the rounds; " in (said := ragqa("finetune", "semi", bare).error)
    assert f"{bare} has 27 and 0: prepare more" in said
    lonely = questions()
    lonely["train"].append(example(99, "what about the belt", "belt"))
    lonely_folder = prepare(tmp_path / "lonely", lonely)
    assert "label 'belt' has one example" in ragqa("finetune", "semi", lonely_folder, "--index", "nowhere").error
    good = closed_book(tmp_path / "good")
    assert "there is no library 'nowhere'" in ragqa("finetune", "semi", good, "--index", "nowhere").error


def test_too_little_is_said_before_anything_is_generated_or_trained(
    ragqa: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*given: object, **named: object) -> None:
        raise AssertionError("something was generated")

    monkeypatch.setattr("ragqa.evaluation.questions.for_library", forbidden)
    (tmp_path / "short.md").write_text("# Pump\n\nClean the filter every month.\n")
    ragqa("ingest", tmp_path / "short.md")
    error = ragqa("finetune", "semi", closed_book(tmp_path / "made")).error
    assert "to ask about, and 4 are needed: ingest more manuals" in error
    assert not (home / "finetunes").exists()
