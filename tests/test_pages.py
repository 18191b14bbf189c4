"""Pages of a library's PDFs as pictures with quotes lit, from the PDFs that the library keeps."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ragqa.cli.output import linked
from ragqa.cli.streams import cleaned_streams
from ragqa.engine import Library
from ragqa.errors import LibraryError
from ragqa.pages.cited import CitedPage, html_of
from tests.conftest import CHINESE, ENGLISH, Run
from tests.pdf_making import make_pdf

QUOTE = "Stainless mesh 1.2 mm behind the outdoor grille, not in the unit itself"
"""Of the English sample manual's page 9."""


def pixels_of(png: bytes) -> np.ndarray:
    """A picture of ours, (height, width, 3): its lines are not filtered."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, colour = struct.unpack(">2I2B", png[16:26])
    size = struct.unpack(">I", png[33:37])[0]
    channels = {0: 1, 2: 3}[colour]
    lines = np.frombuffer(zlib.decompress(png[41 : 41 + size]), np.uint8).reshape(height, 1 + channels * width)
    assert depth == 8 and not lines[:, 0].any()
    return np.broadcast_to(lines[:, 1:].reshape(height, width, channels), (height, width, 3))


def one_page(*lines: str) -> bytes:
    said = [f"BT /F1 12 Tf 1 0 0 1 72 {700 - 20 * at} Tm ({line}) Tj ET" for at, line in enumerate(lines)]
    return make_pdf("\n".join(said))


PUMP = one_page("The pump is oiled every month, by hand.", "The belt is tightened with the screw at the motor.")


@pytest.fixture
def pump(home: Path) -> Iterator[Library]:
    with Library.open(create=True) as library:
        assert [one.status for one in library.ingest_bytes(PUMP, "pump.pdf")] == ["added"]
        yield library


def test_a_quote_is_lit_and_nothing_else_is_changed(manuals: Library) -> None:
    name = next(one.name for one in manuals.documents() if one.name.endswith(ENGLISH))
    boxes = manuals.boxes(name, *manuals.find_quote(name, 9, QUOTE))
    assert {box.page for box in boxes} == {9}
    plain, lit = pixels_of(manuals.page_image(name, 9)), pixels_of(manuals.page_image(name, 9, highlight=boxes))
    width, height = manuals.page_size(name, 9)
    assert lit.shape == (round(height * 100 / 72), round(width * 100 / 72), 3)
    inside = np.zeros(lit.shape[:2], np.bool_)
    for box in boxes:
        left, top, right, bottom = (round(edge * 100 / 72) for edge in box.edges)
        inside[top - 2 : bottom + 2, left - 2 : right + 2] = True
        assert (lit[top + 1 : bottom - 1, left + 1 : right - 1, 2] < 110).all()  # yellow, and black on it
    assert (lit[~inside] == plain[~inside]).all() and (lit[inside] != plain[inside]).any()
    assert lit[inside].min() <= plain[inside].min()  # ink stays ink
    assert manuals.page_image(name, 9, highlight=boxes) == manuals.page_image(name, 9, highlight=[*boxes, *boxes])


def test_what_can_not_be_shown_is_said_in_a_line(manuals: Library, small: Path) -> None:
    name = next(one.name for one in manuals.documents() if one.name.endswith(ENGLISH))
    for page, dpi, said in ((0, 100, "has pages 1 to"), (999, 100, "page 999 was asked for"), (1, 5000, "got 5000")):
        with pytest.raises(LibraryError, match=said):
            manuals.page_image(name, page, dpi=dpi)
    with pytest.raises(LibraryError, match=r"the nearest there is '4 \| Pre-filter \| Stainless mesh"):
        manuals.find_quote(name, 9, "Stainless mesh 1.3 mm behind the grille")
    with pytest.raises(LibraryError, match="characters; those from"):
        manuals.boxes(name, 0, 10**9)
    with Library.open() as library:
        assert library.boxes("pump.md", 0, 5) == ()
        with pytest.raises(LibraryError, match="only the pages of PDFs"):
            library.page_image("pump.md", 1)
        with pytest.raises(LibraryError, match="is not kept"):
            library.original("pump.md")


def test_the_pdf_is_kept_exported_and_dropped_with_its_document(pump: Library, tmp_path: Path) -> None:
    assert pump.original("pump.pdf").data == PUMP and pump.info().originals == len(PUMP)
    pump.export(tmp_path / "pump.ragqa")
    with Library.import_(tmp_path / "pump.ragqa", "imported") as imported:
        assert imported.original("pump.pdf").media_type == "application/pdf"
        assert imported.boxes("pump.pdf", 0, 20) == pump.boxes("pump.pdf", 0, 20) != ()
        assert imported.page_image("pump.pdf", 1)
    other = one_page("The pump is oiled every year.", "The belt is tightened with the screw at the motor.")
    pump.ingest_bytes(other, "pump.pdf")
    assert pump.original("pump.pdf").data == other and pump.info().originals == len(other)
    pump.remove(["pump.pdf"])
    assert pump.info().originals == 0 and pump.verify() == []


def test_without_originals_there_is_text_and_no_picture_until_it_is_read_again(ragqa: Run, home: Path) -> None:
    (home / "pump.pdf").write_bytes(PUMP)
    assert ragqa("ingest", "pump.pdf", "--no-originals").code == 0
    with Library.open() as library:
        assert library.boxes("pump.pdf", 0, 8) != ()
        with pytest.raises(LibraryError, match="run 'ragqa ingest' on it again, without --no-originals"):
            library.page_image("pump.pdf", 1)
    assert "unchanged" in ragqa("ingest", "pump.pdf").out
    assert ragqa("show", "pump.pdf", "--page", 1, "--image", "page.png").code == 0
    assert pixels_of((home / "page.png").read_bytes()).shape[1] == 826


def test_a_damaged_file_or_layout_is_found_and_never_shown(pump: Library) -> None:
    assert pump.boxes("pump.pdf", 0, 8)
    path = Path(pump.info().path) / "library.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE original SET data = substr(data, 1, length(data) - 1)")
        connection.execute("UPDATE layout SET data = substr(data, 1, length(data) - 1)")
    found = "\n".join(pump.verify())
    assert "is not as it was read" in found and "where its words stand on the pages is not as it was written" in found
    with Library.open() as fresh:
        for wrong in (lambda: fresh.page_image("pump.pdf", 1), lambda: fresh.boxes("pump.pdf", 0, 8)):
            with pytest.raises(LibraryError, match="is damaged on the disk"):
                wrong()


def test_a_library_of_before_shows_pages_once_it_is_read_again(pump: Library, home: Path) -> None:
    path = Path(pump.info().path) / "library.db"
    pump.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP TABLE layout; DROP TABLE original; PRAGMA user_version = 5; UPDATE document SET cut = '7:160:40';"
        )
    said: list[str] = []
    with Library.open(notice=said.append) as library:
        assert library.boxes("pump.pdf", 0, 8) == () == library.boxes("pump.pdf", 0, 9)
        assert len(said) == 1 and "run 'ragqa ingest' on it again" in said[0]
        assert library.ingest_bytes(PUMP, "pump.pdf")[0].status == "replaced"
        assert library.boxes("pump.pdf", 0, 8) != () and library.page_image("pump.pdf", 1)
        assert library.verify() == []


@pytest.mark.skipif(os.name == "nt", reason="signals are Unix's")
def test_a_process_that_breaks_is_replaced_and_huge_pages_are_drawn_smaller(home: Path) -> None:
    huge = PUMP.replace(b"[0 0 595 842]", b"[0 0 14000 14000]")
    with Library.open(create=True) as library:
        library.ingest_bytes(huge, "huge.pdf")
        picture = pixels_of(library.page_image("huge.pdf", 1, dpi=400))
        assert picture.shape[0] * picture.shape[1] <= 12_000_000
        guard = library._pages._guard
        assert guard and guard._worker
        os.kill(guard._worker._process.pid, signal.SIGKILL)
        assert library.page_image("huge.pdf", 1, dpi=20)


def test_an_answers_quotes_stand_where_it_says_and_open_with_the_viewer(
    ragqa: Run, manuals_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tmp_path / "opened"
    viewer = tmp_path / "viewer"
    viewer.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {opened}\n')
    viewer.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(viewer))
    monkeypatch.setenv("DISPLAY", ":99")
    question = "What does fault code E17 mean, and what should I do?"
    done = ragqa("ask", question, "--json", "--open", "--home", manuals_home)
    answer = json.loads(done.out)
    with Library.open(home=manuals_home, index="default") as library:
        for cited in answer["citations"]:
            text = library.show(cited["document"]).text
            assert text[cited["start"] : cited["end"]] == cited["quote"]
    file = Path(opened.read_text().removeprefix("file://"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    page = file.read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") >= 1 and f"page {answer['citations'][0]['page']}" in page
    file.unlink()
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if sys.platform == "linux":
        said = ragqa("ask", question, "--open", "--home", manuals_home).err
        assert "no viewer to open the pages with: they are in " in said
        Path(said.split("they are in ")[1].strip()).unlink()


def test_show_writes_a_page_with_a_quote_lit(ragqa: Run, manuals_home: Path, home: Path) -> None:
    def show(*words: object) -> str:
        done = ragqa("show", ENGLISH, "--home", manuals_home, *words)
        return done.out + done.err

    assert "page.png written" in show("--page", 9, "--image", "page.png", "--quote", QUOTE.replace(" ", "\n"))
    picture = pixels_of((home / "page.png").read_bytes())
    assert ((picture[:, :, 2] < 110) & (picture[:, :, 0] > 240)).sum() > 1000
    told = json.loads(show("--page", 9, "--image", "page.png", "--quote", QUOTE, "--dpi", 50, "--json"))
    assert told["page"] == 9 and len(told["boxes"]) == 1
    assert "the nearest there is" in show("--page", 9, "--image", "page.png", "--quote", "no such words")
    assert "--page" in show("--image", "page.png") and "--image" in show("--page", 9, "--quote", "x")


def test_pages_in_html_can_run_nothing() -> None:
    page = html_of([CitedPage("<script>alert(1)</script>.pdf", 3, (1, 2), b"x")]).decode()
    assert "<script>" not in page and "default-src 'none'" in page and "[1] [2]" in page


def test_links_lead_to_files_only_and_only_on_terminals_that_know_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a b.pdf"
    assert linked("a.pdf, page 3", file, 3) == "a.pdf, page 3"  # no terminal
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.delenv("NO_COLOR", raising=False)
    link = linked("a.pdf, page 3", file, 3)
    assert f"{file.as_uri()}#page=3" in link and linked("a.pdf", None) == "a.pdf"
    with cleaned_streams():
        print(link)
        print("\x1b]8;;https://example.com/\x1b\\here\x1b]8;;\x1b\\")
    out = capsys.readouterr().out
    assert link in out and "\x1b]8;;http" not in out
    monkeypatch.setenv("TERM", "dumb")
    assert linked("a.pdf", file) == "a.pdf"


def test_chinese_without_its_font_is_drawn_with_the_extra_or_said(manuals_home: Path) -> None:
    said: list[str] = []
    with Library.open(home=manuals_home, index="default", notice=said.append) as library:
        name = next(one.name for one in library.documents() if one.name.endswith(CHINESE))
        picture = pixels_of(library.page_image(name, 1))
        drawn = int((picture.min(axis=2) < 128).sum())
    assert not said or (len(said) == 1 and "pip install 'ragqa[cjk]'" in said[0])
    try:
        import noto_cjk_sans_otc  # noqa: F401
    except ImportError:
        pytest.skip("ragqa[cjk] is not installed: nothing more to see")
    assert not said and drawn > 5000
