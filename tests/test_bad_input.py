"""Whatever is wrong with what a user gives: one clear line, the contract's exit code, and nothing lost."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from ragqa.answering import LONGEST_QUESTION
from ragqa.readers.files import LONGEST_TEXT
from ragqa.sources import name_sources
from ragqa.store.lock import WriterLock
from ragqa.store.sqlite import FORMAT
from tests.conftest import ENGLISH, LAMP, MANUALS, PATIENCE, PUMP, Run, clean_environment

SENTENCE = "Turn the blue valve twice before you open the tank."


LONG = "# Manual\n\n" + "".join(
    f"## Part {number}\n\n" + f"Turn the valve of part {number} twice, then wait until the tank is empty. " * 6 + "\n\n"
    for number in range(60)
)
"""A text that takes a second or so to embed, to be stopped meanwhile."""


def write_pdf(path: Path, text: str = SENTENCE, **options: object) -> None:
    canvas = Canvas(str(path), **options)
    canvas.drawString(72, 700, text)
    canvas.save()


# Files


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.pdf", b"", "is empty"),
        ("blank.txt", b" \n\t ", "white space"),
        ("manual.pdf", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "is not a PDF but a PNG image"),
        ("rubbish.txt", bytes(range(256)) * 20, "binary"),
        ("torn.pdf", (MANUALS / ENGLISH).read_bytes()[:30_000], "torn.pdf"),
        ("corrupt.pdf", b"%PDF-1.7\n" + b"nothing of a PDF " * 50, "corrupt.pdf"),
    ],
)
def test_a_file_that_gives_no_text_is_refused_in_one_line(
    home: Path, ragqa: Run, name: str, data: bytes, said: str
) -> None:
    (home / name).write_bytes(data)
    error = ragqa("ingest", name).error
    assert name in error and said in error
    assert ragqa("list", "--json").json == {"documents": []}


def test_a_failed_document_is_named_in_the_json_too(home: Path, ragqa: Run) -> None:
    (home / "empty.txt").write_bytes(b"")
    ran = ragqa("ingest", "empty.txt", "--json")
    (document,) = ran.json["documents"]
    assert ran.code == 1 and document["status"] == "failed" and "is empty" in document["error"]


def test_a_path_that_is_not_there_and_a_folder_without_manuals_are_refused(home: Path, ragqa: Run) -> None:
    assert "nowhere.pdf is not there" in ragqa("ingest", "nowhere.pdf").error
    (home / "photos").mkdir()
    (home / "photos" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "photos holds no file that is read" in ragqa("ingest", "photos").error


def test_a_locked_pdf_names_the_flag_and_opens_with_it(home: Path, ragqa: Run) -> None:
    write_pdf(home / "locked.pdf", encrypt=StandardEncryption("sesame", strength=128))
    assert "--password" in ragqa("ingest", "locked.pdf").error
    assert "--password" in ragqa("ingest", "locked.pdf", "--password", "wrong").error
    assert ragqa("ingest", "locked.pdf", "--password", "sesame").code == 0
    assert "blue valve" in ragqa("search", "valve").out


def test_a_scanned_pdf_is_told_from_an_empty_one(home: Path, ragqa: Run) -> None:
    import numpy as np
    from reportlab.lib.utils import ImageReader

    pil = pytest.importorskip("PIL.Image")
    canvas = Canvas(str(home / "scan.pdf"))
    noise = np.random.default_rng(0).integers(0, 255, (300, 200), np.uint8)
    canvas.drawImage(ImageReader(pil.fromarray(noise)), 0, 0, 595, 842)
    canvas.save()
    error = ragqa("ingest", "scan.pdf").error
    assert "scanned" in error and "OCR" in error


def test_one_bad_file_of_a_folder_stops_no_other(home: Path, ragqa: Run) -> None:
    folder = home / "docs"
    folder.mkdir()
    (folder / "a.md").write_text(PUMP, encoding="utf-8")
    (folder / "b.pdf").write_bytes(b"%PDF-1.4 torn")
    (folder / "c.txt").write_bytes(b"")
    (folder / "d.md").write_text(LAMP, encoding="utf-8")
    ran = ragqa("ingest", "docs", "--json")
    statuses = {document["path"]: document["status"] for document in ran.json["documents"]}
    assert ran.code == 3
    assert statuses == {"a.md": "added", "b.pdf": "failed", "c.txt": "failed", "d.md": "added"}
    told = ragqa("ingest", "docs")
    assert told.code == 3 and [line.split()[1] for line in told.err.splitlines()] == ["b.pdf", "c.txt"]


def test_a_path_that_is_not_there_stops_no_other(home: Path, ragqa: Run) -> None:
    (home / "a.md").write_text(PUMP, encoding="utf-8")
    ran = ragqa("ingest", "nowhere.pdf", "a.md", "--json")
    assert ran.code == 3
    assert [document["status"] for document in ran.json["documents"]] == ["failed", "added"]


def test_names_in_chinese_and_with_spaces_are_kept(home: Path, ragqa: Run) -> None:
    names = ["水泵 手册.md", "two words.md", "it's [odd] *.md"]
    for name in names:
        (home / name).write_text(f"{PUMP}\n{name}", encoding="utf-8")
    assert ragqa("ingest", *names).code == 0
    assert sorted(d["name"] for d in ragqa("list", "--json").json["documents"]) == sorted(names)
    assert {p["document"] for p in ragqa("search", "filter", "-d", "水泵*", "--json").json["passages"]} == {names[0]}
    assert ragqa("remove", names[2]).code == 0


def test_names_that_are_no_text_are_escaped_and_found_by_what_is_shown(home: Path, ragqa: Run) -> None:
    names = [b"caf\xe9.md", b"caf\\xe9.md", "caf\x85.md".encode(), b"caf\x85.md", b"two\nlines.md"]
    folder = home / "docs"
    folder.mkdir()
    try:
        for number, name in enumerate(names):
            (folder / os.fsdecode(name)).write_text(f"{PUMP}\nNumber {number}.", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert ragqa("ingest", "docs").code == 0
    shown = [document["name"] for document in ragqa("list", "--json").json["documents"]]
    assert sorted(shown) == sorted([r"caf\xe9.md", r"caf\\xe9.md", r"caf\u0085.md", r"caf\x85.md", r"two\nlines.md"])
    assert {p["document"] for p in ragqa("search", "filter", "-d", r"caf\xe9.md", "--json").json["passages"]} == {
        r"caf\xe9.md"
    }
    assert "Number 0." in ragqa("show", r"caf\xe9.md", "--json").out
    assert ragqa("remove", *shown).code == 0
    (folder / os.fsdecode(b"empty\xe9.md")).write_bytes(b"")
    assert r"empty\xe9.md is empty" in ragqa("ingest", folder / os.fsdecode(b"empty\xe9.md")).error


def test_files_of_one_name_in_folders_of_one_name_are_told_apart(home: Path, ragqa: Run) -> None:
    files = [home / top / "manual" / "a.md" for top in ("one", "two", "three")]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text(f"{PUMP}\n{file.parts[-3]}", encoding="utf-8")
    assert ragqa("ingest", *files).code == 0
    named = [document["name"] for document in ragqa("list", "--json").json["documents"]]
    assert named == ["one/manual/a.md", "three/manual/a.md", "two/manual/a.md"]


def test_names_take_time_linear_in_their_number(tmp_path: Path) -> None:
    seconds = []
    for count in (500, 4000):
        files = [tmp_path / f"{number}" / "deep" / "a.md" for number in range(count)]
        begun = time.process_time()
        sources = name_sources(files, lambda root: [root])
        seconds.append(time.process_time() - begun)
        assert len({source.name for source in sources}) == count
    assert seconds[1] < 24 * seconds[0]  # quadratic would be 64 times


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that the system refuses to read")
def test_a_file_that_may_not_be_read_is_named(home: Path, ragqa: Run) -> None:
    assert re.search(r"/proc/\d+/mem can't be read: ", ragqa("ingest", "/proc/self/mem").error)
    secret = home / "secret.txt"
    secret.write_text("none of your business")
    secret.chmod(0)
    if not os.access(secret, os.R_OK):  # root reads everything
        assert "secret.txt" in ragqa("ingest", "secret.txt").error


def test_a_text_too_long_to_embed_is_refused_at_once(home: Path, ragqa: Run) -> None:
    (home / "long.txt").write_text("pump valve filter motor " * (LONGEST_TEXT // 24 + 1))
    assert f"{LONGEST_TEXT:,}: split it" in ragqa("ingest", "long.txt").error


def test_a_text_of_one_line_and_one_of_one_word_are_read(home: Path, ragqa: Run) -> None:
    (home / "line.txt").write_text("the pump and the valve and the filter " * 3000 + "the secret number is 4711")
    (home / "word.txt").write_text("x" * 200_000)
    documents = ragqa("ingest", "line.txt", "word.txt", "--json").json["documents"]
    assert [document["status"] for document in documents] == ["added", "added"]
    assert all(document["passages"] > 10 for document in documents)
    assert "4711" in ragqa("search", "secret number 4711", "--mode", "lexical", "-k", "1").out


# Questions


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize("question", ["", "   \n", "?!…", "\"*^'()", "-- ;"])
def test_a_question_without_a_word_is_refused(small: Path, ragqa: Run, command: str, question: str) -> None:
    assert "question" in ragqa(command, "--", question).error


@pytest.mark.parametrize(
    "question",
    [
        'AND OR NOT "*',
        "NEAR(pump, 3)",
        'filter" OR 1=1 --',
        "text:pump^2 +filter -lamp",
        "[a TO z]",
        "%s {0} \\",
        "的",
        "a",
        "\udcff\udcfe pump",
        "pump \u202e\x1b[31m red",
        "🔧",
        "p" * LONGEST_QUESTION,
    ],
)
def test_the_syntax_of_other_languages_is_only_words(small: Path, ragqa: Run, question: str) -> None:
    for command in ("search", "ask"):
        ran = ragqa(command, "--json", "--", question)
        if ran.code:
            assert "holds no word" in ran.err and question == "🔧"
        else:
            assert ran.json["question"] and ran.err == ""


def test_a_question_of_100_000_characters_is_refused_with_the_limit(small: Path, ragqa: Run) -> None:
    assert f"at most {LONGEST_QUESTION:,} characters, this one has 100,000" in ragqa("ask", "x" * 100_000).error


# Libraries and options


def test_an_unknown_library_says_which_there_are(small: Path, ragqa: Run) -> None:
    error = ragqa("ask", "how?", "--index", "pumps").error
    assert "no library 'pumps'" in error and "default" in error and "ragqa ingest" in error


@pytest.mark.parametrize("name", ["../other", "a/b", "..", ".hidden", "", "a\\b", "x" * 200, "-rf"])
@pytest.mark.parametrize("command", [("ingest", "pump.md"), ("list",), ("import", "x")])
def test_a_name_that_leads_elsewhere_is_no_library(home: Path, ragqa: Run, name: str, command: tuple[str, ...]) -> None:
    (home / "pump.md").write_text(PUMP, encoding="utf-8")
    assert "library's name" in ragqa(*command, f"--index={name}").error
    assert not (home / "indexes").exists()


def test_a_library_without_documents_says_how_to_fill_it(small: Path, ragqa: Run) -> None:
    ragqa("remove", "pump.md", "lamp.md")
    for command in ("ask", "search"):
        assert "holds no document" in ragqa(command, "how?").error
    assert ragqa("list").code == 0 and ragqa("verify").code == 0


def test_the_glob_of_no_document_is_an_error(small: Path, ragqa: Run) -> None:
    assert "no document matches '*.docx'" in ragqa("search", "pump", "-d", "*.docx").error


@pytest.mark.parametrize(
    ("variable", "value"),
    [("K", "many"), ("K", "0"), ("MODE", "best"), ("THRESHOLD", "2"), ("TIMEOUT", "nan"), ("TEMPERATURE", "-1")],
)
def test_garbage_in_the_environment_is_named(
    small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"RAGQA_{variable}", value)
    error = ragqa("ask", "how?").error
    assert variable.lower() in error.lower() and value in error


@pytest.mark.parametrize(
    ("text", "said"), [("k = ", "TOML"), ("colour = 3", "'colour'"), ("k = 'x'", "whole number"), ("[k]", "k")]
)
def test_a_broken_settings_file_is_named(small: Path, ragqa: Run, text: str, said: str) -> None:
    (small / "ragqa.toml").write_text(text)
    error = ragqa("ask", "how?").error
    assert "ragqa.toml" in error and said in error


@pytest.mark.parametrize("spec", ["nosuch", "nosuch:x", "openai:", "local:", "local:no/such/folder"])
def test_an_embedder_that_is_none_is_refused(home: Path, ragqa: Run, spec: str) -> None:
    (home / "pump.md").write_text(PUMP, encoding="utf-8")
    assert spec.split(":")[0] in ragqa("ingest", "pump.md", "--embedder", spec).error


@pytest.mark.parametrize("spec", ["nosuch", "nosuch:x", "openai:", "transformers:no/such/folder"])
def test_an_answerer_that_is_none_is_refused(small: Path, ragqa: Run, spec: str) -> None:
    assert spec.split(":")[0] in ragqa("ask", "How do I clean the filter?", "-a", spec).error


def test_without_a_key_the_error_names_it(small: Path, ragqa: Run) -> None:
    assert "OPENAI_API_KEY" in ragqa("ask", "How do I clean the filter?", "-a", "openai:gpt-4.1-mini").error
    error = ragqa("ingest", "pump.md", "-i", "o", "--embedder", "openai:text-embedding-3-small").error
    assert "OPENAI_API_KEY" in error


def test_a_server_that_is_down_is_named(small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))  # between one try and the next
    assert "127.0.0.1:9" in ragqa("ask", "How do I clean the filter?", "-a", "openai:any").error
    error = ragqa("ingest", "pump.md", "-i", "o", "--embedder", "openai:text-embedding-3-small").error
    assert "127.0.0.1:9" in error


# A library in a bad state


def test_a_library_of_another_embedder_names_the_command_that_helps(small: Path, ragqa: Run) -> None:
    with sqlite3.connect(small / "indexes/default/library.db") as connection:
        connection.execute("UPDATE embedder SET spec = 'local:other', revision = '1', dim = 768")
    for command in (("ask", "how?"), ("ingest", "new.md")):
        (small / "new.md").write_text(LAMP + "New.", encoding="utf-8")
        error = ragqa(*command, "--embedder", "local:all-MiniLM-L6-v2").error
        assert "768" in error and "ragqa reembed --embedder" in error and "--index" in error


def test_a_library_of_a_newer_format_is_left_alone(small: Path, ragqa: Run) -> None:
    with sqlite3.connect(small / "indexes/default/library.db") as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    for command in (("ask", "how?"), ("ingest", "pump.md"), ("list",), ("verify",)):
        assert f"format {FORMAT + 1}" in ragqa(*command).error


def test_a_library_that_is_no_database_is_refused(small: Path, ragqa: Run) -> None:
    for file in (small / "indexes/default").glob("library.db-*"):
        file.unlink()
    (small / "indexes/default/library.db").write_bytes(b"this is no database" * 999)
    for command in (("ask", "how?"), ("ingest", "pump.md"), ("list",)):
        assert "library.db" in ragqa(*command).error


@pytest.mark.parametrize("derived", ["vectors", "lexical"])
@pytest.mark.parametrize("harm", ["truncated", "garbled", "gone"])
def test_a_derived_file_that_is_harmed_is_rebuilt_with_one_line(
    small: Path, ragqa: Run, derived: str, harm: str
) -> None:
    asked = ("search", "How do I clean the pump filter?", "--json")
    before = ragqa(*asked).json["passages"]
    files = [file for file in (small / "indexes/default" / derived).rglob("*") if file.is_file()]
    assert files
    for file in files:
        data = file.read_bytes()
        if harm == "gone":
            file.unlink()
        elif file.name != "manifest.json":
            file.write_bytes(data[: len(data) // 2] if harm == "truncated" else bytes(255 - byte for byte in data))
    mended = ragqa(*asked)
    assert mended.json["passages"] == before
    assert mended.err.count("\n") == 1 and "rebuilding" in mended.err
    assert ragqa(*asked).err == ""


def test_a_read_only_library_can_be_asked_and_not_changed(
    small: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access
    inside = str(small / "indexes")
    monkeypatch.setattr(  # root may write anywhere, so permissions alone would show nothing
        os, "access", lambda path, mode, **k: not (mode & os.W_OK and str(path).startswith(inside)) and real(path, mode)
    )
    before = sorted((p.name, p.stat().st_mtime_ns) for p in (small / "indexes/default").rglob("*") if p.is_file())
    assert "30 days" in ragqa("ask", "How often must I clean the pump filter?", "--threshold", "0").out
    assert ragqa("search", "bulb").code == ragqa("list").code == 0
    for command in (("ingest", "pump.md"), ("remove", "pump.md")):
        assert "read-only" in ragqa(*command).error
    after = sorted((p.name, p.stat().st_mtime_ns) for p in (small / "indexes/default").rglob("*") if p.is_file())
    assert [entry for entry in after if not entry[0].startswith("library.db-")] == [
        entry for entry in before if not entry[0].startswith("library.db-")
    ]


@pytest.mark.skipif(os.name == "nt", reason="limits of file sizes are Unix's")
def test_a_full_disk_keeps_what_was_there(small: Path, ragqa: Run, process: Run) -> None:
    most = (small / "indexes/default/library.db").stat().st_size + 4096
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))"
    (small / "long.md").write_text(LONG[:8000], encoding="utf-8")
    ran = process("ingest", "long.md", before=limit)
    assert "disk" in ran.error
    assert ragqa("verify").code == 0
    assert [d["name"] for d in ragqa("list", "--json").json["documents"]] == ["lamp.md", "pump.md"]
    assert ragqa("ingest", "long.md").code == 0


# Two at once, and one stopped


def start_ingest(home: Path, *words: object) -> subprocess.Popen[str]:
    # Tests that a shell runs in the background hand on an ignored SIGINT.
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}\nfrom ragqa.cli import main\nmain()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "ingest", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=clean_environment(RAGQA_HOME=str(home)),
    )


def wait_for(path: Path, seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert path.exists()


def test_a_second_ingest_says_who_holds_the_library_and_waits(home: Path, ragqa: Run) -> None:
    (home / "pump.md").write_text(PUMP, encoding="utf-8")
    assert ragqa("ingest", "pump.md").code == 0
    (home / "lamp.md").write_text(LAMP, encoding="utf-8")
    with WriterLock(home / "indexes/default").held(1):
        waiting = start_ingest(home, "lamp.md")
        assert waiting.stderr
        said = waiting.stderr.readline()  # after the time that a short write takes
        assert f"(process {os.getpid()}, since" in said and "waiting until that is done" in said
        assert waiting.poll() is None
    assert waiting.wait(PATIENCE) == 0
    assert [d["name"] for d in ragqa("list", "--json").json["documents"]] == ["lamp.md", "pump.md"]
    assert ragqa("verify").code == 0


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a Unix signal")
def test_ctrl_c_says_one_line_and_the_next_run_goes_on(home: Path, ragqa: Run) -> None:
    (home / "docs").mkdir()
    for name, text in (("long.md", LONG), ("pump.md", PUMP)):
        (home / "docs" / name).write_text(text, encoding="utf-8")
    running = start_ingest(home, "docs")
    wait_for(home / "indexes/default/writer.json")
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130, (out, err)
    assert err.count("\n") == 1 and err.startswith("ragqa: stopped") and "goes on from there" in err
    assert ragqa("ingest", "docs", "--json").code == 0
    assert len(ragqa("list", "--json").json["documents"]) == 2 and ragqa("verify").code == 0
