"""What unlabelled text adds at each share of the labels: nested shares, kept answers, a reader that judges drafts."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import continue_pretraining
from ragqa.finetune.local.bases import find_base, load_base
from ragqa.finetune.records import read_examples
from ragqa.finetune.semi import CurveOptions, SemiOptions, measure_curve, percents_of, semi_supervised
from ragqa.finetune.semi import curve as curve_module
from ragqa.finetune.semi.asking import Reply, ask_all
from ragqa.finetune.semi.cloze import cloze_questions, clozes
from ragqa.finetune.semi.curve import Cell, share_of, take_share, worth
from ragqa.finetune.semi.pseudo import agreed
from ragqa.settings import Settings, load_settings
from ragqa.types import Block, Document
from tests import tiny_model
from tests.conftest import Run
from tests.finetune_local import tiny_gpt2
from tests.test_routing import example
from tests.test_semi import closed_book

pytestmark = pytest.mark.usefixtures("trainable")


@pytest.fixture
def trainable() -> None:
    pytest.importorskip("accelerate", reason="training needs ragqa[train]")


@pytest.fixture
def settings(small: Path) -> Settings:
    return replace(load_settings({"home": small}), max_tokens=6)


def examples(count: int) -> list[Any]:
    return [example(number, f"question {number}", "x", answers=(f"answer {number}",)) for number in range(count)]


def test_a_smaller_share_is_a_part_of_a_larger_one() -> None:
    all_of_them = examples(41)
    shares = [take_share(all_of_them, percent, 3) for percent in (10, 25, 50, 100)]
    assert [len(one) for one in shares] == [5, 11, 21, 41] and shares[-1] == all_of_them
    for small, large in pairwise(shares):
        assert {one.id for one in small} < {one.id for one in large}
    assert take_share(all_of_them, 10, 4) != shares[0]


@pytest.mark.parametrize("text", ["", "ten", "50,10", "10,10", "0,50", "50,101"])
def test_shares_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(RagqaError, match="from 1 to 100, rising"):
        percents_of(text)


def test_what_a_reader_answers_otherwise_or_was_not_asked_is_not_learned() -> None:
    pool = [replace(one, answers=("every 30 days",)) for one in examples(4)]
    said = ["every thirty days", "once a year", ""]
    replies = [Reply(str(number), text, not text, 1.0) for number, text in enumerate(said)]
    assert [one.id for one in agreed(pool, replies)] == ["0"]


def test_a_gap_in_a_sentence_is_asked_for_by_the_word_of_its_kind() -> None:
    found = dict(clozes("The treaty was signed by the delegates of Prussia in March 1871."))
    assert found["When the treaty was signed by the delegates of Prussia?"] == "March 1871"
    assert found["Who or what the treaty was signed by the delegates of in March 1871?"] == "Prussia"
    (asked,) = clozes("Every filter of the pump lasts about 40 hours.")
    assert asked == ("How many hours every filter of the pump lasts about?", "40")
    long = "After the war had ended the town grew, and it was renamed by its council to Newbridge, which many disliked."
    assert [asked for asked, _ in clozes(long)] == ["Who or what it was renamed by its council to?"]
    assert not list(clozes("Clean it.")) and not list(clozes("The pump is clean."))


def test_prose_without_a_heading_or_table_gives_cloze_questions_about_its_own_place() -> None:
    text = "The treaty was signed by the delegates of Prussia in March 1871. " * 2
    document = Document("treaty.txt", "Treaty", "text/plain", "", text, (Block("paragraph", 0, len(text)),))
    found = cloze_questions([document], 3, 0)
    assert found and all(one.origin == "cloze" and one.answer in one.evidence for one in found)
    assert all(text[one.source.place :].startswith("The treaty") for one in found)
    assert cloze_questions([document], 3, 0) == found and cloze_questions([document], 0, 0) == []


def test_a_cell_is_worth_what_its_answers_hold() -> None:
    asked = [replace(one, answers=("30 days",)) for one in examples(3)]
    replies = [Reply("0", "30 days", False, 1.0), Reply("1", "", True, 1.0)]
    replies.append(Reply("2", "After days", False, 1.0))
    contained, f1, refused = worth(asked, replies)
    assert contained == (1.0, 0.0, 0.0) and f1 == (1.0, 0.0, 0.5) and refused == pytest.approx(1 / 3)
    cell = Cell(10, False, 5, 0, 1.0, 1.0, "m", contained, f1, refused)
    other = replace(cell, unlabelled=True, contained=(1.0, 1.0, 1.0))
    assert share_of(cell, other, 0).contained.mean == pytest.approx(2 / 3)


def test_answers_are_asked_once_and_time_ends_them(settings: Settings, tmp_path: Path) -> None:
    spec, file = f"transformers:{tiny_model.make(tmp_path / 'model')}", tmp_path / "answers.jsonl"
    questions = [replace(one, question=f"How often is the pump filter cleaned, {one.id}?") for one in examples(12)]
    said = ask_all(questions[:3], spec, settings, file)
    assert [one.id for one in said] == ["0", "1", "2"] and all("Every 40 hours" in one.text for one in said)
    assert all(one.seconds > 0 and "[" not in one.text for one in said)
    with file.open("a") as lines:
        lines.write('{"id": "3", "te')  # a kill tore it
    again = ask_all(questions, spec, settings, file, seconds=0.0)
    assert again[:3] == said and len(again) == 8  # the fewest that tell anything


def test_a_pretrained_base_reads_by_adapters_that_are_merged(tmp_path: Path) -> None:
    import torch

    base = tiny_gpt2(tmp_path / "base")
    texts = ["The pump stands in the cellar. It is cleaned every month.", "The lamp stands in the hall."] * 20
    out = continue_pretraining(str(base), texts, tmp_path / "read", epochs=3)
    record = json.loads((out / "ragqa.json").read_text())
    assert record["method"] == "lora" and not record["scratch"]
    curve = record["read"]["curve"]
    assert len(curve) > 2 and "<svg" in (out / "loss.svg").read_text()
    before, after = (load_base(find_base(str(folder)), half=False)[0].state_dict() for folder in (base, out))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def measured(prepared: Path, settings: Settings, told: list[str], **options: Any) -> curve_module.Curve:
    given = TrainOptions(**{"base": "scratch", "epochs": 2, **options})
    shares, asked = CurveOptions((50, 100)), SemiOptions(count=20)
    return measure_curve(prepared, given, settings, shares, asked, notice=told.append)


def test_a_stopped_curve_goes_on_where_it_was(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, whole = closed_book(tmp_path / "made"), curve_module.ask_all
    calls: list[str] = []

    def stopped(examples: Any, spec: str, *rest: Any) -> Any:
        calls.append(spec)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(examples, spec, *rest)

    monkeypatch.setattr(curve_module, "ask_all", stopped)
    with pytest.raises(KeyboardInterrupt):
        measured(prepared, settings, [])
    monkeypatch.setattr(curve_module, "ask_all", whole)
    (file,) = settings.indexes().parent.glob("semi/*/curve.json")
    kept = json.loads(file.read_text())
    assert [(one["percent"], one["unlabelled"]) for one in kept["cells"]] == [(50, False), (50, True)]
    told: list[str] = []
    found = measured(prepared, settings, told)
    assert sum("done already" in line for line in told) == 3
    assert json.loads(json.dumps(found.record()))["cells"][:2] == kept["cells"]
    counts = [(cell.labelled, bool(cell.generated)) for cell in found.cells]
    assert counts == [(4, False), (4, True), (8, False), (8, True)]
    assert found.reading and found.reading["curve"] and found.questions == 4
    for name in ("curve.json", "curve.svg", "reading-loss.svg"):
        assert (found.folder / name).is_file()
    picture = (found.folder / "curve.svg").read_text()
    assert "labels alone" in picture and "with the text" in picture and picture.count("opacity: 0.16") == 2


def test_passages_stand_before_generated_questions_of_the_form_context(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragqa.finetune.semi.pseudo.AGREES", 0.0)
    prepared, base = closed_book(tmp_path / "made", form="context"), str(tiny_model.make(tmp_path / "model"))
    told: list[str] = []
    found = measured(prepared, settings, told, base=base, epochs=1, minutes=2.0)
    assert any("generated questions read are answered" in line for line in told)
    generated = [one for one in read_examples(found.folder / "with-100", "train") if one.source.startswith("generated")]
    assert len(generated) == found.cells[-1].generated > 0
    assert all("BEGIN PASSAGE" in one.messages[-2].content for one in generated)
    labelled = {one.question for one in read_examples(found.folder / "without-50", "train")}
    assert labelled < {one.question for one in read_examples(found.folder / "with-50", "train")}
    with Library.open(settings=settings) as library:
        assert all(one.document in {stored.name for stored in library.documents()} for one in generated)


def test_rounds_of_the_form_context_learn_what_the_taught_reader_answers_too(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, base = closed_book(tmp_path / "made", form="context"), str(tiny_model.make(tmp_path / "model"))
    options, asked, told = TrainOptions(base, epochs=1), SemiOptions(count=8, rounds=1), list[str]()
    found = semi_supervised(prepared, options, settings, asked, told.append)
    assert [one.generated for one in found.rounds] == [0] and any(
        "0 of" in line and "drafts say" in line for line in told
    )
    monkeypatch.setattr("ragqa.finetune.semi.pseudo.AGREES", 0.0)
    found = semi_supervised(prepared, options, settings, asked, told.append)
    assert found.rounds[1].generated > 0 and "done already" in " ".join(told)


def test_the_command_prints_the_curve(ragqa: Run, small: Path, tmp_path: Path) -> None:
    prepared = closed_book(tmp_path / "made")
    words = ("finetune", "semi", prepared, "--curve", "100", "--epochs", 1, "--max-tokens", 4, "--limit", 2)
    ran = ragqa(*words)
    assert ran.code == 0, ran.err
    assert "labels alone" in ran.out and "with the text" in ran.out and "100 % of the labels" in ran.out
    assert "left out: 2 of 4 test questions asked" in ran.out
    shown = ragqa(*words, "--json").json
    assert [one["percent"] for one in shown["added"]] == [100] and shown["questions"] == 2
    assert "is of the form route" in ragqa("finetune", "semi", _route(tmp_path), "--curve", "50").error
    assert "less than 2" in ragqa("finetune", "semi", prepared, "--curve", "5").error


def _route(folder: Path) -> Path:
    from tests.test_routing import prepare, questions

    return prepare(folder / "route", questions())
