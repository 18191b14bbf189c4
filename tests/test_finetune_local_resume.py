"""A training killed in the middle and taken up gives, on a CPU, the very weights of one that was never stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("peft", reason="local training needs ragqa[train]")

from ragqa.finetune.jobs import jobs_folder
from ragqa.finetune.local import LocalProvider
from ragqa.settings import Settings
from tests.conftest import PATIENCE
from tests.finetune_local import examples, prepare, tiny_gpt2

TRAIN = """
import os, sys, time, torch
import peft, transformers.trainer  # once for all trainings below, of which each is a process of its own
from pathlib import Path
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import learning, train_local
from ragqa.settings import Settings
torch.set_num_threads(1)
prepared, base = sys.argv[1:]
for line in sys.stdin:
    method, slow, rounds, *homes = line.split()
    learning.ROUND_SECONDS = 1e-9 if rounds == "parts" else 300  # a batch, or a pass
    def told(line):
        print(line, flush=True)
        if slow == "slow" and "held-back" in line and "step 6 of" in line:
            time.sleep(600)  # to be killed here
    if child := os.fork():
        print("ended", os.waitpid(child, 0)[1], flush=True)
        continue
    print(os.getpid(), flush=True)
    options = TrainOptions(base, epochs=8, method=method, learning_rate=3e-3, batch_size=4)
    for home in homes:
        print(home, flush=True)
        train_local(Path(prepared), options, Settings(home=Path(home)), told)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    tiny_gpt2(folder / "base")
    prepare(folder / "data", examples(), examples(2))
    return folder


@pytest.fixture(scope="module")
def trainer(data: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has imported what training needs, and trains in children of its own: a line of words for each."""
    command = [sys.executable, "-c", TRAIN, str(data / "data"), str(data / "base")]
    root, pipe = Path(__file__).resolve().parents[1], subprocess.PIPE
    with subprocess.Popen(command, cwd=root, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT) as process:
        yield process
        process.communicate(timeout=PATIENCE)


def start(trainer: subprocess.Popen[str], *words: object) -> Iterator[str]:
    """Begin to train and yield what is said: first the process, last how it ended."""
    assert trainer.stdin and trainer.stdout
    print(*words, file=trainer.stdin, flush=True)
    for line in trainer.stdout:
        yield line
        if line.startswith("ended "):
            return
    pytest.fail("the process that trains has ended")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork and SIGKILL are Unix's")
@pytest.mark.parametrize(
    ("method", "rounds", "kept"), [("full", "passes", 3), ("lora", "passes", 3), ("lora", "parts", 4)]
)
def test_the_same_weights_after_a_kill(
    trainer: subprocess.Popen[str], tmp_path: Path, method: str, rounds: str, kept: int
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    training = start(trainer, method, "slow", rounds, killed)
    victim = int(next(training))
    for line in training:
        if "step 6 of" in line and "held-back" in line:
            break
    os.kill(victim, signal.SIGKILL)
    assert list(training)[-1].split() == ["ended", str(int(signal.SIGKILL))]
    provider = LocalProvider(Settings(home=killed))
    (job,) = provider.jobs()
    assert job.state == "cancelled" and job.error and "same command" in job.error and not list(provider.models())
    folder = jobs_folder(Settings(home=killed)) / job.id
    assert (folder / "checkpoints" / "learning" / f"checkpoint-{kept}").is_dir()
    said = "".join(start(trainer, method, "quick", rounds, killed, whole))
    assert said.endswith("ended 0\n"), said
    taken_up, from_the_start = said.split(str(whole) + "\n")
    assert f"step {kept} of" not in taken_up and f"step {kept} of" in from_the_start
    weights = [(jobs_folder(Settings(home=home)) / job.id / "model" / "model.safetensors") for home in (killed, whole)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
