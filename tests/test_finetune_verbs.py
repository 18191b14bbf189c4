"""``ragqa finetune create`` and its sisters as a user gives them: agreed to before anything is sent, taken up, told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa.answer_log import KeptAnswer, judge
from ragqa.finetune.hosted import provider
from ragqa.finetune.preference_pairs import NEEDED
from ragqa.settings import Settings
from tests.conftest import Run
from tests.finetune_local import examples, prepare
from tests.servers import chat
from tests.servers.finetuning import MODEL, FineTuning, serving

BASE = "gpt-4.1-mini-2025-04-14"
HOSTED = ("--provider", "openai", "--base", BASE)


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FineTuning]:
    monkeypatch.setattr(provider, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(provider, "LONGEST_PAUSE", 0.02)
    prepare(home / "data", examples(), examples(2))
    with serving() as state:
        monkeypatch.setenv("OPENAI_BASE_URL", state.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret0123456789")
        yield state


def test_nothing_is_sent_before_the_price_is_shown_and_agreed_to(server: FineTuning, ragqa: Run) -> None:
    ran = ragqa("finetune", "create", "data", *HOSTED)
    assert ran.code == 1 and not server.calls and not ran.out
    assert "12 examples" in ran.err and "price:" in ran.err and "nothing was sent: --yes" in ran.err


def test_the_user_s_own_price_is_shown(server: FineTuning, ragqa: Run) -> None:
    assert "no training price of" in ragqa("finetune", "create", "data", *HOSTED).err
    Path("ragqa.toml").write_text('[prices."gpt-4.1-mini"]\ntraining = 5000.0\n')
    ran = ragqa("finetune", "create", "data", *HOSTED)
    assert ran.code == 1 and "price: about $" in ran.err and "5000 US dollars for a million" in ran.err


def test_a_job_from_data_to_model(server: FineTuning, ragqa: Run) -> None:
    server.add_event("The job has begun")
    ran = ragqa("finetune", "create", "data", *HOSTED, "--yes", "--suffix", "pumps")
    assert ran.code == 0 and "The job has begun" in ran.err and "secret" not in ran.out + ran.err
    assert (
        f"--systems extractive,closed-book:openai:{MODEL}" in ran.out
    )  # ask would show it passages, which it never saw
    assert ragqa("finetune", "models").out == f"openai:{MODEL}\n"
    [job] = ragqa("finetune", "list", "--json").json["jobs"]
    assert (job["id"], job["state"], job["base"]) == ("ftjob-0", "succeeded", BASE)


def test_begun_now_and_waited_for_later(server: FineTuning, ragqa: Run) -> None:
    begun = ragqa("finetune", "create", "data", *HOSTED, "--yes", "--no-wait", "--json").json
    assert (
        begun["state"] == "queued"
        and "ragqa finetune status ftjob-0 --wait" in ragqa("finetune", "status", begun["id"]).out
    )
    again = ragqa("finetune", "create", "data", *HOSTED, "--no-wait", "--json")
    assert again.json["id"] == "ftjob-0" and len(server.requests) == 1, "taking up needs no agreement"
    done = ragqa("finetune", "status", "ftjob-0", "--wait", "--json").json
    assert done["model"] == f"openai:{MODEL}"


def test_killed_between_upload_and_job_it_goes_on_where_it_was(server: FineTuning, ragqa: Run, process: Run) -> None:
    killed = process(
        *("finetune", "create", "data", *HOSTED, "--yes"),
        before="import os\nfrom openai.resources.fine_tuning.jobs.jobs import Jobs\n"
        "Jobs.create = lambda *given, **named: os._exit(9)",
        OPENAI_BASE_URL=server.url,
        OPENAI_API_KEY="sk-secret0123456789",
    )
    assert killed.code == 9 and len(server.files) == 2 and not server.jobs
    ran = ragqa("finetune", "create", "data", *HOSTED, "--yes")
    assert ran.code == 0 and "train.jsonl was sent before" in ran.err and MODEL in ran.out
    assert server.calls.count(("POST", "/files")) == 2 and len(server.requests) == 1


def test_the_finished_model_answers(server: FineTuning, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ragqa("finetune", "create", "data", *HOSTED, "--yes", "--json").json["model"]
    Path("pump.md").write_text("# Care\n\nThe pump is greased every 40 hours.\n", encoding="utf-8")
    assert ragqa("ingest", "pump.md").code == 0
    with chat.serving(chat.says("Every 40 hours [1].")) as there:
        monkeypatch.setenv("OPENAI_BASE_URL", there.url)
        ran = ragqa("ask", "How often is the pump greased?", "--answerer", model)
    assert ran.code == 0 and "Every 40 hours" in ran.out and there.sent["model"] == MODEL


def test_stopped_it_says_how_to_go_on(server: FineTuning, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    server.states = ["running"]
    with monkeypatch.context() as patched:
        patched.setattr("time.sleep", stop)
        ran = ragqa("finetune", "create", "data", *HOSTED, "--yes")
    assert ran.code == 130 and "'ragqa finetune status ftjob-0 --wait' takes it up again" in ran.err
    server.states = ["succeeded"]
    assert MODEL in ragqa("finetune", "status", "ftjob-0", "--wait").out


def test_a_key_that_expires_meanwhile_leaves_the_job_to_be_taken_up(server: FineTuning, ragqa: Run) -> None:
    server.failures = [("GET /fine_tuning/jobs/ftjob-0", 401, {"message": "expired"})]
    ran = ragqa("finetune", "create", "data", *HOSTED, "--yes")
    assert ran.code == 1 and "refused the key" in ran.err and "status ftjob-0 --wait' takes it up again" in ran.err
    assert MODEL in ragqa("finetune", "status", "ftjob-0", "--wait").out


def test_events_and_cancel_know_whose_job_it_is(server: FineTuning, ragqa: Run) -> None:
    server.states = ["running"]
    ragqa("finetune", "create", "data", *HOSTED, "--yes", "--no-wait")
    server.add_event("\x1b[31mRed", "warn")
    assert "warning: " in ragqa("finetune", "events", "ftjob-0").out
    assert "\x1b" not in ragqa("finetune", "events", "ftjob-0").out
    [event] = ragqa("finetune", "events", "ftjob-0", "--json").json["events"]
    assert event["level"] == "warning"
    assert "cancelled" in ragqa("finetune", "cancel", "ftjob-0").out
    ran = ragqa("finetune", "status", "ftjob-0", "--wait")
    assert ran.code == 1 and ran.err.endswith("ragqa: job ftjob-0 was cancelled\n")


def test_a_failed_job_exits_with_its_reason(server: FineTuning, ragqa: Run) -> None:
    server.states = ["failed"]
    ran = ragqa("finetune", "create", "data", *HOSTED, "--yes", "--json")
    assert ran.code == 1 and ran.json["state"] == "failed"
    assert f"ragqa: job ftjob-0 failed: {server.reason}\n" in ran.err


def test_a_list_asks_nobody_unless_told_to(server: FineTuning, ragqa: Run) -> None:
    server.add_job("running")
    ran = ragqa("finetune", "list")
    assert ran.code == 0 and not server.calls and "no job yet" in ran.err
    assert "ftjob-0" in ragqa("finetune", "list", "--provider", "openai").out
    assert ragqa("finetune", "models", "--provider", "openai", "--json").json == {"models": [f"openai:{MODEL}"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "nowhere"), "prepared.json"),
        (("status", "nothing"), "no local training job"),
        (("status", "../x"), "no job's id"),
        (("create", "data", "--provider", "azure"), "--provider takes"),
    ],
)
def test_what_a_user_may_get_wrong_is_one_line(
    server: FineTuning, ragqa: Run, words: tuple[str, ...], said: str
) -> None:
    assert said in ragqa("finetune", *words).error


@pytest.mark.parametrize(
    "words", [("--no-wait",), ("--method", "half"), ("--provider", "openai"), ("--learning-rate", "nan")]
)
def test_options_that_do_not_go_together(server: FineTuning, ragqa: Run, words: tuple[str, ...]) -> None:
    assert ragqa("finetune", "create", "data", *words).code == 2


def test_a_model_trained_here_by_the_same_verbs(home: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("peft", reason="local training needs ragqa[train]")
    from ragqa.finetune.local import bases

    for name, value in {"LAYERS": 1, "WIDTH": 32, "VOCABULARY": 300}.items():
        monkeypatch.setattr(bases, name, value)
    prepare(home / "data", examples(4), examples(1))
    job = ragqa("finetune", "create", "data", "--epochs", "1", "--json").json
    assert job["provider"] == "local" and job["model"].startswith("transformers:")
    assert ragqa("finetune", "status", job["id"], "--json").json == job
    assert "done" in ragqa("finetune", "events", job["id"]).out
    assert job["id"] in ragqa("finetune", "list").out and job["model"] in ragqa("finetune", "models").out
    assert (home / "finetunes" / job["id"] / "job.json").is_file() and json.dumps(job)


def judge_answers(home: Path, count: int) -> None:
    for number in range(count):
        answer = KeptAnswer(f"{number}", 0.0, "default", f"Question {number}?", "Never.", "extractive")
        judge(Settings(home=home), answer, "bad", "Every week.")


def test_preferences_are_learned_at_openai_once_it_is_agreed(server: FineTuning, home: Path, ragqa: Run) -> None:
    judge_answers(home, NEEDED)
    command = ("finetune", "prefer", f"openai:{BASE}", "--beta", 0.2)
    ran = ragqa(*command)
    assert ran.code == 1 and not server.calls and not ran.out
    assert "16 pairs of answers, with their questions and passages" in ran.err and "4 to measure by" in ran.err
    assert "price:" in ran.err and "nothing was sent: --yes" in ran.err
    done = ragqa(*command, "--yes", "--suffix", "pumps", "--json").json
    assert (done["form"], done["model"]) == ("preference", f"openai:{MODEL}")
    [request] = server.requests
    assert request["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}}
    assert "next     ragqa ask" in ragqa("finetune", "status", "ftjob-0").out
    [job] = ragqa("finetune", "list", "--json").json["jobs"]
    assert (job["id"], job["base"], job["form"]) == ("ftjob-0", BASE, "preference")


def test_what_only_one_kind_of_model_takes_is_refused(server: FineTuning, home: Path, ragqa: Run) -> None:
    judge_answers(home, NEEDED)
    for option in (("--out", "x"), ("--minutes", 5), ("--no-sft",)):
        assert "are for a MODEL on this machine" in ragqa("finetune", "prefer", f"openai:{BASE}", *option).err
    assert "are for openai:MODEL" in ragqa("finetune", "prefer", "smollm2", "--yes").err
    assert "should name a model of OpenAI's" in ragqa("finetune", "prefer", "openai:").err
    assert not server.calls
