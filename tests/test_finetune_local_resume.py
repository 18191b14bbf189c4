"""A training killed in the middle and taken up gives, on a CPU, the very weights of one that was never stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("peft", reason="local training needs ragqa[train]")

from ragqa.finetune.jobs import jobs_folder
from ragqa.finetune.local import LocalProvider
from ragqa.settings import Settings
from tests.conftest import PATIENCE
from tests.finetune_local import examples, prepare, tiny_gpt2

TRAIN = """
import sys, torch
from pathlib import Path
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import train_local
from ragqa.settings import Settings
torch.set_num_threads(1)
prepared, base, method, slow, *homes = sys.argv[1:]
def told(line):
    print(line, flush=True)
    if slow == "slow" and "held-back" in line and "step 6 of" in line:
        import time; time.sleep(60)  # to be killed here
options = TrainOptions(base, epochs=8, method=method, learning_rate=3e-3, batch_size=4)
for home in homes:
    print(home, flush=True)
    train_local(Path(prepared), options, Settings(home=Path(home)), told)
"""


def start(*words: object) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-c", TRAIN, *map(str, words)]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_same_weights_after_a_kill(tmp_path: Path, method: str) -> None:
    base = tiny_gpt2(tmp_path / "base")
    prepared = prepare(tmp_path / "data", examples(), examples(2))
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    victim = start(prepared, base, method, "slow", killed)
    assert victim.stdout
    for line in victim.stdout:
        if "step 6 of" in line and "held-back" in line:
            break
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    provider = LocalProvider(Settings(home=killed))
    (job,) = provider.jobs()
    assert job.state == "cancelled" and job.error and "same command" in job.error and not list(provider.models())
    folder = jobs_folder(Settings(home=killed)) / job.id
    assert (folder / "checkpoints" / "learning" / "checkpoint-3").is_dir()
    done = start(prepared, base, method, "quick", killed, whole)
    said, _ = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, said
    taken_up, from_the_start = said.split(str(whole) + "\n")
    assert "step 3 of" not in taken_up and "step 3 of" in from_the_start
    weights = [(jobs_folder(Settings(home=home)) / job.id / "model" / "model.safetensors") for home in (killed, whole)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
