"""No text makes a reader or the cutter look at all of it for every piece: four times the size, four times as long."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from ragqa.analysis import terms
from ragqa.passages import context_of, cut_passages
from ragqa.readers import read_bytes

SMALL = 5_000
TIMES = 4
MOST_GROWTH = 10.0
"""Linear is 4, quadratic 16; on a busy machine a process may seem to take twice as long as it does."""
LEAST = 0.05
"""Seconds of processor time below which nothing is told apart."""

HTML = "<html><body>"
PATTERNS: dict[str, Callable[[int], str]] = {
    "dots.txt": lambda n: "Hi.\n\n" + "." * n,
    "bangs.txt": lambda n: "Alert " + "!?" * n,
    "numbered.txt": lambda n: "1. \n" * (n // 2),
    "marks.txt": lambda n: "Pump a" + "\u0301\u0316" * n,
    "pages.txt": lambda n: "word\f" * (n // 4),
    "breaks.html": lambda n: f"{HTML}<p>" + "".join(f"{i}.<br>" for i in range(n // 4)),
    "spans.html": lambda n: f"{HTML}<table><tr><th>a<th>b" + "<tr><td colspan=200 rowspan=9999>x" * (n // 10),
    "titles.html": lambda n: f"{HTML}<table><thead>" + "".join(f"<tr><th>t{i}<th>" for i in range(n // 4)) + "</thead>",
    "asides.html": lambda n: HTML + "<div>" * 900 + "<aside>hello pump</aside>" * (n // 10),
    "images.html": lambda n: f"{HTML}<p>" + "word filler " * n + '<img alt="word">' * (n // 8),
    "superscripts.html": lambda n: f"{HTML}<p>" + "1" * (n * 10) + "<sup></sup>" * (n // 8),
    "strikes.html": lambda n: f"{HTML}<p>" + "a<s>b<s>c</s></s>" * (n // 4),
    "formula.html": lambda n: f"{HTML}<p><math>" + "<mrow><p><mfrac>" * 300 + "<mi>a</mi><mo>+</mo>" * (n // 8),
    "notes.html": lambda n: (
        f"{HTML}<p>{'<sup><a href=#f>1</a></sup> x ' * (n // 8)}<p id=f>{'note ' * 30}<a href=#r>↩</a>"
    ),
    "bold.html": lambda n: HTML + "".join(f"<p><b>x{i}</b></p>" for i in range(n // 2)),
    "headings.html": lambda n: HTML + "".join(f"<h{1 + i % 6}>h{i}</h{1 + i % 6}>" for i in range(n // 4)),
    "titles.csv": lambda n: "a,\n" * n + "1,2\n" * (n + 1),
    "header.csv": lambda n: ",".join(f"name{i}" for i in range(n // 2)) + "\n" + "1,2,3\n" * (n // 4),
    "quotes.csv": lambda n: "a,b\n" + '1,"2\n' * (n // 2),
    "tabs.md": lambda n: f'=== "{"M" * 90}"\n' + "    a\n\n" * (n // 4),
    "tags.md": lambda n: "{{< a " * (n // 2),
    "formulas.md": lambda n: "pump $a " * (n // 2) + "\\(" * n,
    "footnotes.md": lambda n: "[^1] " * n + f"\n\n[^1]: {'note ' * 30}\n",
    "front.md": lambda n: "---\ntitle: x" + " " * n + "y\nfoo: b\n---\n\nText.",
    "comments.md": lambda n: "pump " + "<!-- a " * n,
}


@pytest.mark.parametrize("name", PATTERNS)
def test_time_grows_with_the_size(name: str) -> None:
    small, large = (min(seconds(name, PATTERNS[name](n)) for _ in range(2)) for n in (SMALL, SMALL * TIMES))
    assert large < MOST_GROWTH * max(small, LEAST), f"{small:.2f} s, then {large:.2f} s for {TIMES} times the text"


def seconds(name: str, text: str) -> float:
    """Return the processor time that reading, cutting and telling the terms take."""
    started = time.process_time()
    document = read_bytes(text.encode(), name)
    for passage in cut_passages(document, lambda texts: [max(len(one) // 4, 1) for one in texts], 256):
        terms(context_of(document.title, passage) + passage.text)
    return time.process_time() - started


def test_what_cells_span_is_bounded() -> None:
    text = f"{HTML}<table><thead>" + "<tr><th colspan=200>a long name<th>x" * 500 + "</thead><tr><td>1<td>2</table>"
    assert len(read_bytes(text.encode(), "x.html").text) < 10 * len(text)
