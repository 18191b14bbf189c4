"""The truth: what is put comes back whole, one document is one transaction, and every fault is one line that helps."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ragqa.errors import EmbedderMismatch, LibraryError, UnreadableFile
from ragqa.store import EmbedderIdentity
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from ragqa.store.vectors import VectorIndex
from tests.store_making import FAKE, OTHER, document_of, embedded, key_of, lines_of, make, put, texts_of, vector_of


@pytest.fixture
def library(tmp_path: Path):
    with make(tmp_path / "lib") as database:
        yield database


def one_line(error: pytest.ExceptionInfo[BaseException], *words: str) -> None:
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_a_document_comes_back_as_it_was_put(library: Database):
    document, passages = document_of("0.txt", lines_of(0, 12), "Manual 0")
    assert library.document("0.txt") == document
    found = library.passages(library.passage_ids("0.txt").tolist())
    assert [replace(passage, passage_id=0) for passage in found.values()] == passages
    assert all(document.text[p.start : p.end] == p.text for p in found.values())


def test_stored_says_what_a_list_shows(library: Database):
    stored = library.stored("1.txt")
    assert stored is not None
    assert (stored.title, stored.pages, stored.passages, stored.cut) == ("Manual 1", 2, 12, "1")
    assert [each.name for each in library.documents()] == ["0.txt", "1.txt", "2.txt"]
    assert library.stored("9.txt") is None
    with pytest.raises(LibraryError) as error:
        library.document("9.txt")
    one_line(error, "9.txt", "ragqa list")


def test_vectors_and_windows_come_back_close_to_what_was_put(library: Database):
    ids = library.passage_ids().tolist()
    passages = library.passages(ids)
    expected = np.array([vector_of(passages[each].text) for each in ids])
    assert np.abs(library.vectors(ids) - expected).max() < 1e-3
    windows = library.windows(ids)
    for each in ids:
        assert windows[each].shape == (2, FAKE.dim)
        assert (np.sum(windows[each] * embedded(passages[each]).windows, axis=1) > 0.998).all()


def test_an_id_that_is_gone_is_left_out(library: Database):
    assert library.passages([10**9]) == {}
    assert library.windows([10**9]) == {}
    assert not library.vectors([10**9]).any()


def test_the_document_filter_is_a_glob_on_names(library: Database):
    put(library, "手册/空 格.pdf", ["一 二"])
    assert len(library.passage_ids("[01].txt")) == 24
    assert len(library.passage_ids("手册/*")) == 1
    assert len(library.passage_ids("nothing*")) == 0
    assert len(library.passage_ids()) == 37


def test_replacing_keeps_the_ids_of_passages_that_say_the_same(library: Database):
    before = {p.text: p.passage_id for p in library.passages(library.passage_ids("0.txt").tolist()).values()}
    lines = [*lines_of(0, 12)[:6], "quite new", *lines_of(0, 12)[6:9]]
    assert put(library, "0.txt", lines, title="Manual 0") == "replaced"
    after = {p.text: p.passage_id for p in library.passages(library.passage_ids("0.txt").tolist()).values()}
    assert list(after) and set(after) == set(lines)
    kept = [text for text in lines[:6] if after[text] == before[text]]
    assert kept == lines[:6]
    assert after["quite new"] > max(before.values())
    assert library.verify() == []


def test_ids_are_never_used_twice(library: Database):
    highest = int(library.passage_ids().max())
    library.remove(["0.txt", "1.txt", "2.txt"])
    put(library, "0.txt", lines_of(0, 12))
    assert int(library.passage_ids().min()) > highest


def test_removing_leaves_no_row_behind(library: Database):
    assert library.remove(["0.txt", "1.txt", "none"]) == 2
    library.collect_garbage()
    count = lambda table: library.connection().execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: E731
    assert (count("document"), count("passage"), count("vector")) == (1, 12, 12)
    assert library.verify() == []


def test_vectors_are_paid_for_once(library: Database):
    keys = [key_of(line) for line in lines_of(0, 12)]
    assert library.known_keys([*keys, b"unknown"], FAKE) == set(keys)
    assert library.known_keys(keys, OTHER) == set()
    library.remove(["0.txt"])
    assert library.known_keys(keys, FAKE) == set(keys)
    assert library.collect_garbage() == 12
    assert library.known_keys(keys, FAKE) == set()


def test_every_change_is_a_generation(library: Database):
    before = library.stamp()
    put(library, "new.txt", ["a line"])
    assert library.stamp().generation == before.generation + 1
    assert library.descends_from(before)
    library.remove(["none"])
    assert library.stamp().generation == before.generation + 1


def test_a_put_without_vectors_changes_nothing(library: Database):
    before = (library.stamp(), texts_of(library))
    document, passages = document_of("0.txt", ["never embedded"])
    with pytest.raises(LibraryError) as error:
        library.put(document, passages, [b"missing"], FAKE, "1")
    one_line(error, "1 of 1 passages")
    assert (library.stamp(), texts_of(library)) == before


@pytest.mark.parametrize("bad", [np.full(16, np.nan), np.zeros(16), np.ones(15)], ids=["nan", "zero", "short"])
def test_vectors_that_can_not_be_searched_are_refused(library: Database, bad: np.ndarray):
    from ragqa.embedders import Embedded

    with pytest.raises(LibraryError) as error:
        library.put_vectors([b"k"], [Embedded(bad.astype(np.float32), np.empty((0, 16), np.float32))], FAKE)
    one_line(error, "16")


def test_text_that_no_file_can_hold_is_an_error_of_that_document(library: Database):
    before = texts_of(library)
    document, passages = document_of("bad.txt", ["plain"])
    library.put_vectors([b"k"], [embedded(passages[0])], FAKE)
    broken = type(document)(**{**{f: getattr(document, f) for f in document.__slots__}, "text": "half \ud800"})
    with pytest.raises(UnreadableFile):
        library.put(broken, passages, [b"k"], FAKE, "1")
    assert texts_of(library) == before


def test_another_embedder_is_refused_with_the_command_that_helps(library: Database):
    with pytest.raises(EmbedderMismatch) as error:
        put(library, "3.txt", ["a line"], embedder=OTHER)
    one_line(error, "fake:hash", "fake:other", "ragqa reembed")
    assert library.embedder() == FAKE


def test_an_emptied_library_takes_another_embedder(library: Database):
    library.remove(["0.txt", "1.txt", "2.txt"])
    put(library, "3.txt", ["a line"], embedder=OTHER)
    assert library.embedder() == OTHER


def test_reembedding_swaps_all_vectors_at_once(library: Database):
    ids = library.passage_ids().tolist()
    passages = library.passages(ids)
    keys = {each: key_of(passages[each].text) for each in ids}
    library.put_vectors(list(keys.values())[:20], [embedded(passages[each], 24) for each in ids[:20]], OTHER)
    with pytest.raises(LibraryError):  # killed half way: the old vectors serve on
        library.swap_embedder(OTHER, keys)
    assert library.embedder() == FAKE and library.vectors(ids).shape == (36, 16)
    missing = [each for each in ids if keys[each] not in library.known_keys(list(keys.values()), OTHER)]
    assert len(missing) == 16
    library.put_vectors([keys[e] for e in missing], [embedded(passages[e], 24) for e in missing], OTHER)
    index = VectorIndex.open(library)
    library.swap_embedder(OTHER, keys)
    assert library.embedder() == OTHER and library.vectors(ids).shape == (36, 24)
    assert library.passage_ids().tolist() == ids
    assert VectorIndex.open(library).search(vector_of(passages[ids[5]].text, 24), 1)[0].tolist() == [ids[5]]
    assert index.search(vector_of(passages[ids[5]].text), 1)[0].tolist() == [ids[5]]  # one still open serves on
    assert library.collect_garbage() == 36
    assert library.verify() == []


# Files that are not as they should be


def test_no_library_is_an_error_that_names_the_command(tmp_path: Path):
    with pytest.raises(LibraryError) as error:
        Database.open(tmp_path)
    one_line(error, "ragqa ingest")


def test_a_newer_format_is_refused(library: Database):
    library.connection().execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError) as error:
        Database.open(library.folder)
    one_line(error, "99", "pip install")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path):
    file = tmp_path / "library.db"
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LibraryError) as error:
        Database.create_or_open(tmp_path)
    one_line(error, "library.db", "no ragqa library")
    assert file.read_bytes() == b"not a database at all" * 100


def test_another_program_s_database_is_left_alone(tmp_path: Path):
    with sqlite3.connect(tmp_path / "library.db") as other:
        other.execute("CREATE TABLE photos (x)")
    with pytest.raises(LibraryError) as error:
        Database.create_or_open(tmp_path)
    one_line(error, "another program")


def test_a_library_whose_making_was_killed_is_finished(tmp_path: Path):
    (tmp_path / "library.db").touch()
    with Database.create_or_open(tmp_path) as database:
        assert put(database, "a.txt", ["a line"]) == "added"


def test_a_full_disk_keeps_what_was_and_says_so(library: Database):
    before = (library.stamp(), texts_of(library))
    (pages,) = library.connection().execute("PRAGMA page_count").fetchone()
    library.connection().execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LibraryError) as error:
        put(library, "big.txt", lines_of(7, 500))
    one_line(error, "disk is full", "free some space")
    library.connection().execute(f"PRAGMA max_page_count = {1 << 30}")
    assert (library.stamp(), texts_of(library)) == before
    assert put(library, "big.txt", lines_of(7, 500)) == "added"


def test_a_damaged_file_is_found_by_verify(library: Database):
    library.close()
    data = bytearray(library.path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 16384] = bytes(16384)  # two pages at least, free space or not
    library.path.write_bytes(data)
    with Database.open(library.folder) as damaged:
        found = damaged.verify()
    assert found and all("\n" not in line for line in found)


def test_verify_finds_each_kind_of_fault(library: Database):
    assert library.verify() == []
    ids = library.passage_ids().tolist()
    change = library.connection().execute
    change("UPDATE passage SET start_at = start_at + 1, end_at = end_at + 1 WHERE passage_id = ?", (ids[0],))
    change("UPDATE passage SET windows = '[[0, 99999], [0, 1]]' WHERE passage_id = ?", (ids[1],))
    sql = "UPDATE vector SET vector = ? WHERE vector_id = (SELECT vector_id FROM passage WHERE passage_id = ?)"
    change(sql, (b"abcd", ids[2]))
    change(sql, (np.full(16, np.nan, "<f2").tobytes(), ids[3]))
    change("PRAGMA foreign_keys = OFF")
    change("DELETE FROM vector WHERE vector_id = (SELECT vector_id FROM passage WHERE passage_id = ?)", (ids[4],))
    found = "\n".join(library.verify())
    for expected in (
        f"passage {ids[0]} does not stand where",
        f"passage {ids[1]} has windows outside",
        f"passage {ids[2]}: its vectors do not have 16",
        f"passage {ids[3]}: a vector is not of unit length",
        "names a row of vector",
    ):
        assert expected in found


# Copies


def test_a_library_copied_elsewhere_works(library: Database, tmp_path: Path):
    VectorIndex.open(library), LexicalIndex.open(library)
    expected = LexicalIndex.open(library).search(["pump"], 5)
    library.close()
    shutil.copytree(library.folder, tmp_path / "else where/复制")
    shutil.rmtree(library.folder)
    notices: list[str] = []
    with Database.open(tmp_path / "else where/复制") as copy:
        found = LexicalIndex.open(copy, notices.append).search(["pump"], 5)
        VectorIndex.open(copy, notices.append)
        assert found[0].tolist() == expected[0].tolist() and notices == []
        assert copy.verify() == []


def test_an_export_imports_to_the_same_library(library: Database, tmp_path: Path):
    archive = tmp_path / "库.ragqa"
    archive.write_text("an older export")
    library.export(archive)
    with Database.import_(archive, tmp_path / "two") as copy:
        assert texts_of(copy) == texts_of(library)
        ids = library.passage_ids().tolist()
        assert copy.passage_ids().tolist() == ids
        assert (copy.vectors(ids) == library.vectors(ids)).all()
        assert copy.embedder() == FAKE and copy.verify() == []
        put(copy, "more.txt", ["a line"])
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
    with pytest.raises(LibraryError) as error:
        Database.import_(archive, tmp_path / "two")
    one_line(error, "already holds")


def test_an_import_of_something_else_leaves_nothing(library: Database, tmp_path: Path):
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(os.urandom(5000))
    trapped = tmp_path / "trapped"
    library.export(trapped)
    with sqlite3.connect(trapped) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON document BEGIN DELETE FROM passage; END")
    torn = tmp_path / "torn"
    library.export(torn)
    torn.write_bytes(torn.read_bytes()[:-20_000])
    for archive in (rubbish, trapped, torn, tmp_path / "missing"):
        with pytest.raises(LibraryError) as error:
            Database.import_(archive, tmp_path / "new")
        one_line(error, archive.name)
        assert not (tmp_path / "new/library.db").exists()


def test_an_export_to_a_place_that_is_not_there_says_so(library: Database, tmp_path: Path):
    with pytest.raises(LibraryError) as error:
        library.export(tmp_path / "no such folder/x.ragqa")
    one_line(error, "x.ragqa")


# Several at once


def test_a_second_writer_is_told_who_holds_the_lock(library: Database):
    with library.writing(), Database.open(library.folder, wait=0.1) as other, pytest.raises(LibraryError) as error:
        put(other, "x.txt", ["a line"])
    one_line(error, str(os.getpid()), "being written")
    with Database.open(library.folder, wait=0.1) as other:
        assert put(other, "x.txt", ["a line"]) == "added"


def test_a_second_writer_waits_its_turn(library: Database):
    def write_later() -> None:
        with library.writing():
            held.set()
            time.sleep(0.3)

    held = threading.Event()
    thread = threading.Thread(target=write_later)
    thread.start()
    held.wait()
    with Database.open(library.folder, wait=10) as other:
        assert put(other, "x.txt", ["a line"]) == "added"
    thread.join()


def test_readers_see_the_last_complete_state_while_a_writer_works(library: Database):
    before = texts_of(library)
    with Database.open(library.folder) as reader, library.transaction() as connection:
        connection.execute("DELETE FROM document")
        assert texts_of(reader) == before
        assert LexicalIndex.open(reader).size == 36
    assert texts_of(library) == {}


def test_threads_read_one_open_library_at_once(library: Database):
    ids = library.passage_ids().tolist()
    expected = library.passages(ids)
    faults: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(50):
                assert library.passages(ids) == expected
                assert len(library.windows(ids)) == len(ids)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(5):
        put(library, "more.txt", lines_of(50 + number, 20))
    for thread in threads:
        thread.join()
    assert faults == []


def test_threads_that_end_leave_no_open_file_behind(library: Database):
    for _ in range(20):
        thread = threading.Thread(target=library.stamp)
        thread.start()
        thread.join()
    assert len(library._session._connections._opened) <= 3


_KILLED = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
from tests.store_making import *
database = Database.open(Path({folder!r}))
print("ready", flush=True)
for round in range(1000):
    for number in range(3):
        put(database, f"{{number}}.txt", lines_of(100 * round + number, 40))
    database.remove(["0.txt"])
"""


def test_a_kill_at_any_moment_leaves_whole_documents(tmp_path: Path):
    folder = tmp_path / "lib"
    make(folder).close()
    program = _KILLED.format(tests=str(Path(__file__).parents[1]), folder=str(folder))
    rng = np.random.default_rng(0)
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(float(rng.uniform(0, 0.25)))
            process.kill()
        with Database.open(folder, wait=0.2) as database:
            assert database.verify() == []
            for name, texts in texts_of(database).items():
                seed = int(texts[0].split("-")[0])
                assert texts == lines_of(seed, len(texts)) and len(texts) in (12, 40), name
            assert LexicalIndex.open(database).size == len(database.passage_ids())
            put(database, "after.txt", ["the lock of the dead holds nobody up"])
            database.remove(["after.txt"])


def _read_only(folder: Path) -> bool:
    """Mount ``folder`` on itself read-only; a user who is not root may only take rights away."""
    if os.name == "nt":
        return False
    if os.geteuid() != 0:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        return True
    mount = shutil.which("mount")
    bind = [mount or "false", "--bind", str(folder), str(folder)]
    again = [mount or "false", "-o", "remount,bind,ro", str(folder)]
    return all(subprocess.run(command, capture_output=True).returncode == 0 for command in (bind, again))


@pytest.mark.parametrize("state", ["current", "behind", "missing"])
def test_a_library_on_a_read_only_medium_is_searched(library: Database, state: str):
    if state != "missing":
        VectorIndex.open(library), LexicalIndex.open(library)
    if state == "behind":
        put(library, "late.txt", ["latecomer pump"])
    ids = library.passage_ids().tolist()
    library.close()
    if not _read_only(library.folder):
        pytest.skip("this system lets nobody make a folder read-only here")
    notices: list[str] = []
    try:
        with Database.open(library.folder) as database:
            assert not database.writable
            assert VectorIndex.open(database, notices.append).ids.tolist() == ids
            lexical = LexicalIndex.open(database, notices.append)
            assert lexical.ids.tolist() == ids
            assert len(lexical.search(["pump"], 99)[0]) == lexical.doc_freq("pump") > 0
            assert database.verify() == []
            with pytest.raises(LibraryError) as error:
                put(database, "x.txt", ["a line"])
            one_line(error, "read-only")
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(library.folder)], capture_output=True)
        else:
            for path in (library.folder, *library.folder.rglob("*")):
                path.chmod(0o755)
    assert len(notices) == (2 if state == "behind" else 0)


def test_an_identity_is_whole(library: Database):
    put(library, "a.txt", ["a line"])
    with pytest.raises(EmbedderMismatch):
        put(library, "b.txt", ["a line"], embedder=EmbedderIdentity(FAKE.spec, "2", FAKE.dim))
