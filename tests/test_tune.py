"""Tuning: chosen on some questions and measured on others, searched as the product searches, written only when real."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.tune import choose, gain_of, set_options, with_options
from ragqa.evaluation.tune.workbench import Place, Setting, Workbench, hit, hit_minus_reading_cost, reciprocal_rank
from tests.conftest import CHINESE, ENGLISH, MANUALS, Run, copy_library
from tests.test_bench_retrieval import part_of_a_manual

if sys.version_info >= (3, 11):
    pass
else:
    pass

SPOILT = "# kept\nk = 5\ndense_weight = 9\nwindow_weight = 0\npull = 9 # why not\nneighbour = 1\n"
QUESTIONS = MANUALS / "halden-kx-40.questions.jsonl"


def rows_of(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def question_file(home: Path, rows: list[dict[str, object]]) -> Path:
    file = home / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def answerable(count: int) -> list[dict[str, object]]:
    rows = [row for row in rows_of(QUESTIONS) if row["answerable"]]
    return [{**row, "document": ENGLISH} for row in rows[:count]]


@pytest.fixture
def english(home: Path, english_home: Path) -> Path:
    """A home whose default library holds the English sample manual."""
    copy_library(english_home, home)
    return home


@pytest.fixture
def few_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two weights of the windows and nothing else, so that a test takes seconds."""
    for name, values in (("DENSE", (0.8,)), ("WINDOW", (0.4, 0.8)), ("PULL", (0.4,)), ("NEIGHBOUR", (0.1,))):
        monkeypatch.setattr(f"ragqa.evaluation.tune.workbench.{name}", values)


@pytest.fixture
def some_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight settings around the product's own: all 108 take minutes."""
    for name, values in (("DENSE", (0.8, 1.2)), ("WINDOW", (0.4, 0.8)), ("PULL", (0.0, 0.4)), ("NEIGHBOUR", (0.1,))):
        monkeypatch.setattr(f"ragqa.evaluation.tune.workbench.{name}", values)


# Choosing


def test_a_setting_that_is_better_everywhere_is_chosen_and_its_gain_is_told() -> None:
    present = np.tile([0.0, 1.0], 20)
    choice = choose(np.stack([present, np.full(40, 0.4), np.full(40, 0.9)]), folds=5, seed=0)
    assert choice.best == 2 and set(choice.used) == {2} and choice.held_out.tolist() == [0.9] * 40
    gain = gain_of(choice.present, choice.held_out, 0)
    assert (gain.before, gain.after) == pytest.approx((0.5, 0.9)) and gain.real and gain.low > 0.2


def test_the_best_of_many_random_settings_is_no_gain() -> None:
    chance = np.random.default_rng(1)
    flattered = real = 0
    for seed in range(20):
        worths = chance.random((300, 40))
        choice = choose(worths, folds=5, seed=seed)
        flattered += gain_of(worths[0], worths[choice.best], seed).real
        real += gain_of(choice.present, choice.held_out, seed).real
    assert flattered >= 8, "on the questions it was chosen on, the best of 300 often looks better beyond chance"
    assert real <= 2, "on questions that it was not chosen on, no more often than the interval allows"


def test_no_question_takes_part_in_its_own_choice() -> None:
    """The other setting is better on the mean, for the sake of the first question alone."""
    worths = np.stack([np.full(20, 0.5), np.array([1.0, *[0.49] * 19])])
    assert choose(worths, folds=20, seed=0).used.tolist() == [0, *[1] * 19]


def test_a_tie_keeps_the_present_setting() -> None:
    assert choose(np.full((3, 10), 0.5), folds=2, seed=0).best == 0


# What a ranking is reciprocal_rank


def test_worth_counts_ranks_pages_and_what_is_read() -> None:
    places = [Place("a.pdf", 1, 1, 160), Place("b.pdf", 7, 7, 80), Place("a.pdf", 6, 8, 160)]
    question = Question("1", "?", pages=(7,), document="a.pdf")
    assert reciprocal_rank(places, question) == pytest.approx(1 / 3)
    assert (hit(places, question, 2), hit(places, question, 3)) == (0, 1)
    assert hit_minus_reading_cost(places, question, 3) == pytest.approx(1 - 0.01 * 400 / 160)
    assert reciprocal_rank(places, Question("1", "?", pages=(7,))) == 0.5, "without a manual any manual's page 7 counts"
    assert reciprocal_rank([places[0]] * 10 + places, question) == 0, "page_mrr@10 ends at ten"


def test_the_workbench_finds_what_the_search_finds(manuals: Library) -> None:
    settings = manuals.settings
    setting = Setting.of(settings, settings.passage_tokens)
    bench = Workbench(manuals.store, manuals.embedder)
    for text in ("How do I reset the filter counter?", "What does fault code E17 mean?", "初效滤网多久清洗一次？"):
        for mode in ("hybrid", "dense", "lexical"):
            for _ in range(2):  # from memory too
                found = manuals.search(text, k=20, mode=mode).hits  # type: ignore[arg-type]
                places = bench.places(text, setting.fusion, mode)  # type: ignore[arg-type]
                assert [(p.document, p.first, p.last) for p in places] == [
                    (hit.passage.document, hit.passage.page, hit.passage.page_end) for hit in found
                ]


# The options file


def test_options_are_set_among_other_lines() -> None:
    before = '# mine\nk = 7  # enough\ndense-weight = 0.8\n\nanswerer = "extractive"\n'
    after = with_options(before, {"k": 5, "dense_weight": 1.2, "pull": 0.4})
    assert after == '# mine\nk = 5  # enough\ndense-weight = 1.2\n\nanswerer = "extractive"\npull = 0.4\n'


def test_a_file_without_a_last_line_end_gets_one() -> None:
    assert with_options("k = 7", {"pull": 0.4}) == "k = 7\npull = 0.4\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('stop = ["""\npull = 1\n"""]\n', 'stop = ["""\npull = 1\n"""]\npull = 0.4\n'),
        ("k = 7\n\n[prices.m] # dear\npull = 2\n", "k = 7\npull = 0.4\n\n[prices.m] # dear\npull = 2\n"),
        ("pull = [ 1, # one\n 2 ] # two\nk = 7\n", "pull = 0.4 # two\nk = 7\n"),
        ("# mine\r\nk = 7\r\n", "# mine\r\nk = 7\r\npull = 0.4\n"),
    ],
    ids=["in a string", "before a table", "over several lines", "line ends"],
)
def test_only_the_option_itself_is_changed(before: str, after: str) -> None:
    assert with_options(before, {"pull": 0.4}) == after


@pytest.mark.parametrize("text", ["not toml at all\n"], ids=["broken"])
def test_a_file_that_can_not_be_edited_safely_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ragqa.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RagqaError, match=r"write into it pull = 0\.4"):
        set_options(file, {"pull": 0.4})
    assert file.read_text(encoding="utf-8") == text and list(tmp_path.iterdir()) == [file]


# The command


def test_settings_that_spoil_the_search_are_mended_and_the_rest_of_the_file_stays(
    english: Path, ragqa: Run, some_weights: None
) -> None:
    file = english / "ragqa.toml"
    file.write_text(SPOILT, encoding="utf-8")
    assert ragqa("bench", "questions", "--count", "60", "--out", "own.jsonl").code == 0
    ran = ragqa("tune", "--questions", "own.jsonl", "--passage-tokens", "160", "--json")
    found = ran.json
    assert found["page_mrr"]["after"] > found["page_mrr"]["before"] + 0.05 and found["page_mrr"]["low"] > 0
    assert found["written"] and found["file"] == str(file) and not found["generated"]
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# kept" and any(line.startswith("pull") and line.endswith(" # why not") for line in lines)
    for name, value in found["written"].items():
        assert any(line.startswith(f"{name} = {value}") for line in lines)
    assert not any(line.startswith("passage_tokens") for line in lines)
    assert ragqa("search", "filter", "--json").code == 0, "the file written is one that is read"


def test_good_settings_are_left_alone(english: Path, ragqa: Run, few_weights: None) -> None:
    rows = answerable(12)
    words = ("tune", "--questions", question_file(english, rows), "--passage-tokens", "160", "--folds", "3")
    few = ragqa(*words)
    assert (
        few.code == 1
        and "takes 30 questions with pages; these are 12" in few.error
        and "--min-questions 12" in few.error
    )
    assert "passages of" not in few.err, "it is told before anything is searched"
    ran = ragqa(*words, "--min-questions", 12)
    assert ran.code == 0 and "12 questions are too few to tell a gain from chance" in ran.err
    assert "nothing was written" in ran.out and not (english / "ragqa.toml").exists()


def test_another_cut_says_what_to_run(home: Path, ragqa: Run, few_weights: None) -> None:
    """Questions of one sentence or row each, for which short passages do best, and weights that spoil the search."""
    (home / "ragqa.toml").write_text(SPOILT, encoding="utf-8")
    part_of_a_manual(home)
    assert ragqa("ingest", ENGLISH).code == 0
    assert ragqa("bench", "questions", "--count", "200", "--out", "own.jsonl").code == 0
    found = ragqa("tune", "--questions", "own.jsonl", "--passage-tokens", "32", "--json")
    assert found.json["present"]["passage_tokens"] == 160 and found.json["tried"] == 1 + 2 * 2
    assert found.json["best"]["passage_tokens"] == 32, found.json
    assert "passages of 32 tokens: cutting and embedding" in found.err
    assert found.json["written"]["passage_tokens"] == 32
    assert "ragqa ingest PATH… --index default" in found.err
    assert "passage_tokens = 32" in (home / "ragqa.toml").read_text(encoding="utf-8")
    assert ragqa("ingest", ENGLISH, "--json").json["documents"][0]["status"] == "replaced"


def test_without_questions_they_are_generated_and_that_is_said(
    small: Path, ragqa: Run, manuals_home: Path, few_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragqa.cli.tuning.GENERATED", 30)
    ran = ragqa("tune", "--home", manuals_home, "--passage-tokens", "160", "--json")
    assert "30 were generated from the manuals" in ran.err and "How far to trust them" in ran.err
    assert ran.json["generated"] and ran.json["k_gain"] is None, "k is not tuned on questions easier than people's"
    assert ran.json["written"] == {} and ran.json["file"] is None and not (small / "ragqa.toml").exists()
    assert "no question with a page" in ragqa("tune").error, "Markdown has no pages"


def test_bad_input_is_one_line(english: Path, ragqa: Run, manuals_home: Path) -> None:
    def told(*rows: dict[str, object], home: Path = english, folds: int = 2) -> str:
        words = (
            "--questions",
            question_file(english, list(rows)),
            "--home",
            home,
            "--folds",
            folds,
            "--min-questions",
            2,
        )
        return ragqa("tune", *words).error

    row = {"_id": "1", "text": "How often?", "pages": [3]}
    other = {**row, "_id": "2"}
    assert "missing.jsonl should be a file" in ragqa("tune", "--questions", "missing.jsonl").error
    assert "no question that can be measured" in told({**row, "pages": [], "answerable": False})
    assert "twice" in told(row, row)
    assert "line 1: expected" in told({"_id": "1", "pages": [3]})
    assert "expected pages from 1" in told({**row, "pages": [0]})
    assert "no question that can be measured" in told({**row, "pages": []})
    assert "1 of 2 questions of the library name pages that are not there" in told(row, {**other, "pages": [99]})
    assert "lamp.pdf" in told(row, {**other, "document": "lamp.pdf"})
    assert "--folds should be from 2 to the number of questions, got 5 for 2" in told(row, other, folds=5)
    many = [{**row, "_id": str(n)} for n in range(5)]
    assert 'add "document"' in told(*many, home=manuals_home)
    assert CHINESE not in told(*many, home=manuals_home), "nothing of the manuals is guessed at"
    assert ragqa("tune", "--passage-tokens", "big").code == 2
    assert "nowhere" in ragqa("tune", "--index", "nowhere").error
    assert not (english / "ragqa.toml").exists()
