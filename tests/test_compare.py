"""``compare``: real systems on a small library; what the table, the JSON and the page say, and what stays untouched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ragqa.answerers import Turn
from ragqa.answerers.language_model import Reply as Written
from ragqa.answerers.prompting import Message, Prompt, Room
from ragqa.compare.facts import Fact, change_documents, choose_facts
from ragqa.compare.kept import KeptAnswers
from ragqa.compare.measures import is_usable, measure, stands
from ragqa.compare.plan import english_only
from ragqa.compare.questions import Questions, closed_book, read_questions, reword, turns_before
from ragqa.compare.records import AskedQuestion, Reply
from ragqa.compare.systems import Bench, open_system, write_prepared
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.finetune.local import bases, learning
from ragqa.finetune.records import Example
from ragqa.finetune.training import loop
from ragqa.types import Citation, Usage
from tests import tiny_model
from tests.conftest import Run
from tests.servers import chat
from tests.servers.chat import serving


def example(name: str, question: str, answer: str, document: str = "pump.md") -> Example:
    said = (answer,) if answer else ()
    messages = (Message("user", question), Message("assistant", answer or "The manual does not say."))
    return Example(name, messages, question, said, answerable=bool(answer), document=document, group=name)


TRAIN = [
    example("a", "How often should the pump filter be cleaned?", "30 days"),
    example("b", "What does code E04 of the pump mean?", "The pump filter is blocked"),
]
TEST = [
    example("c", "How many watts does the bulb of the lamp have?", "40 watts", "lamp.md"),
    example("d", "Who won the chess tournament in Paris?", ""),
]


@pytest.fixture
def prepared(small: Path) -> Path:
    folder = small / "prepared"
    folder.mkdir()
    write_prepared(folder, {"train": TRAIN, "valid": [], "test": TEST}, "closed-book", 0)
    return folder


@pytest.fixture
def quick_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model from nothing, small enough for seconds, and soon looked at whether it knows its two examples."""
    for name, value in {"LAYERS": 2, "WIDTH": 64, "VOCABULARY": 400}.items():
        monkeypatch.setattr(bases, name, value)
    monkeypatch.setattr(learning, "SCRATCH_RATE", 5e-3)
    monkeypatch.setattr(loop, "ROUNDS", 100)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says 'Every 40 hours …' to everything."""
    return tiny_model.make(tmp_path_factory.mktemp("models") / "tiny")


def test_retrieval_beside_a_model_without_passages(prepared: Path, ragqa: Run, model: Path) -> None:
    before = (prepared.parent / "indexes" / "default" / "library.db").read_bytes()
    closed = f"closed-book:transformers:{model}"
    said = ragqa(
        "compare",
        "--min-questions",
        1,
        "-q",
        prepared,
        "--systems",
        f"extractive,{closed}",
        "--report",
        "page",
        "--json",
    ).json
    rows = {(row["system"], row["split"]): row for row in said["systems"]}
    splits = ("seen", "unseen", "unanswerable")
    assert set(rows) == {(system, split) for system in ("extractive", closed) for split in splits}
    read = rows["extractive", "seen"]
    assert read["questions"] == 2 and read["metrics"]["answer_recall"]["mean"] == 1
    assert read["metrics"]["citations"]["mean"] > 0 and read["train_seconds"] is None and read["cost_usd"] == 0
    assert read["metrics"]["supported"]["mean"] == read["metrics"]["usable"]["mean"] == 1
    assert rows["extractive", "unanswerable"]["metrics"]["refused"]["mean"] == 1
    known = rows[closed, "seen"]["metrics"]
    assert known["answer_recall"]["mean"] == 0 and "citations" not in known and "supported" not in known
    assert rows[closed, "unanswerable"]["metrics"]["refused"]["mean"] == 0
    assert rows[closed, "seen"]["disk_bytes"] == sum(file.stat().st_size for file in model.iterdir())
    assert [one["systems"] for one in said["differences"]] == [["extractive", closed]] * 2
    assert "Too few to advise on" in said["advice"][0] and said["advice"][-1].startswith("Not known: ")
    assert "reworded questions, of which there were none" in said["advice"][-1]
    page = (prepared.parent / "page" / "index.html").read_text(encoding="utf-8")
    assert said["advice"][0] in page and "<script" not in page and "http" not in page.split("<body>")[1]
    assert "What others found" in page and "arXiv 2411.05059" in page
    assert (prepared.parent / "indexes" / "default" / "library.db").read_bytes() == before


def test_a_fact_that_changed_is_answered_after_it_was_read_again(prepared: Path, ragqa: Run, model: Path) -> None:
    fact = {
        "old": "every 30 days",
        "new": "every 300 hours of use",
        "question": TRAIN[0].question,
        "answer": "300 hours",
    }
    Path("facts.jsonl").write_text(json.dumps(fact) + "\n", encoding="utf-8")
    closed = f"closed-book:transformers:{model}"
    words = (
        "compare",
        "--min-questions",
        1,
        "-q",
        prepared,
        "--systems",
        f"extractive,{closed}",
        "--update",
        "facts.jsonl",
    )
    read, known = ragqa(*words, "--json").json["update"]
    assert (read["how"], read["new"], read["old"]) == ("re-ingested", 1, 0) and read["seconds"] > 0
    assert read["known"] == 1 and read["follows"]["mean"] == read["share"]["mean"] == 1
    assert (known["how"], known["new"], known["known"], known["follows"]) == ("as it is", 0, 0, None)
    asked = ragqa("ask", TRAIN[0].question, "--json").json
    assert "30 days" in asked["answer"]
    shown = ragqa(*words).out
    assert "answer in it" in shown and "is the fair column" in shown and "follows the change" in shown
    assert "what others found" in shown and ".99 → .65" in shown and "Not known: " in shown


def test_blocks_and_pages_move_with_a_changed_text(small: Path) -> None:
    with Library.open(home=small) as library:
        before = library.show("pump.md")
        (after,) = change_documents([Fact("30 days", "3,000 hours", "how often?", "3,000 hours")], library)
    assert "every 3,000 hours with" in after.text
    moved = [after.text[block.start : block.end] for block in after.blocks]
    told = [before.text[block.start : block.end].replace("30 days", "3,000 hours") for block in before.blocks]
    assert moved == told


def test_a_fact_stands_by_itself_and_once(small: Path) -> None:
    (small / "weights.md").write_text("# Weights\n\nThe pump weighs 3 kg, the lamp 13 kg, the fan 23 kg or 3.5 kg.\n")
    with Library.open(home=small) as library:
        library.ingest([small / "weights.md"])
        (after,) = change_documents([Fact("3 kg", "4 kg", "how heavy?", "4 kg")], library)
        assert "pump weighs 4 kg, the lamp 13 kg, the fan 23 kg" in after.text
        (chosen,) = choose_facts([example("w", "How heavy is the pump?", "3 kg", "weights.md")], library)
        assert chosen.old == "3 kg" and change_documents([chosen], library)
        for old, times in (("filter", "[2-9]"), ("9 kg", "0")):
            with pytest.raises(RagqaError, match=rf"stand once .* {times} times"):
                change_documents([Fact(old, "x", "?", "x")], library)


def test_the_manual_s_own_words_change_where_the_set_quotes_them(small: Path) -> None:
    asked = replace(example("q", "How long between cleanings?", "30 days at most"), evidence=("every 30 days",))
    twice = replace(asked, evidence=("every 30 days", "each month"))
    with Library.open(home=small) as library:
        (fact,) = choose_facts([twice, asked], library)
        assert (fact.old, fact.was, fact.question) == ("every 30 days", "30 days", asked.question)
        assert fact.answer != fact.was and fact.new == f"every {fact.answer}"


def test_a_question_of_a_conversation_is_asked_behind_its_turns() -> None:
    turns = (Message("system", "Be brief."), Message("user", "The pump leaks."), Message("assistant", "Where?"))
    last = (Message("user", "At the seal."), Message("assistant", "Replace it."))
    spoken = Example("t", (*turns, *last), "At the seal.", ("Replace it.",))
    assert turns_before(spoken) == (Turn("The pump leaks.", "Where?"),)
    assert closed_book(spoken, "").messages == (*turns[1:], *last), "nobody is asked with the system's message"
    shown = replace(spoken, question="Which seal?")  # as in the form context: the question stands among passages
    assert turns_before(shown) == () and closed_book(shown, "").messages[0].content == "Which seal?"


def test_a_quote_that_stands_nowhere_is_no_proof(small: Path) -> None:
    with Library.open(home=small) as library:
        assert stands(Citation(1, "pump.md", None, (), "Never use solvents on the pump filter.", 1), library)
        assert not stands(Citation(1, "pump.md", None, (), "Always use solvents on the pump filter.", 1), library)
        assert not stands(Citation(1, "lamp.md", None, (), "Never use solvents on the pump filter.", 1), library)


class Rewording:
    """A language model that gives its replies one after another."""

    spec = "model"

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)

    def room(self) -> Room:
        return Room(4096, 200, len)

    def complete(self, prompt: Prompt, n: int, on_text: object) -> Written:
        return Written((self.replies.pop(0),), (False,), Usage())


def test_a_rewording_keeps_numbers_and_names_and_is_other_words() -> None:
    asked = "How often should the E04 valve of the Halden be cleaned?"
    good = "At what intervals do I clean valve E04 of the Halden?"
    assert reword(Rewording(f'"{good}"\n\nHope that helps!'), asked) == good
    for bad in (
        "How often do I clean the valve of the Halden?",
        "How often is E04 cleaned?",
        asked.upper(),
        "",
        good * 9,
    ):
        assert reword(Rewording(bad), asked) is None, bad


def test_only_people_s_own_words_or_a_model_s_make_the_reworded_row(
    small: Path, prepared: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("compare", "--min-questions", 1, "--systems", "extractive", "--json")
    said = ragqa(*words, "-q", prepared).json
    assert {row["split"] for row in said["systems"]} == {"seen", "unseen", "unanswerable"}
    assert any("give people's own in a column 'reworded', or name a language model" in note for note in said["notes"])
    Path("own").mkdir()
    own = replace(TRAIN[0], reworded=("When do I wash the pump's filter?",))
    write_prepared(Path("own"), {"train": [own, TRAIN[1]], "valid": [], "test": TEST}, "closed-book", 0)
    said = ragqa(*words, "-q", "own").json
    assert [row["questions"] for row in said["systems"]] == [2, 1, 1, 1]
    with serving(chat.says("When do I wash the filter of the pump, which shows E04?")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        said = ragqa(*words, "-q", prepared, "--reword-with", "openai:test").json
    assert [row["questions"] for row in said["systems"] if row["split"] == "reworded"] == [2]
    assert ragqa("compare", "--min-questions", 1, "-q", prepared, "--reword-with", "oracle").error.startswith(
        "--reword-with"
    )


def test_too_few_questions_are_told_before_anything_is_run(prepared: Path, ragqa: Run) -> None:
    ran = ragqa("compare", "-q", prepared, "--systems", "extractive,closed-book:scratch")
    assert ran.code == 1 and not (prepared.parent / "finetunes").exists()
    assert "takes 20 unseen questions with answers; prepared gives 1 of 4 in all" in ran.error.replace(
        str(prepared), "prepared"
    )
    assert "--min-questions 1" in ran.error and "opened" not in ran.err


def test_what_is_trained_here_knows_what_it_saw_and_learns_the_new_fact(
    prepared: Path, ragqa: Run, quick_scratch: None
) -> None:
    fact = {"old": "every 30 days", "new": "every 77 nights", "question": TRAIN[0].question, "answer": "77 nights"}
    Path("facts.jsonl").write_text(json.dumps(fact), encoding="utf-8")
    words = (
        "compare",
        "--min-questions",
        1,
        "-q",
        prepared,
        "--systems",
        "closed-book:scratch",
        "--update",
        "facts.jsonl",
        "--retrain",
    )
    said = ragqa(*words, "--json").json
    seen = next(row for row in said["systems"] if row["split"] == "seen")
    assert seen["scratch"] and seen["metrics"]["em"]["mean"] == 1 and seen["train_seconds"] > 0
    as_it_is, anew = said["update"]
    assert (as_it_is["new"], anew["new"], anew["old"]) == (0, 1, 0) and anew["seconds"] > 0
    jobs = list((prepared.parent / "finetunes").glob("*/job.json"))
    assert len(jobs) == 1, "what was trained for the changed manual is gone with its copy"
    again = ragqa("compare", "--min-questions", 1, "-q", prepared, "--systems", "closed-book:scratch", "--json")
    assert "nothing was trained" in again.err and again.json["systems"][0]["train_seconds"] == seen["train_seconds"]


def test_a_model_is_trained_to_read_the_passages(prepared: Path, ragqa: Run, quick_scratch: None) -> None:
    words = ("--systems", "extractive,retrieve:train=scratch", "--max-tokens", "40")
    ran = ragqa("compare", "--min-questions", 1, "-q", prepared, *words, "--json")
    seen = [row for row in ran.json["systems"] if row["split"] == "seen"]
    assert [row["scratch"] for row in seen] == [False, True] and seen[1]["train_seconds"] > 0
    assert "citations" in seen[1]["metrics"], "it is asked with passages"
    (record,) = (prepared.parent / "finetunes").glob("*/model/ragqa.json")
    assert json.loads(record.read_text())["form"] == "context"
    assert [one["how"] for one in ran.json["update"]] == ["re-ingested", "re-ingested"]


def test_a_collection_with_answers_needs_no_library(home: Path, ragqa: Run) -> None:
    folder = home / "set"
    (folder / "qrels").mkdir(parents=True)
    parts = {"pump": "cellar", "lamp": "attic", "fan": "yard", "valve": "hall"}
    lines = [
        json.dumps({"_id": part, "title": part, "text": f"The {part} stands in the {parts[part]}."}) for part in parts
    ]
    asked = [{"_id": f"q-{part}", "text": f"Where does the {part} stand?", "answers": [parts[part]]} for part in parts]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    judged = "\n".join(f"q-{part}\t{part}\t1" for part in parts)
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}\n")
    said = ragqa("compare", "--min-questions", 1, "-q", folder, "--systems", "extractive", "--json").json
    (unseen,) = [row for row in said["systems"] if row["split"] == "unseen"]
    assert unseen["questions"] == 1 and unseen["metrics"]["citations"]["mean"] == 1
    assert not (home / "indexes").exists() and not (home / "finetunes").exists()


def test_what_is_missing_is_told_before_anything_is_trained(prepared: Path, ragqa: Run) -> None:
    ran = ragqa(
        "compare", "--min-questions", 1, "-q", prepared, "--systems", "closed-book:scratch,retrieve:openai:gpt-4.1-mini"
    )
    assert "needs a key" in ran.err.splitlines()[-1] and ran.code == 1
    assert not (prepared.parent / "finetunes").exists()


def test_a_model_in_a_folder_says_what_it_took_and_that_it_came_from_nothing(
    prepared: Path, ragqa: Run, model: Path, tmp_path: Path
) -> None:
    made = Path(shutil.copytree(model, tmp_path / "mine"))
    (made / "ragqa.json").write_text(json.dumps({"scratch": True, "train_seconds": 90.0}), encoding="utf-8")
    shown = ragqa("compare", "--min-questions", 1, "-q", prepared, "--systems", f"closed-book:transformers:{made}").out
    assert f"{made} (scratch)" in shown and " 1.5 " in shown, "minutes"


def test_what_a_question_holds_is_text_on_the_page(small: Path, ragqa: Run) -> None:
    odd = example("x", "<script>alert(1)</script> How often is the pump filter cleaned?", "<b>31</b> days")
    Path("odd").mkdir()
    write_prepared(Path("odd"), {"train": TRAIN, "valid": [], "test": [odd]}, "closed-book", 0)
    assert ragqa("compare", "--min-questions", 1, "-q", "odd", "--systems", "extractive", "--report", "page").code == 0
    page = Path("page/index.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "<b>31" not in page


def test_dialogues_and_a_text_held_back(prepared: Path, ragqa: Run, model: Path) -> None:
    dialogue = {"turns": ["How is the filter cleaned?", "And the lamp?", "Cleaning of the filter?"], "same": [[1, 3]]}
    Path("dialogues.jsonl").write_text(json.dumps(dialogue), encoding="utf-8")
    Path("held.txt").write_text("The filter of the pump is cleaned.", encoding="utf-8")
    more = ("--dialogues", "dialogues.jsonl", "--text", "held.txt", "--json")
    said = ragqa(
        "compare", "--min-questions", 1, "-q", prepared, "--systems", f"closed-book:transformers:{model}", *more
    ).json
    assert said["dialogues"][0]["consistency"]["mean"] == 1 and said["dialogues"][0]["pairs"] == 1
    assert said["text"][0]["perplexity"] > 1 and said["text"][0]["tokens"] > 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-q", "nowhere.jsonl"), "there is no nowhere.jsonl"),
        (("-q", "prepared", "--systems", "oracle"), "--systems takes extractive"),
        (("-q", "prepared", "--systems", "closed-book:what"), "closed-book:what should name a causal language model"),
        (("-q", "prepared", "--systems", "retrieve:train=what"), "retrieve:train=what should name a causal language"),
        (("-q", "prepared", "--systems", "closed-book:train="), "should name what to train from"),
        (("-q", "prepared", "--index", "none"), "there is no library 'none'"),
        (("-q", "prepared", "--update", "bad.jsonl"), "bad.jsonl, line 1: expected"),
        (("-q", "bare"), "holds no question with an answer"),
        (("-q", "prepared", "--systems", "route:train"), "the questions to train on have 1: leave it out"),
        (("-q", "prepared", "--systems", "route:nowhere"), "should be the folder of a classifier"),
    ],
)
def test_bad_input_is_told_in_one_line(prepared: Path, ragqa: Run, words: tuple[str, ...], told: str) -> None:
    Path("bad.jsonl").write_text('{"old": "x"}\n', encoding="utf-8")
    Path("bare").mkdir()
    write_prepared(Path("bare"), {"train": [TEST[1]], "valid": [], "test": []}, "closed-book", 0)
    ran = ragqa("compare", "--min-questions", 1, "--systems", "extractive", *words)
    assert ran.code == 1 and told in ran.err.splitlines()[-1] and "Traceback" not in ran.err


class Quoting:
    """A system that says one thing to everything, and counts how often it is asked; stopped at ``stop_at``."""

    name, kind, scratch, training = "quoting", "closed-book", False, None
    disk_bytes = None

    def __init__(self, state: str = "", stop_at: int = 10**9) -> None:
        self.state, self.stop_at, self.asked = state, stop_at, 0

    def ask(self, question: str, history: object = ()) -> Reply:
        self.asked += 1
        if self.asked == self.stop_at:
            raise KeyboardInterrupt
        cited = Citation(1, "pump.md", 3, ("Care",), "every 30 days", 7)
        return Reply("Clean the pre-filter every 30 days.", citations=(cited,), unsupported=("E04",), latency_ms=5.0)


def test_who_quotes_the_manual_s_own_words_has_answered(home: Path):
    messages = (Message("user", "how often?"), Message("assistant", "Once a month"))
    asked = AskedQuestion(
        "how often?", Example("1", messages, "how often?", ("Once a month",), evidence=("every 30 days",))
    )
    with Library.open("empty", create=True, home=home) as library:
        found = measure(Quoting(), "seen", [asked], library)
    assert found.metrics["answer_recall"].mean == 1 and found.metrics["em"].mean == 0


class Terse(Quoting):
    """Says what it takes for the answer, and cites the sentence in which that stands."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Reply:
        cited = Citation(1, "pump.md", 1, (), "Clean the pre-filter every 30 days.", 1)
        return Reply("pre-filter [1]", citations=(cited,), latency_ms=5.0)


def test_the_sentence_that_an_answer_cites_is_shown_with_it(home: Path) -> None:
    messages = (Message("user", "how often?"), Message("assistant", "every 30 days"))
    asked = AskedQuestion("how often?", Example("1", messages, "how often?", ("every 30 days",)))
    with Library.open("empty", create=True, home=home) as library:
        found = measure(Terse(), "seen", [asked], library)
    assert found.metrics["shown"].mean == 1 and found.metrics["answer_recall"].mean == 0


def test_a_comparison_that_was_stopped_asks_nobody_the_same_twice(home: Path) -> None:
    file = home / "comparisons" / "answers.jsonl"
    asked = [AskedQuestion(f"question {at}?", replace(TRAIN[0], id=str(at))) for at in range(5)]
    with Library.open("empty", create=True, home=home) as library:
        with pytest.raises(KeyboardInterrupt):
            measure(Quoting(stop_at=5), "seen", asked, library, kept=KeptAnswers(file))  # the first is asked twice
        with file.open("a", encoding="utf-8") as lines:
            lines.write('{"key": "torn')
        again, kept = Quoting(), KeptAnswers(file)
        found = measure(again, "seen", asked, library, kept=kept)
        assert kept.found == 3 and again.asked == 3, "two are missing, of which the first warms up"
        whole = measure(Quoting(), "seen", asked, library)
        assert found.replies == whole.replies and found.values == whole.values
        assert measure(done := Quoting(), "seen", asked, library, kept=KeptAnswers(file)) and not done.asked
        other = Quoting(state="another model")
        measure(other, "seen", asked, library, kept=KeptAnswers(file))
        assert other.asked == 6, "what another model said is nothing of this one"
    kept.forget()
    assert not file.parent.exists()


def test_a_system_s_state_is_that_of_its_library_and_its_model(small: Path, model: Path, tmp_path: Path) -> None:
    def states(path: Path) -> list[str]:
        with Library.open(home=small) as library:
            bench = Bench(library, library.settings, {})
            return [open_system(f"{kind}:{path}", bench).state for kind in ("retrieve", "closed-book")]

    before = states(model)
    assert states(model) == before
    other = Path(shutil.copytree(model, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.5}), encoding="utf-8")
    moved = [one.replace(str(other), str(model)) for one in states(other)]
    assert moved[0] != before[0] and moved[1] != before[1], "another model in the same place"
    (small / "valve.md").write_text("# Valve\n\nThe valve is closed by hand.\n", encoding="utf-8")
    with Library.open(home=small) as library:
        library.ingest([small / "valve.md"])
    after = states(model)
    assert after[0] != before[0] and after[1] == before[1], "who reads the library, reads another one"


def test_usable_is_every_part_and_not_much_else() -> None:
    right = ["Home mode; 220 m3 an hour"]
    assert is_usable("The unit moves 220 m3 an hour, in home mode.", right)
    assert not is_usable("The unit moves 220 m3 an hour.", right)
    assert not is_usable("Home mode, 220 m3 an hour. " + "And more. " * 80, right)
    assert is_usable("Never.", ["; ", "never"]) and not is_usable("", ["never"])


def test_a_name_without_a_kind_is_a_model_here_which_reads_as_many_passages_as_asked(
    prepared: Path, ragqa: Run, model: Path
) -> None:
    systems = ("--systems", f"extractive,retrieve:{model},closed-book:{model}", "--facts", 0, "--json")
    words = ("compare", "--min-questions", 1, "-q", prepared, *systems)
    ran = ragqa(*words)
    rows = {(row["system"].split(":")[0], row["split"]): row for row in ran.json["systems"]}
    assert rows["retrieve", "seen"]["metrics"]["supported"]["mean"] == 0, "40 hours stand nowhere"
    assert rows["retrieve", "seen"]["disk_bytes"] > rows["closed-book", "seen"]["disk_bytes"] > 0
    assert ran.json["update"] == [] and "what becomes of facts that change" in ran.json["advice"][-1]
    assert "step 1 of 2: opened as they are: extractive" in ran.err and "memory: weights of" in ran.err
    fewer = {row["split"]: row for row in ragqa(*words, "-k", 1).json["systems"] if "retrieve" in row["system"]}
    assert fewer["seen"]["tokens"] < rows["retrieve", "seen"]["tokens"]
    assert not (prepared.parent / "comparisons").exists()


def test_questions_without_an_answer_that_were_trained_on_are_told(small: Path, prepared: Path) -> None:
    without = [example(f"n{at}", f"Who won chess tournament {at}?", "") for at in range(30)]
    with Library.open(home=small) as library:
        for held, told in ((without[:5], "unanswerable: 25 of 30 are trained on"), (without, "")):
            folder = small / f"set-{len(held)}"
            rest = [one for one in without if one not in held]
            write_prepared(folder, {"train": [*TRAIN, *rest], "valid": [], "test": [TEST[0], *held]}, "closed-book", 0)
            found = read_questions(folder, library, seed=0)
            assert len(found.asked["unanswerable"]) == 30 and (told in found.notes or not told)
            assert [len(found.asked[split]) for split in ("seen", "unseen")] == [2, 1]


def test_a_base_that_reads_english_only_is_told_where_questions_are_chinese() -> None:
    asked = {"unseen": tuple(AskedQuestion(one, TRAIN[0]) for one in ("滤网多久清洗一次？", "How often?"))}
    questions = Questions(asked, {}, ())  # type: ignore[arg-type]
    assert "1 of 2 questions are in Chinese" in english_only(("retrieve:train=smollm2",), questions)
    assert english_only(("extractive", "closed-book:scratch"), questions) == ""


def test_published_findings_stand_beside_one_s_own(prepared: Path, ragqa: Run, quick_scratch: None) -> None:
    words = ("--min-questions", 1, "--systems", "closed-book:scratch", "--facts", 0, "--minutes", 30, "--json")
    ran = ragqa("compare", "-q", prepared, *words)
    memory = next(one for one in ran.json["published"] if ".99 → .65" in one["published"])
    assert memory["here"] == "closed-book:scratch 1.000 → not asked" and "arXiv 2411.05059" in memory["source"]
    assert "closed-book:scratch: trained on 2 questions, 30 minutes at most" in ran.err
    assert ran.json["systems"][0]["train_tokens"] > 0
