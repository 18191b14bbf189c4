"""Answers, searches and documents as JSON: the one form that the command line and the server give them.

Knows no terminal and no HTTP. Fields are only ever added: programs read them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragqa.types import Answer, Document, Extract, Hit, Unit

if TYPE_CHECKING:
    from ragqa.retrieval import Found


def found_json(found: Found) -> dict[str, Any]:
    """Return the contract's form of a search."""
    return {
        "question": found.question,
        "corrections": [dataclasses.asdict(one) for one in found.corrections],
        "passages": [hit_json(hit) for hit in found.hits],
        "timings_ms": found.timings_ms,
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return the contract's form of a passage found."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "passage_id": passage.passage_id,
        "document": passage.document,
        "page": passage.page,
        "page_end": passage.page_end,
        "section": " > ".join(passage.section),
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "score": round(hit.score, 6),
        "scores": {"dense": hit.dense, "lexical": hit.lexical},
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return the contract's form of an answer."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "abstained": answer.abstained,
        "confidence": round(answer.confidence, 4),
        "citations": [
            {**dataclasses.asdict(citation), "section": " > ".join(citation.section)} for citation in answer.citations
        ],
        "units": [_extract_json(unit) for unit in answer.units],
        "unsupported": list(answer.unsupported),
        "corrections": [dataclasses.asdict(one) for one in answer.corrections],
        "answerer": answer.answerer,
        "usage": dataclasses.asdict(answer.usage),
        "warnings": list(answer.warnings),
        "passages": [hit_json(hit) for hit in answer.hits],
        "timings_ms": answer.timings_ms,
    }


def _extract_json(unit: Extract) -> dict[str, Any]:
    return {
        "kind": unit.kind,
        "document": unit.document,
        "page": unit.page,
        "page_end": unit.page_end,
        "section": " > ".join(unit.section),
        "start": unit.start,
        "end": unit.end,
        "text": unit.text,
        "steps_total": unit.steps or None,
    }


def outline_json(document: Document) -> list[dict[str, Any]]:
    """Return the headings of a document, in reading order."""
    return [{"level": one.level, "title": one.text, "page": one.page, "start": one.start} for one in document.outline()]


def units_json(document: Document, units: Sequence[Unit]) -> list[dict[str, Any]]:
    """Return units of a document, whole, in reading order."""
    return [
        {
            "kind": unit.kind,
            "start": unit.start,
            "end": unit.end,
            "page": unit.page,
            "page_end": unit.page_end,
            "section": " > ".join(unit.section),
            "steps": unit.steps or None,
            "warning": document.text[slice(*unit.warning)],
            "text": document.text[unit.start : unit.end],
        }
        for unit in units
    ]
