"""The Python object whole, with its real parts: what is read, kept, embedded anew and found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ragqa import Library
from ragqa.embedders import open_embedder
from ragqa.errors import RagqaError
from ragqa.sources import Source
from ragqa.store import Indexes
from tests.conftest import LAMP, PATIENCE, PUMP


@pytest.fixture
def library(home: Path) -> Library:
    return Library.open("test", create=True)


def chapters(count: int, changed: int | None = None) -> str:
    """A manual of ``count`` chapters, each a passage of its own."""
    return "# Manual\n\n" + "\n".join(
        f"## Chapter {n}\n\n"
        + f"Part {n} has {'a new' if n == changed else 'one'} screw that you turn {n} times by hand. " * 8
        for n in range(count)
    )


class Counting:
    """The bundled embedder, with a count of the texts that it was given."""

    def __init__(self) -> None:
        self._real = open_embedder()
        self.texts = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def embed_passages(self, texts: list[str], windows: list[object]) -> object:
        self.texts += len(texts)
        return self._real.embed_passages(texts, windows)  # type: ignore[arg-type]


def test_a_changed_file_embeds_only_the_passages_that_changed(library: Library, home: Path) -> None:
    counting = Counting()
    library._embedder = counting  # type: ignore[assignment]
    file = home / "manual.md"
    file.write_text(chapters(12), encoding="utf-8")
    (added,) = library.ingest([file])
    assert added.status == "added" and counting.texts == added.passages >= 6
    before = counting.texts
    (again,) = library.ingest([file])
    assert again.status == "unchanged" and counting.texts == before
    file.write_text(chapters(12, changed=5), encoding="utf-8")
    (replaced,) = library.ingest([file])
    assert replaced.status == "replaced" and 1 <= counting.texts - before <= 2
    assert any("a new screw" in hit.passage.text for hit in library.search("new screw", k=20).hits)
    assert library.verify() == []


def test_two_files_of_one_name_in_one_command_are_both_kept(library: Library, home: Path) -> None:
    for folder, text in (("a", PUMP), ("b", LAMP)):
        (home / folder).mkdir()
        (home / folder / "manual.md").write_text(text, encoding="utf-8")
    results = library.ingest([home / "a" / "manual.md", home / "b" / "manual.md"])
    assert sorted(result.path for result in results) == ["a/manual.md", "b/manual.md"]
    assert {document.title for document in library.documents()} == {"Pump", "Lamp"}


def test_two_files_of_one_name_in_two_commands_are_both_kept(library: Library, home: Path) -> None:
    for folder, text in (("a", PUMP), ("b", LAMP)):
        (home / folder).mkdir()
        (home / folder / "manual.md").write_text(text, encoding="utf-8")
    library.ingest([home / "a" / "manual.md"])
    for status in ("added", "unchanged"):
        (second,) = library.ingest([home / "b" / "manual.md"])
        assert (second.path, second.status) == ("b/manual.md", status)
    assert {document.title for document in library.documents()} == {"Pump", "Lamp"}
    (home / "a" / "manual.md").write_text(PUMP.replace("30", "40"), encoding="utf-8")
    (first,) = library.ingest([home / "a" / "manual.md"])
    assert (first.path, first.status) == ("manual.md", "replaced")


def test_a_file_that_moved_is_the_same_document(library: Library, home: Path) -> None:
    (home / "manual.md").write_text(PUMP, encoding="utf-8")
    library.ingest([home / "manual.md"])
    (home / "moved").mkdir()
    (home / "manual.md").rename(home / "moved" / "manual.md")
    (result,) = library.ingest([home / "moved" / "manual.md"])
    assert (result.path, result.status) == ("manual.md", "unchanged")


def test_files_of_a_folder_are_named_by_their_path_in_it(library: Library, home: Path) -> None:
    for name in ("docs/en/manual.md", "docs/zh/manual.md"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(f"{PUMP}\n{name}", encoding="utf-8")
    assert [result.path for result in library.ingest([home / "docs"])] == ["en/manual.md", "zh/manual.md"]


def test_bytes_are_read_under_the_name_given(library: Library) -> None:
    (result,) = library.ingest_bytes(PUMP.encode(), "pump.md")
    assert (result.path, result.status) == ("pump.md", "added")
    assert "warm water" in library.show("pump.md").text


def test_a_document_that_can_not_be_kept_stops_no_other(library: Library) -> None:
    sources = [
        Source("a.md", None, PUMP.encode()),
        Source("b.pdf", None, b"%PDF-"),
        Source("c.md", None, LAMP.encode()),
    ]
    assert [result.status for result in library.ingest_sources(sources)] == ["added", "failed", "added"]


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid"])
def test_a_library_of_two_passages_ranks_the_right_one_first(library: Library, mode: str) -> None:
    library.ingest_bytes(PUMP.encode(), "pump.md")
    library.ingest_bytes(LAMP.encode(), "lamp.md")
    for question, document in (("Which bulb does the lamp need?", "lamp.md"), ("What does E17 mean?", "pump.md")):
        found = library.search(question, mode=mode)  # type: ignore[arg-type]
        assert found.hits[0].passage.document == document


def test_every_passage_is_found_where_k_asks_for_all(library: Library) -> None:
    library.ingest_bytes(chapters(30).encode(), "manual.md")
    held = library.info().passages
    assert len(library.search("screw", k=1000).hits) == held


def test_scores_fall_with_rank_and_questions_may_be_asked_at_once(manuals: Library) -> None:
    questions = ["What does E17 mean?", "How do I replace the supply filter?", "多久要更换一次滤网？"] * 3
    alone = [[hit.passage.passage_id for hit in manuals.search(question).hits] for question in questions]
    together: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        together[number] = [hit.passage.passage_id for hit in manuals.search(questions[number]).hits]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[number] for number in range(len(questions))] == alone
    scores = [hit.score for hit in manuals.search(questions[0]).hits]
    assert scores == sorted(scores, reverse=True) and scores[0] > 0


def test_what_another_process_adds_is_found_by_an_open_library(library: Library) -> None:
    library.ingest_bytes(PUMP.encode(), "pump.md")
    with Library.open("test") as other:
        assert other.search("filter").hits
        library.ingest_bytes(LAMP.encode(), "lamp.md")
        assert "lamp.md" in {hit.passage.document for hit in other.search("bulb").hits}


def test_a_closed_library_says_so(library: Library) -> None:
    library.ingest_bytes(PUMP.encode(), "pump.md")
    library.close()
    with pytest.raises(RagqaError, match="closed"):
        library.documents()


def test_a_lexical_search_answers_as_surely_as_another(manuals: Library) -> None:
    question = "What does E17 mean?"
    answers = {mode: manuals.ask(question, mode=mode) for mode in ("hybrid", "lexical")}  # type: ignore[arg-type]
    assert not answers["lexical"].abstained
    assert answers["lexical"].text.splitlines()[0] == answers["hybrid"].text.splitlines()[0]


def test_a_question_does_not_wait_long_while_another_renews_the_indexes(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = threading.Event(), threading.Event()
    with Library.open(home=small) as library, Library.open(home=small) as other:
        assert "30 days" in library.ask("How often is the pump filter cleaned?").text
        other.remove(["lamp.md"])
        renew = library.store.indexes

        def slowly(notice: Callable[[str], None]) -> Indexes:
            begun.set()
            assert over.wait(PATIENCE)
            return renew(notice)

        monkeypatch.setattr(library.store, "indexes", slowly)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(library.ask, "How often is the pump filter cleaned?")
            assert begun.wait(PATIENCE)
            assert "30 days" in library.ask("How often is the pump filter cleaned?").text  # by the state before
            assert not first.done()
            over.set()
            assert "30 days" in first.result(PATIENCE).text
        assert library.open_retriever().stamp == library.store.stamp()
