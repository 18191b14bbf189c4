"""Jobs at a service, over real HTTP with the real client: begun once, followed, taken up, failures in a line."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa.answer_log import KeptAnswer
from ragqa.errors import RagqaError
from ragqa.finetune.hosted import OpenAIProvider, provider
from ragqa.finetune.hosted.pairs import pair_lines
from ragqa.finetune.jobs import Job, TrainOptions, jobs_folder
from ragqa.finetune.preference_pairs import PreferencePair
from ragqa.finetune.records import Example
from ragqa.settings import Settings
from tests.conftest import PATIENCE
from tests.finetune_local import examples, prepare
from tests.servers.finetuning import METRICS, MODEL, FineTuning, serving

KEY = "sk-secret0123456789"
BASE = "gpt-4.1-mini-2025-04-14"
OPTIONS = TrainOptions(BASE, suffix="pumps", epochs=2, batch_size=4, learning_rate=0.5, seed=7)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FineTuning]:
    monkeypatch.setattr(provider, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(provider, "LONGEST_PAUSE", 0.02)
    with serving() as state:
        monkeypatch.setenv("OPENAI_BASE_URL", state.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield state


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", timeout=PATIENCE)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return prepare(tmp_path / "data", examples(), examples(2))


def silent(line: str) -> None:
    pass


def begun(server: FineTuning, settings: Settings, prepared: Path) -> tuple[OpenAIProvider, Job]:
    provider = OpenAIProvider(settings)
    return provider, provider.create(prepared, OPTIONS, silent)


def error_of(call: object) -> str:
    with pytest.raises(RagqaError) as raised:
        call()  # type: ignore[operator]
    line = str(raised.value)
    assert "\n" not in line and "secret" not in line
    return line


def test_what_is_sent_is_messages_and_the_options_asked_for(
    server: FineTuning, settings: Settings, prepared: Path
) -> None:
    _, job = begun(server, settings, prepared)
    assert (job.id, job.provider, job.state, job.form) == ("ftjob-0", "openai", "queued", "closed-book")
    train, valid = server.files.values()
    rows = [json.loads(line) for line in train.decode().splitlines()]
    assert rows[0] == {
        "messages": [
            {"role": "user", "content": "Where does the pump stand?"},
            {"role": "assistant", "content": "in the cellar"},
        ]
    }
    assert len(rows) == 12 and len(valid.splitlines()) == 2
    [request] = server.requests
    assert request["model"] == BASE and request["suffix"] == "pumps" and request["seed"] == 7
    assert (request["training_file"], request["validation_file"]) == ("file-0", "file-1")
    hyper = request["method"]["supervised"]["hyperparameters"]
    assert hyper == {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5}


PASSAGE = {"document": "pump.md", "page": 3, "section": ["Care"], "header": "", "text": "The pump is greased weekly."}


def preference_pairs(count: int) -> list[PreferencePair]:
    def answer(number: int) -> KeptAnswer:
        return KeptAnswer(f"{number}", 0.0, "default", f"Question {number}?", "Never.", "made", (PASSAGE,), {"1": 1})

    return [PreferencePair(answer(number), "Weekly [1].", "Never.") for number in range(count)]


def test_preferences_go_in_the_service_s_form_with_the_prompt_of_ask(server: FineTuning, settings: Settings) -> None:
    pairs = pair_lines(preference_pairs(12), preference_pairs(2), BASE, settings)
    provider = OpenAIProvider(settings)
    job = provider.create_preferences(pairs, OPTIONS, 0.2, silent)
    assert (job.id, job.form) == ("ftjob-0", "preference")
    train, valid = server.files.values()
    row = json.loads(train.decode().splitlines()[0])
    assert set(row) == {"input", "preferred_output", "non_preferred_output"} and set(row["input"]) == {"messages"}
    assert row["preferred_output"] == [{"role": "assistant", "content": "Weekly [1]."}]
    assert row["non_preferred_output"] == [{"role": "assistant", "content": "Never."}]
    system, user = row["input"]["messages"]
    assert system["role"] == "system" and "Say only what the numbered passages say" in system["content"]
    assert "The pump is greased weekly." in user["content"] and user["content"].endswith("Question: Question 0?")
    assert len(train.splitlines()) == 12 and len(valid.splitlines()) == 2
    [request] = server.requests
    assert (request["training_file"], request["validation_file"]) == ("file-0", "file-1")
    hyper = {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5, "beta": 0.2}
    assert request["method"] == {"type": "dpo", "dpo": {"hyperparameters": hyper}}
    assert (request["model"], request["suffix"], request["seed"]) == (BASE, "pumps", 7)


def test_a_job_of_preferences_is_taken_up_and_what_is_not_chosen_is_left_to_the_service(
    server: FineTuning, settings: Settings
) -> None:
    server.states = ["running"]
    pairs, provider = pair_lines(preference_pairs(12), [], BASE, settings), OpenAIProvider(settings)
    job = provider.create_preferences(pairs, TrainOptions(BASE), None, silent)
    assert server.requests[0]["method"] == {"type": "dpo", "dpo": {"hyperparameters": {}}}
    again = pair_lines(preference_pairs(12), [], BASE, settings)
    assert provider.begun_preferences(again, TrainOptions(BASE), 0.5) is None
    assert provider.create_preferences(again, TrainOptions(BASE), None, silent).id == job.id
    assert len(server.requests) == 1 and "validation_file" not in server.requests[0]


def test_checkpoints_stand_among_the_events(server: FineTuning, settings: Settings) -> None:
    server.add_job("running")
    for number in range(3):
        server.add_event(f"event {number}")
    assert len(list(OpenAIProvider(settings).events("ftjob-0"))) == 3, "many servers know no checkpoints"
    server.add_checkpoint(1, full_valid_loss=0.5)
    found = list(OpenAIProvider(settings).events("ftjob-0"))
    messages = [event.message for event in found]
    assert messages == ["event 0", "event 1", f"checkpoint of step 1: openai:{MODEL}:ckpt-step-1", "event 2"]
    assert found[2].figures == {"step": 1.0, "full_valid_loss": 0.5}


def test_a_conversation_goes_whole(server: FineTuning, settings: Settings, tmp_path: Path) -> None:
    from ragqa.answerers.prompting import Message

    said = tuple(
        Message(role, text) for role, text in (("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    )  # type: ignore[arg-type]
    prepared = prepare(tmp_path / "talk", [Example("one", said, "c")])
    OpenAIProvider(settings).create(prepared, TrainOptions(BASE), silent)
    [row] = [json.loads(line) for line in server.files["file-0"].splitlines()]
    assert [message["content"] for message in row["messages"]] == ["a", "b", "c", "d"] and set(row) == {"messages"}
    assert "validation_file" not in server.requests[0] and "suffix" not in server.requests[0]


def test_a_job_is_followed_to_its_model_and_its_measures_are_drawn(
    server: FineTuning, settings: Settings, prepared: Path
) -> None:
    provider, job = begun(server, settings, prepared)
    server.add_event("Validating training file: file-0")
    for step in range(1, 4):
        server.add_event(f"Step {step}/3: training loss={step}", data={"step": step, "train_loss": float(step)})
    told: list[str] = []
    done = provider.follow(job.id, told.append)
    assert (done.state, done.model, done.trained_tokens, done.train_seconds) == (
        "succeeded",
        f"openai:{MODEL}",
        3000,
        120,
    )
    assert done.cost_usd is None, "what another server charges is not known"
    assert told == ["Validating training file: file-0", "Step 3/3: training loss=3"]
    folder = jobs_folder(settings) / job.id
    assert (folder / "metrics.csv").read_text() == METRICS
    picture = ElementTree.fromstring((folder / "loss.svg").read_text())
    drawn = ElementTree.tostring(picture, encoding="unicode")
    assert "training" in drawn and "held back" in drawn
    calls = len(server.calls)
    assert OpenAIProvider(settings).status(job.id) == done and len(server.calls) == calls, "it is over: nobody is asked"


def test_measures_come_plain_too(server: FineTuning, settings: Settings, prepared: Path) -> None:
    server.encoded = False
    provider, job = begun(server, settings, prepared)
    provider.follow(job.id, silent)
    assert (jobs_folder(settings) / job.id / "metrics.csv").read_text() == METRICS


def test_the_same_job_is_taken_up_and_another_is_begun(server: FineTuning, settings: Settings, prepared: Path) -> None:
    provider, job = begun(server, settings, prepared)
    server.states = ["running"]
    assert provider.begun(prepared, OPTIONS) and provider.begun(prepared, TrainOptions(BASE)) is None
    assert provider.create(prepared, OPTIONS, silent).id == job.id and len(server.requests) == 1
    assert provider.create(prepared, TrainOptions(BASE), silent).id != job.id
    assert len(server.files) == 2, "the files are the same: they were sent once"


def test_a_run_that_died_between_upload_and_job_sends_nothing_twice(
    server: FineTuning, settings: Settings, prepared: Path
) -> None:
    def dies(line: str) -> None:
        if "valid" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        OpenAIProvider(settings).create(prepared, OPTIONS, dies)
    assert len(server.files) == 1 and not server.requests
    told: list[str] = []
    OpenAIProvider(settings).create(prepared, OPTIONS, told.append)
    assert len(server.files) == 2 and "train.jsonl was sent before, as file-0: it is not sent again" in told


def test_a_file_that_the_server_forgot_is_sent_again(server: FineTuning, settings: Settings, prepared: Path) -> None:
    begun(server, settings, prepared)
    server.files.pop("file-0")
    OpenAIProvider(settings).create(prepared, TrainOptions(BASE), silent)
    assert [path for method, path in server.calls if method == "POST"].count("/files") == 3


def test_a_job_whose_answer_got_lost_is_found_again(server: FineTuning, settings: Settings, prepared: Path) -> None:
    server.lost, server.states = True, ["running"]
    assert "looks for it first" in error_of(lambda: begun(server, settings, prepared))
    _, job = begun(server, settings, prepared)
    assert job.id == "ftjob-0" and len(server.jobs) == 1, "a second job would be paid for twice"


def test_a_job_that_was_heard_of_is_not_the_lost_one(server: FineTuning, settings: Settings, prepared: Path) -> None:
    server.states = ["running"]
    begun(server, settings, prepared)
    server.forgetful, server.lost = True, True  # it keeps no metadata, as some servers do
    other = TrainOptions(BASE, seed=8)
    assert "looks for it first" in error_of(lambda: OpenAIProvider(settings).create(prepared, other, silent))
    assert OpenAIProvider(settings).create(prepared, other, silent).id == "ftjob-1" and len(server.jobs) == 2


def test_examples_that_were_changed_by_hand_are_not_sent(
    server: FineTuning, settings: Settings, prepared: Path
) -> None:
    begun(server, settings, prepared)
    calls = len(server.calls)
    with (prepared / "train.jsonl").open("a") as file:
        file.write("one more\n")
    assert "another one" in error_of(lambda: OpenAIProvider(settings).create(prepared, OPTIONS, silent))
    assert len(server.calls) == calls


def test_measures_that_no_training_gives_are_left_out_of_the_picture(
    server: FineTuning, settings: Settings, prepared: Path
) -> None:
    server.metrics = METRICS + "5,1e30,,nan,\n-3,1.0,,,\n1e300,1,,,\nx,y\n"
    provider, job = begun(server, settings, prepared)
    assert provider.follow(job.id, silent).state == "succeeded"
    picture = (jobs_folder(settings) / job.id / "loss.svg").read_text()
    words = re.findall(r">([^<>]+)</text>", picture)
    figures = [float(word) for word in words if word.replace(".", "").isdigit()]
    assert {"training", "held back"} <= set(words) and figures and max(figures) < 100
    assert not any(re.search(r"\de\+?\d|10\^", word) for word in words)


def test_a_failed_job_says_why_and_is_begun_anew(server: FineTuning, settings: Settings, prepared: Path) -> None:
    server.states = ["queued", "failed"]
    provider, job = begun(server, settings, prepared)
    done = provider.follow(job.id, silent)
    assert (done.state, done.error, done.model) == ("failed", server.reason, None)
    assert provider.begun(prepared, OPTIONS) is None


def test_a_job_is_cancelled(server: FineTuning, settings: Settings, prepared: Path) -> None:
    server.states = ["running"]
    provider, job = begun(server, settings, prepared)
    assert provider.cancel(job.id).state == "cancelled" == provider.status(job.id).state
    assert provider.cancel(job.id).state == "cancelled", "once over, it stays as it is"


def test_lists_and_events_of_many_pages(server: FineTuning, settings: Settings) -> None:
    server.page = 3
    for number in range(8):
        server.add_job("running")
        server.add_event(f"event {number}", "warn" if number == 2 else "info")
    provider = OpenAIProvider(settings)
    assert [job.id for job in provider.jobs()] == [f"ftjob-{number}" for number in range(7, -1, -1)]
    events = list(provider.events("ftjob-1"))
    assert [event.message for event in events] == [f"event {number}" for number in range(8)]
    assert events[2].level == "warning" and list(provider.models()) == [f"openai:{MODEL}"]


def test_a_network_that_comes_and_goes_is_borne(server: FineTuning, settings: Settings, prepared: Path) -> None:
    provider, job = begun(server, settings, prepared)
    server.failures = [(r"GET /fine_tuning/jobs/ftjob-0", 0, {})] * 3 + [(r"GET .*/events", 503, {"message": "busy"})]
    told: list[str] = []
    assert provider.follow(job.id, told.append).state == "succeeded"
    assert any("can't be reached" in line for line in told) and "the server can be reached again" in told


@pytest.mark.parametrize(
    ("pattern", "status", "error", "said"),
    [
        (".*", 401, {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}, "refused the key"),
        ("POST /fine_tuning/jobs", 429, {"message": "You exceeded your quota", "code": "insufficient_quota"}, "quota"),
        ("POST /fine_tuning/jobs", 429, {"message": "Slow down"}, "too many requests"),
        ("POST /fine_tuning/jobs", 404, {"message": "The model does not exist", "code": "model_not_found"}, BASE),
        ("POST /fine_tuning/jobs", 400, {"message": f"Model {BASE} is not available for fine-tuning"}, "--base"),
        ("POST /files", 400, {"message": "Invalid file format. Line 3 is no JSON"}, "Line 3 is no JSON"),
        ("POST /files", 413, {"message": "The file is larger than 512 MB"}, "larger than 512 MB"),
    ],
)
def test_each_refusal_is_one_line(
    server: FineTuning, settings: Settings, prepared: Path, pattern: str, status: int, error: dict[str, str], said: str
) -> None:
    server.failures = [(pattern, status, error)] * 5
    assert said in error_of(lambda: begun(server, settings, prepared))
    server.failures.clear()
    assert begun(server, settings, prepared)[1].id == "ftjob-0", "and afterwards it goes on"


def test_unknown_jobs_and_names_that_are_none(server: FineTuning, settings: Settings) -> None:
    provider = OpenAIProvider(settings)
    assert "has no job ftjob-9" in error_of(lambda: provider.status("ftjob-9"))
    assert "has no job ftjob-9" in error_of(lambda: list(provider.events("ftjob-9")))
    calls = len(server.calls)
    for name in ("../../etc", "a/b", ".", "ftjob-9?x=1"):
        assert "no job's id" in error_of(lambda name=name: provider.status(name))  # type: ignore[misc]
    assert len(server.calls) == calls


def test_no_server_no_key_and_another_server(
    server: FineTuning, settings: Settings, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.states = ["running"]
    _, job = begun(server, settings, prepared)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert "was begun at 127.0.0.1" in error_of(lambda: OpenAIProvider(settings).status(job.id))
    assert "can't be reached" in error_of(lambda: list(OpenAIProvider(settings).jobs()))
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "needs a key" in error_of(lambda: list(OpenAIProvider(settings).jobs()))


def test_what_only_a_local_job_takes_is_refused(server: FineTuning, settings: Settings, prepared: Path) -> None:
    provider = OpenAIProvider(settings)
    for options in (
        TrainOptions("scratch"),
        TrainOptions(BASE, read_library="pumps"),
        TrainOptions(BASE, max_tokens=9),
        TrainOptions(BASE, minutes=5),
    ):
        assert "--provider local" in error_of(lambda options=options: provider.create(prepared, options, silent))  # type: ignore[misc]
    assert not server.calls


def test_a_server_that_speaks_something_else(settings: Settings, server: FineTuning) -> None:
    server.jobs["ftjob-0"] = {"id": "ftjob-0", "status": "succeeded", "hello": 1}
    assert "OPENAI_BASE_URL" in error_of(lambda: OpenAIProvider(settings).status("ftjob-0"))
