"""Local training, for real, on models of a few thousand weights: what is learned, kept, and never half there."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("peft", reason="local training needs ragqa[train]")

from ragqa.answerers import ChatOptions
from ragqa.answerers.prompting import Message, Prompt
from ragqa.answerers.transformers import LocalModel
from ragqa.errors import ModelError, RagqaError
from ragqa.finetune import open_provider
from ragqa.finetune.jobs import TrainOptions, jobs_folder
from ragqa.finetune.local import LocalProvider, bases, continue_pretraining, train_local
from ragqa.finetune.training import job as job_module
from ragqa.finetune.training import loop
from ragqa.finetune.training.job import JobFolder
from ragqa.plain_files import made_whole
from ragqa.settings import Settings
from tests.finetune_local import PARTS, examples, prepare, question, tiny_gpt2

FULL = {"method": "full", "learning_rate": 3e-3}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scratch model, small enough for seconds, and told of at each step."""
    monkeypatch.setattr(bases, "LAYERS", 2)
    monkeypatch.setattr(bases, "WIDTH", 64)
    monkeypatch.setattr(bases, "VOCABULARY", 400)
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def answers(model: str, count: int) -> list[str]:
    """What the trained model says to the questions that it saw."""
    asked = LocalModel(Path(model.removeprefix("transformers:")), ChatOptions(), model)
    prompts = [Prompt((Message("user", question(part)),), answer_tokens=30) for part in PARTS[:count]]
    return [asked.complete(prompt, 1, None).texts[0].strip() for prompt in prompts]


def error_of(prepared: Path, options: TrainOptions, settings: Settings) -> str:
    with pytest.raises(RagqaError) as raised:
        train_local(prepared, options, settings, lambda line: None)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_model_from_nothing_gives_back_what_it_was_taught(tmp_path: Path, settings: Settings) -> None:
    told: list[str] = []
    local = open_provider("local", settings)
    prepared = prepare(tmp_path / "data", examples(), examples(2))
    job = local.create(prepared, TrainOptions("scratch", suffix="parts"), told.append)
    assert job.state == "succeeded" and job.model and job.id.startswith("parts-")
    assert answers(job.model, 12) == [example.answers[0] for example in examples()]
    folder = Path(job.model.removeprefix("transformers:"))
    record = json.loads((folder / "ragqa.json").read_text())
    assert record["scratch"] and record["form"] == "closed-book" and record["base"] == "scratch"
    assert record["loss"][-1][1] < record["loss"][0][1] / 10 and record["tokens"] == job.trained_tokens
    assert record["valid_loss"] == record["valid"][-1][1]
    ElementTree.parse(folder / "loss.svg")
    assert any("loss" in line and "tokens/s" in line for line in told)
    events = list(local.events(job.id))
    assert events[-1].message.startswith("done") and any("train_loss" in event.figures for event in events)
    assert list(local.models()) == [job.model] and local.status(job.id) == job
    assert local.create(prepared, TrainOptions("scratch", suffix="parts"), told.append) == job
    assert "done already" in told[-1]


def test_adapters_are_merged_into_a_whole_model(tmp_path: Path, settings: Settings) -> None:
    from safetensors.numpy import load_file

    base = tiny_gpt2(tmp_path / "base")
    before = load_file(base / "model.safetensors")
    options = TrainOptions(str(base), epochs=30, learning_rate=2e-2, method="lora")
    job = train_local(prepare(tmp_path / "data", examples()), options, settings, lambda line: None)
    assert job.model
    folder = Path(job.model.removeprefix("transformers:"))
    after = load_file(folder / "model.safetensors")
    assert set(after) == set(before)
    changed = {name for name in after if (after[name] != before[name]).any()}
    assert changed and all("attn" in name or "mlp" in name for name in changed)
    record = json.loads((folder / "ragqa.json").read_text())
    assert record["method"] == "lora" and not record["scratch"]
    assert record["loss"][-1][1] < record["loss"][0][1] / 2
    assert answers(job.model, 1)


def test_training_by_held_back_loss_ends_early_and_keeps_the_best(tmp_path: Path, settings: Settings) -> None:
    base = tiny_gpt2(tmp_path / "base")
    prepared = prepare(tmp_path / "data", examples()[:8], examples()[8:], form="context")
    job = train_local(prepared, TrainOptions(str(base), epochs=200, **FULL), settings, lambda line: None)
    assert job.model
    record = json.loads((Path(job.model.removeprefix("transformers:")) / "ragqa.json").read_text())
    assert record["epochs"] < 200
    assert record["valid_loss"] == min(loss for _, loss in record["valid"]) < record["valid"][-1][1]


def test_a_base_that_is_none_is_refused_in_one_line(tmp_path: Path, settings: Settings) -> None:
    from transformers import BertConfig, BertForMaskedLM

    prepared = prepare(tmp_path / "data", examples())
    bert = tmp_path / "bert"
    BertForMaskedLM(
        BertConfig(vocab_size=10, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    ).save_pretrained(bert)
    assert "BertForMaskedLM" in error_of(prepared, TrainOptions(str(bert)), settings)
    assert "hf download" in error_of(prepared, TrainOptions("nobody/nothing"), settings)
    assert "no folder" in error_of(prepared, TrainOptions(str(tmp_path / "absent")), settings)
    assert not jobs_folder(settings).exists()


def test_a_loss_that_is_no_number_ends_it_and_leaves_no_model(tmp_path: Path, settings: Settings) -> None:
    base = tiny_gpt2(tmp_path / "base")
    prepared = prepare(tmp_path / "data", examples())
    error = error_of(prepared, TrainOptions(str(base), method="full", learning_rate=1e30), settings)
    assert "--learning-rate" in error
    (job,) = LocalProvider(settings).jobs()
    assert job.state == "failed" and job.error == error and job.model is None
    assert not list(LocalProvider(settings).models()) and not (jobs_folder(settings) / job.id / "model").exists()


def test_a_full_disk_is_said_and_the_same_command_goes_on(tmp_path: Path, settings: Settings) -> None:
    resource = pytest.importorskip("resource")
    base = tiny_gpt2(tmp_path / "base")
    prepared, options = prepare(tmp_path / "data", examples()), TrainOptions(str(base), epochs=4, **FULL)
    lifted = resource.getrlimit(resource.RLIMIT_FSIZE)
    written: list[str] = []

    def fill_up(line: str) -> None:
        written.append(line)
        if "step 2 of" in line:  # the first checkpoint stands
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, lifted[1]))

    try:
        with pytest.raises(RagqaError, match="the disk is full"):
            train_local(prepared, options, settings, fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, lifted)
    (job,) = LocalProvider(settings).jobs()
    folder = jobs_folder(settings) / job.id
    assert job.state == "failed" and not (folder / "model").exists()
    assert [one.name for one in (folder / "checkpoints" / "learning").glob("*checkpoint*")] == ["checkpoint-1"]
    assert train_local(prepared, options, settings, written.append).state == "succeeded"


def test_a_job_that_is_cancelled_goes_on_when_it_is_created_again(tmp_path: Path, settings: Settings) -> None:
    base = tiny_gpt2(tmp_path / "base")
    prepared, options = prepare(tmp_path / "data", examples()), TrainOptions(str(base), epochs=10, **FULL)

    def interrupt(line: str) -> None:
        if "step 3 of" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_local(prepared, options, settings, interrupt)
    (job,) = LocalProvider(settings).jobs()
    assert job.state == "cancelled" and job.error and "same command" in job.error
    done = LocalProvider(settings).create(prepared, options, lambda line: None)
    assert done.id == job.id and done.state == "succeeded" and done.created_at == job.created_at
    steps = [event.figures["step"] for event in LocalProvider(settings).events(job.id) if "step" in event.figures]
    assert steps == sorted(steps) and steps[-1] == 10  # nothing was trained twice


def test_another_process_may_cancel(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOOK_EVERY", 0.0)
    base = tiny_gpt2(tmp_path / "base")
    prepared, options = prepare(tmp_path / "data", examples()), TrainOptions(str(base), epochs=10, **FULL)

    def ask_to_stop(line: str) -> None:
        if "step 2 of" in line:
            (job,) = LocalProvider(settings).jobs()
            assert job.state == "running"
            JobFolder(jobs_folder(settings) / job.id).request_cancellation()

    job = train_local(prepared, options, settings, ask_to_stop)
    assert job.state == "cancelled" and job.model is None and LocalProvider(settings).status(job.id) == job
    assert train_local(prepared, options, settings, lambda line: None).state == "succeeded"


def test_one_job_is_trained_by_one_process(tmp_path: Path, settings: Settings) -> None:
    prepared, base = prepare(tmp_path / "data", examples()), tiny_gpt2(tmp_path / "base")
    options = TrainOptions(str(base), epochs=2, **FULL)
    errors: list[str] = []

    def again(line: str) -> None:
        if "begins" in line:
            errors.append(error_of(prepared, options, settings))

    assert train_local(prepared, options, settings, again).state == "succeeded"
    assert len(errors) == 1 and "another process" in errors[0]


def test_a_library_is_read_before_the_examples(tmp_path: Path, settings: Settings) -> None:
    from ragqa.engine import Library

    manual = tmp_path / "pump.md"
    manual.write_text("# Pump\n\nThe pump stands in the cellar. Clean it every 30 days with warm water.\n")
    with Library.open("pumps", create=True, home=settings.home) as library:
        library.ingest([manual])
    prepared = prepare(tmp_path / "data", examples(4))
    options = TrainOptions("scratch", epochs=2, read_library="pumps")
    job = train_local(prepared, options, settings, lambda line: None)
    assert job.model
    folder = Path(job.model.removeprefix("transformers:"))
    read = json.loads((folder / "ragqa.json").read_text())["read"]
    assert read["curve"][-1][1] < read["curve"][0][1]
    assert read["tokens"] > 8 * 10  # eight times over
    assert "no library" in error_of(prepared, TrainOptions("scratch", read_library="absent"), settings)


def test_a_classifier_is_a_job_like_any_other(tmp_path: Path, settings: Settings) -> None:
    from ragqa.finetune.routing import load_route
    from tests import test_routing

    prepared = test_routing.prepare(tmp_path / "data", test_routing.questions())
    encoder = test_routing.make_embedder(tmp_path / "tiny", test_routing.WORDS)
    job = train_local(prepared, TrainOptions(str(encoder), epochs=1), settings, lambda line: None)
    assert job.form == "route" and job.model and job.model.startswith("classifier:")
    folder = Path(job.model.removeprefix("classifier:"))
    assert json.loads((folder / "ragqa.json").read_text())["form"] == "route" and load_route(folder)
    assert list(LocalProvider(settings).models()) == [job.model]


def test_out_of_memory_says_what_to_do(tmp_path: Path) -> None:
    import torch

    with pytest.raises(RagqaError, match="--batch-size") as raised, loop.one_line_errors(tmp_path):
        torch.empty(2**60)
    assert "\n" not in str(raised.value)


def test_without_the_extra_it_is_named(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "find_spec", lambda name: None)
    prepared = prepare(tmp_path / "data", examples())
    assert "pip install 'ragqa[train]'" in error_of(prepared, TrainOptions("scratch"), settings)


def test_examples_that_are_too_long_are_left_out_and_counted(tmp_path: Path, settings: Settings) -> None:
    from dataclasses import replace

    base = tiny_gpt2(tmp_path / "base")
    long = replace(examples()[0], messages=(Message("user", "pump " * 200), Message("assistant", "no")))
    prepared = prepare(tmp_path / "data", [*examples(), long])
    told: list[str] = []
    job = train_local(prepared, TrainOptions(str(base), epochs=1, **FULL), settings, told.append)
    assert job.model and any("longer" in line and "1 of 13" in line for line in told)
    assert json.loads((Path(job.model.removeprefix("transformers:")) / "ragqa.json").read_text())["left_out"] == 1
    assert "--max-tokens" in error_of(prepared, TrainOptions(str(base), max_tokens=3), settings)


def test_a_folder_of_examples_that_was_changed_is_refused(tmp_path: Path, settings: Settings) -> None:
    prepared = prepare(tmp_path / "data", examples())
    (prepared / "train.jsonl").write_text("{}\n")
    assert "make the folder anew" in error_of(prepared, TrainOptions("scratch"), settings)
    assert "prepare" in error_of(tmp_path, TrainOptions("scratch"), settings)
    assert "no example" in error_of(prepare(tmp_path / "empty", []), TrainOptions("scratch"), settings)


def test_a_model_that_has_read_text_is_a_base(tmp_path: Path, settings: Settings) -> None:
    texts = ["The pump stands in the cellar. It is cleaned every month.", "The lamp stands in the hall."]
    out = continue_pretraining("scratch", texts, tmp_path / "read", epochs=2)
    record = json.loads((out / "ragqa.json").read_text())
    assert record["scratch"] and record["read"]["epochs"] == 2
    assert sorted(file.suffix for file in out.iterdir()) == [".json"] * 5 + [".safetensors", ".svg"]
    job = train_local(prepare(tmp_path / "data", examples(4)), TrainOptions(str(out), epochs=2), settings, print)
    assert job.model
    trained = json.loads((Path(job.model.removeprefix("transformers:")) / "ragqa.json").read_text())
    assert trained["scratch"] and trained["method"] == "full"
    with pytest.raises(RagqaError, match="is there already"):
        continue_pretraining("scratch", texts, out, epochs=1)


def test_a_prompt_that_the_small_model_cannot_read_is_said(tmp_path: Path) -> None:
    asked = LocalModel(tiny_gpt2(tmp_path / "base"), ChatOptions(), "transformers:base")
    with pytest.raises(ModelError, match="reads 128 tokens"):
        asked.complete(Prompt((Message("user", "pump " * 200),), answer_tokens=5), 1, None)


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(ValueError), made_whole(tmp_path / "model") as making:
        (making / "part").write_text("half")
        raise ValueError
    assert not list(tmp_path.iterdir())


def test_an_id_that_is_none_is_refused(settings: Settings) -> None:
    for name in ("../x", "nothing"):
        with pytest.raises(RagqaError, match="ragqa finetune list"):
            LocalProvider(settings).status(name)
