"""A folder of examples as ``ragqa finetune prepare`` leaves it, for benches that make their own splits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ragqa.finetune.records import RECORD, SPLITS, Example, Form, Prepared


def prepared_in(folder: Path, parts: Mapping[str, Sequence[Example]], form: Form, library: str | None = None) -> Path:
    """Write the examples of each split, and what ``prepared.json`` says of them; return the folder."""
    folder.mkdir(parents=True)
    hashes = {}
    for split in SPLITS:
        text = "".join(f"{example.line()}\n" for example in parts.get(split, ()))
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
        hashes[split] = hashlib.sha256(text.encode()).hexdigest()
    labels = tuple(sorted({str(one.label) for part in parts.values() for one in part if one.label}))
    counts = {split: len(parts.get(split, ())) for split in SPLITS}
    record = Prepared(form, 0, counts, hashes, labels=labels, library=library)
    (folder / RECORD).write_text(json.dumps(asdict(record)), encoding="utf-8")
    return folder
