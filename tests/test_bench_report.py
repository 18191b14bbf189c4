"""The report: self-contained, escaped, and what a real browser makes of it at the width of a desk and of a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ragqa.evaluation.datasets import Dataset, Documents, Question
from ragqa.evaluation.datasets.beir import plain_document
from ragqa.evaluation.report import Text, render
from ragqa.evaluation.report.pages import retrieval_page
from ragqa.evaluation.report.plots import draw_intervals, draw_lines
from ragqa.evaluation.runs import Cost, Outcome, Place, Quoted, Run, compared, intervals_of, values_of
from ragqa.metrics import Interval
from tests.conftest import PATIENCE

EVIL = "<script>alert('manual')</script> & \"Ünïcödé\" 初效滤网"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def run_of(mode: str, right: int) -> Run:
    """A run on 20 questions, of which the first ``right`` find their document first and the others not at all."""
    documents = tuple(plain_document(f"d{number}", EVIL, f"text {number} {EVIL}") for number in range(20))
    questions = tuple(Question(f"q{n}", f"question {n} {EVIL}", {f"d{n}": 1}, answers=(EVIL,)) for n in range(20))
    dataset = Dataset(f"set {EVIL}", Documents(documents), questions)
    places = [
        (Place("other", 2.0, section=(EVIL,), excerpt=EVIL), Place(f"d{n}", 1.0))
        if n >= right
        else (Place(f"d{n}", 3.0),)
        for n in range(20)
    ]
    outcomes = {f"q{n}": Outcome(found, 1.5 + n, Quoted(EVIL, 0.5)) for n, found in enumerate(places)}
    values = values_of(dataset, outcomes, (1, 5))
    metrics = intervals_of(dataset, outcomes, values, 5, 0)
    return Run(dataset, mode, "local:m", 160, 5, outcomes, Cost(1.0, 0.2, 10**6, 40), values, metrics)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def html() -> str:
    runs = [run_of("dense", 5), run_of("hybrid", 14)]
    return retrieval_page(runs, list(compared(runs)), f"ragqa bench retrieval {EVIL}", (1, 5), 7)


class Tags(HTMLParser):
    """Every tag opened and closed, and what they point to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(html: str):
    tags = Tags()
    tags.feed(html)
    assert tags.open == [] and tags.links == []
    assert not tags.seen & {"script", "link", "img", "iframe", "object"}
    assert "default-src 'none'" in html.replace("&#x27;", "'") and not re.search(r"url\(|@import|https?://", html)


def test_the_page_says_what_was_measured(html: str):
    for told in (
        "hybrid is better than dense by",
        "9 questions are better with hybrid, 0 with dense, 11 the same.",
        "The 6 worst questions of hybrid",
        "the first right one came at place 2",
        "7 (of the intervals; retrieval itself draws nothing)",
        "What should have been",
        "ragqa bench retrieval &lt;script&gt;",
    ):
        assert told in html, told
    assert "<script>" not in html


def test_text_never_becomes_a_tag():
    shown = render("t", "<h>", [Text("<b>\u202e")], "c", "0")
    assert "<h1>&lt;h&gt;</h1>" in shown and "<p>&lt;b&gt;" in shown and "\u202e" not in shown
    drawn = draw_intervals([("<b> $5 & $6", Interval(0.5, 0.25, 0.75))], "<i>")
    assert "&lt;b&gt; $5 &amp; $6" in drawn and "<title>&lt;i&gt;</title>" in drawn and ">0.500</text>" in drawn
    ElementTree.fromstring(drawn)


def test_a_picture_is_the_same_again_and_in_the_colours_of_the_page():
    lines = [[(1.0, 0.1), (10.0, 0.9)], [(1.0, 0.3), (10.0, 0.5)]]
    first, again = (draw_lines(lines, (1, 2, 5, 10), "k", "found", logarithmic=True) for _ in range(2))
    assert first == again and {"var(--s0)", "var(--s1)", "var(--soft)"} <= set(re.findall(r"var\(--\w+\)", first))
    assert not re.search(r"#[0-9a-f]{6}| id=|href|url\(", first)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the report with")
@pytest.mark.parametrize("width", [1200, 360])
def test_a_browser_shows_it_without_scrolling_sideways(html: str, tmp_path: Path, width: int):
    # The page itself runs no script: a copy without its policy, in a frame as wide as a desk or a phone, says how wide
    # it became and what it drew.
    said = "[document.documentElement.scrollWidth, innerWidth, document.querySelectorAll('svg').length].join(' ')"
    probe = f"<script>parent.document.title = {said}</script></body>"
    copy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html).replace("</body>", probe)
    frame = (
        f'<title></title><iframe srcdoc="{escape(copy)}" style="width: {width}px; height: 800px; border: 0"></iframe>'
    )
    (tmp_path / "frame.html").write_text(f"<!doctype html><meta charset=utf-8>{frame}", encoding="utf-8")
    words = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [str(CHROMIUM), *words, "--window-size=1280,900", "--dump-dom", (tmp_path / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found = re.search(r"<title>(\d+) (\d+) (\d+)</title>", done.stdout)
    assert found, done.stderr[-500:]
    wide, inside, drawings = map(int, found.groups())
    assert wide <= inside <= width and drawings == 2
