"""Nothing contacts a network unless the user chose an online model, and nothing heavy is imported where one waits."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.conftest import MANUALS, PUMP, Run

NO_SOCKETS = """
import socket, sys
def refuse(*args, **kwargs):
    sys.stderr.write("A SOCKET WAS OPENED\\n")
    raise OSError("no sockets here")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse
def watch(event, args):
    if event.startswith("socket.") and event != "socket.gethostname":
        sys.stderr.write(f"A SOCKET WAS USED: {event} {args}\\n")
sys.addaudithook(watch)
"""
IMPORTED = """
import atexit, sys
def told():
    names = "torch transformers openai sentence_transformers numpy faiss rich httpx requests".split()
    sys.stderr.write("IMPORTED " + " ".join(name for name in names if name in sys.modules) + "\\n")
atexit.register(told)
"""


def imported(ran_err: str) -> set[str]:
    (line,) = [line for line in ran_err.splitlines() if line.startswith("IMPORTED")]
    return set(line.split()[1:])


def test_an_offline_ingest_and_ask_open_no_socket_even_with_a_key(home: Path, process: Run) -> None:
    (home / "pump.md").write_text(PUMP, encoding="utf-8")
    online = {"OPENAI_API_KEY": "sk-not-a-key", "OPENAI_BASE_URL": "http://127.0.0.1:9"}
    for words in (
        ("ingest", "pump.md"),
        ("ask", "How often must I clean the pump filter?", "--threshold", "0"),
        ("search", "filter"),
    ):
        ran = process(*words, before=NO_SOCKETS, **online)
        assert (ran.code, ran.err) == (0, "")
    assert "30 days" in process("ask", "How often must I clean the pump filter?", "--threshold", "0", **online).out


HOSTILE = """
embedder = "openai:theirs"
answerer = "openai:theirs"
rerank = "local:someone/reranker"
"""


def test_offline_commands_open_no_socket_in_a_hostile_folder(home: Path, process: Run) -> None:
    (home / "pump.md").write_text(PUMP, encoding="utf-8")
    (home / "ragqa.toml").write_text(HOSTILE)
    online = {"OPENAI_API_KEY": "sk-not-a-key", "OPENAI_BASE_URL": "http://127.0.0.1:9"}
    for words in (("ingest", "pump.md"), ("ask", "How often must I clean the pump filter?"), ("export", "x.ragqa")):
        ran = process(*words, before=NO_SOCKETS, **online)
        assert ran.code == 0 and "SOCKET" not in ran.err, ran
        assert "sets embedder, answerer, rerank, ignored because it is not approved" in ran.err


def test_an_archive_that_names_a_hosted_or_a_hub_model_opens_no_socket(home: Path, process: Run) -> None:
    (home / "pump.md").write_text(PUMP, encoding="utf-8")
    assert process("ingest", "pump.md").code == 0
    online = {"OPENAI_API_KEY": "sk-not-a-key", "OPENAI_BASE_URL": "http://127.0.0.1:9"}
    for number, spec in enumerate(("openai:theirs", "local:someone/theirs")):
        with sqlite3.connect(home / "indexes" / "default" / "library.db") as connection:
            connection.execute("UPDATE embedder SET spec = ?", (spec,))
        connection.close()
        ran = process("ask", "How often must I clean the pump filter?", before=NO_SOCKETS, **online)
        assert ran.code == 1 and "SOCKET" not in ran.err, (number, ran)
        assert f"came with the embedder {spec}" in ran.err


@pytest.mark.parametrize(
    "words", [("ask", "What does E17 mean?"), ("search", "filter"), ("chat",), ("ingest", str(MANUALS))]
)
def test_offline_commands_import_no_torch_transformers_or_openai(
    manuals_home: Path, process: Run, words: tuple[str, ...]
) -> None:
    ran = process(*words, "--home", manuals_home, stdin="What does E17 mean?\n", before=IMPORTED)
    assert ran.code == 0
    assert imported(ran.err) <= {"numpy", "faiss"}


@pytest.mark.parametrize("words", [("--help",), ("ask", "--help"), ("ingest", "--help"), ("--version",)])
def test_help_imports_nothing_heavy(process: Run, words: tuple[str, ...]) -> None:
    assert imported(process(*words, before=IMPORTED).err) == set()


def test_list_and_info_import_no_index(manuals_home: Path, process: Run) -> None:
    for command, drawing in (("list", {"rich"}), ("info", set())):
        assert imported(process(command, "--home", manuals_home, before=IMPORTED).err) == drawing


def test_import_ragqa_costs_nothing(process: Run) -> None:
    ran = process("--version", before="import ragqa, sys\nassert 'ragqa.engine' not in sys.modules")
    assert ran.code == 0
