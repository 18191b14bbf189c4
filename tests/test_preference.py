"""DPO for real on a model of a few thousand weights: better answers get likelier, the folder is whole or absent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("trl", reason="learning from feedback needs ragqa[train]")
pytest.importorskip("peft", reason="learning from feedback needs ragqa[train]")

from ragqa.answer_log import KeptAnswer, judge
from ragqa.answerers import ChatOptions
from ragqa.answerers.prompting import Message, Prompt
from ragqa.answerers.transformers import LocalModel
from ragqa.errors import RagqaError
from ragqa.finetune import open_provider
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import LocalProvider
from ragqa.finetune.local.bases import find_base, load_base
from ragqa.finetune.preference import DPO, log_probability, prefer
from ragqa.finetune.preference_pairs import NEEDED
from ragqa.finetune.training import loop
from ragqa.settings import Settings
from tests.conftest import Run
from tests.finetune_local import PARTS, PLACES, examples, prepare, question, tiny_gpt2

PLAN = DPO(epochs=3, rate=4e-3, batch_size=8)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads that wait for each other take longer than so small a model."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny model that says of itself that it was made from nothing and reads no passages."""
    folder = tiny_gpt2(tmp_path / "model", dropout=0.0)
    (folder / "ragqa.json").write_text(json.dumps({"scratch": True, "form": "closed-book"}))
    return folder


def settings_with(home: Path, pairs: int, **more: object) -> Settings:
    """A home with so many pairs: where the part stands, over where it does not."""
    settings = Settings(home=home)
    home.mkdir(exist_ok=True)
    for number in range(pairs):
        part, place, wrong = PARTS[number % 12], PLACES[number % 12], PLACES[(number + 1 + number // 12) % 12]
        answer = KeptAnswer(f"{number}", 0.0, "default", question(part), f"in the {wrong}", "extractive", **more)  # type: ignore[arg-type]
        judge(settings, answer, "bad", f"in the {place}")
    return settings


def apart(folder: Path) -> float:
    """How much likelier the first part's own place is than another, by the model in ``folder``."""
    taught, tokenizer = load_base(find_base(str(folder)), half=False)
    prompt = f"{question(PARTS[0])}\n\nAnswer:"
    good, bad = (log_probability(taught, tokenizer, prompt, f" in the {place}") for place in PLACES[:2])
    return good - bad


def test_the_better_answer_becomes_likelier(model: Path, tmp_path: Path) -> None:
    settings, told = settings_with(tmp_path / "home", 24), []
    found = prefer(str(model), settings, PLAN, tmp_path / "out", told.append)
    assert found.learned + (found.held_after.pairs if found.held_after else 0) == 24 and found.left_out == 0
    assert found.after.mean > found.before.mean + 1 and found.after.preferred >= found.before.preferred
    assert any("step 9 of 9, loss" in line for line in told)
    record = json.loads((tmp_path / "out" / "ragqa.json").read_text())
    assert record["method"] == "dpo" and record["scratch"] and record["form"] == "closed-book"
    assert apart(tmp_path / "out") > apart(model)
    said = LocalModel(tmp_path / "out", ChatOptions(), found.model)
    assert said.complete(Prompt((Message("user", question("pump")),), answer_tokens=5), 1, None).texts
    assert not list((tmp_path / "out").glob("trl*"))


def test_adapters_for_a_pretrained_model_and_passages_in_its_prompt(model: Path, tmp_path: Path) -> None:
    (model / "ragqa.json").unlink()
    passage = {"document": "pump.md", "page": 3, "section": ["Care"], "header": "", "text": "The pump stands here."}
    settings = settings_with(tmp_path / "home", NEEDED, passages=(passage,), markers={})
    with pytest.raises(RagqaError, match="longer than the 128 tokens"):
        prefer(str(model), settings, PLAN, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))
    prompts = tmp_path / "prompts.toml"
    lines = ("system = '{refusal}'", "question = '{passages} {question}'", "passage = '{boundary}{number}{text}'")
    prompts.write_text("\n".join(lines))
    short = Settings(home=tmp_path / "home", prompts=prompts, max_tokens=30)
    found = prefer(str(model), short, PLAN, tmp_path / "out")
    assert found.after.mean > found.before.mean
    assert not json.loads((tmp_path / "out" / "ragqa.json").read_text())["scratch"]


def test_too_few_pairs_are_counted(model: Path, tmp_path: Path) -> None:
    with pytest.raises(RagqaError, match=f"needs {NEEDED} pairs .* the feedback gives 3"):
        prefer(str(model), settings_with(tmp_path / "home", 3), PLAN)


def test_no_half_written_model(model: Path, tmp_path: Path) -> None:
    settings = settings_with(tmp_path / "home", NEEDED)

    def dies(line: str) -> None:
        if line.startswith("learning: step"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prefer(str(model), settings, PLAN, tmp_path / "out", dies)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "model"]
    (job,) = LocalProvider(settings).jobs()
    assert (job.form, job.state) == ("preference", "cancelled") and not list(LocalProvider(settings).models())
    with pytest.raises(RagqaError, match="learning-rate"):
        prefer(str(model), settings, DPO(epochs=3, rate=1e18, batch_size=8), tmp_path / "out")
    (tmp_path / "out").mkdir()
    with pytest.raises(RagqaError, match="there already"):
        prefer(str(model), settings, PLAN, tmp_path / "out")


@pytest.mark.parametrize("scratch", [True, False], ids=["all weights", "adapters"])
def test_stopped_it_goes_on_to_the_same_weights(model: Path, tmp_path: Path, scratch: bool) -> None:
    (model / "ragqa.json").write_text(json.dumps({"scratch": scratch, "form": "closed-book"}))
    steps: list[str] = []

    def dies(line: str) -> None:
        if "step 4 of" in line:
            raise KeyboardInterrupt

    killed, whole = (settings_with(tmp_path / name, NEEDED) for name in ("killed", "whole"))
    with pytest.raises(KeyboardInterrupt):
        prefer(str(model), killed, PLAN, tmp_path / "resumed", dies)
    prefer(str(model), killed, PLAN, tmp_path / "resumed", steps.append)
    assert "goes on" in steps[0] and not any("step 2 of" in line for line in steps)
    prefer(str(model), whole, PLAN, tmp_path / "at-once")
    first, second = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("resumed", "at-once"))
    assert first == second


def test_what_is_no_model_is_said_in_a_line(home: Path, ragqa: Run) -> None:
    settings_with(home, NEEDED)
    assert "causal language model" in ragqa("finetune", "prefer", "nothing").error


def test_by_the_command(home: Path, model: Path, ragqa: Run) -> None:
    settings_with(home, NEEDED)
    found = ragqa("finetune", "prefer", model, "--epochs", 1, "--json").json
    assert found["model"] == f"transformers:{model}-preferred" and (model.parent / "model-preferred").is_dir()


def test_a_job_is_named_and_what_it_learned_is_kept(tmp_path: Path, model: Path) -> None:
    settings = settings_with(tmp_path / "home", NEEDED)
    prepared = prepare(tmp_path / "data", examples())
    options = TrainOptions(str(model), method="full", learning_rate=3e-3, epochs=30)
    job = open_provider("local", settings).create(prepared, options, lambda line: None)
    found = prefer(job.id, settings, replace(PLAN, rate=5e-4))
    assert found.before.mean > 0 and found.after.mean > found.before.mean
    folder = Path(found.model.removeprefix("transformers:"))
    assert list(open_provider("local", settings).models()) == [found.model, job.model]
    assert json.loads((folder / "ragqa.json").read_text())["base"] == str(job.model).removeprefix("transformers:")
    said = LocalModel(folder, ChatOptions(), found.model)
    prompt = Prompt((Message("user", question(PARTS[0])),), answer_tokens=30)
    assert said.complete(prompt, 1, None).texts[0].strip() == f"in the {PLACES[0]}"
