"""What ``bench.compare`` withholds: whole articles are neither in the library nor answerable, and one is trained on."""

from __future__ import annotations

from bench.compare import WITHHELD, parts_of, withheld_of
from ragqa.evaluation.datasets import Question
from ragqa.evaluation.datasets.beir import plain_document


def test_questions_of_withheld_articles_have_no_answer() -> None:
    places = [(article, part) for article in range(9) for part in range(3)]
    documents = [plain_document(f"d{a}-{p}", f"article {a}", f"The fan of part {p} weighs {a} kg.") for a, p in places]
    questions = [
        Question(f"q{a}-{p}", f"What does the fan of part {p} in {a} weigh?", {f"d{a}-{p}": 1}, answers=(f"{a} kg",))
        for a, p in places
    ]
    withheld = withheld_of(documents)
    parts = parts_of(documents, questions, withheld)
    assert len(set(withheld)) == WITHHELD and withheld == withheld_of(documents)
    gone = {one.name for one in documents if one.title in withheld}
    for part, examples in parts.items():
        for one in examples:
            assert one.answerable == (one.document is not None) == bool(one.answers)
            assert one.document not in gone
            assert one.answerable or part == ("train" if one.group == withheld[0] else "test")
    assert sum(map(len, parts.values())) == len(questions)
    assert [sum(not one.answerable for one in parts[part]) for part in ("train", "valid", "test")] == [3, 0, 6]
