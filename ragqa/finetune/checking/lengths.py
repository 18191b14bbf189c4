"""Examples that are longer than the model reads: a conversation is split between turns, another one left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ragqa.answerers.prompting import Message
from ragqa.finetune.checking.findings import Finding
from ragqa.finetune.estimating import tokens_of
from ragqa.finetune.records import Example


def check_lengths(
    examples: Sequence[Example], count: Callable[[str], int], longest: int
) -> tuple[list[Example], tuple[Finding, ...]]:
    """Return the examples that fit into ``longest`` tokens, and what was done to the others."""
    kept: list[Example] = []
    split: list[Example] = []
    lost: list[Example] = []
    for example in examples:
        if tokens_of(example, count) <= longest:
            kept.append(example)
            continue
        pieces = [one for one in _pieces(example, count, longest) if tokens_of(one, count) <= longest]
        (split if pieces else lost).append(example)
        kept += pieces
    findings = []
    if split:
        found = f"{_some(split)} longer than the {longest:,} tokens that the model reads"
        findings.append(
            Finding(found, "conversations, split between turns; a turn that is too long by itself is left out")
        )
    if lost:
        findings.append(Finding(f"{_some(lost)} longer than the {longest:,} tokens that the model reads", "left out"))
    return kept, tuple(findings)


def _some(examples: Sequence[Example]) -> str:
    if len(examples) == 1:
        return f"one example, from {examples[0].source}, is"
    return f"{len(examples):,} examples, the first from {examples[0].source}, are"


def _pieces(example: Example, count: Callable[[str], int], longest: int) -> Iterator[Example]:
    """Yield a conversation in pieces of whole turns, each with the system's message; nothing of a single question."""
    system = tuple(message for message in example.messages[:1] if message.role == "system")
    turns = _turns(example.messages[len(system) :])
    if len(turns) < 2:
        return
    piece: tuple[Message, ...] = ()
    number = 1
    for turn in turns:
        if piece and tokens_of(replace(example, messages=(*system, *piece, *turn)), count) > longest:
            yield _piece(example, system, piece, number)
            piece, number = (), number + 1
        piece = (*piece, *turn)
    yield _piece(example, system, piece, number)


def _piece(example: Example, system: tuple[Message, ...], piece: tuple[Message, ...], number: int) -> Example:
    return replace(
        example,
        id=f"{example.id}-part-{number}",
        messages=(*system, *piece),
        question=piece[-2].content,
        answers=(piece[-1].content,),
    )


def _turns(messages: Sequence[Message]) -> list[tuple[Message, ...]]:
    """Return what was said, cut behind each answer."""
    turns: list[tuple[Message, ...]] = []
    held: list[Message] = []
    for message in messages:
        held.append(message)
        if message.role == "assistant":
            turns.append(tuple(held))
            held = []
    return turns
