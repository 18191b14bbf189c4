"""The questions and labels of a prepared folder, checked as a classifier needs them. Trains nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.finetune.records import SPLITS, Example, Split, read_examples, read_prepared


@dataclass(frozen=True, slots=True)
class Labelled:
    """Questions, and the label of each at the same place."""

    questions: tuple[str, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.questions)

    @classmethod
    def of(cls, examples: list[Example]) -> Labelled:
        return cls(tuple(one.question for one in examples), tuple(str(one.label) for one in examples))


def read_labelled(prepared: Path) -> dict[Split, Labelled]:
    """Return the questions of each split. Raises RagqaError, one line, where they can't teach a classifier."""
    splits = {split: Labelled.of(examples) for split, examples in read_routes(prepared).items()}
    counts = Counter(label for split in splits.values() for label in split.labels)
    if len(set(splits["train"].labels)) < 2:
        raise RagqaError(
            f"{prepared} should teach two labels or more; its train.jsonl has {len(set(splits['train'].labels))}: "
            "add questions of other labels, and run 'ragqa finetune prepare' again"
        )
    lonely = sorted(label for label, count in counts.items() if count < 2)
    if lonely:
        others = f" (and {len(lonely) - 1} more labels)" if len(lonely) > 1 else ""
        raise RagqaError(
            f"label '{lonely[0]}'{others} has one example, and needs one to learn from and one to be measured by: "
            "add a question to it or join it with another label, and run 'ragqa finetune prepare' again"
        )
    return splits


def read_routes(prepared: Path) -> dict[Split, list[Example]]:
    """Return the examples of each split, each with a label. Raises RagqaError where the form is another."""
    record = read_prepared(prepared)
    if record.form != "route":
        raise RagqaError(
            f"a classifier learns from the form route; {prepared} is of the form {record.form}: "
            "run 'ragqa finetune prepare --form route'"
        )
    found: dict[Split, list[Example]] = {split: list(read_examples(prepared, split)) for split in SPLITS}
    for split, examples in found.items():
        if bare := next((one for one in examples if not one.label), None):
            raise RagqaError(f"{prepared / split}.jsonl: example '{bare.id}' has no label: make the folder anew")
    return found
