"""Each form in which people hold questions and answers is read; the form is told by what is in the file."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from ragqa.errors import RagqaError
from ragqa.finetune.checking.duplicates import alike
from ragqa.finetune.forms import closed_book_examples
from ragqa.finetune.preparing import prepare
from ragqa.finetune.reading import Entry, read_sources
from ragqa.finetune.records import SPLITS, Example, split_examples
from ragqa.prompts import load_prompts


def read(folder: Path, text: str | bytes, name: str = "file") -> list[Entry]:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_sources([folder / name]).entries)


def lines(*rows: object) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        'Question,Answer\n"How, then?",So\n',
        "question;answer\nHow, then?;So\n",
        "answer\tquestion\nSo\tHow, then?\n",
        lines({"question": "How, then?", "answer": "So"}),
        lines({"prompt": "How, then?", "completion": "So"}),
        json.dumps([{"query": "How, then?", "answers": ["So"]}]),
        json.dumps({"question": "How, then?", "answer": "So"}, indent=1),
        lines({"messages": [{"role": "user", "content": "How, then?"}, {"role": "assistant", "content": "So"}]}),
        "User: How, then?\nAssistant: So\n",
        "用户：How, then?\n助手：So\n",
    ],
)
def test_one_pair_in_every_form(tmp_path: Path, text: str) -> None:
    (entry,) = read(tmp_path, text)
    assert (entry.question, entry.answers) == ("How, then?", ("So",))


@pytest.mark.parametrize(
    "text",
    [
        "question,answer,reworded\nHow?,So,In what way?\n",
        lines({"question": "How?", "answer": "So", "reworded": ["In what way?"]}),
    ],
)
def test_other_words_go_with_their_question(tmp_path: Path, text: str) -> None:
    (entry,) = read(tmp_path, text)
    (made,) = closed_book_examples([entry], {entry.id: ""}, load_prompts(None))
    assert made.reworded == ("In what way?",) and len(made.messages) == 2


def test_encodings(tmp_path: Path) -> None:
    text = "问题,答案\n" + "".join(f"滤网多久清洗一次{at}？,每三十天用温水清洗一次\n" for at in range(9))
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        assert read(tmp_path, text.encode(encoding))[0].question == "滤网多久清洗一次0？", encoding


def test_marks_of_old_completions_are_taken_off_and_told(tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    file.write_text(lines(*({"prompt": f"Q{at} ->", "completion": f" A{at} END"} for at in range(3))), encoding="utf-8")
    reading = read_sources([file])
    assert [(one.question, one.answers) for one in reading.entries] == [(f"Q{at}", (f"A{at}",)) for at in range(3)]
    assert "'->'" in reading.notes[0] and "stop" in reading.notes[1]


def test_squad_keeps_what_is_impossible_and_ties_a_paragraph(tmp_path: Path) -> None:
    qas = [
        {"id": "a", "question": "Where?", "answers": [{"text": "Here", "answer_start": 0}, {"text": "Here"}]},
        {"id": "b", "question": "When?", "is_impossible": True, "answers": [], "plausible_answers": [{"text": "Now"}]},
        {"id": "c", "question": "Who stays?", "answers": [{"text": "she"}]},
    ]
    text = json.dumps(
        {"version": "v2.0", "data": [{"title": "T", "paragraphs": [{"context": "Here she stays.", "qas": qas}]}]}
    )
    first, second, _ = read(tmp_path, text)
    assert first.answers == ("Here",) and first.answerable and not second.answerable and second.answers == ()
    planned = prepare([tmp_path / "file"], "closed-book")
    assert "about one passage" in planned.findings[-1].found and len(planned.splits["train"]) == 3
    said = {one.id: one.messages[-1].content for one in planned.splits["train"]}
    assert said["b"] == "The manual does not say."


def test_every_answer_of_a_dialogue_is_in_its_example(tmp_path: Path) -> None:
    talk = "User: Hi, {0}\nAssistant: Hello\n\nUser: And\nthen {0}?\nAssistant: Go on {0}\n"
    read(tmp_path, "---\n".join(talk.format(at) for at in range(4)))
    planned = prepare([tmp_path / "file"], "closed-book")
    (example,) = planned.splits["test"]
    assert [message.role for message in example.messages] == ["user", "assistant"] * 2
    assert example.question.startswith("And\nthen ")


def test_beir_with_answers(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text(lines({"_id": "d", "title": "T", "text": "Text"}), encoding="utf-8")
    queries = [{"_id": "1", "text": "Why?", "answers": ["So"]}, {"_id": "2", "text": "How?"}]
    (tmp_path / "queries.jsonl").write_text(lines(*queries), encoding="utf-8")
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\td\t1\n2\td\t1\n", encoding="utf-8")
    reading = read_sources([tmp_path])
    (entry,) = reading.entries
    assert (entry.document, entry.label, entry.answers) == ("d", "T", ("So",))
    assert "1 queries have no answers" in reading.notes[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (lines({"messages": [{"role": "user", "content": "Hi"}]}), "entry 1: expected a user's message and"),
        (lines({"messages": [{"role": "cat", "content": "Hi"}]}), '"role": "user" or "assistant"'),
        (lines({"messages": "Hi"}), "expected a list under 'messages'"),
        (json.dumps({"data": [{"paragraphs": [{"qas": []}, {}]}]}), "SQuAD's form"),
        (b"\x00\x01\x02\x03" * 50, "is no text"),
        (lines({"question": "a", "answer": "b", "pages": [0]}), "entry 1: expected pages from 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(RagqaError) as raised:
        read(tmp_path, text)
    assert says in str(raised.value) and "\n" not in str(raised.value)


def test_a_split_is_seeded_whole_and_near_its_shares() -> None:
    examples = [Example(str(at), (), "", group=f"g{at // 3}") for at in range(300)]
    split = split_examples(examples, 1, 0.1, 0.2)
    assert [len(split[name]) for name in SPLITS] == pytest.approx([210, 30, 60], abs=3)
    assert sorted(one.id for name in SPLITS for one in split[name]) == sorted(one.id for one in examples)
    groups = [{one.group for one in split[name]} for name in SPLITS]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    again = split_examples(examples[::-1], 1, 0.1, 0.2)
    assert {one.id for one in again["test"]} == {one.id for one in split["test"]}
    assert {one.id for one in split_examples(examples, 2, 0.1, 0.2)["test"]} != {one.id for one in split["test"]}


def test_near_questions_are_those_that_comparing_all_pairs_finds() -> None:
    draw = Random(0)
    words = ["pump", "lamp", "door", "fuse", "tank", "hose", "belt", "gear", "dial", "lock", "fan", "grille", "valve"]
    questions = sorted({" ".join(draw.sample(words, draw.randint(4, 9))) for _ in range(60)})
    answers = [draw.choice(("yes", "no")) for _ in questions]
    found = {(first, second) for first, second, _ in alike(questions, answers)}
    sets = [set(question.split()) for question in questions]

    def near(first: int, second: int) -> bool:
        likeness = len(sets[first] & sets[second]) / len(sets[first] | sets[second])
        return likeness >= (0.6 if answers[first] == answers[second] else 0.8)

    expected = {pair for pair in combinations(range(len(questions)), 2) if near(*pair)}
    same = {(first, second) for first, second in expected if sets[first] == sets[second]}
    assert len(expected) > 50 and found >= expected - same and found <= expected
