"""What the whole-product tests share: a home of their own, the command line within this process and outside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from ragqa.embedders import open_embedder
from ragqa.engine import Library
from ragqa.openai_api.errors import lessons_of
from ragqa.sources import Source
from ragqa.store.database import Database
from ragqa.store.sums import sum_document
from ragqa.trust import remember_library

ROOT = Path(__file__).resolve().parents[1]
MANUALS = ROOT / "corpora" / "manuals"
ENGLISH = "halden-kx-40.pdf"
CHINESE = "halden-kx-40c-zh.pdf"

PUMP = """# Pump

## Cleaning

Clean the pump filter every 30 days with warm water. Never use solvents on the pump filter.

## Errors

| Code | Meaning | Remedy |
| --- | --- | --- |
| E04 | The pump filter is blocked | Rinse the filter |
| E17 | The motor is too hot | Let the motor cool for an hour |
"""
LAMP = """# Lamp

## Changing the bulb

Unscrew the glass and replace the bulb by one of 40 watts. The lamp must be cold before you touch it.
"""

PATIENCE = 300.0
"""Seconds until a test gives up on something that must come: none on an idle machine, enough on a busy one."""

KEPT = "RAGQA_CACHE"
"""The one variable of ours that tests keep: where the bundled model lies compiled, which takes 20 s to do again."""

Run = Callable[..., "Ran"]

_user = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests, their workers and every child a user of their own: no file of the real one is read or written."""
    if hasattr(config, "workerinput"):
        return  # a worker has inherited what follows
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # the order is ours
    user = config.stash[_user] = tempfile.mkdtemp(prefix="ragqa-tests-")
    for name in [name for name in os.environ if name.startswith("XDG_") or _ours(name)]:
        del os.environ[name]
    os.environ["HOME"] = user
    os.environ.setdefault(KEPT, str(ROOT / "build" / "tests-cache"))
    # A worker a core: with more threads each, workers and their children wait for each other at every small product.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


LONGEST = (
    "test_embedder_e5",
    "test_recipe",
    "test_semi_curve",
    "test_pretrained",
    "test_adapt",
    "test_embedder_local",
    "test_kill",
    "test_tune",
    "test_bad_input",
    "test_compare",
    "test_corpora",
    "test_readme",
    "test_rerankers",
    "test_finetune_local_resume",
    "test_semi",
    "test_bench_retrieval",
    "test_finetune_local",
    "test_answerer_local",
    "test_offline",
    "test_bench_answers",
    "test_bench_questions",
    "test_chat",
    "test_preference",
    "test_routing",
)
"""The files that take longest, which come first: one that came last would keep one worker while others have no work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _user in config.stash:
        shutil.rmtree(config.stash[_user], ignore_errors=True)


def _ours(name: str) -> bool:
    """Say whether an environment variable sets an option of ours or names a server."""
    return name.startswith(("RAGQA_", "OPENAI_")) and name != KEPT


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output; fails where there is anything else."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n"), self.out
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The one line of an error."""
        assert self.code == 1 and not self.out and self.err.count("\n") == 1, self
        assert self.err.startswith("ragqa: ") and "Traceback" not in self.err
        return self.err.removeprefix("ragqa: ").rstrip("\n")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without anything that sets an option, names a server, or has Python write unbuffered."""
    kept = {name: value for name, value in os.environ.items() if not _ours(name) and name != "PYTHONUNBUFFERED"}
    return kept | more


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that ``make`` filled, in whichever worker needed it first. For all workers, for reading only."""
    folder = Path(os.environ["HOME"]) / "made-once" / name
    made = folder.with_name(f"{name}.made")
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not made.is_file():
            shutil.rmtree(folder, ignore_errors=True)  # what a test that was stopped has left
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@pytest.fixture(autouse=True)
def no_lessons() -> Iterator[None]:
    """Forget what servers taught: the next one may get the same port."""
    lessons_of.cache_clear()
    yield


@pytest.fixture(scope="session", autouse=True)
def loaded_once() -> Iterator[None]:
    """A compiled model is loaded once a worker, where a command in a process of its own loads it anew.

    It is found, checked against its record and compiled where need be as ever: ``load`` itself runs each time.
    """
    from ragqa.embedders import local
    from ragqa.models.compiled import CompiledRunner
    from ragqa.rerankers import local as reranking

    runners: dict[tuple[object, ...], CompiledRunner] = {}
    tokenizers: dict[tuple[object, ...], Any] = {}
    load, tokenizer = local.load, local.TextTokenizer

    def load_once(builder: str, name: str, *more: Any) -> tuple[CompiledRunner, Path]:
        runner, home = load(builder, name, *more)
        return runners.setdefault(_state_of(home / "model.bin"), runner), home

    def read_once(file: Path, max_length: int, *, lower_case: bool = False, few: Any = None) -> Any:
        key = (*_state_of(file), max_length, lower_case, few is None)
        if key not in tokenizers:
            tokenizers[key] = tokenizer(file, max_length, lower_case=lower_case, few=few)
        return tokenizers[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(local, "load", load_once)
        patched.setattr(reranking, "load", load_once)
        patched.setattr(local, "TextTokenizer", read_once)
        yield


def _state_of(file: Path) -> tuple[object, ...]:
    stat = file.stat()
    return file, stat.st_ino, stat.st_size, stat.st_mtime_ns


@contextmanager
def compiling_here() -> Iterator[None]:
    """Compile models in this process, by what the process of its own runs: that one imports torch for 15 s first."""
    from ragqa.models import apart

    def start(module: str, name: str, part: Path) -> dict[str, Any]:
        mask = os.umask(0o077)
        try:
            with pytest.MonkeyPatch.context() as patched, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch's, of which nobody hears from the process of its own either
                patched.setattr(sys, "argv", [module, name, str(part)])
                apart.child(import_module(module).build)
        finally:
            os.umask(mask)
        record = apart.read_record(part)
        assert record is not None
        return record

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(apart, "_start", start)
        yield


@pytest.fixture(scope="session")
def compiled() -> None:
    """The bundled model lies compiled: whichever test comes first, no command has to say that it compiles it."""
    open_embedder().warm()


@pytest.fixture
def home(compiled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, as RAGQA_HOME and as the current folder."""
    for name in filter(_ours, list(os.environ)):
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("RAGQA_HOME", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def ragqa(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line within this process, which is quicker than a new one."""
    from ragqa.cli import main

    def run(*words: object, stdin: str | bytes = b"") -> Ran:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        with monkeypatch.context() as patched:
            patched.setattr(sys, "argv", ["ragqa", *map(str, words)])
            patched.setattr(sys, "stdin", TextIOWrapper(BytesIO(data), encoding="utf-8"))
            capsys.readouterr()
            try:
                main()
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def process(home: Path) -> Run:
    """Run the command line as a user does, in a process of its own; ``before`` is Python to run in it first."""

    def run(*words: object, stdin: str = "", before: str = "", **environment: str) -> Ran:
        code = f"{before}\nfrom ragqa.cli import main\nmain()"
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=home,
            env=clean_environment(RAGQA_HOME=str(home), **environment),
            timeout=PATIENCE,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def sample_homes(compiled: None) -> Path:
    """Two homes: the default library of ``english`` holds the English sample manual, that of ``both`` both of them."""

    def make(folder: Path) -> None:
        with Library.open(create=True, home=folder / "english", index="default") as library:
            english = library.ingest([MANUALS / ENGLISH])
        copy_library(folder / "english", folder / "both")
        with Library.open(home=folder / "both", index="default") as library:
            both = library.ingest([MANUALS])
        assert [result.status for result in [*english, *both]] == ["added", "unchanged", "added"]

    return made_once("samples", make)


@pytest.fixture(scope="session")
def manuals_home(sample_homes: Path) -> Path:
    """A home whose default library holds the two sample manuals. For reading only."""
    return sample_homes / "both"


@pytest.fixture(scope="session")
def manuals(manuals_home: Path) -> Iterator[Library]:
    """The library of the two sample manuals, held open. For reading only."""
    with Library.open(home=manuals_home, index="default") as library:
        yield library


@pytest.fixture(scope="session")
def english_home(sample_homes: Path) -> Path:
    """A home whose default library holds the English sample manual. For reading, or to make copies of."""
    return sample_homes / "english"


@pytest.fixture(scope="session")
def small_home(compiled: None) -> Path:
    """What ``small`` is a copy of."""

    def make(folder: Path) -> None:
        (folder / "pump.md").write_text(PUMP, encoding="utf-8")
        (folder / "lamp.md").write_text(LAMP, encoding="utf-8")
        with Library.open(create=True, home=folder, index="default") as library:
            results = library.ingest([folder / "pump.md", folder / "lamp.md"])
        assert [result.status for result in results] == ["added", "added"]

    return made_once("small", make)


@pytest.fixture
def small(home: Path, small_home: Path) -> Path:
    """A home whose default library holds two small documents, ``pump.md`` and ``lamp.md``, as if ingested here."""
    for name in ("pump.md", "lamp.md"):
        shutil.copy(small_home / name, home)
    copy_library(small_home, home)
    return home


@pytest.fixture(scope="session")
def served_home(compiled: None) -> Path:
    """A home whose default library holds a PDF of two pages and two small documents. To make copies of."""
    from tests.server_making import make_served

    return made_once("served", make_served)


@pytest.fixture
def server_home(home: Path, served_home: Path) -> Path:
    """A home of this test's own with the library of ``served_home``."""
    copy_library(served_home, home)
    return home


def copy_library(home: Path, to: Path) -> None:
    """Copy the default library of ``home`` to the home ``to``: made there by this user, of the files that lie there."""
    folder = to / "indexes" / "default"
    shutil.copytree(home / "indexes", to / "indexes")
    remember_library(folder, None)
    with Database.open(folder) as database, database.transaction() as connection:
        for stored in database.documents():
            file = (to / stored.name).resolve()
            if file.is_file():
                origin = (Source(stored.name, file).origin, stored.document_id)
                connection.execute("UPDATE document SET source = ? WHERE document_id = ?", origin)
                sum_document(connection, stored.document_id)
