"""A conversation written as text: each turn begins its line with who speaks, an empty line changes nothing.

``---`` or ``===`` on a line of its own, or a new opening turn by the system, begins another conversation.
"""

from __future__ import annotations

import re

from ragqa.answerers.prompting import Message, Role
from ragqa.finetune.reading.entries import Entry, Reading
from ragqa.finetune.reading.messages import conversation

SPEAKERS: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "customer", "q", "question", "用户", "用戶", "客户", "问", "問"), "user"),
    **dict.fromkeys(("assistant", "agent", "bot", "ai", "a", "answer", "support", "助手", "客服", "答"), "assistant"),
    **dict.fromkeys(("system", "系统", "系統"), "system"),
}
_TURN = re.compile(rf"^\s*\**({'|'.join(map(re.escape, SPEAKERS))})\**\s*[:：]\**\s*(.*)$", re.IGNORECASE)
_BETWEEN = re.compile(r"^\s*(?:-{3,}|={3,}|\*{3,})\s*$")


def is_dialogue(text: str) -> bool:
    """Say whether the first line with anything on it is a turn, and both sides speak."""
    lines = [line for line in text.split("\n") if line.strip()]
    speakers = {SPEAKERS[match[1].lower()] for line in lines if (match := _TURN.match(line))}
    return bool(lines) and bool(_TURN.match(lines[0])) and {"user", "assistant"} <= speakers


def read_dialogue(text: str, name: str) -> Reading:
    """Return an entry a conversation. Raises RagqaError where one has no answer."""
    entries: list[Entry] = []
    said: list[tuple[Role, list[str]]] = []
    begins = 1

    def close() -> None:
        if said:
            messages = [Message(role, "\n".join(lines).strip()) for role, lines in said]
            entries.append(conversation(messages, f"{name}, line {begins}"))
            said.clear()

    for number, line in enumerate(text.split("\n"), 1):
        turn = _TURN.match(line)
        if _BETWEEN.match(line) or (turn and said and SPEAKERS[turn[1].lower()] == "system"):
            close()
        if turn:
            begins = begins if said else number
            said.append((SPEAKERS[turn[1].lower()], [turn[2]]))
        elif said and not _BETWEEN.match(line):
            said[-1][1].append(line)
    close()
    return Reading(entries)
