"""What a model is trained on: examples, and the folder in which ``ragqa finetune prepare`` leaves them.

The folder holds ``train.jsonl``, ``valid.jsonl`` and ``test.jsonl``, a line an example, and ``prepared.json``, which is
written last: without it the folder is not finished. Reads and writes nothing but these files.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeAlias, get_args

from ragqa.answerers.prompting import Message
from ragqa.errors import RagqaError
from ragqa.models.files import sha256_of
from ragqa.plain_files import write_json

Form: TypeAlias = Literal["closed-book", "context", "route"]
"""Question → answer; passages and question → answer with its quote and marker; question → label."""

Split: TypeAlias = Literal["train", "valid", "test"]

SPLITS: tuple[Split, ...] = get_args(Split)
RECORD = "prepared.json"


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation to learn from: every assistant's message is learned, nothing else is.

    ``messages`` are what a model is asked and, last, what it should say. The other fields are for splitting and for
    measuring, and never reach a model.
    """

    id: str
    messages: tuple[Message, ...]
    question: str
    """The last thing asked, by itself."""
    answers: tuple[str, ...] = ()
    """Strings any of which answers it; empty where it can't be answered."""
    answerable: bool = True
    source: str = ""
    """Where it came from, for people: 'faq.csv, line 12'; 'generated from a table, pump.pdf p. 3'."""
    group: str = ""
    """What may not be torn apart by splitting: its document, passage or conversation."""
    document: str | None = None
    pages: tuple[int, ...] = ()
    """Physical pages, from 1, that answer it; empty in formats without pages."""
    label: str | None = None
    """Of the form ``route``."""
    reworded: tuple[str, ...] = ()
    """The same question in other words, where the set has them; not trained on."""
    evidence: tuple[str, ...] = ()
    """What the manual says, as far as the set quotes it: who quotes that has answered; not trained on."""

    def line(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of_line(cls, line: str) -> Example:
        """Return what ``line`` made. Raises ValueError, TypeError or KeyError on anything else."""
        row: dict[str, Any] = json.loads(line)
        row["messages"] = tuple(Message(**message) for message in row["messages"])
        for name in ("answers", "pages", "reworded", "evidence"):
            row[name] = tuple(row.get(name, ()))
        return cls(**row)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What ``prepared.json`` says of a folder of examples."""

    form: Form
    seed: int
    examples: dict[str, int]
    """By split."""
    sha256: dict[str, str]
    """Of each split's file."""
    sources: tuple[str, ...] = ()
    """The files or the library that it was made of."""
    labels: tuple[str, ...] = ()
    """Of the form ``route``: the labels, sorted."""
    generated: int = 0
    """How many examples no person wrote."""
    library: str | None = None
    """The library whose passages the questions are about, where there is one."""
    notes: tuple[str, ...] = field(default=())
    """What was found and mended, a line each."""


def write_splits(folder: Path, splits: Mapping[Split, Iterable[bytes]], record: Prepared) -> Prepared:
    """Write the lines of each split into ``folder``, which is there, and last the record; return it with the digests.

    Raises OSError.
    """
    digests: dict[str, str] = {}
    for split in SPLITS:
        digest = hashlib.sha256()
        with (folder / f"{split}.jsonl").open("wb") as file:
            for line in splits.get(split, ()):
                digest.update(line)
                file.write(line)
        digests[split] = digest.hexdigest()
    written = replace(record, sha256=digests)
    write_json(folder / RECORD, asdict(written))
    return written


def lines_of(examples: Iterable[Example]) -> Iterator[bytes]:
    """Yield the line of each example in a split's file."""
    return (f"{example.line()}\n".encode() for example in examples)


def read_prepared(folder: Path) -> Prepared:
    """Return what a folder of examples holds. Raises RagqaError where it is none, or not finished."""
    expected = f"{folder} should be a folder made by 'ragqa finetune prepare'"
    try:
        row = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        known = {one.name for one in fields(Prepared)}
        for name in ("sources", "labels", "notes"):
            row[name] = tuple(row.get(name, ()))
        return Prepared(**{name: value for name, value in row.items() if name in known})
    except FileNotFoundError:
        raise RagqaError(f"{expected}, but it holds no {RECORD}: run that first") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise RagqaError(f"{expected}, but {RECORD} can't be read ({error}): make it anew") from None


def read_unchanged(folder: Path) -> Prepared:
    """Return the same after a look that what is trained on is as ``prepare`` wrote it. Raises RagqaError."""
    data = read_prepared(folder)
    for split in ("train", "valid"):
        file = folder / f"{split}.jsonl"
        if not file.is_file() or sha256_of(file) != data.sha256.get(split):
            raise RagqaError(
                f"{file} should be as 'ragqa finetune prepare' wrote it; it is "
                f"{'another one' if file.is_file() else 'missing'}: make the folder anew"
            )
    return data


def read_examples(folder: Path, split: Split) -> Iterator[Example]:
    """Yield the examples of a split, in the file's order. Raises RagqaError, naming the line, on what is none."""
    file = folder / f"{split}.jsonl"
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield Example.of_line(line)
            except (ValueError, TypeError, KeyError, AttributeError):
                raise RagqaError(
                    f"{file}, line {number}: expected an example as 'ragqa finetune prepare' writes it, got "
                    f"{line.strip()[:40]!r}; make the folder anew"
                ) from None


Group = list[Example]
Parts = dict[Split, list[Group]]

ORDER: tuple[Split, ...] = ("train", "test", "valid")
"""Which split is served first where two lack as much."""


def split_examples(examples: Sequence[Example], seed: int, valid: float, test: float) -> dict[Split, list[Example]]:
    """Return the examples of each split, in their own order; ``valid`` and ``test`` are shares, 0 to 1.

    Where examples have labels, each label with two groups or more is learned from and measured with.
    """
    shares: dict[Split, float] = {"train": 1 - valid - test, "valid": valid, "test": test}
    parts: Parts = {split: [] for split in SPLITS}
    lacking = dict.fromkeys(SPLITS, 0.0)
    for label, groups in sorted(_by_label(_groups(examples)).items()):
        Random(f"{seed} {label}").shuffle(groups)
        _share_out(groups, shares, lacking, parts, learned_and_measured=bool(label and test))
    _fill_empty(parts, shares)
    where = {example.id: split for split in SPLITS for group in parts[split] for example in group}
    return {split: [example for example in examples if where[example.id] == split] for split in SPLITS}


def _groups(examples: Iterable[Example]) -> list[Group]:
    held: dict[tuple[str, str], Group] = defaultdict(list)
    for example in examples:
        held[("group", example.group) if example.group else ("alone", example.id)].append(example)
    return sorted(held.values(), key=lambda group: min(example.id for example in group))


def _by_label(groups: Iterable[Group]) -> dict[str, list[Group]]:
    held: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        held[group[0].label or ""].append(group)
    return held


def _share_out(
    groups: Sequence[Group],
    shares: dict[Split, float],
    lacking: dict[Split, float],
    parts: Parts,
    *,
    learned_and_measured: bool,
) -> None:
    """Give each group, the largest first, to the split that lacks most; where two lack as much, in ORDER.

    What a split lacks is carried on from label to label, so that small labels leave none of them short.
    """
    for split, share in shares.items():
        lacking[split] += share * sum(map(len, groups))
    for number, group in enumerate(sorted(groups, key=len, reverse=True)):
        most = max(ORDER, key=lambda split: round(lacking[split], 6))
        taken = ORDER[number] if learned_and_measured and number < 2 else most
        lacking[taken] -= len(group)
        parts[taken].append(group)


def _fill_empty(parts: Parts, shares: dict[Split, float]) -> None:
    """Give a split that got nothing a group whose label train does not lose with it, the smallest of these."""
    for split in ORDER[1:]:
        if parts[split] or not shares[split]:
            continue
        labels = Counter(group[0].label for group in parts["train"])
        spare = [group for group in parts["train"] if labels[group[0].label] > 1]
        if spare:
            smallest = min(spare, key=len)
            parts["train"] = [group for group in parts["train"] if group is not smallest]
            parts[split].append(smallest)
