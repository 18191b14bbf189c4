"""Inside a library no link is followed for writing or deleting, and what it holds is its owner's alone."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from ragqa.answer_log import judgements, last_answers
from ragqa.errors import LibraryError
from ragqa.plain_files import open_to_append
from ragqa.settings import load_settings
from ragqa.store.archive import export, unpack
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from ragqa.store.vectors import VectorIndex
from tests.store_making import lines_of, put

OURS = "index.faiss"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of somebody else's, with a file of a name that an index has, and one that only they have."""
    folder = tmp_path / "elsewhere"
    (folder / "1-0123abcd").mkdir(parents=True)
    (folder / "diary.txt").write_text("mine")
    (folder / "1-0123abcd" / OURS).write_text("mine too")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    with Database.create_or_open(folder) as database:
        put(database, "a.txt", lines_of(1, 12))
        VectorIndex.open(database)
        LexicalIndex.open(database)
    return folder


def untouched(elsewhere: Path) -> bool:
    held = {file.relative_to(elsewhere).as_posix(): file.read_text() for file in elsewhere.rglob("*") if file.is_file()}
    return held == {"diary.txt": "mine", f"1-0123abcd/{OURS}": "mine too"}


@pytest.mark.parametrize("name", ["vectors", "lexical"])
def test_an_index_folder_that_is_a_link_is_replaced_and_not_followed(library: Path, elsewhere: Path, name: str) -> None:
    (library / name).rename(library.parent / "moved")
    (library / name).symlink_to(elsewhere)
    with Database.open(library) as database:
        assert VectorIndex.open(database).size == LexicalIndex.open(database).size == 12
        put(database, "b.txt", lines_of(2, 5))
        assert VectorIndex.open(database).size == LexicalIndex.open(database).size == 17
    assert untouched(elsewhere) and not (library / name).is_symlink()


def test_a_state_within_an_index_that_is_a_link_is_neither_read_nor_removed(library: Path, elsewhere: Path) -> None:
    (library / "vectors" / "9-89abcdef").symlink_to(elsewhere)
    (library / "vectors" / "notes").mkdir()
    with Database.open(library) as database:
        put(database, "b.txt", lines_of(2, 5))
        assert VectorIndex.open(database).size == 17
    assert untouched(elsewhere) and (library / "vectors" / "notes").is_dir()


@pytest.mark.parametrize("name", ["library.db", "library.db-wal", "library.db-shm"])
def test_a_database_that_is_a_link_is_refused_in_one_line(library: Path, elsewhere: Path, name: str) -> None:
    target = elsewhere.parent / "other.db"
    (library / name).rename(target) if (library / name).exists() else target.write_bytes(b"")
    before = target.read_bytes()
    (library / name).symlink_to(target)
    with pytest.raises(LibraryError, match="is a link, and no link is followed"), Database.open(library) as database:
        put(database, "b.txt", lines_of(2, 5))
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", ["writer.lock", "writer.json"])
def test_a_lock_that_is_a_link_writes_nowhere_else(library: Path, elsewhere: Path, name: str) -> None:
    (library / name).unlink(missing_ok=True)
    (library / name).symlink_to(elsewhere / "diary.txt")
    with Database.open(library) as database:
        put(database, "b.txt", lines_of(2, 5))
        with database.writing():
            assert (elsewhere / "diary.txt").read_text() == "mine"
    assert untouched(elsewhere)


def test_everything_in_a_library_and_its_archive_is_for_the_owner_alone(library: Path, tmp_path: Path) -> None:
    (library / "library.db").chmod(0o644)  # as older versions left it
    archive = tmp_path / "a.ragqa"
    with Database.open(library) as database:
        put(database, "b.txt", lines_of(2, 5))
        VectorIndex.open(database)
        export(database.connection(), archive)
        held = [*library.rglob("*"), archive]
        assert {path.name for path in held} >= {"library.db", "library.db-wal", OURS}
        shown = {path.name: oct(stat.S_IMODE(path.lstat().st_mode)) for path in held}
    unpack(archive, tmp_path / "again")
    shown["again"] = oct(stat.S_IMODE((tmp_path / "again" / "library.db").stat().st_mode))
    assert {name: mode for name, mode in shown.items() if mode[-2:] != "00"} == {}


@pytest.mark.parametrize(
    "manifest",
    [
        {"state": "a\0b"},
        {"state": "\ud800"},
        {"state": ".."},
        {"generation": 10**30},
        {"generation": float("inf")},
        {"token": "\ud800"},
        {"files": {"a\0b": [1, 2]}},
        {"files": {"../../library.db": [1, 2]}},
        "[" * 100_000,
    ],
    ids=lambda manifest: ascii(manifest)[:30],
)
def test_a_manifest_of_any_content_is_told_of_and_made_anew(library: Path, manifest: dict[str, object] | str) -> None:
    file, lines = library / "vectors" / "manifest.json", list[str]()
    held = json.loads(file.read_text())
    file.write_text(manifest if isinstance(manifest, str) else json.dumps(held | manifest))
    with Database.open(library) as database:
        assert database.verify() == ["vectors: the index has a garbled manifest; the next search rebuilds it"]
        assert VectorIndex.open(database, lines.append).size == 12
    assert lines == ["the vector index has a garbled manifest: rebuilding it from library.db"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(library: Path) -> None:
    state = next(file.parent for file in library.rglob(OURS))
    for file in (library / "last-state", library / "lexical" / "manifest.json", state / OURS):
        file.unlink()
        os.mkfifo(file)
    with Database.open(library) as database:
        assert database.lost_changes() == [] and len(database.verify()) == 2
        assert VectorIndex.open(database).size == LexicalIndex.open(database).size == 12
        assert database.verify() == []


@pytest.mark.parametrize("name", ["answers.jsonl", "feedback.jsonl"])
def test_answers_are_written_into_no_pipe_and_no_second_name(tmp_path: Path, name: str) -> None:
    theirs = tmp_path / "diary.txt"
    theirs.write_text("mine\n")
    os.link(theirs, tmp_path / name)
    with pytest.raises(OSError, match="plain file"):
        open_to_append(tmp_path / name)
    if hasattr(os, "mkfifo"):
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
        with pytest.raises(OSError):  # the system's own, or ours where somebody reads the pipe
            open_to_append(tmp_path / name)
        settings = load_settings({"home": str(tmp_path)})
        assert last_answers(settings) == [] and judgements(settings) == []
    assert theirs.read_text() == "mine\n"


def test_an_export_replaces_no_device_and_no_folder(library: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with Database.open(library) as database:
        for target in (pipe, tmp_path):
            with pytest.raises(LibraryError, match="is no regular file"):
                export(database.connection(), target)
    assert pipe.is_fifo()


def test_an_import_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    archive = tmp_path / "a.ragqa"
    archive.write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(LibraryError):
        unpack(archive, tmp_path / "indexes" / "a")
    assert not (tmp_path / "indexes" / "a").exists()
