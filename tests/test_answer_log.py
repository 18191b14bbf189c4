"""Answers are remembered, judged and made into pairs; nothing is kept that should not be."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ragqa import answer_log
from ragqa.answer_log import Judged, KeptAnswer, judgements, keep_answer, last_answers
from ragqa.finetune.preference_pairs import NEEDED, pairs_of, split_pairs
from ragqa.plain_files import append_line, json_lines
from ragqa.settings import Settings
from ragqa.types import Answer
from tests.conftest import PATIENCE, Run

QUESTION = "How often must the pump filter be cleaned?"


def kept(question: str, text: str, **more: object) -> KeptAnswer:
    return KeptAnswer(f"{question}{text}", 0.0, "default", question, text, "extractive", **more)  # type: ignore[arg-type]


def test_the_last_answer_is_judged(small: Path, ragqa: Run) -> None:
    said = ragqa("ask", QUESTION, "--json").json
    ran = ragqa("feedback", "good")
    assert ran.code == 0 and QUESTION in ran.out and f"0 of {NEEDED} pairs" in ran.err
    [one] = ragqa("feedback", "list", "--json").json["feedback"]
    assert (one["verdict"], one["answer"]["text"]) == ("good", said["answer"])
    assert one["answer"]["passages"][0]["document"] == "pump.md"


def test_what_it_should_have_said_makes_a_pair(small: Path, ragqa: Run) -> None:
    ragqa("ask", QUESTION)
    ragqa("ask", "What does E04 mean?")
    assert ragqa("feedback", "answers").out.splitlines()[0].strip().startswith("1")
    ran = ragqa("feedback", "bad", 2, "--better", "Every 30 days [1].", "--json").json
    assert (ran["question"], ran["pairs"], ran["needed"]) == (QUESTION, 1, NEEDED)
    assert "better: Every 30 days" in ragqa("feedback", "list").out


def test_a_changed_mind_counts(small: Path, ragqa: Run) -> None:
    ragqa("ask", QUESTION)
    ragqa("feedback", "good")
    ragqa("feedback", "bad")
    assert [one["verdict"] for one in ragqa("feedback", "list", "--json").json["feedback"]] == ["bad"]


def test_nothing_is_kept_if_that_is_switched_off(small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_KEEP_ANSWERS", "false")
    ragqa("ask", QUESTION)
    assert not (small / "answers.jsonl").exists()
    assert "keep_answers is off" in ragqa("feedback", "good").error
    monkeypatch.setenv("RAGQA_KEEP_ANSWERS", "perhaps")
    assert "true or false" in ragqa("feedback", "good").error


def test_only_the_owner_reads_it_and_no_key_is_in_it(small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret0123456789")
    ragqa("ask", QUESTION)
    ragqa("feedback", "good")
    for name in ("answers.jsonl", "feedback.jsonl"):
        assert stat.S_IMODE((small / name).stat().st_mode) == 0o600
        assert "secret" not in (small / name).read_text()


def test_an_answer_is_given_though_it_cannot_be_kept(small: Path, ragqa: Run) -> None:
    (small / "answers.jsonl").mkdir()
    assert ragqa("ask", QUESTION).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("good", 5), "1 to 1"),
        (("bad", "--better", "  "), "--better"),
        (("bad", "--better", "SAME"), "the answer itself"),
    ],
)
def test_what_a_user_may_get_wrong(small: Path, ragqa: Run, words: tuple[object, ...], said: str) -> None:
    answer = ragqa("ask", QUESTION, "--json").json["answer"]
    assert said in ragqa("feedback", *(answer if word == "SAME" else word for word in words)).error


def test_without_any_answer_it_says_what_to_do(home: Path, ragqa: Run) -> None:
    assert "ask something first" in ragqa("feedback", "bad").error
    assert ragqa("feedback", "list", "--json").json == {"feedback": [], "pairs": 0, "needed": NEEDED}


def test_torn_and_foreign_lines_are_left_out(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    keep_answer(settings, "default", Answer("q", "t", (), (), False, 0.5, "extractive"))
    with (tmp_path / "answers.jsonl").open("a") as file:
        file.write('[1]\n{"id": 3}\n{"id": "torn')
    assert [one.text for one in last_answers(settings)] == ["t"]
    whole = json.loads((tmp_path / "answers.jsonl").read_text().splitlines()[0])
    foreign = [{**whole, "id": []}, {**whole, "passages": None}, {**whole, "passages": [1]}, {**whole, "markers": 3}]
    rows = [{"at": 1.0, "verdict": "bad", "answer": answer, "better": "b"} for answer in [*foreign, {**whole, "x": 1}]]
    rows += [{"verdict": "good"}, {"at": "x", "verdict": "bad", "answer": whole}]  # type: ignore[dict-item]
    (tmp_path / "feedback.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "null\n")
    assert judgements(settings) == []
    (tmp_path / "feedback.jsonl").write_text(json.dumps({"at": 1, "verdict": "bad", "answer": whole, "better": 7}))
    assert [(one.answer.text, one.better) for one in judgements(settings)] == [("t", None)]


def test_the_memory_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_log, "MOST_BYTES", 2_000)
    settings = Settings(home=tmp_path)
    for number in range(40):
        keep_answer(settings, "default", Answer(f"q{number}", "t", (), (), False, 0.5, "extractive"))
        assert (tmp_path / "answers.jsonl").stat().st_size <= 2_000
    assert last_answers(settings)[0].question == "q39" and len(last_answers(settings)) > 3
    assert stat.S_IMODE((tmp_path / "answers.jsonl").stat().st_mode) == 0o600


KEEP = """
import sys
from pathlib import Path
from ragqa.answer_log import keep_answer
from ragqa.settings import Settings
from ragqa.types import Answer
print("ready", flush=True)
sys.stdin.readline()
keep_answer(Settings(home=Path(sys.argv[1])), "default", Answer("other", "t", (), (), False, 0.5, "extractive"))
"""


def test_two_processes_that_answer_at_once_lose_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process answers while this one has read the old lines and not yet written what remains of them."""
    pipe, write = subprocess.PIPE, answer_log.write_private
    with subprocess.Popen([sys.executable, "-c", KEEP, str(tmp_path)], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdin and other.stdout and other.stdout.readline() == "ready\n"

        def write_late(file: Path, data: bytes) -> None:
            if other.stdin and not other.stdin.closed:
                other.stdin.close()
                time.sleep(0.5)
            write(file, data)

        monkeypatch.setattr(answer_log, "MOST_BYTES", 2_000)
        monkeypatch.setattr(answer_log, "write_private", write_late)
        settings = Settings(home=tmp_path)
        while not other.stdin.closed:
            keep_answer(settings, "default", Answer("mine", "t", (), (), False, 0.5, "extractive"))
        assert other.wait(PATIENCE) == 0
    assert last_answers(settings)[0].question == "other" and len(last_answers(settings)) > 3


def test_pairs_are_better_over_bad_and_good_over_bad() -> None:
    judged = [
        Judged(0, "bad", kept("Why?", "no"), "yes"),
        Judged(1, "good", kept("why? ", "because")),
        Judged(2, "bad", kept("How?", "somehow")),
        Judged(3, "good", kept("When?", "now")),
    ]
    assert {(pair.chosen, pair.rejected) for pair in pairs_of(judged)} == {("yes", "no"), ("because", "no")}
    assert len(pairs_of([judged[0], judged[0]])) == 1


def test_markers_name_the_passages_as_the_model_sees_them() -> None:
    rows = tuple({"document": "a", "text": f"t{n}"} for n in range(3))
    answer = kept("Why?", "So [1], and so [2].", passages=rows, markers={"1": 3})
    [pair] = pairs_of([Judged(0, "bad", answer, "Thus [1][4].")])
    assert (pair.chosen, pair.rejected) == ("Thus [3].", "So [3], and so.")


def test_no_question_is_learned_and_measured_by() -> None:
    pairs = pairs_of([Judged(0, "bad", kept(f"q{n // 2}", f"bad {n}"), f"good {n}") for n in range(20)])
    learned, held = split_pairs(pairs, 0)
    assert len(learned) + len(held) == 20 and len(held) == 4
    assert not {pair.answer.question for pair in learned} & {pair.answer.question for pair in held}
    assert json.dumps([pair.chosen for pair in held]) == json.dumps([pair.chosen for pair in split_pairs(pairs, 0)[1]])


ASK = """
import sys
from ragqa.cli.app import app
try:
    app(["ask", sys.argv[1], "--home", sys.argv[2]])
except SystemExit as end:
    assert not end.code, end.code
print(sorted(name for name in sys.modules if name.startswith(("ragqa.finetune", "ragqa.evaluation", "ragqa.compare"))))
"""


def test_ask_imports_nothing_of_measuring_and_training(small: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ASK, QUESTION, str(small)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
    assert (small / "answers.jsonl").is_file()


def test_a_line_that_a_kill_has_torn_costs_itself_alone(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    assert list(json_lines(file)) == []
    append_line(file, {"text": "one\u2028line\x85 of 5 °C"})
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"text": "to')
    append_line(file, {"text": "three"})
    assert [row["text"] for row in json_lines(file)] == ["one\u2028line\x85 of 5 °C", "three"]
