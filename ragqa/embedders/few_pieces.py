"""Cut a few texts into the pieces of a large vocabulary without loading it: a question has a hundred of its pieces.

A Unigram model (Kudo 2018, arXiv 1804.10959) weighs the pieces that a text can be cut into. Those are looked up by
their hashes in a file, and a tokenizer is made of them alone: it cuts the text as the whole one does, which takes a
second and 300 MB to load for a vocabulary of 250,000.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES, AROUND = "pieces.npy", "around.json"
"""The pieces by their hashes, and the rest of the tokenizer."""

LARGE = 65_536
"""Pieces of a vocabulary from which it is worth it."""

MOST = 4_000
"""Characters of the texts for which a tokenizer is made; longer ones have too many pieces."""

_PIECE = np.dtype([("hash", "<u8"), ("id", "<i4"), ("score", "<f8")])


def write_pieces(tokenizer: Path, out: Path) -> None:
    """Write the pieces of a large Unigram tokenizer into ``out``; nothing for any other."""
    held = json.loads(tokenizer.read_text("utf-8"))
    model = held["model"]
    if model.get("type") != "Unigram" or model.get("byte_fallback") or len(model["vocab"]) < LARGE:
        return
    pieces = np.array([(_hash(piece), at, score) for at, (piece, score) in enumerate(model["vocab"])], _PIECE)
    np.save(out / PIECES, np.sort(pieces, order="hash"))
    named = {one["id"] for one in held["added_tokens"]} | {model["unk_id"]}
    around = {
        "special": [(at, *model["vocab"][at]) for at in sorted(named)],
        "least": min(score for _, score in model["vocab"]),
        "longest": max(len(piece) for piece, _ in model["vocab"]),
        "tokenizer": {**held, "model": {**model, "vocab": []}},
    }
    (out / AROUND).write_text(json.dumps(around), "utf-8")


def few_pieces(folder: Path) -> FewPieces | None:
    """Return what ``write_pieces`` left in a folder, if it left anything."""
    return FewPieces(folder) if (folder / AROUND).is_file() else None


class FewPieces:
    """The pieces of a vocabulary, in a file. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._pieces = np.load(folder / PIECES, mmap_mode="r", allow_pickle=False)
        self._around: dict[str, Any] = json.loads((folder / AROUND).read_text("utf-8"))
        self._empty = self._made([])[0]

    def tokenizer_of(self, texts: Sequence[str]) -> tuple[Tokenizer, np.ndarray]:
        """Return a tokenizer that cuts ``texts`` as the whole one does, and int32: that one's id for each of its."""
        found: set[str] = set()
        for text in texts:
            normal = self._empty.normalizer.normalize_str(text) if self._empty.normalizer else text
            words = self._empty.pre_tokenizer.pre_tokenize_str(normal) if self._empty.pre_tokenizer else [(normal, ())]
            for word in {word for word, _ in words}:
                for start in range(len(word)):
                    ends = range(start + 1, min(len(word), start + self._around["longest"]) + 1)
                    found.update(word[start:end] for end in ends)
        return self._made(sorted(found))

    def _made(self, candidates: Sequence[str]) -> tuple[Tokenizer, np.ndarray]:
        from tokenizers import Tokenizer

        hashes = np.array([_hash(piece) for piece in candidates], np.uint64)
        at = np.minimum(np.searchsorted(self._pieces["hash"], hashes), len(self._pieces) - 1)
        rows = self._pieces[at]
        special = self._around["special"]
        own = {piece for _, piece, _ in special}
        held = [
            (piece, row) for piece, row, wanted in zip(candidates, rows, hashes, strict=True) if row["hash"] == wanted
        ]
        held = sorted(((piece, row) for piece, row in held if piece not in own), key=lambda one: int(one[1]["id"]))
        vocabulary = [(piece, score) for _, piece, score in special]
        vocabulary += [(piece, float(row["score"])) for piece, row in held]
        vocabulary.append(("\uffff" * 2, self._around["least"]))  # by which what is unknown is weighed
        places = {real: place for place, (real, _, _) in enumerate(special)}
        given = self._around["tokenizer"]
        model = {**given["model"], "vocab": vocabulary, "unk_id": places[given["model"]["unk_id"]]}
        added = [{**one, "id": places[one["id"]]} for one in given["added_tokens"]]
        whole = {
            **given,
            "model": model,
            "added_tokens": added,
            "post_processor": _placed(given["post_processor"], places),
        }
        ids = [*places, *(int(row["id"]) for _, row in held), -1]
        return Tokenizer.from_str(json.dumps(whole)), np.array(ids, np.int32)


def _placed(processor: dict[str, Any] | None, places: dict[int, int]) -> dict[str, Any] | None:
    """Return a post-processor by template with the ids of its special tokens replaced."""
    if not processor or "special_tokens" not in processor:
        return processor
    tokens = processor["special_tokens"].items()
    placed = {name: {**one, "ids": [places.get(real, real) for real in one["ids"]]} for name, one in tokens}
    return {**processor, "special_tokens": placed}


def _hash(piece: str) -> int:
    return int.from_bytes(blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
