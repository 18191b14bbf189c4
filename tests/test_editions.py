"""A question that names a version or a model is answered from that one; one that names none, from the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragqa import Library
from ragqa.editions import Editions, editions_in, version_of

MANUAL = """# Compressor V20 manual{edition}

## Filter

The air filter is changed every {hours} hours.

## Noise

{noise}
"""
LOUD = "The compressor makes 70 dB of noise."
MODELS = """# Heater manual

## Model A

### Fuse

The fuse is rated for 10 A.

## Model B

### Fuse

The fuse is rated for 16 A.

## Features introduced in version 5.2

The timer is set in steps of one minute.

## Features introduced in version 5.4

The timer is set in steps of ten seconds.
"""


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    folder = home / "manuals"
    folder.mkdir()
    for name, edition, hours, noise in (
        ("compressor-old.md", ", version 1.9", 300, LOUD),
        ("compressor-new.md", ", version 1.10", 450, LOUD),
    ):
        text = MANUAL.format(edition=edition, hours=hours, noise=noise)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "heater.md").write_text(MODELS, encoding="utf-8")
    with Library.open("editions", create=True) as made:
        made.ingest([folder])
        yield made


def test_the_version_named_answers_and_the_others_are_left_out(library: Library) -> None:
    for version, hours in (("1.9", "300"), ("1.10", "450")):
        answer = library.ask(f"How often is the air filter of the V20 changed in version {version}?")
        assert f"every {hours} hours" in answer.text
        assert len({citation.document for citation in answer.citations}) == 1
        found = library.search(f"air filter of the compressor, version {version}")
        assert {hit.passage.document for hit in found.hits} == {answer.citations[0].document, "heater.md"}


def test_without_a_version_each_is_told_apart_the_newest_first(library: Library) -> None:
    answer = library.ask("How often is the air filter of the V20 changed?")
    assert answer.text == (
        "Version 1.10: The air filter is changed every 450 hours. [1]\n\n"
        "Version 1.9: The air filter is changed every 300 hours. [2]"
    )
    assert [citation.document for citation in answer.citations] == ["compressor-new.md", "compressor-old.md"]
    same = library.ask("How much noise does the compressor V20 make?")
    assert same.text == f"Version 1.10: {LOUD} [1]\n\nVersion 1.9 says the same. [2]"
    assert library.ask("How do I paint the compressor V20?").abstained


def test_a_version_is_not_answered_from_a_file_of_its_name_in_another_folder(home: Path) -> None:
    (home / "manuals" / "old").mkdir(parents=True)
    newest = f"# Compressor V20 manual, version 2\n\n## Noise\n\n{LOUD}\n"
    (home / "manuals" / "manual.md").write_text(newest, encoding="utf-8")
    before = MANUAL.format(edition=", version 1", hours=300, noise=LOUD)
    (home / "manuals" / "old" / "manual.md").write_text(before, encoding="utf-8")
    with Library.open("folders", create=True) as library:
        library.ingest([home / "manuals"])
        answer = library.ask("How often is the air filter of the V20 changed?")
    assert answer.text.startswith(
        "Version 2 does not say.\n\nVersion 1: The air filter is changed every 300 hours. [1]"
    )


def test_a_version_that_is_not_here_is_said(library: Library) -> None:
    answer = library.ask("How often is the air filter of the V20 changed in version 2.5?")
    assert answer.abstained or any("no manual here is of version 2.5" in warning for warning in answer.warnings)


def test_the_section_of_the_model_or_version_named_answers(library: Library) -> None:
    for question, said in (
        ("What is the fuse of Model A rated for?", "10 A"),
        ("What is the fuse of Model B rated for?", "16 A"),
        ("In what steps is the timer set in version 5.2?", "one minute"),
        ("In what steps is the timer set in version 5.4?", "ten seconds"),
    ):
        assert said in library.ask(question).text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Pump manual, version 2.0", (2, 0)),
        ("pump-v3", (3,)),
        ("KX-40_rev-B", ("b",)),
        ("Rev. No. 7", (7,)),
        ("2nd edition", (2,)),
        ("The third edition", (3,)),
        ("操作手册 V2.1", (2, 1)),
        ("使用说明书第二版", (2,)),
        ("手册2.0版", (2, 0)),
        ("版本：C", ("c",)),
        ("gnuplot 5.4", (5, 4)),
    ],
)
def test_versions_as_people_write_them(text: str, parts: tuple[object, ...]) -> None:
    edition = version_of(text, "manual.pdf")
    assert edition is not None and edition.parts == parts


@pytest.mark.parametrize("text", ["Chapter 1.1", "The release valve", "Set it to 2.5", "revision of the plan"])
def test_other_numbers_are_no_versions(text: str) -> None:
    assert editions_in(text) == ()
    assert version_of("Chapter 1.1", "chapter-1.1.md") is None


def test_what_a_cover_or_a_running_header_says_tells_versions_apart() -> None:
    fronts = {"a.pdf": "Lamp manual\nVersion 3", "b.pdf": "Lamp manual\nVersion 4"}
    documents = [(1, "a.pdf", "Lamp manual"), (2, "b.pdf", "Lamp manual"), (3, "c.pdf", "Fan manual")]
    editions = Editions(documents, lambda name: fronts.get(name, ""))
    assert [one.name for one in editions.of(1)] == ["b.pdf", "a.pdf"]
    assert editions.of(3) == ()
    assert editions.others("the lamp in version 3") == {2}


def test_a_year_and_a_model_code_tell_documents_apart_but_a_series_is_none() -> None:
    years = Editions([(1, "report-2023.pdf", "Report 2023"), (2, "report-2024.pdf", "Report 2024")], lambda name: "")
    assert years.others("what did it cost in 2023?") == {2}
    assert years.others("what did it cost in 2023 and in 2024?") == frozenset()
    codes = Editions([(1, "a.pdf", "Pump KX-40 manual"), (2, "b.pdf", "Pump KX-60 manual")], lambda name: "")
    assert codes.others("how is the KX60 drained?") == {1}
    assert codes.of(1) == ()
    minutes = [(at, f"minutes-v{at}.md", f"Minutes v{at}") for at in range(40)]
    assert Editions(minutes, lambda name: "").of(3) == ()
