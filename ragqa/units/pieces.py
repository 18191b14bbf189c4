"""The blocks of a section as a reader sees them: steps, items, lead-ins, notes, warnings. Knows one block at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.cjk import CJK, HAN
from ragqa.types import Block, BlockKind, Span
from ragqa.wording import document_words

_NUMBER = re.compile(
    rf"(?:step\s+|第|步骤\s*|步驟\s*)?[(（]?(\d{{1,2}})(?:[.)）、]|\s|步|(?=[{HAN}])|{document_words('step_behind')})(?![\d.])"
    rf"|(?:{document_words('step')})[(（]?(\d{{1,2}})(?:[.)）、:：]|\s|$|(?=[{CJK}]))(?![\d.])",
    re.IGNORECASE,
)
# A scanned bullet is often read as a small l, which is no word.
_BULLET = re.compile(r"[•◦▪‣●○■□▶►✓➢→⁃∙·\u2013\u2014*>-]\s*|l\s+(?=[A-Z0-9])")
_NOTE = re.compile(
    rf"\W{{0,3}}(?:{document_words('notes')}|notes?|notice|important|caution|warning|danger|attention|tips?|hints?|or"
    r"|注意|警告|危险|危險|小心|提示|说明|說明|备注|備註|重要)\b[^\w]{0,3}",
    re.IGNORECASE,
)
_HAZARD = re.compile(
    r"\b(?:warning|caution|danger|hazards?|risk of|injur(?:y|ies)|electric(?:al)? shock|do not|never|always|important"
    r"|before you (?:begin|start))\b|注意|警告|危险|危險|小心|当心|當心|切勿|请勿|請勿|严禁|嚴禁|触电|觸電"
    rf"|{document_words('hazards')}",
    re.IGNORECASE,
)
_COLON = (":", "：")
_ENDED = re.compile(r"[.!?:;。！？：；…)\]）】”\"']\s*$")
_TERM = re.compile(r"[^\n.!?。]{1,60}?(?:\s[–—-]\s|[:：]\s?)\S")
_IMPERATIVE = re.compile(
    r"\W*(?:then |now |first,? |finally,? |carefully |gently |slowly |always |never |do not |don.t )?(?:"
    r"add|adjust|align|allow|assemble|attach|check|choose|clean|clear|click|close|confirm|connect|copy|create"
    r"|cut|delete|detach|disable|disassemble|disconnect|discharge|dismantle|download|drag|drain|dry|edit|empty"
    r"|enable|ensure|enter|fill|find|fit|fold|go to|grip|guide|hang|hold|immerse|insert|install|keep|leave|let"
    r"|lift|loosen|lower|make sure|measure|mount|move|observe|open|place|plug|pour|press|pull|push|put|raise"
    r"|reach|read|rearm|reattach|reconnect|refill|refit|reinstall|release|remove|repeat|replace|reset|restart"
    r"|rinse|rotate|run|save|screw|select|send|set|sign|slide|squeeze|start|stop|swing|swipe|switch|take|tap"
    r"|tighten|tilt|tip|touch|turn|type|undo|unlock|unplug|unscrew|use|verify|wait|wash|wipe|write"
    r")\b",
    re.IGNORECASE,
)
_TELLS = re.compile(document_words("imperative"), re.IGNORECASE)
"""The same in the languages of ``wording``."""

_CHINESE_STEP = re.compile(
    r"\W*(?:请|請|先|再|然后|然後|最后|最後|将|將|把|按|打开|打開|关闭|關閉|取下|取出|拆|装|裝|拧|擰|拔|插|用|点击|點擊|选择|選擇"
    r"|进入|進入|运行|運行|设置|設置|检查|檢查|清洗|执行|執行|编辑|編輯|确认|確認|等待|断开|斷開|连接|連接|松开|鬆開|更换|更換)"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of a section, with what it looks like."""

    kind: BlockKind
    start: int
    end: int
    level: int
    text: str
    number: int | None
    """Of a numbered step or item."""
    item: bool
    """Whether it stands in a list."""

    @classmethod
    def of(cls, block: Block, text: str) -> Piece:
        """Return the block of ``text`` as a piece."""
        number = step_number(text) if block.kind in ("list_item", "paragraph", "heading") else None
        item = block.kind == "list_item" or (block.kind == "paragraph" and bool(_BULLET.match(text)))
        return cls(block.kind, block.start, block.end, block.level, text, number, item)

    @property
    def style(self) -> str:
        """How its number is written: what stands around the digits of '1.', '(1)', '1'."""
        match = _NUMBER.match(self.text) if self.number is not None else None
        return re.sub(r"[\d\s]", "", match[0]) if match else ""

    @property
    def leads(self) -> bool:
        """Whether it announces what stands below it."""
        return self.text.rstrip().endswith(_COLON)

    @property
    def row(self) -> bool:
        """Whether it belongs to a table."""
        return self.kind in ("table_header", "table_row")

    @property
    def note(self) -> bool:
        """Whether it is a note or a warning beside the text, or the word that announces one."""
        return bool(_NOTE.match(self.text)) and self.kind != "list_item"

    @property
    def label(self) -> bool:
        """Whether it is no more than a word that announces: Note, Caution."""
        return len(self.text) <= 60 and not _ENDED.search(self.text.replace(":", "")) and self.note

    @property
    def hazard(self) -> bool:
        """Whether it warns."""
        return bool(_HAZARD.search(self.text))

    @property
    def imperative(self) -> bool:
        """Whether it tells to do something."""
        return any(told.match(self.text) for told in (_IMPERATIVE, _CHINESE_STEP, _TELLS))

    @property
    def term(self) -> bool:
        """Whether it is a term with its description: 'Standby – the lamp is red'."""
        return bool(_TERM.match(self.text))

    @property
    def unclosed(self) -> bool:
        """Whether it ends within brackets."""
        return self.text.count("(") + self.text.count("（") > self.text.count(")") + self.text.count("）")

    @property
    def goes_on(self) -> bool:
        """Whether it begins in the middle of a sentence."""
        return self.kind == "paragraph" and not self.item and self.text[:1].islower()


def step_number(text: str) -> int | None:
    """Return the number that a line begins with, as a step does."""
    match = _NUMBER.match(text)
    return int(match[1] or match[2]) if match else None


def find_rows(pieces: Sequence[Piece]) -> tuple[Span, ...]:
    """Return the spans of the rows of a table, header lines left out."""
    found: list[tuple[int, int]] = []
    width, capitals = 0, True
    for piece in pieces:
        if piece.kind == "table_header":
            width = _width(piece)
            continue
        width = width or _width(piece)
        if not found:
            capitals = not piece.text[:1].islower()
        if found and _continues(piece, width, capitals):
            found[-1] = (found[-1][0], piece.end)
        else:
            found.append((piece.start, piece.end))
    return tuple(found)


def _width(piece: Piece) -> int:
    return piece.text.count(" | ") + 1


def _continues(piece: Piece, width: int, capitals: bool) -> bool:
    """Whether a line says only one thing and not in the first column, or begins in the middle of a sentence.

    ``capitals``: whether this table's rows begin with capitals, where small letters tell. A row that has fewer cells
    than the table ends in empty ones.
    """
    cells = [cell.strip() for cell in piece.text.split(" | ")]
    said = [cell for cell in cells if cell]
    first = said[0][:1] if said else ""
    alone = width > 1 and len(said) == 1 and (not cells[0] or len(cells) == 1)
    return alone or (capitals and (first.islower() or first in "(（"))
