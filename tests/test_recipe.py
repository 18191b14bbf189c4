"""``finetune run``: the plan says what is lacking and changes nothing; a run ends in a report, killed or not."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="local training needs ragqa[train]")

from ragqa.compare.recipe import Remembering
from ragqa.engine import Library
from tests import tiny_model
from tests.conftest import Run
from tests.finetune_local import PARTS, PLACES, question
from tests.servers.chat import Handler, fails, says, serving

QUICK = ("--min-questions", 1, "--limit", 2, "--max-tokens", 4, "-k", 1, "--minutes", 0.02)
"""A run of seconds: few questions, short answers, and as little training as there can be."""


@pytest.fixture
def manual(home: Path) -> Path:
    sections = (
        f"## The {part}\n\nThe {part} stands in the {place}.\n" for part, place in zip(PARTS, PLACES, strict=True)
    )
    rows = (f"| E{number} | The {part} is blocked |\n" for number, part in enumerate(PARTS, 10))
    table = f"## Errors\n\n| Code | Meaning |\n| --- | --- |\n{''.join(rows)}"
    (home / "plant.md").write_text("# Plant\n\n" + "\n".join((*sections, table)), encoding="utf-8")
    return Path("plant.md")


@pytest.fixture
def questions(home: Path) -> Path:
    rows = [{"_id": part, "text": question(part), "answer": place} for part, place in zip(PARTS, PLACES, strict=True)]
    (home / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Path("questions.jsonl")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.make(tmp_path_factory.mktemp("bases") / "tiny")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def jobs(home: Path) -> dict[str, float]:
    """Each training that is there, and when it was finished."""
    rows = [json.loads(file.read_text()) for file in home.glob("finetunes/*/job.json")]
    return {row["id"]: row["finished_at"] for row in rows if row["state"] == "succeeded"}


# The plan


def test_a_dry_run_says_steps_minutes_and_needs_and_changes_nothing(
    home: Path, manual: Path, questions: Path, base: Path, ragqa: Run
) -> None:
    before = tree(home)
    words = ("finetune", "run", manual, "-q", questions, "--base", base, "--dry-run", *QUICK)
    ran = ragqa(*words)
    assert ran.code == 0 and tree(home) == before
    lines = ran.out.splitlines()
    assert [line[:7] for line in lines[:5]] == [f"{number} of 5:" for number in range(1, 6)]
    assert "1 manual read into library 'plant'" in lines[0] and "12 questions of questions.jsonl" in lines[1]
    assert f"retrieve:train={base}" in lines[3] and "4 systems asked" in lines[4]
    assert any(line.startswith("disk: about") for line in lines) and any(line.startswith("memory:") for line in lines)
    assert lines[-1] == "nothing leaves this machine"
    planned = ragqa(*words, "--json").json
    assert all(step["seconds"] >= 0 for step in planned["steps"]) and planned["seconds"] > 0
    assert planned["missing"] == [] and tree(home) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plant.md", "--base", "nowhere"), "'nowhere' is none of them: fetch it"),
        (("plant.md", "-q", "none.jsonl"), "there is no none.jsonl"),
        (("plant.md", "-q", "questions.jsonl", "--min-questions", "20"), "--min-questions 5 to go on all the same"),
        (
            ("plant.md", "-q", "questions.jsonl", "--limit", "1", "--min-questions", "2"),
            "--limit 1 asks fewer questions",
        ),
        (("absent.md", "-q", "questions.jsonl"), "absent.md is not there"),
        (("plant.md", "--generate-with", "oracle"), "--generate-with should name a causal language model"),
        (("plant.md", "--generate-with", "openai:gpt"), "openai:gpt needs a key"),
    ],
)
def test_what_is_lacking_is_said_before_anything_is_done(
    home: Path, manual: Path, questions: Path, ragqa: Run, words: tuple[str, ...], told: str
) -> None:
    before = tree(home)
    more = ("--min-questions", "1", "--systems", "extractive") if "--base" not in words else ("--min-questions", "1")
    ran = ragqa("finetune", "run", *more, "--limit", "20", *words, "--dry-run")
    assert ran.code == 1 and any(line.startswith("missing: ") and told in line for line in ran.out.splitlines()), ran
    assert told in ragqa("finetune", "run", *more, "--limit", "20", *words).error
    assert tree(home) == before


def test_nothing_named_is_an_error(ragqa: Run) -> None:
    assert "name a manual, or a library with --index" in ragqa("finetune", "run").error
    assert "there is no library 'none'" in ragqa("finetune", "run", "--index", "none").error


# The run


def test_a_whole_run_ends_with_a_report_and_says_how_to_ask(
    home: Path, manual: Path, questions: Path, base: Path, ragqa: Run
) -> None:
    words = ("finetune", "run", manual, "-q", questions, "--base", base, *QUICK)
    done = ragqa(*words, "--report", "page", "--json")
    assert done.code == 0, done.err
    found = done.json
    names = ["extractive", f"retrieve:transformers:{base}", f"retrieve:train={base}", f"closed-book:train={base}"]
    assert list(dict.fromkeys(one["system"] for one in found["systems"])) == names
    assert found["use"] == "extractive" and found["ask"]["extractive"] == 'ragqa ask "…" --index plant'
    assert set(found["models"]) == set(names[2:])
    page = Path("page/index.html").read_text(encoding="utf-8")
    assert "retrieve:train=" in page and "ragqa finetune run plant.md" in page
    command = shlex.split(found["ask"][names[2]].replace("…", "Where does the pump stand?"))
    asked = ragqa(*command[1:], "--max-tokens", 4)
    assert asked.code == 0, asked
    told = [line for line in done.err.splitlines() if re.match("[1-5] of 5: ", line)]
    assert {line[0] for line in told} == set("12345") and any("left in all" in line for line in told)
    before = jobs(home)
    assert len(before) == 2
    again = ragqa(*words, "--report", "page")
    assert again.code == 0 and jobs(home) == before and "Use extractive: ragqa ask" in again.out


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is Unix's")
def test_a_run_that_was_killed_goes_on(
    home: Path, manual: Path, questions: Path, base: Path, process: Run, ragqa: Run
) -> None:
    kill = """
import os, signal
import ragqa.cli.recipe as recipe
note = recipe.note
def told(line):
    note(line)
    if "2 of 2 trainings" in line:
        os.kill(os.getpid(), signal.SIGKILL)
recipe.note = told
"""
    words = ("finetune", "run", manual, "-q", questions, "--base", base, *QUICK)
    assert process(*words, before=kill).code == -9
    before = jobs(home)
    assert len(before) == 1 and not (home / "recipes/plant/report").exists()
    ran = ragqa(*words)
    assert ran.code == 0, ran.err
    after = jobs(home)
    assert len(after) == 2 and before.items() <= after.items(), "the first training was not done again"
    assert (home / "recipes/plant/report/index.html").is_file()
    assert len(list((home / "recipes/plant").glob("prepared-*"))) == 1


def test_reading_that_was_stopped_goes_on(
    home: Path, manual: Path, questions: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "more.md").write_text("# More\n\nThe ladder stands in the tower.\n", encoding="utf-8")
    words = ("finetune", "run", manual, "more.md", "-q", questions, "--systems", "extractive", *QUICK)
    ingest = Library.ingest

    def stopped(self: Library, paths: Any, **given: Any) -> Any:
        ingest(self, paths[:1], **given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Library, "ingest", stopped)
        assert ragqa(*words).code != 0
    assert ragqa(*words).code == 0
    with Library.open("plant", home=home) as library:
        assert [one.name for one in library.documents()] == ["more.md", "plant.md"]


def test_a_library_that_is_there_is_used_as_it_is(home: Path, manual: Path, questions: Path, ragqa: Run) -> None:
    assert ragqa("ingest", manual, "--index", "mine").code == 0
    before = (home / "indexes/mine/library.db").read_bytes()
    words = ("-q", questions, "--systems", "extractive", *QUICK, "--index", "mine")
    ran = ragqa("finetune", "run", *words)
    assert ran.code == 0 and "library 'mine' is there and is used as it is" in ran.err
    assert (home / "indexes/mine/library.db").read_bytes() == before
    (home / "other.md").write_text("# Other\n\nThe ladder stands in the tower.\n", encoding="utf-8")
    assert "library 'mine' is there and holds no other.md" in ragqa("finetune", "run", "other.md", *words).error


# Questions


def test_questions_are_made_by_rule_and_that_is_said(home: Path, manual: Path, ragqa: Run) -> None:
    words = ("finetune", "run", manual, "--systems", "extractive", *QUICK)
    ran = ragqa(*words)
    assert ran.code == 0 and "they are made by rule of the manual's own words" in ran.err
    (file,) = (home / "recipes/plant").glob("questions-*.jsonl")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 5 and all(row["answer"] for row in rows)
    before = file.stat().st_mtime_ns
    again = ragqa(*words)
    assert again.code == 0 and file.stat().st_mtime_ns == before and "they are made by rule" in again.err


def write_question(handler: Handler, body: dict[str, Any]) -> None:
    found = re.findall(r"The (\w+) stands in the (\w+)\.", body["messages"][-1]["content"])
    part, place = found[0] if found else ("error", "nowhere")
    says(f"QUESTION: Where can one find that {part}?\nANSWER: {place}")(handler, body)


def test_a_hosted_model_writes_questions_once_and_only_when_agreed(
    home: Path, manual: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("finetune", "run", manual, "--generate-with", "openai:writer", "--systems", "extractive", *QUICK)
    five: list[Callable[[Handler, dict[str, Any]], None]] = [write_question] * 5
    with serving(*five, fails(400, "no"), write_question) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        refused = ragqa(*words)
        assert refused.code == 1 and "--yes agrees" in refused.err and not server.requests
        assert "to openai:writer at 127.0.0.1" in refused.err and "price is not known" in refused.err
        assert not (home / "recipes").exists() and not (home / "indexes").exists()
        assert ragqa(*words, "--yes").code == 1, "the server refused in the middle"
        assert len(server.requests) == 6
        assert ragqa(*words, "--yes").code == 0
        assert len(server.requests) == 6 + 8, "what was written before the error was not asked again"
        assert ragqa(*words).code == 0, "nothing is sent any more, so that nobody need agree"
        assert len(server.requests) == 14
    (file,) = (home / "recipes/plant").glob("questions-*.jsonl")
    assert len(file.read_text(encoding="utf-8").splitlines()) == 12


def test_a_reply_that_a_kill_has_torn_is_asked_again(tmp_path: Path) -> None:
    from ragqa.answerers.language_model import Reply
    from ragqa.answerers.prompting import Message, Prompt, Room
    from ragqa.types import Usage

    class Counting:
        spec, asked = "counting", 0

        def room(self) -> Room:
            return Room(100, 10)

        def complete(self, prompt: Prompt, n: int, hearer: object) -> Reply:
            self.asked += 1
            return Reply((f"{prompt.messages[0].content}!",), (False,), Usage())

    model, file = Counting(), tmp_path / "kept"
    prompts = [Prompt((Message("user", text),)) for text in ("one", "two")]
    for prompt in prompts:
        Remembering(model, file).complete(prompt, 1, None)
    file.write_bytes(file.read_bytes()[:-5])
    kept = Remembering(model, file)
    assert [kept.complete(prompt, 1, None).texts for prompt in prompts] == [("one!",), ("two!",)]
    assert model.asked == 3
    assert Remembering(model, file).complete(prompts[1], 1, None).texts == ("two!",) and model.asked == 3
