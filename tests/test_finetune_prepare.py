"""Training data as a user makes it: a file in, a look at what was found, a folder out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragqa.answerers.citations import check_markers
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.finetune.estimating import estimate
from ragqa.finetune.forms import holds
from ragqa.finetune.preparing import Planned, prepare
from ragqa.finetune.records import SPLITS, Example, Form, read_examples, read_prepared
from ragqa.prices import Price
from ragqa.prompts import load_prompts
from tests.conftest import MANUALS, Run

QUESTIONS = MANUALS / "halden-kx-40.questions.jsonl"


def csv_of(folder: Path, *rows: str, name: str = "faq.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(("question,answer", *rows)) + "\n", encoding="utf-8")
    return file


def faq(count: int) -> list[str]:
    """Pairs that have nothing in common but the form."""
    words = ["pump", "lamp", "door", "fuse", "tank", "hose", "belt", "gear", "dial", "lock", "fan", "grille"]
    return [f"Where is the {words[at % 12]} of hall {at}?,In room {at}" for at in range(count)]


def all_of(planned: Planned) -> list[Example]:
    return [example for split in SPLITS for example in planned.splits[split]]


def told(planned: Planned) -> str:
    return "\n".join(finding.told() for finding in planned.findings)


def test_a_table_becomes_a_folder_that_training_reads(home: Path, ragqa: Run) -> None:
    csv_of(home, *faq(20))
    ran = ragqa("finetune", "prepare", "faq.csv", "--out", "made", "--yes", "--json")
    assert ran.json["examples"] == {"train": 14, "valid": 2, "test": 4} and ran.json["written"] == "made"
    record = read_prepared(home / "made")
    assert record.form == "closed-book" and record.sources == ("faq.csv",)
    first = next(read_examples(home / "made", "train"))
    assert [message.role for message in first.messages] == ["user", "assistant"]
    assert first.messages[1].content == first.answers[0] and first.source.startswith("faq.csv, line ")


def test_nothing_is_written_before_one_agrees(home: Path, ragqa: Run) -> None:
    csv_of(home, *faq(9), faq(1)[0])
    ran = ragqa("finetune", "prepare", "faq.csv")
    assert ran.code == 1 and "--yes" in ran.err and "word for word: left out" in ran.out
    assert not (home / "prepared").exists()
    assert ragqa("finetune", "prepare", "faq.csv", "--yes").code == 0
    assert (home / "prepared" / "faq-closed-book" / "prepared.json").is_file()


def test_the_same_again_is_left_and_another_is_refused(home: Path, ragqa: Run) -> None:
    csv_of(home, *faq(9))
    words = ("finetune", "prepare", "faq.csv", "--out", "made", "--yes")
    assert ragqa(*words).code == 0
    before = (home / "made" / "prepared.json").stat().st_mtime_ns
    assert ragqa(*words).code == 0 and (home / "made" / "prepared.json").stat().st_mtime_ns == before
    ran = ragqa(*words, "--seed", "3")
    assert ran.code == 1 and "holds something else" in ran.err


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = prepare([csv_of(tmp_path, *faq(9))], "closed-book")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ragqa.finetune.records.write_json", full)
    with pytest.raises(RagqaError, match="the disk is full"):
        planned.write(tmp_path / "made")
    assert {path.name for path in tmp_path.iterdir()} == {"faq.csv"}


def test_paraphrases_and_pages_stay_on_one_side(tmp_path: Path) -> None:
    rows = [f"Please where is the {word} of the hall?,Upstairs" for word in ("lamp", "pump")]
    rows += [f"Where exactly is the {word} of the hall?,Upstairs" for word in ("lamp", "pump")]
    for seed in range(8):
        planned = prepare([csv_of(tmp_path, *faq(12), *rows)], "closed-book", seed=seed)
        sides = {split: {one.group for one in planned.splits[split]} for split in SPLITS}
        assert not (sides["train"] & sides["test"] or sides["train"] & sides["valid"] or sides["valid"] & sides["test"])
        questions = {one.question: split for split in SPLITS for one in planned.splits[split]}
        lamps = {split for question, split in questions.items() if "lamp of the hall" in question}
        assert len(lamps) == 1


def test_what_is_found_is_told_and_mended(tmp_path: Path) -> None:
    rows = [*faq(8), faq(1)[0], "Is there a caf\u00c3\u00a9?,Yes", "Where?,", ",Here", "Which \ufffd?,No"]
    planned = prepare([csv_of(tmp_path, *rows)], "closed-book")
    said = told(planned)
    for what in ("has no question", "has no answer", "word for word", "U+FFFD", "windows-1252"):
        assert what in said, said
    assert "Is there a café?" in {one.question for one in all_of(planned)}
    assert len(all_of(planned)) == 9


def test_a_figure_tells_questions_apart(tmp_path: Path) -> None:
    rows = [f"What does the error code E{at} on the display mean?,Fault {at}" for at in range(10, 22)]
    planned = prepare([csv_of(tmp_path, *rows)], "closed-book")
    assert len({one.group for one in all_of(planned)}) == 12


def test_long_conversations_are_split_and_long_answers_left_out(tmp_path: Path) -> None:
    def said(role: str, content: str) -> dict[str, str]:
        return {"role": role, "content": content}

    turns = [said(role, f"{role} says {at}" + " word" * 1500) for at in range(4) for role in ("user", "assistant")]
    talks = [turns, *([said("user", f"Door {at}?"), said("assistant", "Yes")] for at in range(4))]
    talks.append([said("user", "All?"), said("assistant", "x " * 9000)])
    lines = [json.dumps({"messages": talk}) for talk in talks]
    file = tmp_path / "talk.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    planned = prepare([file], "closed-book")
    assert "split between turns" in told(planned) and "left out" in told(planned)
    pieces = [one for one in all_of(planned) if "-part-" in one.id]
    assert [one.content for piece in pieces for one in piece.messages] == [turn["content"] for turn in turns]
    assert len({piece.group for piece in pieces}) == 1


def test_context_is_the_prompt_of_ask_with_an_answer_that_stands_where_its_marker_says(manuals: Library) -> None:
    planned = prepare([QUESTIONS], "context", library=manuals, seed=1)
    refusal = load_prompts().refusal
    places, refused = set(), 0
    for one in all_of(planned):
        system, user, said = one.messages
        assert system.role == "system" and "Say only what the numbered passages say" in system.content
        passages = user.content.count("BEGIN PASSAGE [")
        if said.content in refusal.values():
            refused += one.answerable
            continue
        assert one.answerable
        checked = check_markers(said.content, passages)
        assert checked.dropped == 0 and len(checked.markers) == 1
        (marker,) = checked.markers
        places.add(marker)
        shown = user.content.split(f"BEGIN PASSAGE [{marker}]")[1].split(f"END PASSAGE [{marker}]")[0]
        assert said.content == f"{one.answers[0]} [{marker}]"
        assert any(holds(shown, sought) for sought in (*one.answers, *one.evidence))
    answerable = sum(one.answerable for one in all_of(planned))
    assert len(places) >= 3
    assert 0 < refused < 0.4 * answerable
    assert any(not one.answerable for one in all_of(planned))


def test_words_are_found_whole_across_cells_and_lines() -> None:
    assert holds("Home | 210 m³/h\n| 52 %", "Home 210 m³/h 52 %")
    assert holds("滤网每\n30 天清洗", "每30天") is False and holds("每 30 天\n清洗一次", "30 天清洗一次")
    assert not holds("It weighs 152 kg", "52") and not holds("anything", " ")


def test_a_library_alone_gives_generated_questions(manuals: Library) -> None:
    planned = prepare([], "closed-book", library=manuals, count=30)
    assert planned.record.generated == len(all_of(planned)) > 20
    assert all(one.source.startswith("generated from a ") and one.pages for one in all_of(planned))


def test_route_takes_the_column_or_the_section_or_the_document(tmp_path: Path, manuals: Library) -> None:
    file = tmp_path / "tickets.csv"
    rows = [f"Hall {at} has a broken {word},{word}s" for at in range(12) for word in ("lamp", "pump")]
    file.write_text("text,category\n" + "\n".join(rows), encoding="utf-8")
    planned = prepare([file], "route")
    assert planned.record.labels == ("lamps", "pumps")
    for split in SPLITS:
        assert {one.label for one in planned.splits[split]} == {"lamps", "pumps"}
    sections = prepare([QUESTIONS], "route", library=manuals).record.labels
    assert "6 Operation" in sections
    both = [QUESTIONS, MANUALS / "halden-kx-40c-zh.questions.jsonl"]
    assert len(prepare(both, "route", library=manuals).record.labels) == 2


@pytest.mark.parametrize(
    ("text", "form", "says"),
    [
        ("name,age\nAnn,3\n", "closed-book", "it has 'name', 'age'"),
        ('{"question": "a?", "answer": "b"}\n{"question": "c?"\n', "closed-book", "line 2"),
        ("question,answer\nWhy?,Because\n", "closed-book", "at least 3 examples"),
        ("question,answer\n" + "Why?,Because\n" * 9, "closed-book", "all 9 entries ask and answer the same"),
        ("", "closed-book", "is empty"),
        ("question,answer\n", "closed-book", "holds no question"),
        ("question,label\nOne?,a\nTwo?,b\nThree?,c\n", "route", "two labels or more"),
        ("question,answer\nOne?,a\nTwo?,b\nThree?,c\n", "route", "expected a column 'label'"),
        ("question,answer\na,b,c\n", "closed-book", "line 2: expected 2 columns"),
        ("question,answer\na,b\n", "context", "--index"),
        ("question,answer\na,b\n", "chat", "closed-book, context, route"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, text: str, form: Form, says: str) -> None:
    file = tmp_path / "bad"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RagqaError) as raised:
        prepare([file], form)
    assert says in str(raised.value) and "\n" not in str(raised.value)


def test_a_label_with_one_example_is_left_out_and_told(tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    rows = [f"Hall {at} has a broken {word},{word}s" for at in range(5) for word in ("lamp", "pump")]
    file.write_text("question,label\n" + "\n".join([*rows, "Who pays?,money"]), encoding="utf-8")
    planned = prepare([file], "route")
    assert "one label has one example ('money')" in told(planned)
    assert planned.record.labels == ("lamps", "pumps")


def test_pages_that_are_not_there_are_left_out_and_told(tmp_path: Path, manuals: Library) -> None:
    rows: list[dict[str, Any]] = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()[:9]]
    rows[2]["pages"] = [4000]
    file = tmp_path / QUESTIONS.name
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    planned = prepare([file], "closed-book", library=manuals)
    assert "names pages that library 'default' does not hold" in told(planned)
    assert rows[2]["_id"] not in {one.id for one in all_of(planned)}


def test_the_estimate_tells_tokens_and_price(tmp_path: Path) -> None:
    prepare([csv_of(tmp_path, *faq(30))], "closed-book").write(tmp_path / "made")
    prices = {"gpt-4.1-mini": Price(training=5.0)}
    once = estimate(tmp_path / "made", "gpt-4.1-mini", 1, prices)
    thrice = estimate(tmp_path / "made", "openai:gpt-4.1-mini-2025-04-14", 3, prices)
    assert once.examples == 21 and once.tokens == thrice.tokens >= 21 * once.longest / 2
    assert once.cost_usd == pytest.approx(5.0 * once.tokens / 1e6) and thrice.cost_usd == 3 * once.cost_usd
    assert "as ragqa.toml says" in once.price_note
    unknown = estimate(tmp_path / "made", "somebody/else", 1, prices)
    assert unknown.cost_usd is None and '[prices."somebody/else"] training' in unknown.price_note
    assert estimate(tmp_path / "made", "scratch", 1, {}).cost_usd == 0
    assert estimate(tmp_path / "made", "", 1, prices).cost_usd is None
