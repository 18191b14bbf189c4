"""An embedder taught its manuals: learned, measured, kept only if better, and nothing left of it otherwise."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa.embedders import open_embedder
from ragqa.embedders.folders import find_model
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.evaluation.questions import as_gold, write_questions
from ragqa.finetune import embedder as training
from ragqa.finetune.embedder import TrainingPair, adapt, held_back, pairs_of, train
from ragqa.finetune.local import LocalProvider
from ragqa.finetune.training import loop
from ragqa.finetune.training.checkpoints import Checkpoints
from ragqa.finetune.training.loop import ProgressSink
from tests.conftest import ENGLISH, MANUALS, Run, compiling_here

pytest.importorskip("datasets", reason="training needs ragqa[train]")


def make_embedder(folder: Path, words: list[str]) -> Path:
    """Save a tiny BERT with random weights that knows ``words``."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(7)
    bert = folder.with_suffix(".bert")
    bert.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (bert / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    size: dict[str, int] = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=192, **size)).save_pretrained(bert)
    BertTokenizerFast(vocab=str(bert / "vocab.txt"), model_max_length=192).save_pretrained(bert)
    parts = [modules.Transformer(str(bert)), modules.Pooling(32, pooling_mode="mean"), modules.Normalize()]
    SentenceTransformer(modules=parts, device="cpu").save(str(folder))
    return folder


@pytest.fixture(scope="module")
def taught(english_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose default library holds a manual, embedded by a tiny model that knows nothing yet."""
    home = tmp_path_factory.mktemp("taught")
    shutil.copytree(english_home / "indexes" / "default", home / "indexes" / "plain")
    with Library.open(home=home, index="plain") as library:
        words = sorted(set(re.findall(r"[a-z]+", library.show(ENGLISH).text.lower())))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAGQA_CACHE", str(home / "cache"))
        spec = f"local:{make_embedder(home / 'tiny', words)}"
        with compiling_here(), Library.open(create=True, home=home, index="default", embedder=spec) as library:
            library.ingest([MANUALS / ENGLISH])
    return home


@pytest.fixture
def quick(taught: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same home, with training that learns by heart."""
    monkeypatch.setenv("RAGQA_CACHE", str(taught / "cache"))
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)
    for name, value in {"EPOCHS": 6, "RATE": 5e-3, "KEPT": 0.0}.items():
        monkeypatch.setattr(training, name, value)
    with compiling_here():
        yield taught


def left_behind(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "models").glob("*")) if (home / "models").exists() else []


def test_questions_held_back_stand_on_pages_of_their_own(taught: Path) -> None:
    with Library.open(home=taught, index="plain") as library:
        drafts = write_questions([library.show(ENGLISH)], 300)
    learned, back = held_back(drafts, 0)
    assert len(back) > 20 and len(learned) > 100
    assert not {page for one in learned for page in one.pages} & {page for one in back for page in one.pages}
    assert held_back(drafts, 0) == (learned, back) != held_back(drafts, 1)


def test_a_pair_is_a_question_and_the_passage_of_its_answer(taught: Path) -> None:
    with Library.open(home=taught, index="plain") as library:
        drafts = write_questions([library.show(ENGLISH)], 40)
        pairs = pairs_of(library.store, drafts)
    assert [pair.question for pair in pairs] == [draft.text for draft in drafts]
    squeezed = ["".join(pair.passage.split()) for pair in pairs]
    within = ["".join(draft.evidence.split()) in text for draft, text in zip(drafts, squeezed, strict=True)]
    assert sum(within) > 0.9 * len(within)  # a sentence may go on in the next passage


def test_a_better_model_is_kept_with_what_it_was_made_from(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def forbidden(*given: object, **named: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    said: list[str] = []
    with Library.open(home=quick, index="default", mode="dense") as library:
        seen = as_gold(write_questions([library.show(ENGLISH)], 100, 3))
        found = adapt(library, questions=seen, seed=3, progress=said.append)
        before = library.info().embedder
    assert found.page_mrr.real and found.folder is not None
    assert found.folder.parent == quick / "models" and left_behind(quick) == [found.folder.name]
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in said if line.startswith("training: step")]
    assert losses[-1] < losses[0]
    record = json.loads((found.folder / "ragqa.json").read_text())
    assert (record["base"], record["seed"], record["pairs"]) == (f"local:{quick / 'tiny'}", 3, found.pairs)
    assert re.fullmatch("[0-9a-f]{64}", record["data_sha256"]) and record["base_revision"]
    assert not (found.folder / "README.md").exists()  # it would quote the manual
    assert open_embedder(f"local:{found.folder}").embed_queries(["the filter"]).shape == (1, 32)
    with Library.open(home=quick, index="default") as library:
        assert library.info().embedder == before
        with pytest.raises(RagqaError, match="is there already: remove it, or choose another --out or --seed"):
            adapt(library, found.folder, questions=seen)


def test_no_gain_leaves_nothing(quick: Path, home: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "RATE", 0.0)
    monkeypatch.setattr(training, "EPOCHS", 1)
    done = ragqa("tune", "--embedder", "--home", quick, "--out", home / "out/model", "--json")
    assert done.json["folder"] is None and done.json["next"] is None
    assert done.json["page_mrr"]["before"] == pytest.approx(done.json["page_mrr"]["after"], abs=0.02)
    assert list((home / "out").iterdir()) == []
    assert "training: step 5 of" in done.err


def test_interrupted_it_leaves_no_model_and_goes_on_from_its_checkpoint(
    quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "EPOCHS", 2)
    said: list[str] = []

    def interrupt(line: str) -> None:
        if re.match("training: step (8|1.) ", line):
            raise KeyboardInterrupt

    with Library.open(home=quick, index="default") as library:
        with pytest.raises(KeyboardInterrupt):
            adapt(library, tmp_path / "models/x", seed=5, progress=interrupt)
        assert list((tmp_path / "models").iterdir()) == []
        (job,) = [one for one in LocalProvider(library.settings).jobs() if one.state == "cancelled"]
        assert job.form == "embedder" and job.error and "same command" in job.error
        adapt(library, tmp_path / "models/x", seed=5, progress=said.append)
        assert LocalProvider(library.settings).status(job.id).state == "succeeded"
    steps = [int(line.split()[2]) for line in said if line.startswith("training: step")]
    assert "goes on" in said[0] and min(steps) > 5


def test_taken_up_within_a_pass_it_ends_with_the_same_weights(
    quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(training, "EPOCHS", 2)
    base = find_model(str(quick / "tiny"))
    pairs = [TrainingPair(f"the filter {word}", f"the {word} of the pump") for word in "abcdefghijklmnopqrstuvwxyz" * 8]

    def interrupt(line: str, figures: dict[str, float]) -> None:
        if figures["step"] >= 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(base, pairs, Checkpoints(tmp_path / "a"), 0, ProgressSink(interrupt))
    assert [one.name for one in (tmp_path / "a").glob("checkpoint-*")] == ["checkpoint-5"]
    resumed = train(base, pairs, Checkpoints(tmp_path / "a"), 0, ProgressSink()).state_dict()
    whole = train(base, pairs, Checkpoints(tmp_path / "b"), 0, ProgressSink()).state_dict()
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_too_few_questions_are_told_in_one_line(small: Path, ragqa: Run) -> None:
    assert "are needed: ingest more manuals" in ragqa("tune", "--embedder").error
    assert ragqa("tune", "--out", "x").code == 2
