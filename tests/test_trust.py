"""What merely lies in a folder, or came with a library, decides nothing harmful until the user approves it."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa.approving import approve_folder
from ragqa.embedders import open_embedder
from ragqa.engine import Library
from ragqa.errors import LibraryError, ModelError, RagqaError
from ragqa.settings import GUARDED, Settings, home_folder, load_settings
from ragqa.store.sqlite import FILE_NAME
from ragqa.trust import approval_of, approvals
from tests.conftest import PUMP, Run
from tests.servers.embeddings import KEY, EmbeddingServer

HARMFUL = """
home = "elsewhere"
answerer = "openai:gpt-4.1-mini"
embedder = "local:theirs"
rerank = "local:theirs"
prompts = "theirs.toml"
instructions = "theirs.txt"
keep_answers = true
n = 100
k = 3
"""


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The current folder, of a user of whom nothing is kept yet and who named no home."""
    monkeypatch.delenv("RAGQA_HOME")
    monkeypatch.setenv("RAGQA_CONFIG", str(tmp_path / "config"))
    return home


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    with EmbeddingServer(dim=8) as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def stranger(folder: Path) -> Path:
    """Make ``folder`` one that came from elsewhere: with a library that this user's ragqa did not make there."""
    with Library.open(create=True, home=folder.with_name("origin"), index="default") as library:
        library.ingest_bytes(PUMP.encode(), "pump.md")
    shutil.copytree(folder.with_name("origin") / "indexes", folder / "indexes")
    return folder


# Settings


def test_settings_of_a_folder_above_that_could_do_harm_are_ignored_and_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "ragqa.toml").write_text(HARMFUL)
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    said: list[str] = []
    assert load_settings({}, {}, said.append) == Settings(k=3)
    (line,) = said
    assert all(name in line for name in GUARDED) and f"ragqa trust {folder}" in line


def test_what_the_user_approved_counts_until_the_file_changes(folder: Path) -> None:
    file = folder / "ragqa.toml"
    file.write_text(HARMFUL)
    approve_folder(folder)
    said: list[str] = []
    assert load_settings({}, {}, said.append).answerer == "openai:gpt-4.1-mini" and said == []
    file.write_text(HARMFUL.replace("mini", "nano"))
    assert load_settings({}, {}, said.append).answerer == "extractive"
    assert "since it was changed" in said[0]


def test_the_users_own_file_is_approved_and_yields_to_the_folders(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ragqa.toml").write_text("answerer = 'openai:mine'\nk = 9\nprompts = 'own.toml'\n")
    (folder / "ragqa.toml").write_text("answerer = 'openai:theirs'\nk = 3\n")
    settings = load_settings({}, {})
    assert (settings.answerer, settings.k) == ("openai:mine", 3)
    assert settings.prompts == tmp_path / "config" / "own.toml"
    assert load_settings({}, {"RAGQA_ANSWERER": "extractive"}).answerer == "extractive"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_another_users_files_are_passed_over(folder: Path) -> None:
    (folder / "ragqa.toml").write_text("k = 3\n")
    os.chown(folder / "ragqa.toml", 12345, -1)
    said: list[str] = []
    assert load_settings({}, {}, said.append).k == 5 and home_folder() != folder
    assert f"ragqa trust {folder}" in said[0]
    approve_folder(folder)
    assert load_settings({}, {}).k == 3 and home_folder() == folder


# Libraries


def test_a_library_made_here_needs_no_ceremony_here_or_below(
    folder: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pump.md").write_text(PUMP, encoding="utf-8")
    (folder / "indexes").mkdir()
    assert ragqa("ingest", "pump.md").code == 0
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    ran = ragqa("search", "filter")
    assert (ran.code, ran.err) == (0, "") and "pump.md" in ran.out


def test_a_library_made_by_naming_the_home_is_known_without_the_name(
    folder: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pump.md").write_text(PUMP, encoding="utf-8")
    assert ragqa("ingest", "pump.md", "--home", folder).code == 0
    assert ragqa("list").code == 0


def test_a_strangers_library_is_not_used_until_it_is_approved_or_named(folder: Path, ragqa: Run) -> None:
    stranger(folder)
    for words in (("ask", "How often is the filter cleaned?"), ("ingest", "pump.md"), ("list",), ("verify",)):
        assert f"run 'ragqa trust {folder}' once, or name the folder with --home" in ragqa(*words).error
    assert ragqa("list", "--home", folder).code == 0
    assert str(folder / "indexes" / "default") in ragqa("trust").out
    assert ragqa("list").code == 0
    assert str(folder) in ragqa("trust", "--list").out
    assert ragqa("trust", "--revoke").code == 0
    assert "not made here by you" in ragqa("list").error


def test_a_library_laid_beside_approved_ones_is_asked_about(folder: Path, ragqa: Run) -> None:
    stranger(folder)
    approve_folder(folder)
    shutil.copytree(folder / "indexes" / "default", folder / "indexes" / "other")
    assert ragqa("list").code == 0
    assert "'other'" in ragqa("list", "--index", "other").error


def test_approvals_are_kept_in_the_cache_where_there_is_no_other_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RAGQA_CONFIG", str(tmp_path / "file" / "config"))
    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    (folder / "indexes").mkdir()
    Library.open(create=True).close()
    Library.open().close()
    assert [one.folder for one in approvals()] == [str(folder / "indexes" / "default")]


def test_what_is_kept_is_the_owners_alone(folder: Path, tmp_path: Path) -> None:
    approve_folder(stranger(folder))
    kept = tmp_path / "config" / "trusted"
    assert kept.stat().st_mode & 0o077 == 0
    assert {file.stat().st_mode & 0o077 for file in kept.iterdir()} == {0}


def test_nothing_to_approve_is_said(folder: Path, ragqa: Run) -> None:
    assert "should hold ragqa.toml or indexes/" in ragqa("trust", folder).error
    assert "was not approved" in ragqa("trust", "--revoke", folder).error


# Embedders that a library asks for


def test_a_hosted_embedder_is_the_users_choice_and_never_a_librarys(
    folder: Path, server: EmbeddingServer, tmp_path: Path
) -> None:
    with Library.open(create=True, home=folder, embedder="openai:m") as library:
        library.ingest_bytes(PUMP.encode(), "pump.md")
        library.export(tmp_path / "pump.ragqa")
    with Library.open(home=folder) as library:  # the user chose it here, once
        assert library.search("filter").hits
    asked = len(server.requests)
    with Library.import_(tmp_path / "pump.ragqa", "taken", home=folder) as library:
        refused = (
            r"embedder openai:m, which you have not agreed to: .*--embedder openai:m, or run 'ragqa trust .*/taken'"
        )
        for use in (lambda: library.search("filter"), lambda: library.ingest_bytes(b"# Lamp", "lamp.md")):
            with pytest.raises(LibraryError, match=refused):
                use()
    assert len(server.requests) == asked
    with Library.open("taken", home=folder, embedder="openai:m") as library:
        assert library.search("filter").hits
    approve_folder(folder / "indexes" / "taken")
    with Library.open("taken", home=folder) as library:
        assert library.search("filter").hits


# Models


def model(folder: Path, **files: object) -> Path:
    """Write the small files of a sentence-transformers model, and ``files`` over them; '/' is written '__'."""
    kinds = ("", "sentence_transformers.models.Transformer"), ("1_Pooling", "sentence_transformers.models.Pooling")
    held = {
        "config": {"hidden_size": 8, "model_type": "bert"},
        "modules": [{"path": path, "type": kind} for path, kind in kinds],
    } | files
    for name, value in held.items():
        file = folder / f"{name.replace('__', '/')}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value))
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def modules(*extra: tuple[str, str]) -> list[dict[str, str]]:
    kinds = [("", "sentence_transformers.models.Transformer"), ("1_Pooling", "sentence_transformers.models.Pooling")]
    return [{"path": path, "type": kind} for path, kind in [*kinds, *extra]]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"modules": modules(("2_Evil", "evil.Normalize"))}, "made of evil.Normalize"),
        ({"modules": modules(("2", "sentence_transformers.util.import_from_string"))}, "can't run"),
        ({"modules": modules(("../other", "sentence_transformers.models.Dense"))}, "outside the model's folder"),
        ({"modules": [{"path": "", "type": "builtins.Transformer"}, *modules()[1:]]}, "builtins.Transformer"),
        ({"adapter_config": {"base_model_name_or_path": "some/where"}}, "an adapter of another model"),
        ({"sentence_bert_config": {"model_args": {"use_safetensors": False}}}, "sets use_safetensors of the loader"),
        ({"sentence_roberta_config": {"tokenizer_args": {"name_or_path": "/x"}}}, "sets name_or_path of the loader"),
        ({"config": {"hidden_size": 8, "attn_implementation": "someone/kernel"}}, "names code of a hub"),
        ({"config": {"hidden_size": 8, "text_config": {"_attn_implementation": "a/b"}}}, "names code of a hub"),
    ],
)
def test_a_model_folder_that_asks_for_more_than_weights_is_refused(
    tmp_path: Path, files: dict[str, object], said: str
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        open_embedder(f"local:{model(tmp_path, **files)}")
    assert "\n" not in str(caught.value)


def test_pickles_in_a_part_of_a_model_are_refused(tmp_path: Path) -> None:
    files = {
        "modules": modules(("2_Dense", "sentence_transformers.models.Dense")),
        "2_Dense__config": {"out_features": 4},
    }
    model(tmp_path, **files)
    (tmp_path / "2_Dense" / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"2_Dense|pytorch_model\.bin"):
        open_embedder(f"local:{tmp_path}")


def test_an_ordinary_model_folder_is_taken(tmp_path: Path) -> None:
    assert open_embedder(f"local:{model(tmp_path)}").dim == 8


def test_code_beside_a_language_model_is_not_run(tmp_path: Path) -> None:
    from ragqa.finetune.local.bases import find_base, load_base

    config = {
        "architectures": ["EvilForCausalLM"],
        "model_type": "evil",
        "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model", "AutoTokenizer": "evil.T"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'RAN')!r}, 'w')\n")
    with pytest.raises(ModelError, match="can't be loaded"):
        load_base(find_base(str(tmp_path)), half=False)
    assert not (tmp_path / "RAN").exists()


# Secrets


@pytest.mark.parametrize(
    "said",
    [
        "bad key sk-proj-abcdef1234567890",
        "Incorrect API key provided: my-o***********cret.",
        "key my-own-oddly-shaped-secret is wrong",
        'headers: {"Authorization": "Bearer abc.def.ghi"}',
        "Authorization: Basic dXNlcjpwYXNz",
        "http://user:p%40ss@127.0.0.1/v1 refused",
        "the password p@ss is wrong",
        "key AIzaSyD4x0123456789abcdefABCDEF is wrong",
    ],
)
def test_no_key_or_password_is_shown(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ragqa.openai_api.client import without_secrets

    monkeypatch.setenv("OPENAI_API_KEY", "my-own-oddly-shaped-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:p%40ss@127.0.0.1:9/v1")
    shown = without_secrets(said)
    assert "…" in shown
    for secret in ("abcdef", "my-o", "cret", "odd", "ghi", "dXNl", "p%40ss", "p@ss", "AIza"):
        assert secret not in shown.replace("secret", ""), shown
    plain = "the model meta-llama/Meta-Llama-3.1-8B-Instruct reads 8192 tokens; ftjob-1 failed on line 12"
    assert without_secrets(plain) == plain


def test_a_redirection_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddingServer(dim=8) as server, EmbeddingServer(dim=8) as other:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        server.troubles.append({"status": 307, "headers": {"Location": f"{other.url}/embeddings"}})
        with pytest.raises(ModelError, match="sends requests on to another address"):
            open_embedder("openai:m").embed_queries(["secret text"])
        assert other.requests == []


# What runs, and what it leaves


HOSTILE = ("numpy", "json", "ragqa", "torch", "openvino", "sitecustomize", "usercustomize", "runpy", "tempfile")


def test_nothing_of_the_current_folder_is_run_by_our_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    from ragqa.isolated import command, environment

    (tmp_path / "hostile").mkdir()
    for name in HOSTILE:
        (tmp_path / "hostile" / f"{name}.py").write_text(f"open({str(tmp_path / 'RAN')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path / "hostile")
    monkeypatch.setenv("PYTHONPATH", ".")
    monkeypatch.setenv("PYTHONSTARTUP", "runpy.py")
    monkeypatch.syspath_prepend("")
    # The child that compiles: it imports numpy and all of ours, then says that there is no such model.
    words = command("ragqa.embedders.compile", str(tmp_path / "none"), str(tmp_path))
    done = subprocess.run(words, env=environment(), capture_output=True, text=True)
    assert "ModelError: local:" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "RAN").exists()


def test_every_python_child_of_the_product_is_isolated() -> None:
    import ast

    package = Path(__file__).resolve().parents[1] / "ragqa"
    wrong = [
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if file.name != "isolated.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.executable"
    ]
    assert wrong == []


def test_a_compiled_model_that_was_changed_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ragqa.models.compiled import FILES, RECORD, read_record
    from ragqa.models.files import Loaded, hashes_of

    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "made"
    home.mkdir()
    (home / "model.bin").write_bytes(b"weights" * 100)
    (home / RECORD).write_text(json.dumps({"choice": "f32", FILES: hashes_of(home)}))
    assert read_record(home) and read_record(home)
    stat = (home / "model.bin").stat()
    (home / "model.bin").write_bytes(b"Weights" * 100)
    os.utime(home / "model.bin", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert read_record(home) is None

    loaded = Loaded(home / "loaded")
    with loaded.held() as usable:
        assert usable
        (home / "loaded" / "1.blob").write_bytes(b"made by OpenVINO")
    with loaded.held() as usable:
        assert usable and (home / "loaded" / "1.blob").exists()
    (home / "loaded" / "1.blob").write_bytes(b"made by a stranger")
    (home / "loaded" / "2.blob").write_bytes(b"put there by a stranger")
    with loaded.held():
        pass
    assert [file.name for file in (home / "loaded").glob("*.blob")] == []


def test_who_loads_a_model_first_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once wrote one file in place, and the one that had mapped it was ended by SIGBUS."""
    from ragqa.models.files import Loaded

    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    folder, seen = tmp_path / "loaded", threading.Event()

    def second() -> None:
        with Loaded(folder).held() as usable:
            assert usable and (folder / "1.blob").read_bytes() == b"whole"
            seen.set()

    waiting = threading.Thread(target=second)
    with Loaded(folder).held() as usable:
        assert usable
        (folder / "1.blob").write_bytes(b"half")
        waiting.start()
        assert not seen.wait(0.3)
        (folder / "1.blob").write_bytes(b"whole")
    waiting.join()
    assert seen.is_set()
    with Loaded(folder).held(), Loaded(folder).held() as usable:  # what is whole is only read: nobody waits
        assert usable


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give folders away")
def test_another_users_cache_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ragqa.models.files import private_cache

    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    assert private_cache("models").stat().st_mode & 0o077 == 0
    os.chown(tmp_path / "cache" / "models", 12345, -1)
    with pytest.raises(RagqaError, match="belongs to another user"):
        private_cache("models")


def test_a_known_library_is_bound_to_its_folder(folder: Path) -> None:
    stranger(folder)
    assert (folder / "indexes" / "default" / FILE_NAME).is_file()
    assert approval_of(folder / "indexes" / "default") is None
    assert approval_of(folder.with_name("origin") / "indexes" / "default") is not None
