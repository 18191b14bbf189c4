"""Where an option's value comes from, and where libraries live."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragqa.approving import approve_folder
from ragqa.errors import RagqaError
from ragqa.settings import Settings, home_folder, load_settings
from tests.conftest import PUMP, Run


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RAGQA_HOME")
    return home


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(folder: Path) -> None:
    assert load_settings({}, {}).k == Settings().k == 5
    (folder / "ragqa.toml").write_text("k = 6\nmode = 'dense'\npassage-tokens = 99\nstop = ['END']\n")
    assert load_settings({}, {}).k == 6
    assert load_settings({}, {"RAGQA_K": "7"}).k == 7
    settings = load_settings({"k": 8, "mode": None}, {"RAGQA_K": "7", "RAGQA_TEMPERATURE": "0.5"})
    assert (settings.k, settings.mode, settings.temperature) == (8, "dense", 0.5)
    assert (settings.passage_tokens, settings.stop) == (99, ("END",))


def test_an_empty_variable_is_not_set(folder: Path) -> None:
    assert load_settings({}, {"RAGQA_K": "", "RAGQA_INDEX": ""}) == Settings()


def test_a_key_in_the_environment_switches_nothing_online(folder: Path) -> None:
    settings = load_settings({}, {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": "http://127.0.0.1:9"})
    assert (settings.embedder, settings.answerer) == (None, "extractive")


@pytest.mark.parametrize(
    ("flags", "said"),
    [({"k": 0}, "from 1 to 1000"), ({"mode": "best"}, "hybrid, dense, lexical"), ({"colour": "red"}, "'colour'")],
)
def test_a_value_that_is_none_is_named_with_what_would_do(folder: Path, flags: dict[str, object], said: str) -> None:
    with pytest.raises(RagqaError, match=said):
        load_settings(flags, {})


def test_the_home_is_the_nearest_folder_with_a_settings_file_or_indexes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if os.name == "posix" and "ragqa" in str(home_folder()):
        assert folder not in (home_folder(), *home_folder().parents)
    (folder / "indexes").mkdir()
    assert home_folder() == folder
    (folder / "a" / "ragqa.toml").write_text("k = 3\n")
    assert home_folder() == folder / "a" and load_settings({}, {}).k == 3
    assert load_settings({}, {"RAGQA_HOME": str(tmp_path)}).indexes() == tmp_path / "indexes"


def test_a_path_in_the_file_is_taken_from_where_the_file_lies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sub").mkdir()
    (folder / "ragqa.toml").write_text("home = 'store'\ninstructions = 'mine.txt'\n")
    monkeypatch.chdir(folder / "sub")
    approve_folder(folder)
    settings = load_settings({}, {})
    assert settings.home == folder / "store" and settings.instructions == folder / "mine.txt"


def test_each_source_reaches_a_command(small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(*flags: object) -> int:
        return len(ragqa("search", "pump filter lamp bulb", "--json", *flags).json["passages"])

    assert count() == 2
    (small / "ragqa.toml").write_text("k = 1\n")
    assert count() == 1
    monkeypatch.setenv("RAGQA_K", "2")
    assert count() == 2
    assert count("-k", "1") == 1


def test_libraries_by_name_are_apart(small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (small / "other.md").write_text(PUMP.replace("30 days", "77 days"), encoding="utf-8")
    assert ragqa("ingest", "other.md", "--index", "second").code == 0
    monkeypatch.setenv("RAGQA_INDEX", "second")
    assert [d["name"] for d in ragqa("list", "--json").json["documents"]] == ["other.md"]
    assert len(ragqa("list", "--json", "--index", "default").json["documents"]) == 2
