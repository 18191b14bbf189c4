"""Conversations, as chat messages or written as text, to entries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ragqa.answerers.prompting import Message, Role
from ragqa.errors import RagqaError
from ragqa.finetune.reading.questions import Entry, Reading, SourceRow

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
}


def read_messages(rows: Sequence[SourceRow], name: str) -> Reading:
    """Return an entry a conversation. Raises RagqaError, naming the line, where one is not in the form."""
    entries = []
    for row in rows:
        where = f"{name}, {row.where}"
        said = [_message(one, where) for one in _listed(row.fields.get("messages"), where)]
        label = row.fields.get("label") or row.fields.get("category")
        entry = conversation(said, where)
        entries.append(
            Entry(
                entry.question,
                entry.answers,
                where,
                id=str(row.fields.get("_id") or row.fields.get("id") or ""),
                before=entry.before,
                label=str(label).strip() if label else None,
                passage=str(row.fields.get("conversation") or entry.passage),
            )
        )
    return Reading(entries)


def conversation(said: Sequence[Message], where: str) -> Entry:
    """Return a conversation up to its last answer: turns alternate, two of one side in a row become one.

    Raises RagqaError where no assistant answers a user.
    """
    turns: list[Message] = []
    for message in said:
        if turns and turns[-1].role == message.role:
            turns[-1] = Message(message.role, f"{turns[-1].content}\n\n{message.content}")
        else:
            turns.append(message)
    while turns and turns[-1].role != "assistant":
        turns.pop()
    if len(turns) < 2 or turns[-2].role != "user":
        raise RagqaError(
            f"{where}: expected a user's message and an assistant's answer to it, got the roles "
            f"{', '.join(message.role for message in said) or 'of no message'}"
        )
    answer = turns[-1].content.strip()
    several = sum(message.role == "assistant" for message in turns) > 1
    return Entry(
        turns[-2].content.strip(),
        (answer,) if answer else (),
        where,
        before=tuple(turns[:-2]),
        passage=f"conversation {where}" if several else "",
    )


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise RagqaError(f"{where}: expected a list under 'messages', got {str(value)[:40]!r}")
    return value


def _message(value: Any, where: str) -> Message:
    row = value if isinstance(value, dict) else {}
    role = ROLES.get(str(row.get("role", row.get("from"))).lower())
    content = row.get("content", row.get("value"))
    if role is None or not isinstance(content, str):
        raise RagqaError(
            f'{where}: expected messages {{"role": "user" or "assistant", "content": "…"}}, got {str(value)[:60]!r}'
        )
    return Message(role, content)


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
