"""Plain text: structure told by how lines look, careful about headings, and pages from form feeds."""

from __future__ import annotations

import pytest

from ragqa.readers import read_bytes
from ragqa.types import Document


def text(source: str, name: str = "x.txt") -> Document:
    return read_bytes(source.encode(), name)


def blocks(source: str, name: str = "x.txt") -> list[tuple[str, int, str]]:
    document = text(source, name)
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize(
    ("heading", "level"),
    [
        ("Chapter 3", 1),
        ("CHAPTER IV. The Pump", 1),
        ("1.2 Installing the pump", 2),
        ("3. Maintenance", 1),
        ("SAFETY INSTRUCTIONS", 2),
        ("第三章 维护与保养", 1),
        ("第2节 安装", 2),
        ("一、安全须知", 2),
    ],
)
def test_lines_that_stand_alone_like_headings_are(heading: str, level: int) -> None:
    assert blocks(f"{heading}\n\nSome words follow here.")[0] == ("heading", level, heading)


@pytest.mark.parametrize(
    "line",
    [
        "Press the button.",
        "3.5 mm is the width of the slot, as measured.",
        "USB 3.0",
        "Dear reader,",
        "12.5 kg",
        "OK",
        "第三章的内容很长，见下。",
    ],
)
def test_lines_that_only_remind_of_headings_are_not(line: str) -> None:
    assert blocks(f"Before this.\n\n{line}\n\nSome words follow here.")[1][0] != "heading"


def test_steps_parted_by_blank_lines_are_a_list() -> None:
    assert [kind for kind, _, _ in blocks("1. Open the lid\n\n2. Take the paper\n\n3. Close the lid\n")] == [
        "list_item"
    ] * 3


def test_underlined_titles_get_levels_in_the_order_met() -> None:
    found = blocks("Manual\n======\n\nwords\n\nPart\n----\nmore words\n\n标题\n====\n\nwords", "x.rst")
    assert [(level, text) for kind, level, text in found if kind == "heading"] == [
        (1, "Manual"),
        (2, "Part"),
        (1, "标题"),
    ]


def test_hard_wrapped_lines_are_joined_and_short_ones_kept_apart() -> None:
    lines = (
        "The pump moves water from the tank into the upper",
        "basin, where it cools down; a well-",
        "known method.",
    )
    assert text("\n".join(lines)).text == f"{lines[0]} {lines[1]}{lines[2]}"
    assert text("Miller Ltd\n12 High Street\nLondon\n").text == "Miller Ltd\n12 High Street\nLondon"
    zh = "请先关闭电源开关并且确认指示灯已经完全熄灭之后再打开机器的\n后盖取出电池。\n"
    assert text(zh).text == zh.replace("\n", "")


def test_unwrapped_lines_are_paragraphs_each() -> None:
    line = "A long line that nobody wrapped goes on and on over the margin of any page. " * 3
    assert [kind for kind, _, _ in blocks(f"{line}\n{line}\n{line}\n")] == ["paragraph"] * 3


def test_list_items_keep_depth_marker_and_their_wrapped_lines() -> None:
    bullets = "- first item that is long enough to be wrapped at\n  the margin\n  - inner\n- second\n"
    source = f"Do this:\n\n{bullets}\n1) one\n2) two\n"
    assert blocks(source)[1:] == [
        ("list_item", 1, "first item that is long enough to be wrapped at the margin"),
        ("list_item", 2, "inner"),
        ("list_item", 1, "second"),
        ("list_item", 1, "1) one"),
        ("list_item", 1, "2) two"),
    ]


def test_indented_code_is_kept_verbatim() -> None:
    assert ("code", 0, "if (x) {\n    y = 1;\n\n}") in blocks(
        "Write this:\n\n    if (x) {\n        y = 1;\n\n    }\n\nThen go on."
    )
    assert ("code", 0, "plain words") in blocks("Write this::\n\n   plain words\n\nThen go on.", "x.rst")


def test_tables_with_tabs_or_bars_are_rows() -> None:
    assert blocks("Code\tMeaning\tRemedy\nE1\tjam\topen\nE2\t\tclose\n") == [
        ("table_header", 0, "Code | Meaning | Remedy"),
        ("table_row", 0, "E1 | jam | open"),
        ("table_row", 0, "E2 |  | close"),
    ]
    assert blocks("+----+----+\n| a  | b  |\n+====+====+\n| 1  | 2  |\n+----+----+\n") == [
        ("table_row", 0, "a | b"),
        ("table_row", 0, "1 | 2"),
    ]


def test_tables_of_contents_are_told_apart() -> None:
    assert {kind for kind, _, _ in blocks("1 Start ........ 3\n2 Use ........ 7\n2.1 Daily . . . . . . 9\n")} == {"toc"}


def test_form_feeds_part_pages() -> None:
    document = text("first page\n\f\fthird page\n\f")
    assert [(page.number, document.text[page.start : page.end].strip()) for page in document.pages] == [
        (1, "first page"),
        (2, ""),
        (3, "third page"),
    ]
    assert document.page_at(document.text.index("third")) == 3
    assert text("no page").pages == ()
