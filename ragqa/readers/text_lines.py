"""What one line, or a few lines together, of plain text look like: heading, list item, rule, row, code.

Careful by design: a heading missed costs little, a sentence taken for one costs the section it stands in. No pattern is
put to a line longer than ``LONG``, so that no line can take more than time linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.cjk import HAN, KANA, PUNCTUATION

LONG = 300
"""Characters past which a line is prose, whatever it looks like."""

_RADICALS = "\u2e80-\u2fff"
_CJK_CHAR = re.compile(f"[{_RADICALS}{PUNCTUATION}{KANA}{HAN}]")
_RULE = re.compile(r"\s*([-=~_*#+.^\"'`:])(?:\s?\1){2,}\s*$")
_UNDERLINE = re.compile(r"([-=~^\"'`:.*+#<>_])\1{2,}\s*$")
_ITEM = re.compile(
    r"(\s*)(?:([-*+•·▪●○◦■□◆‣–—])\s+|((?:\d{1,3}|[a-z])[.)]|\([0-9a-zA-Z]{1,2}\)|[（(][一二三四五六七八九十\d]{1,3}[）)]|[①-⑳]|\d{1,2}、)\s*)(?=\S)"
)
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,3}){0,4})(\.?)\s+(\S.*)$")
_NAMED = re.compile(
    r"(?:chapter|appendix|part|book)\s+(?:\d{1,3}|[ivxlc]{1,7}|[a-z])\b(?:\s*[:.—–-]\s*\S.*|\s+[A-Z\"“].*)?\.?$",
    re.IGNORECASE,
)
_CHINESE = (
    (re.compile(r"第\s?[〇零一二三四五六七八九十百千\d]{1,6}\s?[章篇部卷编編](?![的,，])"), 1),
    (re.compile(r"(?:附录|附錄)\s?[A-Z一二三四五六七八九十\d]"), 1),
    (re.compile(r"第\s?[〇零一二三四五六七八九十百千\d]{1,6}\s?[节節](?![的,，])"), 2),
    (re.compile(r"[一二三四五六七八九十]{1,3}、"), 2),
)
_SENTENCE_END = re.compile(r"[.,;:!?。，；：！？、…]$")
_LEADERS = re.compile(  # begun at the first dot only: from each of 300 it would take 300 times as long
    r"(?:(?<!\.)\.{4,}|(?<!\. )(?:\. ){4,}|(?<!…)…{2,}|(?<!·)·{4,})\s*[\divxl]{1,5}$"
)
_CODE_SIGN = re.compile(r"[{}<>=;$\\|`]|^\s*[#>$%]|\w\(|\w/\w|--\w|_\w")
_COLUMNS = re.compile(r"\S {3,}\S")


def width(line: str) -> int:
    """Return how many columns a line fills; a Chinese character fills two."""
    return len(line) if line.isascii() else len(line) + len(_CJK_CHAR.findall(line[: 2 * LONG]))


def indent(line: str) -> int:
    """Return how many columns a line is indented; an ideographic space counts two."""
    columns = 0
    for char in line[:LONG]:
        if char not in " \t\u3000":
            break
        columns += {" ": 1, "\u3000": 2}.get(char, 4 - columns % 4)
    return columns


def is_rule(line: str) -> bool:
    """Say whether a line is only drawn: a row of dashes, equals signs or stars."""
    return len(line) <= LONG and _RULE.match(line) is not None


def underline_of(line: str) -> str | None:
    """Return the character of which a line under a title is made, or None."""
    match = _UNDERLINE.match(line) if len(line) <= LONG else None
    return match[1] if match else None


def underlines(title: str, under: str) -> bool:
    """Say whether ``under`` is a line drawn under ``title``: about as long, and the title looks like one."""
    fits = max(3, 0.6 * width(title.strip())) <= len(under.strip()) <= max(2 * width(title.strip()), 12) + 8
    return underline_of(under) is not None and fits and width(title) <= 120 and not is_rule(title)


def list_item(line: str) -> tuple[int, str, str] | None:
    """Return indent, marker with a space ('' of a bullet: the block says it) and text of a list item, or None."""
    match = _ITEM.match(line) if len(line) <= LONG or not line[:1].isalpha() else None
    if not match:
        return None
    marker = match[3]
    text = line[match.end() :]
    if (
        marker
        and line[match.end() - 1] not in " \t\u3000"
        and marker[-1] in ".)"
        and marker[0].isascii()
        and text[:1].isascii()
    ):
        return None  # 3.5 or a)b: no space, no item
    joint = "" if not marker or marker[-1] in "、）" else " "
    return indent(line), f"{marker}{joint}" if marker else "", text


def heading_alone(line: str) -> int:
    """Return the level of a line that stands between blank lines and reads as a heading; 0 where it does not."""
    text = line.strip()
    if not text or width(text) > 80 or is_rule(text):
        return 0
    if level := heading_anywhere(line):
        return level
    if _NAMED.match(text):
        return 1
    if _SENTENCE_END.search(text):
        return 0
    if match := _NUMBERED.match(text):
        title = match[3]
        begins = title[0].isupper() or _CJK_CHAR.match(title) is not None
        words = re.search(rf"[^\W\d_]{{2}}|[{HAN}]", title)
        return match[1].count(".") + 1 if begins and words and len(title.split()) <= 12 else 0
    letters = [char for char in text if char.isalpha()]
    caps = len(letters) >= 4 and text.isupper() and len(letters) * 2 > len(text) and not _CJK_CHAR.search(text)
    return 2 if caps and width(text) <= 60 and not list_item(line) else 0


def heading_anywhere(line: str) -> int:
    """Return the level of a line that is a heading even between others: 第三章, 一、; 0 where it is none."""
    text = line.strip()
    if not text or width(text) > 60 or _SENTENCE_END.search(text) or _LEADERS.search(text):
        return 0
    return next((level for pattern, level in _CHINESE if pattern.match(text)), 0)


def single_number(line: str) -> bool:
    """Say whether a line begins '1. ' or '1) ': a heading of a report, or a step of a list."""
    return re.match(r"\s*\d{1,2}[.)、]?\s", line[:20]) is not None


def is_contents(lines: Sequence[str]) -> bool:
    """Say whether lines are a table of contents: most end in dots and a page number."""
    return 2 * sum(len(line) <= LONG and _LEADERS.search(line.rstrip()) is not None for line in lines) > len(lines)


def looks_like_code(lines: Sequence[str]) -> bool:
    """Say whether indented lines are code rather than prose."""
    signs = sum(len(line) <= LONG and _CODE_SIGN.search(line) is not None for line in lines)
    return 2 * signs >= len(lines)


def is_aligned(lines: Sequence[str]) -> bool:
    """Say whether lines are columns held in place by blanks."""
    wide = sum(len(line) <= LONG and _COLUMNS.search(line) is not None for line in lines)
    return len(lines) >= 3 and 10 * wide >= 6 * len(lines)


def split_tab_rows(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells of lines that hold the same number of tabs within them, or None."""
    if len(lines) < 2 or any("\t" not in line.strip() for line in lines):
        return None
    rows = [line.rstrip("\n").split("\t") for line in lines]
    if any(line[0] == "\t" for line in lines) or len(set(map(len, rows))) > 2:
        return None
    return rows


def split_drawn_rows(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells of a table drawn with bars: | a | b |, with or without lines of +---+ between, or None."""
    if len(lines) < 2 or any(line.lstrip()[:1] not in ("|", "+") for line in lines):
        return None
    rows = [line.strip().strip("|").split("|") for line in lines if not re.match(r"\s*[|+][-=+:| ]*$", line[:LONG])]
    return rows if rows and all(len(row) > 1 for row in rows) else None


def join_lines(lines: Sequence[str]) -> str:
    """Join hard-wrapped lines: with a blank, or with nothing between Chinese characters and after a hyphen."""
    parts: list[str] = []
    for line in lines:
        line = line.strip()
        if parts:
            before = parts[-1][-1:]
            tight = _CJK_CHAR.match(before) and _CJK_CHAR.match(line[:1])
            hyphen = before == "-" and parts[-1][-2:-1].isalpha() and line[:1].islower()
            parts.append(line if tight or hyphen else " " + line)
        elif line:
            parts.append(line)
    return "".join(parts)
