"""What a search finds, in a real library with the real embedder."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ragqa import Library

PUMP = """# Pump P7

## Bleeding

Open the red valve by one turn until water comes without air. Close it again at 2.4 Nm.

## Storage

Keep the pump above 5 °C. Drain it before the first frost.

## Error E41

E41 means that the motor runs hot. Let it cool for 20 minutes.
"""
OVEN = """# Oven B2

## Cleaning

Wipe the door with warm water. Never use steel wool on the glass.

## 保养

每三个月清洗一次滤网，用清水冲洗后晾干。
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("manuals")
    (folder / "pump.md").write_text(PUMP, encoding="utf-8")
    (folder / "oven.md").write_text(OVEN, encoding="utf-8")
    for copy in range(6):
        text = (
            f"# Copy {copy}\n\nDescale the boiler every 90 days with citric acid, one spoon a litre; rinse it twice.\n"
        )
        (folder / f"copy{copy}.md").write_text(text, encoding="utf-8")
    note = "# Other\n\nThe boiler of the large machine is descaled by the service every year.\n"
    (folder / "other.md").write_text(note, encoding="utf-8")
    with Library.open("t", create=True, home=tmp_path_factory.mktemp("home")) as opened:
        opened.ingest([folder])
        yield opened


def first(library: Library, question: str, **options: object) -> str:
    return library.search(question, **options).hits[0].passage.text  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_each_mode_finds_the_passage(library: Library, mode: str):
    assert "red valve" in first(library, "How do I open the red valve?", mode=mode)


def test_other_words_and_codes_both_find(library: Library):
    assert "above 5 °C" in first(library, "How do I protect it against freezing?")
    assert "runs hot" in first(library, "E41")


def test_chinese_is_found_though_the_embedder_reads_little_of_it(library: Library):
    found = library.search("滤网多久清洗一次？")
    assert "每三个月" in found.hits[0].passage.text
    assert found.vocabulary_coverage < 0.8 < library.search("How do I clean it?").vocabulary_coverage


def test_a_document_filter_keeps_to_its_documents(library: Library):
    hits = library.search("clean the boiler", document="oven*").hits
    assert hits and {hit.passage.document for hit in hits} == {"oven.md"}


def test_passages_that_repeat_each_other_do_not_crowd_the_list(library: Library):
    hits = library.search("How is the boiler descaled?", k=3).hits
    assert sum(hit.passage.document.startswith("copy") for hit in hits) == 1
    assert "other.md" in [hit.passage.document for hit in hits]


def test_ranks_count_from_one_and_scores_fall(library: Library):
    hits = library.search("door glass", k=5, document="o*").hits
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1)) and len(hits) > 1
    assert all(a.score >= b.score for a, b in pairwise(hits))


def test_a_document_that_was_removed_is_not_found(tmp_path: Path):
    (tmp_path / "a.md").write_text(PUMP, encoding="utf-8")
    (tmp_path / "b.md").write_text(OVEN, encoding="utf-8")
    with Library.open("t", create=True, home=tmp_path) as library:
        library.ingest([tmp_path / "a.md", tmp_path / "b.md"])
        library.remove(["a.md"])
        assert {hit.passage.document for hit in library.search("red valve").hits} == {"b.md"}
