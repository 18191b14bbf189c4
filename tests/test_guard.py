"""Untrusted files are read in a process that can break: whatever happens there is one line for one file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import UnreadableFile
from ragqa.readers import guard as guarding
from ragqa.readers import read_bytes
from ragqa.readers.guard import Guard
from ragqa.readers.worker import decode, document_from_fields, document_to_fields, encode
from tests.conftest import ENGLISH, MANUALS, PATIENCE, PUMP, Run, clean_environment
from tests.test_bad_input import write_pdf

LONG = b"Turn the valve, wait 2.5 minutes and close it.\n\n" * 15_000
unix = pytest.mark.skipif(os.name == "nt", reason="limits and signals are Unix's")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_a_document_comes_out_of_the_other_process_as_it_is_read_in_this_one() -> None:
    data = (MANUALS / ENGLISH).read_bytes()
    with Guard([".pdf"]) as guard:
        assert guard.read(data, "m.pdf") == read_bytes(data, "m.pdf")
        assert guard.read(PUMP.encode(), "pump.md") == read_bytes(PUMP.encode(), "pump.md")
        with pytest.raises(UnreadableFile, match=r"^x\.pdf is not a PDF but a PNG image"):
            guard.read(b"\x89PNG\r\n\x1a\n" + bytes(99), "x.pdf")


@unix
def test_a_file_that_kills_its_reader_is_named_and_the_next_one_is_read() -> None:
    with Guard() as guard:
        killer = threading.Thread(target=kill_while_reading, args=(guard, signal.SIGSEGV))
        killer.start()
        with pytest.raises(UnreadableFile, match=r"^long\.txt breaks the reader \(SIGSEGV\)"):
            guard.read(LONG, "long.txt")
        killer.join()
        assert guard.read(b"words", "a.txt").text == "words"


@unix
def test_a_reader_that_the_system_or_an_earlier_file_ended_is_replaced() -> None:
    with Guard() as guard:
        killer = threading.Thread(target=kill_while_reading, args=(guard, signal.SIGKILL))
        killer.start()
        assert guard.read(LONG, "long.txt").text.count("valve") == 15_000
        killer.join()
        os.kill(process_of(guard).pid, signal.SIGSEGV)
        assert guard.read(b"words", "a.txt").text == "words"


@unix
def test_a_file_that_takes_too_long_or_too_much_memory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "LEAST_SECONDS", 0)
    monkeypatch.setattr(guarding, "SECONDS_PER_MB", 0)
    with Guard() as guard, pytest.raises(UnreadableFile, match=r"^long\.txt took more than the 0 s"):
        guard.read(LONG * 24, "long.txt")
    monkeypatch.setattr(guarding, "LEAST_SECONDS", 30)
    with Guard(memory=50_000_000) as guard:
        with pytest.raises(UnreadableFile, match=r"^long\.txt needs more memory"):
            guard.read(LONG * 40, "long.txt")
        assert guard.read(b"words", "a.txt").text == "words"


@linux
def test_the_process_has_no_key_writes_no_file_and_starts_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with Guard() as guard:
        guard.read(b"words", "a.txt")
        its = Path(f"/proc/{process_of(guard).pid}")
        assert b"sk-none" not in (its / "environ").read_bytes()
        limits = {line[:25].strip(): line.split()[-3] for line in (its / "limits").read_text().splitlines()[1:]}
        assert limits["Max file size"] == limits["Max processes"] == limits["Max core file size"] == "0"
        assert (its / "fd/2").readlink() == Path(os.devnull)


@linux
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_the_process_ends_with_the_one_that_started_it(home: Path, sent: signal.Signals) -> None:
    (home / "long.txt").write_bytes(LONG * 24)
    code = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nfrom ragqa.cli import main\nmain()"
    parent = subprocess.Popen(
        [sys.executable, "-c", code, "ingest", "long.txt"], cwd=home, env=clean_environment(RAGQA_HOME=str(home))
    )
    until = time.monotonic() + PATIENCE
    while not (readers := readers_of(parent.pid)) and time.monotonic() < until:
        time.sleep(0.02)
    (reader,) = readers
    parent.send_signal(sent)
    parent.wait(PATIENCE)
    while Path(f"/proc/{reader}").exists() and "\nState:\tZ" not in Path(f"/proc/{reader}/status").read_text():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_password_goes_to_the_reader_and_into_no_list_of_processes(home: Path, ragqa: Run) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    write_pdf(home / "locked.pdf", encrypt=StandardEncryption("sesame", strength=128))
    with Guard() as guard:
        assert "blue valve" in guard.read((home / "locked.pdf").read_bytes(), "locked.pdf", "sesame").text
        assert "sesame" not in str(process_of(guard).args)


DOCUMENT = read_bytes(PUMP.encode(), "pump.md")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", None),
        ("text", "short"),
        ("title", 7),
        ("blocks", [["paragraph", 0, 1]]),
        ("blocks", [["paragraph", -1, 3, 0]]),
        ("blocks", [["paragraph", 0, 3.0, 0]]),
        ("blocks", [["paragraph", 3, 3, 0]]),
        ("blocks", [["paragraph", 4, 6, 0], ["paragraph", 2, 3, 0]]),
        ("blocks", [["script", 0, 3, 0]]),
        ("blocks", [[["paragraph"], 0, 3, 0]]),
        ("pages", [[0, 0, 3, None, []]]),
        ("pages", [[2, 0, 3, None, []], [1, 3, 5, None, []]]),
        ("pages", [[1, 0, 10**9, None, []]]),
        ("pages", [[1, 0, 3, None, [4]]]),
        ("warnings", "all"),
    ],
)
def test_what_is_no_document_is_refused(field: str, value: Any) -> None:
    fields = decode(encode(document_to_fields(DOCUMENT)))
    assert document_from_fields(fields, DOCUMENT.name, DOCUMENT.sha256) == DOCUMENT
    with pytest.raises(ValueError, match="document"):
        document_from_fields({**fields, field: value}, DOCUMENT.name, DOCUMENT.sha256)


@pytest.mark.parametrize("data", [b"", b"[1]", b"\xff{}", b"[" * 100_000, b'{"text": '])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(data)


def process_of(guard: Guard) -> subprocess.Popen[bytes]:
    assert guard._worker
    return guard._worker._process


def kill_while_reading(guard: Guard, sent: signal.Signals) -> None:
    until = time.monotonic() + PATIENCE
    while not (guard._worker and guard._worker._files) and time.monotonic() < until:
        time.sleep(0.001)
    os.kill(process_of(guard).pid, sent)


def readers_of(pid: int) -> list[str]:
    """The processes that ``pid`` started to read files."""
    try:
        children = [
            child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
        ]
        return [child for child in children if b"ragqa.readers.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except OSError:
        return []
