"""What a reader of manuals relies on when a PDF is read. The PDFs are built here."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from ragqa.errors import UnreadableFile
from ragqa.passages import cut_passages
from ragqa.readers import read_bytes
from ragqa.types import Document

SENTENCE = (
    "valve filter pressure screen battery cable remove the cover before cleaning water tank always check green light "
    "after each use turn knob slowly until lamp goes out then wait for ten minutes and dry every part with soft cloth"
)
WORDS = SENTENCE.split()


def prose(seed: int, count: int) -> str:
    """Return sentences of manual-like words, the same for the same seed."""
    picker = random.Random(seed)
    words = [picker.choice(WORDS) for _ in range(count)]
    return " ".join(
        w.capitalize() if at % 12 == 0 else w + ("." if at % 12 == 11 else "") for at, w in enumerate(words)
    )


def pdf(draw: Callable[[Canvas], None], **options: object) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, **options)
    draw(canvas)
    canvas.save()
    return out.getvalue()


def lines(c: Canvas, x: float, y: float, text: str, width: float, font: str = "Times-Roman", size: float = 10) -> float:
    """Set ``text`` in lines from (x, y) down; return where the next line would stand."""
    c.setFont(font, size)
    for line in simpleSplit(text, font, size, width):
        c.drawString(x, y, line)
        y -= 1.2 * size
    return y


def said(document: Document, *kinds: str) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks if not kinds or b.kind in kinds]


def covers(document: Document) -> None:
    """Assert that blocks are in order, do not overlap and leave out no character; pages likewise."""
    at = 0
    for block in document.blocks:
        assert block.start >= at and block.end > block.start
        assert not document.text[at : block.start].strip()
        at = block.end
    assert not document.text[at:].strip()
    assert [page.number for page in document.pages] == list(range(1, len(document.pages) + 1))
    assert document.pages[0].start == 0 and document.pages[-1].end == len(document.text)
    assert all(a.end == b.start for a, b in zip(document.pages, document.pages[1:], strict=False))


def test_two_columns_are_read_one_after_the_other_between_full_width_headings() -> None:
    left, right, below_left, below_right = (prose(seed, 90) for seed in range(4))

    def draw(c: Canvas) -> None:
        lines(c, 60, 780, "Care and cleaning of the machine over the whole width", 480, "Helvetica-Bold", 18)
        lines(c, 60, 740, left, 220)
        lines(c, 310, 740, right, 220)
        lines(c, 60, 520, "A second part that also runs over both of the columns", 480, "Helvetica-Bold", 18)
        lines(c, 60, 490, below_left, 220)
        lines(c, 310, 490, below_right, 220)

    document = read_bytes(pdf(draw), "columns.pdf")
    covers(document)
    flat = document.text.replace("\n", " ")
    order = [
        flat.index(piece)
        for piece in ("Care and", left[:60], right[:60], "A second part", below_left[:60], below_right[:60])
    ]
    assert order == sorted(order)
    assert left in flat and right in flat


def test_columns_drawn_line_by_line_across_are_still_read_one_after_the_other() -> None:
    left, right = prose(1, 220), prose(2, 220)

    def draw(c: Canvas) -> None:
        c.setFont("Times-Roman", 10)
        y = 760.0
        for a, b in zip(
            simpleSplit(left, "Times-Roman", 10, 220), simpleSplit(right, "Times-Roman", 10, 220), strict=False
        ):
            c.drawString(60, y, a)
            c.drawString(310, y, b)
            y -= 12

    document = read_bytes(pdf(draw), "columns.pdf")
    assert prose(1, 220)[:900] in document.text.replace("\n", " ")


def booklet(c: Canvas) -> None:
    """Six pages with alternating headers, a footer that counts, and chapter names that change."""
    for page in range(1, 7):
        c.setFont("Times-Roman", 9)
        if page % 2:
            c.drawRightString(540, 810, f"Chapter {1 + page // 3}: the name of it")
        else:
            c.drawString(60, 810, "Owner's guide to the kettle")
        c.drawCentredString(300, 30, f"Page {page} of 6")
        lines(c, 60, 770, f"On page {page} the body says: {prose(page, 160)}", 480)
        c.showPage()


def test_headers_footers_and_page_numbers_are_kept_out_of_the_text() -> None:
    document = read_bytes(pdf(booklet), "kettle.pdf")
    covers(document)
    assert "Owner's guide" not in document.text and "of 6" not in document.text
    assert document.pages[1].furniture == ("Owner's guide to the kettle", "Page 2 of 6")
    for page in range(1, 7):
        assert (
            f"On page {page} the body says"
            in document.text[document.pages[page - 1].start : document.pages[page - 1].end]
        )


def test_a_label_that_begins_many_pages_is_body_text() -> None:
    def draw(c: Canvas) -> None:
        for page in range(12):
            c.setFont("Times-Roman", 9)
            c.drawString(60, 810, "Owner's guide")
            y = lines(c, 60, 770, "Example:" if page in (2, 4, 5, 6) else prose(50 + page, 9), 480)
            lines(c, 60, y - 12, prose(page, 120), 480)
            c.showPage()

    document = read_bytes(pdf(draw), "guide.pdf")
    assert document.text.count("Example:") == 4
    assert "Owner's guide" not in document.text


def test_two_pages_that_repeat_their_first_line_lose_nothing_but_page_numbers() -> None:
    def draw(c: Canvas) -> None:
        for page in (1, 2):
            lines(c, 60, 700, "Check the valve and the filter first.", 480)
            lines(c, 60, 684, prose(page, 60), 480)
            c.drawCentredString(300, 30, str(page))
            c.showPage()

    document = read_bytes(pdf(draw), "short.pdf")
    assert document.text.count("Check the valve") == 2
    assert [page.furniture for page in document.pages] == [("1",), ("2",)]


def test_words_broken_at_line_ends_are_joined_and_real_hyphens_stay() -> None:
    def draw(c: Canvas) -> None:
        c.setFont("Times-Roman", 10)
        for at, line in enumerate(
            [
                "The installation of a well-known pump takes some time, and the instal-",
                "lation manual says so. Our engineers like the pump since it is a well-",
                "known one, and they replace its compo-",
                "nents each year without being asked to do so by anybody at all, really.",
            ]
        ):
            c.drawString(60, 700 - 12 * at, line)

    text = read_bytes(pdf(draw), "pump.pdf").text
    assert "the installation manual" in text
    assert "a well-known one" in text
    assert "its components each" in text


def test_a_table_becomes_rows_with_a_header_and_its_wrapped_cells_are_whole() -> None:
    rows = [
        ("Code", "Meaning", "What to do"),
        ("E01", "No water", "Fill the tank"),
        ("E02", "Too hot", "Let it cool down for"),
        ("", "", "ten minutes"),
        ("E03", "Filter full", "Clean the filter"),
        ("E04", "Lid open", "Close the lid"),
    ]

    def draw(c: Canvas) -> None:
        y = lines(c, 60, 760, prose(1, 60), 480) - 10
        for number, row in enumerate(rows):
            c.setFont("Helvetica-Bold" if number == 0 else "Helvetica", 10)
            for x, cell in zip((60, 140, 300), row, strict=True):
                c.drawString(x, y, cell)
            y -= 12 if number == 2 else 18
        lines(c, 60, y - 10, prose(2, 60), 480)

    document = read_bytes(pdf(draw), "codes.pdf")
    covers(document)
    assert said(document, "table_header") == ["Code | Meaning | What to do"]
    assert said(document, "table_row") == [
        "E01 | No water | Fill the tank",
        "E02 | Too hot | Let it cool down for ten minutes",
        "E03 | Filter full | Clean the filter",
        "E04 | Lid open | Close the lid",
    ]
    assert said(document, "paragraph") == [prose(1, 60), prose(2, 60)]


def test_a_table_that_goes_on_overleaf_says_its_repeated_header_once() -> None:
    def draw(c: Canvas) -> None:
        for page in range(3):
            y = 770.0
            for number in range(30):
                c.setFont("Helvetica-Bold" if number == 0 else "Helvetica", 10)
                cells = (
                    ("Part", "Price", "Weight")
                    if number == 0
                    else (f"P{page}{number:02}", f"{number}.50", f"{number} kg")
                )
                for x, cell in zip((60, 200, 340), cells, strict=True):
                    c.drawString(x, y, cell)
                y -= 16
            c.showPage()

    document = read_bytes(pdf(draw), "parts.pdf")
    assert said(document, "table_header") == ["Part | Price | Weight"]
    assert len(said(document, "table_row")) == 87
    passages = cut_passages(document, lambda texts: [len(text.split()) for text in texts], 256)
    below = [passage for passage in passages if not passage.text.startswith("Part")]
    assert len(below) > 2 and {passage.header for passage in below} == {"Part | Price | Weight"}


def test_contents_are_blocks_of_their_own_kind() -> None:
    def draw(c: Canvas) -> None:
        lines(c, 60, 780, "Contents", 480, "Helvetica-Bold", 16)
        c.setFont("Times-Roman", 10)
        for number in range(8):
            c.drawString(60, 740 - 14 * number, f"{number + 1} Part about {WORDS[number]} {'. ' * 40}{number + 3}")
        c.showPage()
        lines(c, 60, 780, prose(1, 200), 480)

    document = read_bytes(pdf(draw), "contents.pdf")
    assert len(said(document, "toc")) == 9 and said(document, "toc")[0] == "Contents"
    assert said(document, "paragraph") == [prose(1, 200)]


def test_heading_levels_follow_the_outline() -> None:
    def draw(c: Canvas) -> None:
        y = 790.0
        for number, (title, level) in enumerate(
            [("Setting up", 0), ("The first start", 1), ("Language and time", 2), ("Care", 0)]
        ):
            c.bookmarkHorizontal(str(number), 0, y + 12)
            c.addOutlineEntry(title, str(number), level)
            y = lines(c, 60, y, f"{number + 1}.{title}" if number == 3 else title, 480, "Times-Roman", 11) - 4
            y = lines(c, 60, y, prose(number, 80), 480) - 12

    document = read_bytes(pdf(draw), "outline.pdf")
    heads = [(document.text[b.start : b.end], b.level) for b in document.blocks if b.kind == "heading"]
    assert heads == [("Setting up", 1), ("The first start", 2), ("Language and time", 3), ("4.Care", 1)]


def test_heading_levels_follow_type_sizes_where_there_is_no_outline() -> None:
    def draw(c: Canvas) -> None:
        for chapter in range(3):
            y = lines(c, 60, 780, f"Chapter about {WORDS[chapter]}", 480, "Helvetica-Bold", 20) - 10
            for section in range(2):
                y = lines(c, 60, y, f"Section on {WORDS[10 + chapter + section]}", 480, "Helvetica-Bold", 14) - 6
                y = lines(c, 60, y, prose(chapter * 2 + section, 90), 480) - 12
            c.showPage()

    document = read_bytes(pdf(draw), "sizes.pdf")
    levels = [b.level for b in document.blocks if b.kind == "heading"]
    assert levels == [1, 2, 2] * 3


def test_small_headings_below_the_outlines_deepest_level_are_found_and_bold_lead_ins_are_not() -> None:
    def draw(c: Canvas) -> None:
        for chapter in range(3):
            y = 780.0
            c.bookmarkHorizontal(str(chapter), 0, y + 12)
            c.addOutlineEntry(f"Chapter on {WORDS[chapter]}", str(chapter), 0)
            y = lines(c, 60, y, f"Chapter on {WORDS[chapter]}", 480, "Helvetica-Bold", 16) - 8
            y = lines(c, 60, y, f"The {WORDS[5 + chapter]} is louder than it was", 480, "Helvetica-Bold", 10.6) - 6
            y = lines(c, 60, y, prose(chapter, 60), 480) - 8
            y = lines(c, 72, y, "WARNING", 480, "Helvetica-Bold", 10) - 1
            y = lines(c, 72, y, prose(20 + chapter, 20), 460) - 8
            for item in range(3):
                c.setFont("Times-Bold", 10)
                c.drawString(60, y, "Lamp")
                y = lines(c, 90, y, prose(30 + 3 * chapter + item, 8), 450) - 8
            c.showPage()

    document = read_bytes(pdf(draw), "small.pdf")
    heads = [(document.text[b.start : b.end], b.level) for b in document.blocks if b.kind == "heading"]
    assert heads == [
        head
        for chapter in range(3)
        for head in (
            (f"Chapter on {WORDS[chapter]}", 1),
            (f"The {WORDS[5 + chapter]} is louder than it was", 2),
        )
    ]


def test_italic_lines_that_recur_above_text_are_headings_and_the_imprint_of_a_cover_is_not() -> None:
    def draw(c: Canvas) -> None:
        lines(c, 60, 500, "The kettle book", 480, "Helvetica-Bold", 24)
        lines(c, 60, 200, "Edition 7", 480, "Helvetica", 11)
        lines(c, 60, 180, "HK-1234-EN", 480, "Helvetica", 11)
        c.showPage()
        for page in range(2):
            y = 780.0
            for part in range(2):
                y = lines(c, 60, y, f"Care of the {WORDS[2 * page + part]}", 480, "Times-Italic", 10) - 4
                y = lines(c, 60, y, prose(2 * page + part, 70), 480) - 14
            c.showPage()

    document = read_bytes(pdf(draw), "italic.pdf")
    assert said(document, "heading") == ["The kettle book", *(f"Care of the {WORDS[at]}" for at in range(4))]


def test_ragged_lines_hold_together_and_a_short_sentence_end_parts_paragraphs() -> None:
    first = [
        "The buffer battery on the main",
        "board is empty and has to be replaced",
        "soon. It lasts for no more than",
        "8 years.",
    ]
    second = ["The weekly programme itself is not", "lost when that happens."]

    def draw(c: Canvas) -> None:
        lines(c, 60, 780, prose(9, 60), 200)
        c.setFont("Times-Roman", 10)
        for at, line in enumerate(first + second):
            c.drawString(60, 600 - 16 * at, line)

    document = read_bytes(pdf(draw), "ragged.pdf")
    assert said(document, "paragraph")[1:] == [" ".join(first), " ".join(second)]


def test_a_short_last_column_beside_a_long_one_is_a_column() -> None:
    left, right = prose(1, 300), prose(2, 40)

    def draw(c: Canvas) -> None:
        lines(c, 60, 760, left, 220)
        lines(c, 310, 760, right, 220)

    assert said(read_bytes(pdf(draw), "glossary.pdf")) == [left, right]


def test_a_paragraph_runs_past_a_footnote_to_the_next_page() -> None:
    text, note = prose(7, 400), "1 " + prose(8, 20)
    split = simpleSplit(text, "Times-Roman", 10, 480)

    def draw(c: Canvas) -> None:
        for number, part in enumerate((split[:17], split[17:])):
            y = lines(c, 60, 780, " ".join(part), 480)
            if number == 0:
                lines(c, 60, y - 300, note, 480, size=8)
            c.showPage()

    document = read_bytes(pdf(draw), "notes.pdf")
    covers(document)
    assert sorted(said(document)) == sorted([note, text])
    assert document.page_at(document.text.index(note)) == 1
    assert document.page_at(document.text.index(split[17])) == 2


def test_the_second_line_of_a_first_cell_joins_its_row() -> None:
    rows = [("Task", "Interval", "Who"), ("Clean the fans", "24 months", "Service")]
    rows += [("Test the safety switch of the", "12 months", "Service"), ("preheater", "", "")]
    rows += [("Wipe the valves", "6 months", "User"), ("Clean the ducts", "6 years", "Service")]

    def draw(c: Canvas) -> None:
        y = 700.0
        for number, row in enumerate(rows):
            c.setFont("Helvetica-Bold" if number == 0 else "Helvetica", 9)
            for x, cell in zip((60, 240, 340), row, strict=True):
                c.drawString(x, y, cell)
            y -= 11 if number == 2 else 20
        lines(c, 60, y - 10, prose(2, 60), 480)

    assert said(read_bytes(pdf(draw), "tasks.pdf"), "table_row") == [
        "Clean the fans | 24 months | Service",
        "Test the safety switch of the preheater | 12 months | Service",
        "Wipe the valves | 6 months | User",
        "Clean the ducts | 6 years | Service",
    ]


def test_a_paragraph_over_a_page_break_is_one_block_and_knows_both_pages() -> None:
    text = prose(7, 500)
    split = simpleSplit(text, "Times-Roman", 10, 480)

    def draw(c: Canvas) -> None:
        for part in (split[:20], split[20:]):
            c.setFont("Times-Roman", 10)
            for at, line in enumerate(part):
                c.drawString(60, 780 - 12 * at, line)
            c.showPage()

    document = read_bytes(pdf(draw), "long.pdf")
    covers(document)
    assert said(document) == [text]
    first, second = document.pages
    assert document.text[second.start :].startswith(split[20])
    assert document.page_at(second.start - 2) == 1 and document.page_at(second.start) == 2
    assert first.end == second.start


def test_list_items_and_code_keep_their_shape() -> None:
    def draw(c: Canvas) -> None:
        y = lines(c, 60, 780, prose(1, 60), 480) - 8
        for item in ("1. Switch it off.", "2. Open the lid and remove the filter.", "3. Rinse it."):
            y = lines(c, 72, y, item, 460)
        y = lines(c, 60, y - 8, prose(2, 60), 480) - 8
        for at, line in enumerate(("if ready:", "    start()", "    wait(10)")):
            c.setFont("Courier", 9)
            c.drawString(72 + 5.4 * (len(line) - len(line.lstrip())), y - 11 * at, line.strip())
        lines(c, 60, y - 50, prose(3, 60), 480)

    document = read_bytes(pdf(draw), "list.pdf")
    assert said(document, "list_item") == [
        "1. Switch it off.",
        "2. Open the lid and remove the filter.",
        "3. Rinse it.",
    ]
    assert said(document, "code") == ["if ready:\n    start()\n    wait(10)"]
    assert said(document, "paragraph") == [prose(1, 60), prose(2, 60), prose(3, 60)]


def test_printed_page_labels_stand_beside_physical_numbers() -> None:
    def draw(c: Canvas) -> None:
        c.addPageLabel(0, style="ROMAN_LOWER", start=1)
        c.addPageLabel(2, style="ARABIC", start=1)
        for page in range(4):
            lines(c, 60, 700, prose(page, 60), 480)
            c.showPage()

    document = read_bytes(pdf(draw), "labels.pdf")
    assert [(page.number, page.label) for page in document.pages] == [(1, "i"), (2, "ii"), (3, "1"), (4, "2")]


@pytest.fixture
def song() -> Iterator[str]:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    yield "STSong-Light"


def test_chinese_lines_are_joined_without_spaces(song: str) -> None:
    sentence = "使用本机之前请仔细阅读说明书并妥善保管以便日后查阅。清洁机器时务必先切断电源，再用柔软的干布擦拭外壳。"

    def draw(c: Canvas) -> None:
        c.setFont(song, 12)
        for at in range(0, len(sentence), 20):
            c.drawString(60, 700 - 15 * at / 20, sentence[at : at + 20])

    document = read_bytes(pdf(draw), "说明书.pdf")
    assert document.text == sentence
    assert document.title == "说明书"


def test_text_turned_with_its_page_is_read_in_order() -> None:
    text = prose(3, 120)

    def draw(c: Canvas) -> None:
        c.setPageRotation(90)
        c.translate(595, 0)
        c.rotate(90)
        lines(c, 60, 500, text, 480)

    assert said(read_bytes(pdf(draw), "turned.pdf")) == [text]


def test_the_title_is_the_metadata_else_the_largest_type_else_the_file_name() -> None:
    def plain(c: Canvas) -> None:
        lines(c, 60, 700, prose(1, 80), 480)

    def titled(c: Canvas) -> None:
        lines(c, 60, 760, "The kettle book", 480, "Helvetica-Bold", 24)
        plain(c)

    def named(c: Canvas) -> None:
        c.setTitle("Kettle K2 guide")
        titled(c)

    titles = [read_bytes(pdf(draw), "folder/k2.pdf").title for draw in (named, titled, plain)]
    assert titles == ["Kettle K2 guide", "The kettle book", "k2"]


def one_line(data: bytes, password: str | None = None) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_bytes(data, "guide.pdf", password)
    message = str(caught.value)
    assert message.startswith("guide.pdf ") and "\n" not in message
    return message


def test_a_locked_pdf_names_the_flag_and_opens_with_its_password() -> None:
    def draw(c: Canvas) -> None:
        lines(c, 60, 700, prose(1, 60), 480)

    locked = pdf(draw, encrypt=StandardEncryption("open sesame", strength=128))
    assert "--password" in one_line(locked)
    assert "--password" in one_line(locked, "wrong")
    assert read_bytes(locked, "guide.pdf", "open sesame").text == prose(1, 60)


def test_damaged_files_are_named_and_never_crash() -> None:
    whole = pdf(booklet)
    assert "not a PDF" in one_line(b"\x00\x01 nothing of the kind" * 50)
    assert "is empty" in one_line(b"")
    assert "damaged" in one_line(whole[:60])
    for cut in range(100, len(whole), 487):
        try:
            covers(read_bytes(whole[:cut], "guide.pdf"))
        except UnreadableFile as error:
            assert "\n" not in str(error)


def image_page(c: Canvas) -> None:
    from reportlab.lib.utils import ImageReader

    picture = io.BytesIO(b"P6 2 2 255\n" + bytes(range(12)))
    c.drawImage(ImageReader(picture), 60, 300, 400, 400)
    c.showPage()


def test_a_scan_says_that_ocr_is_not_built_yet() -> None:
    message = one_line(pdf(image_page))
    assert "scanned" in message and "OCR" in message


def test_a_scanned_page_among_others_is_a_warning() -> None:
    def draw(c: Canvas) -> None:
        lines(c, 60, 700, prose(1, 60), 480)
        c.showPage()
        image_page(c)
        lines(c, 60, 700, prose(2, 60), 480)

    document = read_bytes(pdf(draw), "mixed.pdf")
    covers(document)
    assert len(document.warnings) == 1 and document.warnings[0].startswith("page 2 ")
    assert document.page_at(document.text.index(prose(2, 60))) == 3


def all_letters(data: bytes) -> str:
    """Return what pdfium itself finds on the pages, in whatever order."""
    with pypdfium2.PdfDocument(data) as opened:
        return "".join(page.get_textpage().get_text_range() for page in opened)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(20, 560), st.integers(20, 820), st.sampled_from(WORDS), st.integers(6, 30)),
            max_size=25,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_nothing_that_is_drawn_is_lost_wherever_it_stands(pages: list[list[tuple[int, int, str, int]]]) -> None:
    def draw(c: Canvas) -> None:
        lines(c, 60, 400, "anchor", 480)
        for page in pages:
            drawn: list[tuple[int, int, str]] = []
            for x, y, word, size in page:
                if any(word == other and abs(x - left) < 12 and abs(y - low) < 12 for left, low, other in drawn):
                    continue  # drawn over itself a word looks bold, and is read once
                drawn.append((x, y, word))
                c.setFont("Helvetica", size)
                c.drawString(x, y, word)
            c.showPage()

    data = pdf(draw)
    document = read_bytes(data, "wild.pdf")
    covers(document)
    kept = document.text + "".join(piece for page in document.pages for piece in page.furniture)
    assert Counter(filter(str.isalpha, kept)) == Counter(filter(str.isalpha, all_letters(data)))
