"""Classifiers of questions: trained on a tiny encoder, resumed, measured beside what is not trained."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragqa.answerers.language_model import Reply
from ragqa.answerers.prompting import Message, Prompt, Room
from ragqa.answerers.untrusted import Live
from ragqa.embedders import open_embedder
from ragqa.engine import Library
from ragqa.errors import ModelError, RagqaError
from ragqa.evaluation.report.pages import MOST_LABELS, confusion_figure, routing_page, shown_labels
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import Example, Prepared
from ragqa.finetune.routing import load_route, training
from ragqa.finetune.routing.systems import NearestPassage, NearestQuestion, Prompted, compared, measure
from ragqa.finetune.training.checkpoints import Checkpoints
from ragqa.finetune.training.job import JobFolder
from ragqa.finetune.training.loop import ProgressSink
from ragqa.prompts import load_prompts
from ragqa.types import Usage
from tests.conftest import Run
from tests.test_adapt import make_embedder
from tests.tiny_model import ANSWER, make

ABOUT = {"filter": ("filter", "rinse", "dust"), "motor": ("motor", "hot", "cool"), "bulb": ("bulb", "glass", "watts")}
ASKED = ("how do i {}", "what about the {} here", "when should i look at the {}", "is the {} broken", "why {} again")
WORDS = sorted(
    {word for ask in (*ASKED, "put in a") for word in re.findall("[a-z]+", ask)} | set(sum(ABOUT.values(), ()))
)


def example(number: int, question: str, label: str, **more: Any) -> Example:
    return Example(str(number), (Message("user", question), Message("assistant", label)), question, label=label, **more)


def prepare(folder: Path, splits: dict[str, list[Example]], library: str | None = None, form: Any = "route") -> Path:
    """Write a folder of examples as 'ragqa finetune prepare' leaves it."""
    folder.mkdir(parents=True)
    hashes = {}
    for split in ("train", "valid", "test"):
        text = "".join(one.line() + "\n" for one in splits.get(split, []))
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
        hashes[split] = hashlib.sha256(text.encode()).hexdigest()
    counts = {split: len(examples) for split, examples in splits.items()}
    labels = tuple(sorted({str(one.label) for examples in splits.values() for one in examples}))
    record = Prepared(form, 0, counts, hashes, labels=labels, library=library)
    (folder / "prepared.json").write_text(json.dumps(asdict(record)), encoding="utf-8")
    return folder


def questions() -> dict[str, list[Example]]:
    made = [
        example(number, ask.format(word), label)
        for number, (ask, (label, word)) in enumerate(
            (ask, (label, word)) for ask in ASKED for label, words in ABOUT.items() for word in words
        )
    ]
    return {"train": made[:27], "valid": made[27:36], "test": made[36:]}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_embedder(tmp_path_factory.mktemp("encoder") / "tiny", WORDS)


@pytest.fixture(scope="module")
def options(encoder: Path) -> TrainOptions:
    return TrainOptions(str(encoder), epochs=4, batch_size=8, learning_rate=3e-3)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("prepared") / "routes", questions())


def trained(prepared: Path, options: TrainOptions, job: Path, told: list[str] | None = None) -> dict[str, Any]:
    """Train as a local job does; the model lies in ``job / "model"``."""
    lines = told if told is not None else []
    return training.train(prepared, options, JobFolder(job), ProgressSink(lambda line, figures: lines.append(line)))


@pytest.fixture(scope="module")
def model(prepared: Path, options: TrainOptions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    job = tmp_path_factory.mktemp("job")
    trained(prepared, options, job)
    return job / "model"


def weights(model: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    found = {
        f"{file.relative_to(model)} {name}": value
        for file in sorted(model.rglob("*.safetensors"))
        for name, value in load_file(file).items()
    }
    assert len(found) > 5
    return found


def test_it_learns_all_its_weights_and_is_opened_from_its_folder(prepared: Path, model: Path, encoder: Path) -> None:
    router = load_route(model)
    test = questions()["test"]
    said = router.predict([one.question for one in test])
    assert sum(label == one.label for label, one in zip(said, test, strict=True)) >= len(test) - 1
    rows = router.probabilities([one.question for one in test])
    assert rows.shape == (len(test), 3) and router.labels == ("bulb", "filter", "motor")
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert router.probabilities([]).shape == (0, 3)
    before, after = weights(encoder), weights(model)
    shared = [name for name in before if name in after and "pooler" not in name and "position" not in name]
    assert len(shared) > 10 and all(not np.array_equal(before[name], after[name]) for name in shared)
    assert not list(model.rglob("*.bin")) and (model / "ragqa.json").is_file()


def test_a_record_says_what_was_trained_on_and_what_came_of_it(prepared: Path, model: Path, encoder: Path) -> None:
    record = json.loads((model / "ragqa.json").read_text())
    assert record["base"] == f"local:{encoder}" and record["labels"] == 3 and record["examples"] == 27
    assert record["data_sha256"] == json.loads((prepared / "prepared.json").read_text())["sha256"]["train"]
    losses = [line["loss"] for line in record["history"] if "loss" in line]
    assert losses[-1] < losses[0] / 2 and record["tokens"] > 27 * 4


@pytest.mark.parametrize("moment", ["between epochs", "while a checkpoint is written"])
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(
    moment: str, prepared: Path, options: TrainOptions, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = Checkpoints.write, list[int]()

    def stop(self: Checkpoints, step: int, *given: Any) -> None:
        written.append(step)
        if moment == "between epochs" or len(written) < 2:
            write(self, step, *given)
        else:
            (self.folder / ".making").mkdir()
        if len(written) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            trained(prepared, options, tmp_path)
    assert not (tmp_path / "model").exists()
    told: list[str] = []
    trained(prepared, options, tmp_path, told)
    steps = [int(re.findall(r"step (\d+) of", line)[0]) for line in told]
    assert min(steps) > written[1 if moment == "between epochs" else 0]
    undisturbed, taken_up = weights(model), weights(tmp_path / "model")
    assert undisturbed.keys() == taken_up.keys()
    for name, value in undisturbed.items():
        np.testing.assert_array_equal(value, taken_up[name], err_msg=name)


def test_training_ends_when_held_back_questions_gain_no_more(
    prepared: Path, options: TrainOptions, tmp_path: Path
) -> None:
    record = trained(prepared, replace(options, epochs=60), tmp_path)
    assert record["epochs"] == record["best_epoch"] + training.PATIENCE < 60


def test_what_cannot_be_trained_is_said_in_one_line(
    prepared: Path, options: TrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(folder: Path, options: TrainOptions = options) -> str:
        with pytest.raises(RagqaError) as caught:
            trained(folder, options, tmp_path / "job")
        assert "\n" not in str(caught.value) and not (tmp_path / "job" / "model").exists()
        return str(caught.value)

    lonely = questions()
    lonely["train"].append(example(99, "what about the belt", "belt"))
    assert "label 'belt' has one example" in said(prepare(tmp_path / "lonely", lonely))
    one = {"train": [example(1, "what about the bulb", "bulb"), example(2, "bulb", "bulb")]}
    assert "two labels or more" in said(prepare(tmp_path / "one", one))
    assert "form route" in said(prepare(tmp_path / "other", questions(), form="closed-book"))
    assert "not from scratch" in said(prepared, replace(options, base="scratch"))
    assert "choose a --learning-rate below" in said(prepared, replace(options, learning_rate=1e30))
    monkeypatch.setattr("safetensors.torch.save_file", full)
    assert "the disk is full" in said(prepared)


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_folder_that_is_no_classifier_is_said_to_be_none(encoder: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no route\.json"):
        load_route(encoder)
    (tmp_path / "route.json").write_text((model / "route.json").read_text())
    with pytest.raises(ModelError, match=r"lacks head\.safetensors"):
        load_route(tmp_path)


# What needs no training


@pytest.fixture
def library(small: Path) -> Any:
    with Library.open(home=small) as library:
        yield library


def test_the_nearest_passage_has_the_label_of_its_heading_its_document_or_its_neighbours(library: Library) -> None:
    asked = ["How often is the pump filter cleaned?", "How do I replace the bulb?"]
    by_heading = [example(1, "a", "Cleaning"), example(2, "b", "Lamp > Changing the bulb")]
    assert NearestPassage(library, by_heading).predict(asked) == ["Cleaning", "Lamp > Changing the bulb"]
    by_document = [example(1, "a", "pump.md"), example(2, "b", "lamp.md")]
    assert NearestPassage(library, by_document).predict(asked) == ["pump.md", "lamp.md"]
    by_title = [example(1, "a", "Pump"), example(2, "b", "Lamp")]
    assert NearestPassage(library, by_title).predict(asked) == ["Pump", "Lamp"]
    by_neighbour = [example(1, "a", "water", document="pump.md"), example(2, "b", "light", document="lamp.md")]
    assert NearestPassage(library, by_neighbour).predict(asked) == ["water", "light"]
    assert NearestPassage(library, [example(1, "a", "elsewhere")]).predict(asked) == [None, None]


def test_without_a_library_the_nearest_question_says_the_label() -> None:
    train = [example(1, "How do I clean the filter?", "care"), example(2, "Where do I buy a spare part?", "parts")]
    nearest = NearestQuestion(open_embedder(None), train)
    assert nearest.predict(["Ordering spare parts", "The filter is dirty"]) == ["parts", "care"]


class Parrot:
    """A language model that gives the replies it was given, and keeps what it was asked."""

    spec = "parrot"

    def __init__(self, *replies: str, context: int = 4096) -> None:
        self.replies, self.asked, self._context = list(replies), list[str](), context

    def room(self) -> Room:
        return Room(self._context, 100, specials=("<|end|>",))

    def complete(self, prompt: Prompt, n: int, hearer: Live | None) -> Reply:
        self.asked.append(prompt.messages[-1].content)
        return Reply((self.replies.pop(0),), (False,), Usage(10, 2, cost_usd=0.5))


def test_a_model_is_shown_the_labels_and_taken_at_its_word() -> None:
    parrot = Parrot("Care", '"spare parts".', "<think>care?</think>\n**Care**", "I think it is Care", "", "care parts")
    prompted = Prompted(parrot, load_prompts(), ["Care", "Spare parts"])
    said = prompted.predict(["one", "two", "three", "four", "five", "{labels} <|end|>"])
    assert said == ["Care", "Spare parts", "Care", None, None, None]
    assert "\nCare\nSpare parts\n" in parrot.asked[0] and "\none\n" in parrot.asked[0]
    assert "{labels} < |end|>" in parrot.asked[-1]
    assert prompted.usage == Usage(60, 12, cost_usd=3.0)


def test_more_labels_than_a_model_reads_are_refused_before_it_is_asked() -> None:
    parrot = Parrot(context=512)
    with pytest.raises(RagqaError, match=r"300 labels take .* parrot has room for 348"):
        Prompted(parrot, load_prompts(), [f"label number {number}" for number in range(300)])
    assert parrot.asked == []


# What is shown


class Fixed:
    def __init__(self, *said: str | None) -> None:
        self.said = said

    def predict(self, questions: Any) -> Any:
        return self.said


def test_systems_are_compared_on_the_same_questions() -> None:
    gold = ["a", "b"] * 40
    good, bad = (measure(name, Fixed(*said), gold, gold) for name, said in (("good", gold), ("bad", ["a", None] * 40)))
    (apart,) = compared([good, bad])
    assert apart.told().startswith("macro-F1: good is better than bad by .500")
    shown = routing_page([good, bad], [apart.told()], "ragqa finetune route <x>")
    assert shown.count("<svg") == 2 and "No label was given to 40 questions" in shown and "&lt;x&gt;" in shown


def test_a_matrix_shows_each_count_and_no_label_becomes_a_tag() -> None:
    evil = '<script>alert(1)</script>"'
    drawn = confusion_figure([evil, evil, "b"], [evil, "b", None], "Told & shown").drawing
    assert "<script" not in drawn and "&lt;script&gt;" in drawn and "Told &amp; shown" in drawn
    assert re.findall(r">(\d+)</text>", drawn) == ["1", "1", "1"]
    from xml.etree import ElementTree

    ElementTree.fromstring(drawn)


def test_of_many_labels_the_most_confused_are_shown() -> None:
    gold = [f"label {number:03}" for number in range(300)]
    said: list[str | None] = [*gold]
    said[250], said[299] = gold[7], None
    labels = shown_labels(gold, said)
    assert len(labels) == MOST_LABELS and {gold[250], gold[7], gold[299]} <= set(labels)
    assert "the 40 most confused of 300 labels" in confusion_figure(gold, said, "many").drawing


# The command


def test_the_command_measures_what_it_is_given(ragqa: Run, prepared: Path, model: Path, tmp_path: Path) -> None:
    ran = ragqa("finetune", "route", prepared, "--model", model, "--report", tmp_path / "report", "--json")
    assert ran.code == 0, ran.err
    first, second = ran.json["systems"]
    assert first["system"].startswith("classifier from local:") and second["system"] == "nearest question"
    assert first["metrics"]["macro_f1"]["mean"] > 0.8 and first["train_seconds"] > 0 and second["train_seconds"] is None
    assert ran.json["questions"] == 9 and ran.json["labels"] == 3 and len(ran.json["differences"]) == 1
    assert "<svg" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    ran = ragqa("finetune", "route", prepared, "--model", f"classifier:{model}", "--json")
    assert ran.json["systems"][0]["system"] == first["system"]
    ran = ragqa("finetune", "route", prepared)
    assert ran.code == 0 and "9 questions of 3 labels" in ran.out and "nearest question" in ran.out


def test_the_command_searches_the_library_of_the_questions(ragqa: Run, small: Path, tmp_path: Path) -> None:
    splits = {
        "train": [example(1, "How warm may the pump be?", "Pump"), example(2, "Which bulb fits the lamp?", "Lamp")],
        "test": [example(3, "May I use solvents?", "Pump"), example(4, "Is the glass unscrewed?", "Lamp")],
    }
    ran = ragqa("finetune", "route", prepare(tmp_path / "made", splits, library="default"), "--json")
    (only,) = ran.json["systems"]
    assert only["system"] == "nearest passage" and only["metrics"]["accuracy"]["mean"] == 1


def test_the_command_asks_a_real_model_by_prompt_alone(ragqa: Run, tmp_path: Path) -> None:
    train = [example(1, "how often", ANSWER), example(2, "which bulb", "bulb")]
    test = [example(3, "when do I clean it", ANSWER), example(4, "the bulb", "bulb"), example(5, "and then", ANSWER)]
    prepared = prepare(tmp_path / "made", {"train": train, "test": test})
    ran = ragqa("finetune", "route", prepared, "--chat", f"transformers:{make(tmp_path / 'model')}", "--json")
    assert ran.code == 0, ran.err
    nearest, asked = ran.json["systems"]
    assert asked["system"].endswith("prompt only") and asked["cost_usd"] == 0 and asked["without_label"] == 0
    assert asked["metrics"]["accuracy"]["mean"] == pytest.approx(2 / 3, abs=1e-5)
    assert nearest["system"] == "nearest question"


def test_the_command_says_what_it_cannot_do(ragqa: Run, prepared: Path, tmp_path: Path) -> None:
    assert "run that first" in ragqa("finetune", "route", tmp_path).error
    assert "holds no route.json" in ragqa("finetune", "route", prepared, "--model", tmp_path).error
    assert "--chat should name a language model" in ragqa("finetune", "route", prepared, "--chat", "extractive").err
