"""DPO for real on a model of a few thousand weights: better answers get likelier, the folder is whole or absent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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
from ragqa.finetune.preference import prefer, target_of
from ragqa.finetune.preference_measuring import Read, encode, fit_reward_model, margins_of, read_pairs
from ragqa.finetune.preference_pairs import NEEDED, Texts
from ragqa.finetune.preference_stages import Fit, Recipe, dpo_loss, fit_budget, seconds_of_a_pair
from ragqa.finetune.training import loop
from ragqa.settings import Settings
from tests.conftest import Run
from tests.finetune_local import PARTS, PLACES, examples, prepare, question, tiny_gpt2

PLAN = Recipe(epochs=3, rate=4e-3, batch_size=8)


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


def texts(number: int) -> Texts:
    """Where a part stands, over where another does."""
    return Texts(f"{question(PARTS[number])}\n\nAnswer:", f" in the {PLACES[number]}", f" in the {PLACES[number + 1]}")


def apart(folder: Path) -> float:
    """How much likelier the first part's own place is than another, by the model in ``folder``."""
    taught, tokenizer = load_base(find_base(str(folder)), half=False)
    return margins_of(read_pairs(taught, [encode(tokenizer, texts(0))]))[0]


def test_the_better_answer_becomes_likelier(model: Path, tmp_path: Path) -> None:
    settings, told = settings_with(tmp_path / "home", 24), []
    found = prefer(str(model), settings, PLAN, tmp_path / "out", told.append)
    assert found.held_before and found.held_after and found.held_gain and found.held_reward and not found.sft
    assert found.learned + found.held_after.pairs == 24 and found.too_long == found.no_time == 0 and found.epochs == 3
    assert found.after.mean > found.before.mean + 1 and found.after.share >= found.before.share
    assert found.held_gain.mean == pytest.approx(found.held_after.share - found.held_before.share)
    assert any("preferences: step 9 of 9, loss" in line for line in told)
    record = json.loads((tmp_path / "out" / "ragqa.json").read_text())
    assert record["method"] == "dpo" and record["scratch"] and record["form"] == "closed-book"
    assert apart(tmp_path / "out") > apart(model)
    said = LocalModel(tmp_path / "out", ChatOptions(), found.model)
    assert said.complete(Prompt((Message("user", question("pump")),), answer_tokens=5), 1, None).texts


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
    assert found.after.mean > found.before.mean and found.sft and found.held_sft, "ragqa has not trained it before"
    assert not json.loads((tmp_path / "out" / "ragqa.json").read_text())["scratch"]


def test_too_few_pairs_are_counted(model: Path, tmp_path: Path) -> None:
    with pytest.raises(RagqaError, match=f"needs {NEEDED} pairs .* the feedback gives 3"):
        prefer(str(model), settings_with(tmp_path / "home", 3), PLAN)


def test_no_half_written_model(model: Path, tmp_path: Path) -> None:
    settings = settings_with(tmp_path / "home", NEEDED)

    def dies(line: str) -> None:
        if line.startswith("preferences: step"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prefer(str(model), settings, PLAN, tmp_path / "out", dies)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "model"]
    (job,) = LocalProvider(settings).jobs()
    assert (job.form, job.state) == ("preference", "cancelled") and not list(LocalProvider(settings).models())
    with pytest.raises(RagqaError, match="learning-rate"):
        prefer(str(model), settings, Recipe(epochs=3, rate=1e18, batch_size=8), tmp_path / "out")
    (tmp_path / "out").mkdir()
    with pytest.raises(RagqaError, match="there already"):
        prefer(str(model), settings, PLAN, tmp_path / "out")


@pytest.mark.parametrize("scratch", [True, False], ids=["all weights", "adapters"])
@pytest.mark.parametrize("stage", ["chosen answers", "preferences"])
def test_stopped_it_goes_on_to_the_same_weights(model: Path, tmp_path: Path, scratch: bool, stage: str) -> None:
    (model / "ragqa.json").write_text(json.dumps({"scratch": scratch, "form": "closed-book"}))
    recipe = replace(PLAN, batch_size=4, sft=True)
    steps: list[str] = []

    def dies(line: str) -> None:
        if f"{stage}: step 4 of" in line:
            raise KeyboardInterrupt

    killed, whole = (settings_with(tmp_path / name, NEEDED) for name in ("killed", "whole"))
    with pytest.raises(KeyboardInterrupt):
        prefer(str(model), killed, recipe, tmp_path / "resumed", dies)
    prefer(str(model), killed, recipe, tmp_path / "resumed", steps.append)
    assert "goes on" in steps[0] and not any(f"{stage}: step 2 of" in line for line in steps)
    prefer(str(model), whole, recipe, tmp_path / "at-once")
    first, second = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("resumed", "at-once"))
    assert first == second


def test_killed_it_goes_on_from_its_checkpoint(home: Path, model: Path, ragqa: Run, process: Run) -> None:
    settings_with(home, NEEDED)
    command = ("finetune", "prefer", model, "--batch-size", 2, "--sft", "--learning-rate", 1e-3)
    killed = process(
        *command,
        before="import os\nfrom ragqa.finetune.training import loop\nloop.REPORT_EVERY = 0.0\n"
        "from ragqa.finetune.training.checkpoints import Checkpoints\nwrite = Checkpoints.write\n"
        "def dies(self, step, *given):\n    write(self, step, *given)\n"
        "    if step == 6 and self.folder.name == 'learning':\n        os._exit(9)\n"
        "Checkpoints.write = dies",
    )
    assert killed.code == 9 and not (model.parent / "model-preferred").exists()
    ran = ragqa(*command)
    assert ran.code == 0 and "goes on" in ran.err and "chosen answers: step" not in ran.err
    assert "preferences: step 2 of" not in ran.err and "preferences: step" in ran.err
    assert (model.parent / "model-preferred" / "model.safetensors").is_file()


def test_loss_and_log_probabilities_are_those_of_trl(model: Path) -> None:
    pytest.importorskip("trl", reason="the oracle")
    import datasets
    import torch
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    learns, tokenizer = load_base(find_base(str(model)), half=False)
    was, _ = load_base(find_base(str(model)), half=False)
    with torch.no_grad():
        for weight in learns.parameters():
            weight.add_(0.01 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)))
    pair = texts(3)
    with loop.quiet():
        oracle = DPOTrainer(
            model=learns,
            ref_model=was,
            args=DPOConfig(str(model.parent / "trl"), beta=0.3, max_length=None, report_to="none", bf16=False),
            train_dataset=datasets.Dataset.from_list(
                [{"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected}]
            ),
            processing_class=tokenizer,
        )
        [batch] = oracle.get_train_dataloader()
        expected = float(oracle.compute_loss(learns, batch))
    encoded = encode(tokenizer, pair)
    [before] = margins_of(read_pairs(was, [encoded]))
    assert float(dpo_loss(learns, encoded, before, 0.3)) == pytest.approx(expected, abs=1e-4)


def test_minutes_leave_out_passes_then_pairs() -> None:
    assert fit_budget(100, 1, 20, 3, sft=True) == Fit(3, 20)
    assert fit_budget(70, 1, 20, 3, sft=True) == Fit(2, 20)
    assert fit_budget(30, 1, 20, 3, sft=True) == Fit(1, 15)
    with pytest.raises(RagqaError, match=r"too short by about 0\.1: one pass over 8 pairs takes 0\.3 minutes"):
        fit_budget(10, 1, 20, 3, sft=True)


def test_a_budget_is_kept_to_and_said(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, told = settings_with(tmp_path / "home", 24), []
    monkeypatch.setattr("ragqa.finetune.preference.seconds_of_a_pair", lambda *given, **named: 5.0)
    found = prefer(str(model), settings, replace(PLAN, minutes=1.1), tmp_path / "out", told.append)
    assert found.epochs == 1 and 8 <= found.learned <= 13 and found.no_time > 0
    assert any(line.startswith(f"1.1 minutes allow for 1 pass over {found.learned} of ") for line in told)
    with pytest.raises(RagqaError, match="--minutes is too short by about"):
        prefer(str(model), settings, replace(PLAN, minutes=0.3), tmp_path / "other")


def test_timing_a_pair_leaves_the_model_as_it_was(model: Path) -> None:
    held, tokenizer = load_base(find_base(str(model)), half=False)
    before = {name: value.clone() for name, value in held.named_parameters()}
    for adapters in (True, False):
        assert seconds_of_a_pair(held, [encode(tokenizer, texts(0))], 0, adapters=adapters) > 0
    after = dict(held.named_parameters())
    assert before.keys() == after.keys() and all(value.equal(after[name]) for name, value in before.items())
    assert all(value.requires_grad and value.grad is None for value in after.values())


def test_a_reward_model_finds_what_is_preferred() -> None:
    chance = np.random.default_rng(0)
    right = chance.normal(size=30)

    def pairs(count: int) -> list[tuple[Read, Read]]:
        found = []
        for _ in range(count):
            one, other = chance.normal(size=(2, 30))
            better, worse = (one, other) if (one - other) @ right > 0 else (other, one)
            found.append((Read(0.0, better), Read(0.0, worse)))
        return found

    learned = fit_reward_model(pairs(200))
    assert np.mean([one > 0 for one in learned.margins(pairs(300))]) > 0.85
    assert fit_reward_model(pairs(200)[:0] + pairs(2)).weights.shape == (30,), "two pairs are enough to fit"


def test_what_is_no_model_is_said_in_a_line(home: Path, ragqa: Run) -> None:
    settings_with(home, NEEDED)
    assert "causal language model" in ragqa("finetune", "prefer", "nothing").error


def test_by_the_command(home: Path, model: Path, ragqa: Run) -> None:
    settings_with(home, NEEDED)
    found = ragqa("finetune", "prefer", model, "--epochs", 1, "--json").json
    assert found["model"] == f"transformers:{model}-preferred" and (model.parent / "model-preferred").is_dir()
    said = ragqa("finetune", "prefer", model, "--epochs", 1, "--no-sft", "--out", "other").out
    assert "held-back ones, by the reward model" in said and "next: ragqa ask" in said


def test_a_model_of_the_cache_is_taught_into_the_current_folder(home: Path, tmp_path: Path) -> None:
    cached = tmp_path / "models" / "gguf-1"
    assert target_of("smollm2", cached) == Path("smollm2-preferred")
    assert target_of("org/name", cached) == Path("name-preferred")
    (home / "mine.gguf").touch()
    assert target_of(str(home / "mine.gguf"), cached) == home / "mine-preferred"


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
