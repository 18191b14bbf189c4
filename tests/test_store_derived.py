"""Derived indexes: whatever happens to their files, the next search is right and one line says what was done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ragqa.errors import LibraryError
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from ragqa.store.lock import WriterLock
from ragqa.store.vectors import VectorIndex
from tests.store_making import lines_of, make, put, vector_of

KINDS = {"vectors": VectorIndex, "lexical": LexicalIndex}


def answers(database: Database, notices: list[str]) -> list[object]:
    vectors, lexical = VectorIndex.open(database, notices.append), LexicalIndex.open(database, notices.append)
    dense = vectors.search(vector_of("question"), 10)
    words = lexical.search(["pump", "seal"], 10)
    return [dense[0].tolist(), np.round(dense[1], 5).tolist(), words[0].tolist(), np.round(words[1], 4).tolist()]


@pytest.fixture
def library(tmp_path: Path):
    with make(tmp_path / "lib") as database:
        yield database


def current(library: Database, name: str) -> Path:
    root = library.folder / name
    return root / json.loads((root / "manifest.json").read_text())["state"]


def files_of(library: Database, name: str) -> list[Path]:
    return [file for file in current(library, name).iterdir() if not file.name.startswith(".")]


def remove_folder(library: Database, name: str) -> None:
    shutil.rmtree(library.folder / name)


def remove_manifest(library: Database, name: str) -> None:
    (library.folder / name / "manifest.json").unlink()


def garble_manifest(library: Database, name: str) -> None:
    (library.folder / name / "manifest.json").write_bytes(b"\x00{]")


def empty_manifest(library: Database, name: str) -> None:
    (library.folder / name / "manifest.json").write_text("[]")


def age_manifest(library: Database, name: str) -> None:
    path = library.folder / name / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "form": "faiss 0"}))


def remove_one_file(library: Database, name: str) -> None:
    files_of(library, name)[0].unlink()


def cut_every_file(library: Database, name: str) -> None:
    for file in files_of(library, name):
        os.truncate(file, file.stat().st_size // 2)


def garble_every_file(library: Database, name: str) -> None:
    for file in files_of(library, name):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)


FAULTS = [
    remove_folder,
    remove_manifest,
    garble_manifest,
    empty_manifest,
    age_manifest,
    remove_one_file,
    cut_every_file,
    garble_every_file,
]


@pytest.mark.parametrize("name", list(KINDS))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_broken_index_is_rebuilt_with_the_same_answers(
    library: Database, name: str, fault: Callable[[Database, str], None]
):
    expected = answers(library, [])
    fault(library, name)
    notices: list[str] = []
    assert answers(library, notices) == expected
    assert len(notices) == 1 and "\n" not in notices[0] and "rebuilding" in notices[0]
    notices.clear()
    assert answers(library, notices) == expected
    assert notices == []
    assert library.verify() == []


@pytest.mark.parametrize("name", list(KINDS))
def test_one_wrong_bit_in_any_file_is_noticed(library: Database, name: str):
    expected = answers(library, [])
    rng = np.random.default_rng(0)
    for number in range(len(files_of(library, name))):  # a rebuild gives them new names, so they are counted
        file = sorted(files_of(library, name), key=lambda each: each.suffix)[number]
        data = bytearray(file.read_bytes())
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        file.write_bytes(data)
        notices: list[str] = []
        assert answers(library, notices) == expected
        assert len(notices) == 1, file


def test_verify_names_a_broken_index(library: Database):
    answers(library, [])
    garble_every_file(library, "vectors")
    remove_one_file(library, "lexical")
    found = "\n".join(library.verify())
    assert "vectors: the index is garbled" in found and "lexical: the index is torn" in found


def test_the_first_build_and_a_catch_up_need_no_word(library: Database):
    notices: list[str] = []
    answers(library, notices)
    put(library, "more.txt", lines_of(9, 5))
    answers(library, notices)
    library.remove(["more.txt"])
    answers(library, notices)
    assert notices == []


def test_only_the_current_state_is_kept(library: Database):
    for number in range(4):
        put(library, "more.txt", lines_of(number + 20, 5))
        (library.folder / "vectors" / "3-0123abcd").mkdir(exist_ok=True)
        answers(library, [])
    for name in KINDS:
        assert sum(path.is_dir() for path in (library.folder / name).iterdir()) == 1


def test_an_index_of_another_library_is_not_trusted(library: Database, tmp_path: Path):
    answers(library, [])
    with make(tmp_path / "other") as other:
        put(other, "0.txt", lines_of(70, 12))
        expected = answers(other, [])
        shutil.rmtree(other.folder / "vectors"), shutil.rmtree(other.folder / "lexical")
        for name in KINDS:
            shutil.copytree(library.folder / name, other.folder / name)
        notices: list[str] = []
        assert answers(other, notices) == expected
        assert len(notices) == 2 and "another state of the library" in notices[0]


def test_a_library_set_back_to_an_older_copy_does_not_keep_newer_answers(library: Database, tmp_path: Path):
    library.export(tmp_path / "backup")
    put(library, "3.txt", lines_of(3, 12))
    answers(library, [])
    library.close()
    for left in library.folder.glob("library.db*"):
        left.unlink()
    shutil.copy(tmp_path / "backup", library.path)
    with Database.open(library.folder) as older:
        put(older, "3.txt", ["the same count of changes and ids, but other text"])
        notices: list[str] = []
        answers(older, notices)
        assert len(notices) == 2
        assert LexicalIndex.open(older).doc_freq("count") == 1
        assert older.verify() == []


def test_a_reader_does_not_wait_for_another_builder(library: Database):
    before = answers(library, [])
    put(library, "late.txt", ["a latecomer pump"])
    holding, done = threading.Event(), threading.Event()

    def build_slowly() -> None:
        with WriterLock(library.folder, "vectors").held(1), WriterLock(library.folder, "lexical").held(1):
            holding.set()
            done.wait(10)

    thread = threading.Thread(target=build_slowly)
    thread.start()
    holding.wait()
    try:
        assert answers(library, []) == before
        remove_folder(library, "lexical")
        assert len(LexicalIndex.open(library).ids) == 37  # no state to fall back on: built in memory
    finally:
        done.set()
        thread.join()
    assert VectorIndex.open(library).size == 37


@pytest.mark.parametrize("name", list(KINDS))
def test_a_crash_before_the_swap_leaves_the_old_state(library: Database, name: str, monkeypatch: pytest.MonkeyPatch):
    from ragqa.store import derived

    answers(library, [])
    put(library, "late.txt", ["a latecomer pump"])
    state = current(library, name)

    def crash(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(derived, "sync", crash)
        with pytest.raises(KeyboardInterrupt):
            KINDS[name].open(library)
    assert current(library, name) == state
    notices: list[str] = []
    assert KINDS[name].open(library, notices.append).size == 37
    assert notices == []


def test_a_full_disk_leaves_the_truth_and_says_so(tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("a small file system can't be mounted here")
    try:
        with make(disk / "lib", documents=1) as library:
            filler = disk / "filler"
            filler.write_bytes(bytes(shutil.disk_usage(disk).free - 60_000))
            with pytest.raises(LibraryError) as error:
                put(library, "big.txt", lines_of(1, 900))
            assert "disk is full" in str(error.value) and "\n" not in str(error.value)
            with filler.open("ab") as stream:
                stream.write(bytes(shutil.disk_usage(disk).free // 4096 * 4096))
            for kind in KINDS.values():
                with pytest.raises(LibraryError) as error:
                    kind.open(library)
                assert "disk is full" in str(error.value) and "\n" not in str(error.value)
            filler.unlink()
            assert library.verify() == []
            assert VectorIndex.open(library).size == LexicalIndex.open(library).size == 12
    finally:
        subprocess.run(["umount", str(disk)], capture_output=True)
