"""Cutting: nothing lost, structure kept, sizes held."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.passages import CONTEXT_TOKENS, Cut, context_of, cut_passages
from ragqa.types import Block, Document, Page

KINDS = ("heading", "paragraph", "list_item", "code", "table_header", "table_row", "caption", "toc")


def count_words(texts):
    """A tokenizer that a reader can compute by hand: words, or characters where there are no spaces."""
    return [max(len(text.split()), len(text) // 8) for text in texts]


def document(*blocks, pages=()):
    """Build a Document from (kind, text[, level]) triples."""
    text, made = "", []
    for kind, body, *level in blocks:
        made.append(Block(kind, len(text), len(text) + len(body), level[0] if level else 0))
        text += body + "\n"
    return Document("m.pdf", "Manual", "application/pdf", "0", text, tuple(made), tuple(pages))


block = st.tuples(
    st.sampled_from(KINDS),
    st.text(
        st.characters(codec="utf-8", exclude_characters="\n\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"),
        min_size=1,
        max_size=300,
    ).filter(lambda text: bool(text.strip())),
    st.integers(1, 4),
)


@given(st.lists(block, max_size=25), st.integers(64, 300))
@settings(max_examples=150, deadline=None)
def test_no_character_of_the_body_is_lost(blocks, max_tokens):
    read = document(*blocks)
    passages = cut_passages(read, count_words, max_tokens)
    covered = set()
    for passage in passages:
        assert read.text[passage.start : passage.end] == passage.text
        covered.update(range(passage.start, passage.end))
    headings = {name for passage in passages for name in passage.section}
    for piece in read.blocks:
        text = read.text[piece.start : piece.end]
        if piece.kind == "toc" or (piece.kind == "heading" and text in headings):
            continue
        lost = [at for at in range(piece.start, piece.end) if at not in covered and not read.text[at].isspace()]
        assert not lost


@given(st.lists(block, max_size=25), st.integers(64, 300))
@settings(max_examples=100, deadline=None)
def test_passages_are_in_order_and_never_overlap_and_windows_lie_within(blocks, max_tokens):
    passages = cut_passages(document(*blocks), count_words, max_tokens)
    for before, after in pairwise(passages):
        assert before.end <= after.start
    for passage in passages:
        assert all(0 <= start < end <= len(passage.text) for start, end in passage.windows)


def test_no_passage_is_longer_than_the_embedder_reads():
    long = document(("heading", "One", 1), ("paragraph", "word " * 5000 + "."), ("code", "x = 1\n" * 3000))
    passages = cut_passages(long, count_words, 256)
    assert max(count_words([passage.text])[0] for passage in passages) <= 256 - CONTEXT_TOKENS


def test_a_passage_never_crosses_a_top_section():
    read = document(
        ("heading", "Care", 1), ("paragraph", "Clean it."), ("heading", "Repair", 1), ("paragraph", "Mend it.")
    )
    assert [(p.section, p.text) for p in cut_passages(read, count_words, 256)] == [
        (("Care",), "Clean it."),
        (("Repair",), "Mend it."),
    ]


def test_small_sections_under_one_heading_share_a_passage_with_their_headings_inside():
    read = document(
        ("heading", "Care", 1),
        ("heading", "Filter", 2),
        ("paragraph", "Wash it."),
        ("heading", "Fan", 2),
        ("paragraph", "Brush it."),
    )
    (passage,) = cut_passages(read, count_words, 256)
    assert passage.text == "Wash it.\nFan\nBrush it."
    assert passage.section == ("Care", "Filter")


def test_sentences_rows_and_code_stay_whole_when_a_section_is_cut():
    rows = [("table_row", f"E{n:02} | Fault number {n} | Do thing {n}") for n in range(40)]
    read = document(("heading", "Faults", 1), ("table_header", "Code | Meaning | Remedy"), *rows)
    passages = cut_passages(read, count_words, 256, Cut(target=60))
    assert len(passages) > 3
    assert [line for p in passages for line in p.text.split("\n")][1:] == [row for _, row in rows]
    assert passages[0].header == "" and all(p.header == "Code | Meaning | Remedy" for p in passages[1:])


def test_context_says_the_nearest_heading_and_the_table_header():
    rows = [("table_row", f"E{n:02} | Fault {n}") for n in range(60)]
    read = document(("heading", "Faults", 1), ("heading", "Codes", 2), ("table_header", "Code | Meaning"), *rows)
    last = cut_passages(read, count_words, 256, Cut(target=60))[-1]
    assert context_of("Pump", last) == "Codes\nCode | Meaning"


def test_pages_of_a_passage_that_crosses_a_page():
    text = "One two three. Four five six."
    pages = (Page(7, 0, 15), Page(8, 15, len(text) + 1))
    (passage,) = cut_passages(document(("paragraph", text), pages=pages), count_words, 256)
    assert (passage.page, passage.page_end) == (7, 8)
    assert passage.page_at(0) == 7 and passage.page_at(text.index("Four")) == 8


def test_contents_are_kept_out():
    read = document(("toc", "Care ..... 3"), ("heading", "Care", 1), ("paragraph", "Clean it."))
    assert [p.text for p in cut_passages(read, count_words, 256)] == ["Clean it."]
