"""A folder ingested again: what is gone, renamed, moved or there twice, and names that macOS writes decomposed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import unicodedata
from pathlib import Path

import pytest

from ragqa import Library
from ragqa.sources import origin_of
from tests.conftest import LAMP, PUMP, Run
from tests.test_engine import Counting

VALVE = "# Valve\n\nThe valve is opened two turns.\n"


@pytest.fixture
def docs(home: Path) -> Path:
    folder = home / "docs"
    (folder / "sub").mkdir(parents=True)
    for name, text in (("lamp.md", LAMP), ("pump.md", PUMP), ("sub/valve.md", VALVE)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def names(ragqa: Run) -> list[str]:
    return [document["name"] for document in ragqa("list", "--json").json["documents"]]


def test_what_is_gone_and_renamed_is_named_and_stays_until_it_is_synced(docs: Path, ragqa: Run) -> None:
    ragqa("ingest", docs)
    (docs / "lamp.md").unlink()
    (docs / "pump.md").rename(docs / "sub" / "pump-2.md")
    ran = ragqa("ingest", docs)
    assert "renamed pump.md -> sub/pump-2.md" in ran.out
    (line,) = [line for line in ran.err.splitlines() if "gone" in line]
    assert "lamp.md, pump.md" in line and f"'ragqa ingest {docs} --sync'" in line
    assert names(ragqa) == ["lamp.md", "pump.md", "sub/pump-2.md", "sub/valve.md"]
    ran = ragqa("ingest", docs, "--sync")
    assert "removed lamp.md" in ran.out and "renamed pump.md -> sub/pump-2.md" in ran.out
    assert names(ragqa) == ["sub/pump-2.md", "sub/valve.md"]
    assert ragqa("ingest", docs).err == "" and ragqa("verify").code == 0


def test_a_rename_that_is_synced_embeds_nothing_and_keeps_the_passages(docs: Path, home: Path) -> None:
    with Library.open("test", create=True) as library:
        library.ingest([docs])
        ids = {hit.passage.passage_id for hit in library.search("clean the filter", document="pump.md").hits}
        counting = Counting()
        library._embedder = counting  # type: ignore[assignment]
        (docs / "pump.md").rename(docs / "big-pump.md")
        first = library.ingest([docs], sync=True)[0]
        assert (first.path, first.status, first.renamed_from) == ("big-pump.md", "unchanged", "pump.md")
        assert counting.texts == 0
        assert {hit.passage.passage_id for hit in library.search("filter", document="big-pump.md").hits} == ids
        assert library.verify() == []


def test_other_folders_and_what_was_never_a_file_are_left_alone(docs: Path, home: Path, ragqa: Run) -> None:
    other = home / "other"
    other.mkdir()
    shutil.copy(docs / "lamp.md", other)
    (other / "tap.md").write_text(VALVE.replace("alve", "ap"), encoding="utf-8")
    ragqa("ingest", docs)
    ragqa("ingest", other)
    ragqa("ingest", "-", stdin="The hinge is oiled once a year.")
    (docs / "lamp.md").unlink()  # which lies in the other folder too
    (other / "tap.md").unlink()
    assert "removed" not in ragqa("ingest", docs, "--sync").out
    assert names(ragqa) == ["lamp.md", "pump.md", "stdin", "sub/valve.md", "tap.md"]
    assert "removed tap.md" in ragqa("ingest", other, "--sync").out
    assert "lamp.md: unchanged" in ragqa("ingest", other).out


def test_a_folder_that_is_empty_or_missing_removes_nothing_without_yes(docs: Path, ragqa: Run) -> None:
    ragqa("ingest", docs)
    away = docs.rename(docs.with_name("unmounted"))
    for make in (lambda: None, docs.mkdir):
        make()
        assert "lamp.md, pump.md, sub/valve.md" in ragqa("ingest", docs).error
        assert "--yes" in ragqa("ingest", docs, "--sync").error
        assert len(names(ragqa)) == 3
    docs.rmdir()
    away.rename(docs)
    assert ragqa("ingest", docs).err == ""
    shutil.rmtree(docs)
    assert ragqa("ingest", docs, "--sync", "--yes").code == 0 and names(ragqa) == []


def test_a_folder_that_was_moved_is_followed_with_what_it_lost(docs: Path, ragqa: Run) -> None:
    ragqa("ingest", docs)
    moved = docs.rename(docs.with_name("manuals"))
    (moved / "pump.md").write_text(PUMP.replace("30 days", "60 days"), encoding="utf-8")
    (moved / "lamp.md").unlink()
    ran = ragqa("ingest", moved)
    assert "pump.md: replaced" in ran.out and "sub/valve.md: unchanged" in ran.out and "lamp.md" in ran.err
    assert "removed lamp.md" in ragqa("ingest", moved, "--sync").out
    assert names(ragqa) == ["pump.md", "sub/valve.md"]


def test_files_named_one_by_one_miss_what_is_gone_beside_them(docs: Path, ragqa: Run) -> None:
    ragqa("ingest", docs / "lamp.md", docs / "pump.md")
    ragqa("ingest", docs)
    (docs / "lamp.md").unlink()
    assert "lamp.md" in ragqa("ingest", docs / "pump.md").err
    assert "still in the library" in ragqa("ingest", docs / "lamp.md").error


def test_a_copy_is_one_document_until_one_of_them_changes(docs: Path, ragqa: Run) -> None:
    shutil.copy(docs / "lamp.md", docs / "a-lamp.md")
    ran = ragqa("ingest", docs)
    assert "skipped 1 file of the same content as another: lamp.md (as a-lamp.md)" in ran.err
    (document,) = [one for one in ragqa("ingest", docs, "--json").json["documents"] if one["path"] == "lamp.md"]
    assert document["duplicate_of"] == "a-lamp.md"
    (docs / "a-lamp.md").write_text(LAMP.replace("40", "60"), encoding="utf-8")
    ran = ragqa("ingest", docs)
    assert "a-lamp.md: replaced" in ran.out and "lamp.md: added" in ran.out and ran.err == ""


def test_a_library_that_kept_no_places_finds_them_by_their_hashes(docs: Path, ragqa: Run) -> None:
    ragqa("ingest", docs)
    archive = docs.parent / "all.ragqa"
    assert ragqa("export", archive).code == 0
    assert os.fsencode(docs) not in archive.read_bytes()  # an archive names nobody's folders
    assert ragqa("remove", "--library", "default", "--yes").code == 0
    assert ragqa("import", archive, "--index", "default").code == 0
    (docs / "lamp.md").unlink()
    assert "removed lamp.md" in ragqa("ingest", docs, "--sync").out


def test_a_library_of_the_format_before_is_brought_up(docs: Path, home: Path, ragqa: Run) -> None:
    ragqa("ingest", docs)
    file = home / "indexes" / "default" / "library.db"
    connection = sqlite3.connect(file)
    connection.executescript("DROP TABLE place; DROP TABLE layout; DROP TABLE original; PRAGMA user_version = 4;")
    connection.close()
    (docs / "lamp.md").unlink()
    assert "lamp.md" in ragqa("ingest", docs).err and ragqa("verify").code == 0


NAME = "Pumpenübersicht für Öl.md"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_the_same_composed_and_decomposed(home: Path, ragqa: Run, form: str) -> None:
    for folder, written in (("a", "NFC"), ("b", "NFD")):
        (home / folder).mkdir()
        (home / folder / unicodedata.normalize(written, NAME)).write_text(PUMP, encoding="utf-8")
    assert ragqa("ingest", "a").code == ragqa("ingest", "b").code == 0
    assert names(ragqa) == [NAME]
    asked = unicodedata.normalize(form, NAME)
    assert ragqa("show", asked).code == 0 and ragqa("show", asked.upper()).code == 0
    pattern = asked[:16] + "*"
    assert ragqa("search", "filter", "-d", pattern, "--json").json["passages"][0]["document"] == NAME
    assert f"did you mean '{NAME}'" in ragqa("show", asked[:-4] + "x.md").error
    assert ragqa("remove", pattern).out == "1 document removed\n"


def test_a_library_that_holds_a_decomposed_name_is_served_by_either(home: Path, ragqa: Run) -> None:
    file = home / unicodedata.normalize("NFD", NAME)
    file.write_text(PUMP, encoding="utf-8")
    ragqa("ingest", file)
    with Library.open("default", home=home) as library:
        library.store.rename(NAME, file.name, origin_of(file), str(file))
    assert ragqa("show", NAME).code == 0 and names(ragqa)[0] != NAME
    assert ragqa("ingest", file).out.endswith("unchanged (1 passage)\n") and len(names(ragqa)) == 1
    assert ragqa("remove", NAME).out == "1 document removed\n"
