"""What a disk has changed is never quoted, and changes that a lost log held are missed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa.errors import LibraryError
from ragqa.store.archive import export, unpack
from ragqa.store.database import Database
from ragqa.store.sqlite import WITHOUT_SUMS
from ragqa.store.sums import crc
from tests.store_making import FAKE, document_of, embedded, key_of, lines_of, put


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Database]:
    with Database.create_or_open(tmp_path / "library") as database:
        put(database, "a.txt", ["Set the valve to 12 Nm.", *lines_of(1, 8)])
        yield database


def change(database: Database, sql: str) -> None:
    """Change a row as a disk would: behind the back of its sum."""
    database.connection().execute(sql)


def test_a_sum_tells_values_apart_that_only_their_borders_do() -> None:
    assert crc("ab", "c") != crc("a", "bc") != crc("abc")
    assert crc(12, None, b"x") == crc(12, None, b"x")


def test_a_passage_that_the_disk_changed_is_not_shown(library: Database) -> None:
    ids = library.passage_ids().tolist()
    change(library, "UPDATE passage SET text = replace(text, '12 Nm', '92 Nm') WHERE ordinal = 0")
    with pytest.raises(LibraryError, match=r"passage 1 of 'a\.txt' is damaged on the disk.*ragqa remove"):
        library.passages(ids)
    assert library.passages(ids[1:])
    assert any("does not stand where it says" in line for line in library.verify())


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE passage SET page = page + 1, page_end = page_end + 1 WHERE ordinal = 1",
        "UPDATE passage SET section = '[\"Another part\"]' WHERE ordinal = 1",
        "UPDATE document SET title = 'Another manual'",
        "UPDATE document SET name = 'b.txt'",
        "UPDATE vector SET key = zeroblob(20) WHERE vector_id = 2",
        "UPDATE library SET generation = generation + 1",
        "UPDATE embedder SET revision = '2'",
    ],
)
def test_verify_finds_any_changed_row(library: Database, sql: str) -> None:
    assert library.verify() == []
    change(library, sql)
    assert library.verify()


def test_a_vector_that_the_disk_changed_is_not_reckoned_with(library: Database) -> None:
    (blob,) = library.connection().execute("SELECT windows FROM vector WHERE vector_id = 1").fetchone()
    turned = bytes([*blob[:9], blob[9] ^ 4, *blob[10:]])
    library.connection().execute("UPDATE vector SET windows = ? WHERE vector_id = 1", (turned,))
    with pytest.raises(LibraryError, match=r"the vector of passage 1 of 'a\.txt' is damaged"):
        library.windows([1, 2])
    assert library.verify() == ["vector 1 is not as it was written"]


def test_a_document_ingested_again_is_sound_again(library: Database) -> None:
    change(library, "UPDATE passage SET text = upper(text)")
    library.remove(["a.txt"])
    library.collect_garbage()
    put(library, "a.txt", lines_of(1, 8))
    assert library.verify() == [] and library.passages(library.passage_ids().tolist())


def test_changes_that_a_lost_log_held_are_missed(library: Database, tmp_path: Path) -> None:
    library.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    put(library, "b.txt", lines_of(2, 3))
    torn = tmp_path / "torn"
    torn.mkdir()
    for name in ("library.db", "last-state"):  # all but the log, in which b.txt is
        (torn / name).write_bytes((library.folder / name).read_bytes())
    with Database.open(torn) as found:
        assert [stored.name for stored in found.documents()] == ["a.txt"]
        (line,) = found.lost_changes()
        assert "holds change 1 where 2 were written" in line and line in found.verify()
        _, passages = document_of("b.txt", lines_of(2, 3))
        found.put_vectors([key_of(p.text) for p in passages], [embedded(p) for p in passages], FAKE)
        assert found.lost_changes() == [line]  # vectors kept for later are no change
        put(found, "b.txt", lines_of(2, 3))
        assert found.lost_changes() == found.verify() == []


def test_a_library_without_sums_gets_them_when_it_is_opened(library: Database, tmp_path: Path) -> None:
    older = tmp_path / "older.ragqa"
    export(library.connection(), older)
    make_older(older)
    unpack(older, tmp_path / "imported")
    folder = tmp_path / "opened"
    folder.mkdir()
    older.replace(folder / "library.db")
    for place in (folder, tmp_path / "imported"):
        with Database.open(place) as found:
            assert found.verify() == []
            put(found, "b.txt", lines_of(2, 3))
            assert found.verify() == [] and len(found.passage_ids()) == 12


def make_older(file: Path) -> None:
    """Turn an exported library into one of the format before."""
    connection = sqlite3.connect(file)
    for name in ("document", "passage", "vector", "state"):
        connection.execute(f"DROP TABLE {name}_sum")
    for name in ("unit", "token", "place", "layout", "original"):
        connection.execute(f"DROP TABLE {name}")
    connection.execute(f"PRAGMA user_version = {WITHOUT_SUMS}")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE passage SET text = replace(text, '12', '92')",
        "UPDATE document SET text = text || ' More.', blocks = '[[\"paragraph\", 0, 99999, 0]]'",
        "UPDATE document SET blocks = '[[\"script\", 0, 5, 0]]'",
        "UPDATE document SET pages = '[[0, 0, 5, null, []], [1, 5, 9, null, []]]'",
        "UPDATE document SET pages = '{\"a\": 1}'",
        "UPDATE document SET pages = '" + "[" * 5000 + "'",
        "UPDATE document SET name = 'a' || char(10) || 'b.txt'",
        "UPDATE document SET passage_count = 900",
        "UPDATE document SET sha256 = 'none'",
        "UPDATE passage SET page = -3",
        "UPDATE passage SET page = 'three' WHERE ordinal = 2",
        "UPDATE passage SET page_end = 900",
        "UPDATE passage SET windows = '[[0, true]]'",
        "UPDATE passage SET windows = '[[-4, 3]]'",
        "UPDATE passage SET section = '[1]'",
        "UPDATE passage SET ordinal = 7",
        "UPDATE passage SET page_breaks = '[[99999, 2]]'",
        "UPDATE vector SET vector = zeroblob(32)",
        "UPDATE vector SET vector = x'00' WHERE vector_id = 3",
        "UPDATE vector SET windows = x'0000' WHERE vector_id = 3",
        "UPDATE embedder SET spec = 'openai:m' || char(27)",
        "UPDATE embedder SET dim = 2000000000",
        "UPDATE passage SET section = '[\"\\ud800\"]'",
        "UPDATE passage SET page_breaks = '[[1, 2]]'",
        "UPDATE document SET pages = '[[1, 0, 9, null, []], [2, 5, 12, null, []]]', page_count = 2",
        "INSERT INTO vector (embedder_id, key, vector, windows) VALUES (1, x'00', x'0102', x'')",
        "UPDATE sqlite_sequence SET seq = 9223372036854775807",
        "UPDATE sqlite_sequence SET seq = 'many'",
        "UPDATE document SET name = '../../a.txt'",
        "UPDATE document SET name = 'a' || char(8238) || 'txt.exe'",
        "UPDATE document SET title = 'A' || char(27) || '[31m'",
        "UPDATE document SET blocks = replace(blocks, ', 1]', ', 99999999999999999999]')",
        "UPDATE passage SET tokens = 9223372036854775807",
        "UPDATE passage SET section = '[\"Warranty\"]'",
        "UPDATE passage SET header = 'Torque | Nm'",
        "UPDATE passage SET passage_id = -5 WHERE passage_id = 1",
        "UPDATE library SET generation = -1",
        "UPDATE library SET embedder_id = NULL",
        "DELETE FROM history",
        "DELETE FROM library",
    ],
)
@pytest.mark.parametrize("older", [False, True], ids=["sums", "without sums"])
def test_an_archive_is_taken_whole_or_not_at_all(library: Database, tmp_path: Path, sql: str, older: bool) -> None:
    archive, folder = tmp_path / "a.ragqa", tmp_path / "indexes" / "a"
    export(library.connection(), archive)
    connection = sqlite3.connect(archive)
    connection.execute(sql)
    connection.commit()
    connection.close()
    if older:
        make_older(archive)
    with pytest.raises(LibraryError) as refused:
        unpack(archive, folder)
    assert not folder.exists() and "\n" not in str(refused.value)


def test_a_row_that_is_gone_is_missed(library: Database) -> None:
    document, passages = document_of("c.txt", lines_of(3, 4))
    library.put_vectors([key_of(p.text) for p in passages], [embedded(p) for p in passages], FAKE)
    library.put(document, passages, [key_of(p.text) for p in passages], FAKE, "1")
    change(library, "PRAGMA foreign_keys = OFF")
    change(library, "DELETE FROM passage WHERE text LIKE '%' AND ordinal = 3 AND document_id = 2")
    assert "c.txt: it has 3 passages, its record says 4" in library.verify()
