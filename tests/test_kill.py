"""A killed ingest loses nothing: the same command finishes it, and nobody can tell the difference afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench import kill
from ragqa.engine import Library
from ragqa.store.database import Database
from tests.conftest import clean_environment

KILLS = 8
UNITS = 4
PARTS = "pump valve filter motor cable fuse screw hinge belt gear lamp seal"
DEEDS = "clean replace tighten loosen check oil adjust rinse"
QUESTIONS = ["How often do I clean the pump?", "When must I oil the hinge?", "How do I adjust the belt of unit 7?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four manuals of a dozen passages each."""
    chosen = random.Random(0)
    parts, deeds = PARTS.split(), DEEDS.split()
    folder = tmp_path_factory.mktemp("manuals")
    for unit in range(UNITS):
        sections = []
        for part in parts:
            steps = " ".join(
                f"{chosen.choice(deeds).title()} the {part} of unit {unit} every {chosen.randrange(2, 400)} days, "
                f"and {chosen.choice(deeds)} the {chosen.choice(parts)} beside it."
                for _ in range(6)
            )
            sections.append(f"## The {part}\n\n{steps}\n")
        (folder / f"unit-{unit}.md").write_text(f"# Unit {unit}\n\n" + "\n".join(sections), encoding="utf-8")
    return folder


def start(home: Path, folder: Path) -> subprocess.Popen[bytes]:
    small_slabs = "import ragqa.ingest\nragqa.ingest.SLAB = 16\n"  # as many commits as a large manual has
    code = f"{small_slabs}from ragqa.cli import main\nmain()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "ingest", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env=clean_environment(RAGQA_HOME=str(home)),
    )


def held(home: Path) -> tuple[list[str], list[Any], list[Any]]:
    """What verify finds wrong, the passages, and what is answered to each question."""
    with Database.open(home / "indexes/default") as database:
        stored = database.passages(database.passage_ids().tolist()).values()
        passages = sorted((p.document, p.start, p.text, p.section, p.windows) for p in stored)
    with Library.open("default", home=home, threshold=0.0) as library:
        answers = []
        for question in QUESTIONS:
            answer = library.ask(question)
            answers.append((answer.text, [(c.document, c.quote) for c in answer.citations], answer.confidence))
        return library.verify(), passages, answers


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is Unix's")
def test_an_ingest_killed_at_random_moments_ends_like_one_that_was_not(folder: Path, tmp_path: Path) -> None:
    calm = tmp_path / "calm"
    calm.mkdir()
    began = time.monotonic()
    assert start(calm, folder).wait(120) == 0
    duration = time.monotonic() - began
    problems, passages, answers = held(calm)
    assert problems == [] and len(passages) > 40

    moments = random.Random(20260101)
    home = tmp_path / "0"
    home.mkdir()
    killed = 0
    for run in range(KILLS):
        running = start(home, folder)
        try:
            running.wait(moments.uniform(0, duration))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            killed += running.wait(30) == -signal.SIGKILL
        if (home / "indexes/default/library.db").exists():
            with Library.open("default", home=home) as library:
                assert all("the next search rebuilds it" in problem for problem in library.verify())
                documents = len(library.documents())
            if documents == UNITS:  # finished, or as good as: the next kill starts over
                assert_same(home, folder, passages, answers)
                home = tmp_path / str(run + 1)
                home.mkdir()
    assert killed >= KILLS // 2
    assert_same(home, folder, passages, answers)


def assert_same(home: Path, folder: Path, passages: list[Any], answers: list[Any]) -> None:
    assert start(home, folder).wait(120) == 0
    assert held(home) == ([], passages, answers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork and SIGKILL are Unix's")
def test_whatever_is_done_to_a_library_40_kills_lose_and_tear_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill, "LONGEST", 0.1)
    counts = kill.run(40, seed=20261128)
    assert (counts.killed, counts.lost, counts.torn) == (40, 0, 0)
