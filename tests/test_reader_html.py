"""HTML: the page's own content as blocks, its frame left out, and nothing lost where the markup is poor."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ragqa.errors import UnreadableFile
from ragqa.readers import read, read_bytes
from ragqa.types import Document

DATA = Path(__file__).parents[1].parent / "shared/data"


def page(body: str, head: str = "") -> Document:
    return read_bytes(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), "x.html")


def blocks(document: Document) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_navigation_scripts_banners_and_hidden_things_are_left_out() -> None:
    content = "<h1>Pump</h1><p>" + "The pump moves water from the tank. " * 8 + "</p>"
    document = page(
        f"""<nav><a href=/>Home</a> <a href=/x>Shop</a></nav><header><a href=/>Logo</a></header>{content}
        <div class="cookie-banner">We use cookies <button>OK</button></div><script>evil()</script><style>p{{}}</style>
        <form><input value=q><label>Find</label></form><p hidden>secret</p><p style="display: none">unseen</p>
        <div role=navigation><a href=/1>one</a></div><footer>Imprint</footer><a class=headerlink href=#x>¶</a>"""
    )
    assert [kind for kind, _, _ in blocks(document)] == ["heading", "paragraph"]


def test_content_in_badly_chosen_elements_is_kept() -> None:
    long = "To reset the device hold the button for ten seconds. " * 20
    for wrong in (
        f"<nav><p>{long}</p></nav>",
        f"<form><p>{long}</p></form>",
        f'<div class="menu sidebar">{long}</div>',
    ):
        assert "hold the button" in page(wrong).text
    assert "hold the button" in page(f'<div style="display:none">{long}</div>').text


def test_main_is_preferred_only_where_it_holds_most_of_the_text() -> None:
    long = "Real content of the page stands here. " * 10
    assert "aside talk" not in page(f"<div>aside talk</div><main><p>{long}</p></main>").text
    assert "Real content" in page(f"<main><p>Tiny.</p></main><div>{long}</div>").text


def test_headings_also_from_aria_roles_and_permalinks_dropped() -> None:
    document = page(
        '<h2>A <b>bold</b><a class="headerlink" href="#a">¶</a></h2><div role=heading aria-level=3>B</div><p>x'
    )
    assert blocks(document)[:2] == [("heading", 2, "A bold"), ("heading", 3, "B")]


def test_inline_markup_is_joined_without_lost_or_extra_spaces() -> None:
    document = page(
        "<p>H<sub>2</sub>O, <b>very</b><i>close</i> , 10<sup>5</sup>\n  <a href=x>a link</a>.<br>A&nbsp;line &lt;x&gt;"
    )
    assert document.text == "H2O, veryclose , 10^5 a link.\nA line <x>"


def test_lists_keep_depth_and_numbers() -> None:
    document = page("<ol start=4><li>Four<ul><li>deep</li></ul></li><li>Five<p>more</p></li></ol>")
    assert blocks(document) == [
        ("list_item", 1, "4. Four"),
        ("list_item", 2, "deep"),
        ("list_item", 1, "5. Five"),
        ("list_item", 1, "more"),
    ]


def test_a_term_stands_before_its_definition() -> None:
    document = page("<dl><dt>E1</dt><dd>Paper jam</dd><dt>E2</dt><dt>E3</dt><dd>Open lid</dd></dl>")
    assert [text for _, _, text in blocks(document)] == ["E1: Paper jam", "E2, E3: Open lid"]


def test_code_is_kept_verbatim() -> None:
    document = page("<pre><code>def f():\n    return 1  # &lt;\n\n  </code></pre>")
    assert blocks(document) == [("code", 0, "def f():\n    return 1  # <")]


def test_table_spans_are_expanded_and_captions_and_headers_told() -> None:
    document = page(
        """<table><caption>Limits</caption><thead><tr><th rowspan=2>Type<th colspan=2>Range<tr><th>low<th>high</thead>
        <tr><td rowspan=2>A<td>1<td>2<tr><td>3<td>a | b<tr><td>B<td colspan=2>none</table>"""
    )
    assert [(kind, text) for kind, _, text in blocks(document)] == [
        ("caption", "Limits"),
        ("table_header", "Type | Range low | Range high"),
        ("table_row", "A | 1 | 2"),
        ("table_row", "A | 3 | a ¦ b"),
        ("table_row", "B | none"),
    ]


def test_a_table_that_lays_out_the_page_is_read_as_blocks() -> None:
    document = page("<table><tr><td><img src=x></td><td><h2>Camera</h2><p>Takes pictures.</p></td></tr></table>")
    assert [(kind, text) for kind, _, text in blocks(document)] == [
        ("heading", "Camera"),
        ("paragraph", "Takes pictures."),
    ]


def test_absurd_spans_do_not_eat_memory() -> None:
    long = "x" * 10_000
    rows = "<tr><td>a</td></tr>" * 2000
    document = page(
        f"<table><tr><th>h<th>i</tr><tr><td rowspan=65534 colspan=99999>{long}</td><td>y</td></tr>{rows}</table>"
    )
    assert len(document.text) < 100_000


def test_images_speak_by_their_alternative_text_where_it_says_something() -> None:
    document = page('<p>Press <img alt="Play button"> now</p><img alt="icon"><img alt="IMG_001.png"><img src=x>')
    assert document.text == "Press [image: Play button] now"


def test_a_list_of_links_to_the_page_itself_is_a_table_of_contents() -> None:
    links = "".join(f'<li><a href="#s{n}">Section {n}</a></li>' for n in range(6))
    document = page(f"<ul>{links}</ul><h1>T</h1><p>{'Words of the manual. ' * 20}</p>")
    assert {kind for kind, _, text in blocks(document) if text.startswith("Section")} == {"toc"}


def test_a_page_of_links_only_is_its_links() -> None:
    links = "".join(f'<li><a href="/{n}">Topic {n}</a></li>' for n in range(9))
    assert {kind for kind, _, _ in blocks(page(f"<ul>{links}</ul>"))} == {"list_item"}


def test_buttons_named_in_a_sentence_are_text() -> None:
    assert page("<p>Press <button>Start</button> twice.</p>").text == "Press Start twice."


def test_the_title_is_the_pages_else_its_first_heading_else_the_name() -> None:
    assert page("<h1>H</h1>", "<title> My\n page </title>").title == "My page"
    assert page("<h1>H</h1>").title == "H"
    assert page("<p>p").title == "x"


def test_xhtml_with_self_closed_elements_loses_nothing() -> None:
    start = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head>'
    markup = start + '<body><a id="t"/><p>kept</p></body></html>'
    assert read_bytes(markup.encode(), "x.xhtml").text == "kept"


def test_entities_are_neither_expanded_from_a_dtd_nor_fetched() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    prolog = f'<!DOCTYPE html [{bomb}<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    markup = f"{prolog}<html><body><p>safe &e11; &x;</p></body></html>"
    text = read_bytes(markup.encode(), "x.html").text
    assert "safe" in text and "root:" not in text and len(text) < 5000


def test_short_bold_lines_are_the_headings_of_a_page_that_marks_none() -> None:
    part = "<p><b>{}</b></p><p>Some words about it, <b>bold</b> too.</p><p>And more words.</p>"
    document = page(part.format("Safety") + part.format("Cleaning"))
    assert [text for kind, _, text in blocks(document) if kind == "heading"] == ["Safety", "Cleaning"]
    assert [kind for kind, _, _ in blocks(page("<h1>T</h1>" + part.format("Safety")))].count("heading") == 1


def test_a_manual_within_pre_is_read_as_text_and_a_listing_as_code() -> None:
    step = "Wipe the case with a soft dry cloth and wait until it\nhas dried before use.\n\n"
    assert blocks(page(f"<pre>2.1 Cleaning\n\n{step * 60}</pre>"))[:2] == [
        ("heading", 2, "2.1 Cleaning"),
        ("paragraph", 0, step.strip().replace("\n", " ")),
    ]
    assert [kind for kind, _, _ in blocks(page("<pre>" + "x = f(y);\n" * 900 + "</pre>"))] == ["code"]


def test_tags_left_open_everywhere_lose_nothing() -> None:
    assert page("<p><font size=2>words" * 3000).text.count("words") == 3000


def test_a_tag_of_thousands_of_attributes_is_cut_and_a_long_value_is_not() -> None:
    path = "M 0 0 L " + "1 2 " * 5000
    assert page(f'<p data-path="{path}" class=x>kept</p><p title="late">too</p>').text == "kept\n\ntoo"
    many = " ".join(f'a{n}="v w"' for n in range(20_000))
    assert page(f'<p {many}>kept</p><p title="late">too</p>').text == "kept\n\ntoo"


def test_nesting_too_deep_to_read_is_said() -> None:
    with pytest.raises(UnreadableFile, match="nests more than"):
        page("<div>" * 6000 + "deep")
    assert page("<div>" * 1000 + "deep").text == "deep"


def test_text_encoded_twice_is_read_as_first_meant() -> None:
    twice = "<p>the friend’s phone".encode().decode("latin-1").encode()
    document = read_bytes(twice, "x.html")
    assert document.text == "the friend’s phone" and "twice" in document.warnings[0]


@pytest.mark.skipif(not (DATA / "phone-manual").is_dir(), reason="needs ../shared/data/phone-manual")
def test_nothing_of_a_real_manual_with_poor_markup_is_lost() -> None:
    def words(text: str) -> list[str]:
        return re.findall(r"\w+", re.sub(r"[’'\-‑]", "", text.lower()))

    got = words(re.sub(r"(?m)^\d+\. ", "", read(DATA / "phone-manual/manual.html").text))
    grams = set(zip(got, got[1:], got[2:], strict=False))
    with (DATA / "phone-manual/corpus.jsonl").open(encoding="utf-8") as lines:
        wanted = [
            gram
            for line in lines
            if (w := words(json.loads(line)["text"]))
            for gram in zip(w, w[1:], w[2:], strict=False)
        ]
    assert sum(gram in grams for gram in wanted) > 0.98 * len(wanted)
