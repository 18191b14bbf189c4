"""Train a model on what a comparison asks, through the jobs of ``finetune``: the same data takes up a finished job."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.errors import GO_ON, RagqaError
from ragqa.finetune import open_provider
from ragqa.finetune.jobs import Job, TrainOptions
from ragqa.finetune.records import SPLITS, Example, Form, Prepared, lines_of, write_splits
from ragqa.finetune.records import Split as Part

if TYPE_CHECKING:
    from ragqa.compare.systems import Bench


def train(parts: Mapping[Part, Sequence[Example]], form: Form, base: str, bench: Bench) -> Job:
    """Return the finished job. Raises RagqaError where there is nothing to learn, or training stopped."""
    if not parts.get("train"):
        raise RagqaError(
            f"there is no example of the form {form} to train on: give questions with answers, or fewer systems"
        )
    with tempfile.TemporaryDirectory(prefix="ragqa-compare-") as made:
        folder = Path(made)
        write_prepared(folder, parts, form, bench.seed)
        # A model from nothing reads the manuals first; of any other nobody knows what it has read.
        reads = bench.library.name if base == "scratch" else None
        options = TrainOptions(base=base, seed=bench.seed, read_library=reads)
        provider = open_provider("local", bench.settings)
        job = provider.create(folder, options, bench.notice)
    if job.state != "succeeded" or job.model is None:
        raise RagqaError(f"training job {job.id} is {job.state}: {GO_ON}")
    return job


def write_prepared(folder: Path, parts: Mapping[Part, Sequence[Example]], form: Form, seed: int) -> Path:
    """Write examples as ``finetune prepare`` does into ``folder``, made where it is not there; return it."""
    labels = tuple(sorted({one.label for some in parts.values() for one in some if one.label}))
    counts: dict[str, int] = {part: len(parts.get(part, ())) for part in SPLITS}
    folder.mkdir(parents=True, exist_ok=True)
    lines = {part: lines_of(examples) for part, examples in parts.items()}
    write_splits(folder, lines, Prepared(form, seed, counts, {}, labels=labels))
    return folder
