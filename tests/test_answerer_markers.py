"""Markers: every [n] names a passage, and every citation quotes it letter for letter."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ragqa.answerers.citations import check_markers, cite
from ragqa.answerers.untrusted import Live, visible
from ragqa.types import Hit, Passage


def hit(text: str, n: int = 1, *, evidence: tuple[float, ...] = (), **fields: object) -> Hit:
    passage = Passage("pump.pdf", 0, len(text), text, passage_id=100 + n, **fields)  # type: ignore[arg-type]
    return Hit(n, passage, 1.0, evidence=evidence)


@pytest.mark.parametrize(
    ("written", "checked", "dropped"),
    [
        ("Stop it [1].", "Stop it [1].", 0),
        ("Stop it[1][3].", "Stop it[1][3].", 0),
        ("Stop it [1, 2].", "Stop it [1][2].", 0),
        ("Stop it [1，2、3].", "Stop it [1][2][3].", 0),
        ("Stop it [1-3].", "Stop it [1][2][3].", 0),
        ("Stop it [2–3; 1].", "Stop it [2][3][1].", 0),
        ("停机【1】。", "停机[1]。", 0),
        ("停机［２］。", "停机[2]。", 0),
        ("Stop it 【3†source】.", "Stop it [3].", 0),
        ("Stop it [^2].", "Stop it [2].", 0),
        ("Stop it [Passage 2].", "Stop it [2].", 0),
        ("Stop it [[2]].", "Stop it [2].", 0),
        ("Stop it [1](https://evil.example/x).", "Stop it [1].", 0),
        ("Stop it [4].", "Stop it.", 1),
        ("Stop it [0].", "Stop it.", 1),
        ("Stop it [2, 7].", "Stop it [2].", 1),
        ("Stop it [2-999999999999999999].", "Stop it [2][3].", 1),
        ("Stop it [[9]8].", "Stop it.", 2),
        ("Set `a[7]` and [2].", "Set `a[7]` and [2].", 0),
        ("Run\n```c\nx = a[9];\n```\nand go [1].", "Run\n```c\nx = a[9];\n```\nand go [1].", 0),
        ("Look ![a](http://x.example/?q=1)[1].", "Look a[1].", 0),
        ("Look ![a](data:image/png;base64,x", "Look a", 0),
        ("Go [here](http://x.example/?q=1) [2].", "Go here (http://x.example/?q=1) [2].", 0),
        ("Go ![a][9](http://x.example).", "Go ![a].", 1),
        ("![r]\n\n[r]: http://x.example", "![r]\n\n[r] : http://x.example", 0),
        ("a <img src=x> <script>b</script> <Enter>", "a < img src=x> < script>b< /script> <Enter>", 0),
        ("`![a](b) <img src=x>`", "`![a](b) <img src=x>`", 0),
        ("Use [0:10] or [OK].", "Use [0:10] or [OK].", 0),
        ("Set array[3], array[9] or grid[2][9] [1].", "Set array[3], array[9] or grid[2][9] [1].", 0),
        ("Allow [10-20] bar, or [4 to 8] [2].", "Allow [10-20] bar, or [4 to 8] [2].", 0),
        ("Stop it【3】now or[^2].", "Stop it[3]now or[2].", 0),
        ("Stop it [9][3] and [8][9].", "Stop it [3] and.", 3),
    ],
)
def test_markers_are_brought_to_one_form_and_those_without_a_passage_dropped(written, checked, dropped):
    found = check_markers(written, 3)
    assert (found.text, found.dropped) == (checked, dropped)


@pytest.mark.parametrize(
    ("written", "markers"),
    [
        ("Read array[3] first [1].", (1,)),
        ("Set array[3] to 0.", ()),
        ("Every 30 days[1]. In gloves[2][3]", (1, 2, 3)),
        ("每30天[1]。", (1,)),
        ("Every 30 days [2]. It is in array[3].", (2,)),
        ("Stop it【3】now", (3,)),
        ("Between [10-20] bar", ()),
    ],
)
def test_an_index_or_a_range_of_figures_is_no_citation(written, markers):
    found = check_markers(written, 3)
    assert found.markers == markers and found.dropped == 0
    assert [c.marker for c in cite(found, [hit("Stop.")] * 3, "?")] == list(markers)


WILD = st.text(alphabet="ab1239[]【】［］`^-, \n.†(#)到、!<>:/", max_size=60)


@given(WILD, st.integers(0, 4))
def test_no_marker_outside_the_range_survives(text, passages):
    found = check_markers(text, passages)
    prose = re.sub(r"`[^\n]*`|```.*", "", found.text, flags=re.DOTALL)
    prose = re.sub(r"[ab\d](?:\[[^\[\]\n]*\])+", "x", prose)  # indexes
    assert all(1 <= int(n) <= passages for n in re.findall(r"[\[【［](\d+)[\]】］]", prose))
    assert check_markers(found.text, passages).text == found.text


@given(WILD, st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=3))
def test_citations_quote_their_passage_letter_for_letter(answer, texts):
    hits = [hit(text, n) for n, text in enumerate(texts, 1)]
    found = check_markers(answer, len(hits))
    citations = cite(found, hits, "What?")
    assert [c.marker for c in citations] == list(found.markers)
    for citation in citations:
        passage = hits[citation.marker - 1].passage
        assert citation.quote in passage.text
        assert citation.passage_id == passage.passage_id


def test_a_quote_is_the_sentence_that_bears_out_the_statement_before_the_marker():
    text = "Press the green key to start. The filter is cleaned every 40 hours. Wear gloves."
    text_zh = "按绿色键启动。每40小时清洗一次滤网。请戴手套。"
    hits = [hit(text, 1), hit(text_zh, 2)]
    said = "It starts with the green key [1]. 每40小时清洗滤网[2]。"
    assert [c.quote for c in cite(check_markers(said, 2), hits, "?")] == [
        "Press the green key to start.",
        "每40小时清洗一次滤网。",
    ]
    after = "Clean the filter every 40 hours. [1]\n\n- Wear gloves [2]"
    assert cite(check_markers(after, 2), [hits[0], hits[0]], "?")[0].quote == "The filter is cleaned every 40 hours."
    assert cite(check_markers(after, 2), [hits[0], hits[0]], "?")[1].quote == "Wear gloves."


def test_a_quote_names_the_page_on_which_it_stands_itself():
    text = "The pump is blue. The valve is red."
    citation = cite(check_markers("The valve is red [1].", 1), [hit(text, page=4, page_breaks=((18, 5),))], "?")[0]
    assert (citation.page, citation.page_end, citation.quote) == (5, None, "The valve is red.")
    over = cite(check_markers("The valve is red [1].", 1), [hit(text, page=4, page_breaks=((28, 5),))], "?")[0]
    assert (over.page, over.page_end, over.quote) == (4, 5, "The valve is red.")


def test_a_statement_in_another_language_quotes_what_retrieval_likes_best():
    text = "The pump is blue. Clean the filter weekly."
    cited = hit(text, windows=((0, 17), (18, 42)), evidence=(0.1, 0.9))
    assert cite(check_markers("每周清洗滤网[1]。", 1), [cited], "怎么清洗？")[0].quote == "Clean the filter weekly."


# What a reader sees, whole and in pieces

ANSI = "\x1b[31mred\x1b[0m \x1b]0;title\x07and \x9b2Jplain\u202e text\x00\x1b"


def test_control_characters_and_escapes_are_taken_out():
    assert visible(ANSI) == "red and plain text"
    assert visible("a\r\nb\tc") == "a\nb\tc"
    assert visible("pu\u200bmp\u200e \U000e0041on\u2028off\x85") == "pump on\noff\n"
    assert visible("\ud83d\ude00 ok \ud83d") == "😀 ok "
    assert visible("<think>Is it [1]? No.</think>\n\nYes [2].") == "Yes [2]."


def pieces_of(text: str, sizes: list[int], passages: int = 3, stops: tuple[str, ...] = ()) -> tuple[list[str], str]:
    got: list[str] = []

    def render(part: str) -> str:
        return check_markers(part, passages).text

    live = Live(got.append, render, stops)
    at = 0
    while at < len(text):
        size = sizes[at % len(sizes)]
        live.feed(text[at : at + size])
        at += size
    whole = render(visible(text)).strip()
    live.finish(whole)
    return got, whole


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "text",
    [
        ANSI,
        "Stop it [1, 9]. Use `a[7]` then [8] go [2](https://x.example).\n\n```\na[9]\n```\nDone [1-7].",
        "<think>secret [1]</think>停机【1】。然后［9］开机【2†x】。",
        "Wow! ![a](http://x.example/?q=" + "z" * 300 + ") then [b](http://y.example) <img src=x> <b>!! <Enter>! [1]",
        "![" + "long " * 60 + "](http://x.example) ![c][d] e\n[d]: http://x.example\n",
        "An open [ bracket that is never closed, and `code",
        "\n  - Rinse it [1, 9].  \r\n- Dry `a[7]` it\u202e [2-8].\n" * 12
        + "```\na[9]\n\n```\n"
        + "Done [8] [3].\n" * 30,
    ],
)
def test_streamed_pieces_are_together_the_checked_text(text, size):
    got, whole = pieces_of(text, [size])
    assert "".join(got) == whole
    assert "secret" not in whole and "\x1b" not in whole


@given(WILD, st.lists(st.integers(1, 5), min_size=1, max_size=5))
@example("<[9]a\n", [1])
@example("<![a](b)a\n", [2])
@example("`[2, 3]![`<", [1])
def test_no_piece_streamed_ever_holds_a_marker_without_a_passage(text, sizes):
    got, whole = pieces_of(text, sizes)
    assert "".join(got) == whole


def test_text_is_streamed_as_it_comes_and_not_at_the_end():
    got, _ = pieces_of("The pump is blue and the valve is red [1]. Then it stops.", [4])
    assert len(got) > 6
