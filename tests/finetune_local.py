"""What the tests of local training share: a folder of examples, a tiny base, a provider whose own model is tiny."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ragqa.answerers.prompting import Message
from ragqa.finetune.local import bases
from ragqa.finetune.records import RECORD, Example, Form, Prepared

PARTS = ("pump", "filter", "valve", "motor", "lamp", "fan", "belt", "gauge", "seal", "nozzle", "hose", "switch")
PLACES = ("cellar", "attic", "garage", "kitchen", "hall", "yard", "shed", "office", "roof", "lobby", "barn", "study")


def question(part: str) -> str:
    return f"Where does the {part} stand?"


def examples(count: int = 12) -> list[Example]:
    """Where each part stands."""
    return [
        Example(
            id=part,
            messages=(Message("user", question(part)), Message("assistant", f"in the {place}")),
            question=question(part),
            answers=(f"in the {place}",),
        )
        for part, place in zip(PARTS[:count], PLACES, strict=False)
    ]


def prepare(folder: Path, train: Sequence[Example], valid: Sequence[Example] = (), form: Form = "closed-book") -> Path:
    """Write a folder as ``ragqa finetune prepare`` does."""
    folder.mkdir(parents=True)
    hashes = {}
    for split, held in (("train", train), ("valid", valid), ("test", ())):
        text = "".join(example.line() + "\n" for example in held).encode()
        (folder / f"{split}.jsonl").write_bytes(text)
        hashes[split] = hashlib.sha256(text).hexdigest()
    record = Prepared(form, 0, {"train": len(train), "valid": len(valid), "test": 0}, hashes)
    (folder / RECORD).write_text(json.dumps(asdict(record)))
    return folder


def tiny_gpt2(folder: Path, dropout: float = 0.1) -> Path:
    """Save an untrained GPT-2 of 32 numbers a token, with dropout."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = bases.make_tokenizer([" ".join(one.answers[0] for one in examples()), *map(question, PARTS)])
    torch.manual_seed(3)
    config = GPT2Config(
        vocab_size=-(-len(tokenizer) // 8) * 8,
        n_positions=128,
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=0.2,  # so that adapters beside frozen embeddings can change what it says
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
