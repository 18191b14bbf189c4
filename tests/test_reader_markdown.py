"""Markdown: CommonMark with tables, what is seen and not what is written, HTML within it read as HTML."""

from __future__ import annotations

from ragqa.readers import read_bytes
from ragqa.types import Document


def markdown(text: str) -> Document:
    return read_bytes(text.encode(), "x.md")


def blocks(text: str) -> list[tuple[str, int, str]]:
    document = markdown(text)
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_front_matter_gives_the_title_and_is_not_text() -> None:
    document = markdown('---\ntitle: "Pump manual"\ndate: 2024\n---\n# Start\n\nwords')
    assert (document.title, document.text) == ("Pump manual", "Start\n\nwords")
    assert markdown("# Start\nwords").title == "Start"
    assert markdown("---\n\nbetween two rules\n\n---\n").text == "between two rules"


def test_lists_keep_depth_and_numbers() -> None:
    assert blocks("3. a\n   - b\n\n     more\n4. c\n") == [
        ("list_item", 1, "3. a"),
        ("list_item", 2, "b"),
        ("list_item", 2, "more"),
        ("list_item", 1, "4. c"),
    ]


def test_tables_give_a_header_and_rows() -> None:
    assert blocks("| Code | Meaning |\n|---|---|\n| E1 | a \\| b |\n| `E2` | |\n") == [
        ("table_header", 0, "Code | Meaning"),
        ("table_row", 0, "E1 | a ¦ b"),
        ("table_row", 0, "E2"),
    ]


def test_code_is_kept_verbatim_and_its_entities_too() -> None:
    assert blocks("```c\nif (a &amp;& b)\n  *p = 1;\n```\n") == [("code", 0, "if (a &amp;& b)\n  *p = 1;")]


def test_escapes_entities_links_and_emphasis_are_resolved() -> None:
    assert markdown("\\*not\\* **bold** [link](http://x.y) &lt;a&gt; `x*y` H<sub>2</sub>O<br>next").text == (
        "*not* bold link <a> x*y H2O\nnext"
    )


def test_html_blocks_are_read_as_html_and_comments_dropped() -> None:
    found = blocks(
        "B\n\n<table>\n<tr><th>a</th><th>b</th></tr>\n\n<tr><td>1</td><td>2</td></tr>\n</table>\n\n<!-- x -->\nAfter"
    )
    assert [(kind, text) for kind, _, text in found][:3] == [
        ("paragraph", "B"),
        ("table_header", "a | b"),
        ("table_row", "1 | 2"),
    ]
    assert found[-1][2] == "After"


def test_wrapped_chinese_lines_are_joined_without_a_space() -> None:
    assert markdown("请先关闭\n电源。\nThen wait\nhere.").text == "请先关闭电源。 Then wait here."
