"""Another installed package adds a format: it is found in folders, read in the guarded process and asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.errors import RagqaError
from ragqa.plugins import load
from tests.conftest import Run
from tests.packages import beside, install

READER = """
from ragqa.readers.builder import DocumentBuilder
from ragqa.readers.files import InputFile
from ragqa.readers.formats import Format

def read(file: InputFile):
    builder = DocumentBuilder(file.name)
    for line in file.text().text.splitlines():
        if line.startswith("["):
            builder.add("heading", line.strip("[]"), 1)
        else:
            key, _, value = line.partition("=")
            builder.add("paragraph", f"The setting {key} is {value}.")
    return builder.build(file.data, file.name, "text/x-ini")

INI = Format("an INI file", (".ini",), lambda: read)
"""
SETTINGS = "[Pump]\nidle pressure=7 bar\nrestart delay=45 seconds\n"


def test_a_format_of_another_package_is_ingested_and_asked(process: Run, home: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages, "ragqa_ini", READER, "ragqa.readers", "ini = ragqa_ini:INI")
    manuals = home / "manuals"
    manuals.mkdir()
    (manuals / "pump.ini").write_text(SETTINGS)
    (manuals / "page.ini").write_text("<!doctype html><html><body><p>The lid is blue.</p></body></html>")
    ingested = process("ingest", "manuals", PYTHONPATH=beside(packages))
    assert ingested.code == 0, ingested.err
    answer = process("ask", "What is the restart delay?")
    assert answer.code == 0 and "restart delay is 45 seconds" in answer.out, answer.err
    # what HTML says of itself is believed before the name that a package reads
    assert "The lid is blue." in process("ask", "What colour is the lid?").out


def test_a_broken_package_is_named_and_other_formats_are_read(process: Run, home: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages, "ragqa_bad", "import a_module_that_is_not_there\n", "ragqa.readers", "bad = ragqa_bad:FORMAT")
    install(packages, "ragqa_odd", "FORMAT = 3\n", "ragqa.readers", "odd = ragqa_odd:FORMAT")
    late = READER.replace("lambda: read", "lambda: __import__('a_module_that_is_not_there')")
    install(packages, "ragqa_late", late, "ragqa.readers", "late = ragqa_late:INI")
    (home / "lid.txt").write_text("The lid is blue.")
    (home / "pump.ini").write_text(SETTINGS)
    ran = process("ingest", "lid.txt", "pump.ini", PYTHONPATH=beside(packages))
    assert ran.code == 3
    assert "Traceback" not in ran.err
    lines = ran.err.splitlines()
    (broken,) = [line for line in lines if "ragqa-bad" in line]
    assert broken.startswith("the package ragqa-bad 1.2 can't be loaded") and "a_module_that_is_not_there" in broken
    assert [line for line in lines if "ragqa_odd:FORMAT" in line and "is not a Format" in line]
    assert [line for line in lines if "the reader of an INI file can't be loaded" in line]
    assert "The lid is blue." in process("ask", "What colour is the lid?").out


def test_an_entry_point_that_no_package_has_is_named() -> None:
    with pytest.raises(RagqaError, match=r"^no installed package has an entry point 'none' in ragqa\.readers: "):
        load("ragqa.readers", "none")
