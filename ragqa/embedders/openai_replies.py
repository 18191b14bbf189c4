"""What a server sends of embeddings → vectors, and what its refusals say of how many texts it takes. Sends nothing.

Servers differ: rows come without an index or all with the same, vectors as numbers or in base64, or a bare list.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ragqa.openai_api.bodies import Body
from ragqa.openai_api.errors import ServerError

BASE64 = "base64"
"""The form that vectors are asked for in: a third of the size of numbers, and far quicker to read."""


class NotVectors(Exception):
    """A reply that does not hold a vector for each text; says what it holds."""


def read_vectors(body: Body, expected: int) -> tuple[np.ndarray, int]:
    """Return float32 (expected, dim) in the order of the texts, and the tokens that the server says it read.

    Raises NotVectors, and Failure where the body is none.
    """
    reply: dict[str, Any] = next(iter(body))
    rows = next((reply[name] for name in ("data", "embeddings") if isinstance(reply.get(name), list)), None)
    if rows is None:
        raise NotVectors("a reply that is not a list of embeddings")
    if len(rows) != expected:
        raise NotVectors(f"{len(rows):,} embeddings for {expected:,} texts")
    vectors = [_vector(row) for row in _ordered(rows)]
    lengths = sorted({len(vector) for vector in vectors})
    if len(lengths) > 1:
        raise NotVectors(f"vectors of {lengths[0]} and of {lengths[-1]} numbers in one reply")
    found = np.stack(vectors)
    if not found.size:
        raise NotVectors("vectors that are empty")
    if not np.isfinite(found).all():
        raise NotVectors("vectors of numbers that are none (NaN or infinite)")
    usage = reply.get("usage")
    used = usage.get("total_tokens") or usage.get("prompt_tokens") if isinstance(usage, dict) else 0
    return found, used if isinstance(used, int) else 0


def _ordered(rows: Sequence[Any]) -> list[Any]:
    """Return the rows by their index; those without one take the places left.

    Some servers leave out an index of 0, some all; where they give two rows the same, all stay as they came.
    """
    given = [row.get("index") if isinstance(row, dict) else None for row in rows]
    known = [at for at in given if isinstance(at, int) and 0 <= at < len(rows)]
    if len(set(known)) < len(known) or len(known) < sum(at is not None for at in given):
        return list(rows)
    free = iter(sorted(set(range(len(rows))) - set(known)))
    places = [next(free) if at is None else at for at in given]
    return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda placed: placed[0])]


def _vector(row: Any) -> np.ndarray:
    """Return float32 (dim,). Raises NotVectors."""
    said = row.get("embedding") if isinstance(row, dict) else row
    try:
        if isinstance(said, str):
            return np.frombuffer(base64.b64decode(said, validate=True), "<f4").astype(np.float32)
        vector = np.asarray(said, np.float64)
        if vector.ndim == 2 and len(vector) == 1:  # of one text, in a list of its own
            vector = vector[0]
        with np.errstate(over="ignore"):  # what no float32 holds becomes infinite, and is said
            vector = vector.astype(np.float32)
    except (binascii.Error, TypeError, ValueError, OverflowError):
        vector = np.zeros((0, 0), np.float32)
    if vector.ndim != 1:
        raise NotVectors("embeddings that are no lists of numbers")
    return vector


_FORM = re.compile(r"base.?64|encoding.?format", re.I)
_SIZE = re.compile(
    r"\bbatch|too (?:many|large|long|big)|at most|max(?:imum)?\b|(?:larger|more|greater|less|fewer) than|exceed|limit",
    re.I,
)
_LIMIT = re.compile(
    r"(?:(?:larger|more|greater) than|at most|max(?:imum)?\b|exceed\w*|limit\w*|up to|<=?|≤)[^\d<>]{0,60}?(\d{1,6})\b",
    re.I,
)


def refuses_base64(error: ServerError) -> bool:
    """Say whether it may be the vectors' form that a server won't take; one that breaks down on it says nothing."""
    return (error.status in (400, 415, 422) and bool(_FORM.search(error.words))) or error.status >= 500


def batch_limit(error: ServerError, sent: int) -> int:
    """Return how many texts to send at a time, where fewer than were ``sent`` may be taken; else 0.

    It is the number in the server's words, or half: of 4xx that don't say why too, so that a text at fault is found.
    """
    about_size = error.status == 413 or bool(_SIZE.search(error.words))
    refused = error.status in (400, 413, 422) and not error.no_such_model
    if sent == 1 or not (refused or (about_size and error.status >= 500)):
        return 0
    said = [int(number) for number in _LIMIT.findall(error.words)] if about_size else []
    return next((number for number in said if 0 < number < sent), sent // 2)
