"""Sources → training data: read, look over, group, bring into a form, split, and at last write. Prints nothing.

``prepare`` plans and changes nothing; ``Planned.write`` makes the folder that training reads, whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ragqa.answerers.prompting import Room
from ragqa.errors import RagqaError
from ragqa.finetune.checking import Checked, Finding
from ragqa.finetune.checking.duplicates import check_duplicates, check_near_duplicates, group_related
from ragqa.finetune.checking.entries import check_empty, check_encoding, check_labels, check_lengths, check_places
from ragqa.finetune.estimating import Estimate, counter, estimate_examples, longest_of
from ragqa.finetune.forms import closed_book_examples, context_examples, label_entries, route_examples
from ragqa.finetune.reading import Entry, Reading, read_generated, read_sources
from ragqa.finetune.records import (
    RECORD,
    SPLITS,
    Example,
    Form,
    Prepared,
    Split,
    lines_of,
    read_prepared,
    split_examples,
    write_splits,
)
from ragqa.plain_files import made_whole
from ragqa.prices import Price
from ragqa.prompts import load_prompts

if TYPE_CHECKING:
    from ragqa.engine import Library

LEAST = 3
"""Examples without which there is nothing to learn from, to stop by and to be measured with."""

GENERATED = 500
"""Questions written for a library that has none, at most."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Training data as it would be written, and all that a person should know before agreeing."""

    splits: Mapping[Split, Sequence[Example]]
    record: Prepared
    """Without the digests of files, which are not written yet."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    """How the sources were read and split."""

    def estimate(self, base: str, epochs: int, prices: Mapping[str, Price]) -> Estimate:
        """Return what training on it takes, before anything is written or sent."""
        return estimate_examples(self.splits["train"], base, epochs, prices)

    def write(self, out: Path) -> Prepared:
        """Make the folder ``out``; the same data that is there already is left as it is.

        Raises RagqaError where ``out`` holds anything else, or can't be written.
        """
        if out.exists():
            return self._same(out)
        with made_whole(out) as making:
            return write_splits(making, {split: lines_of(self.splits[split]) for split in SPLITS}, self.record)

    def _same(self, out: Path) -> Prepared:
        other = f"{out} is there already and holds something else: choose another --out, or remove it"
        if not (out / RECORD).is_file():
            raise RagqaError(other)
        held = read_prepared(out)
        for split in SPLITS:
            digest = hashlib.sha256()
            for line in lines_of(self.splits[split]):
                digest.update(line)
            if held.sha256.get(split) != digest.hexdigest():
                raise RagqaError(other)
        return held


def prepare(
    sources: Sequence[Path],
    form: Form,
    *,
    library: Library | None = None,
    seed: int = 0,
    valid: float = 0.1,
    test: float = 0.2,
    model: str | None = None,
    count: int = GENERATED,
    notice: Callable[[str], None] = lambda line: None,
) -> Planned:
    """Return the training data that ``sources``, or without any the manuals of ``library``, give in ``form``.

    ``model``, a folder or a hosted name, decides how tokens are counted and how long an example may be. ``notice``
    receives how far it is. Raises RagqaError, one line, where the sources can't be read or too little is left.
    """
    _check_asked(sources, form, library, valid, test)
    if sources:
        reading = read_sources(sources)
    else:
        assert library is not None
        reading = read_generated(library, count, seed, notice)
    entries, groups, findings, notes = _looked_over(reading, form, library)
    if len(entries) < LEAST:
        raise _too_few(len(reading.entries), len(entries), findings)
    made, more = _examples(entries, groups, form, library, model, seed, notice)
    findings += more
    if len(made) < LEAST:
        raise _too_few(len(reading.entries), len(made), findings)
    splits = split_examples(made, seed, valid, test)
    findings += _of_split(splits, {"valid": valid, "test": test})
    written = {entry.id for entry in entries if entry.generated}
    record = Prepared(
        form,
        seed,
        {split: len(splits[split]) for split in SPLITS},
        {},
        sources=tuple(str(source) for source in sources) or (f"generated from library {library and library.name}",),
        labels=tuple(sorted({example.label for example in made if example.label})),
        generated=sum(example.id in written for example in made),
        library=library.name if library else None,
        notes=(*notes, *(finding.told() for finding in findings)),
    )
    return Planned(splits, record, findings, notes)


def _check_asked(sources: Sequence[Path], form: str, library: Library | None, valid: float, test: float) -> None:
    if form not in get_args(Form):
        raise RagqaError(f"--form takes {', '.join(get_args(Form))}; got '{form}'")
    if not (0 <= valid < 1 and 0 <= test < 1 and valid + test < 1):
        raise RagqaError(
            f"--valid and --test are shares that leave something to learn from; got {valid:g} and {test:g}"
        )
    if form == "context" and library is None:
        raise RagqaError("the form context shows passages of a library: name it with --index NAME")
    if not sources and library is None:
        raise RagqaError("nothing to prepare: name files of questions with answers, or --index NAME for generated ones")


Over = tuple[Sequence[Entry], dict[str, str], tuple[Finding, ...], tuple[str, ...]]
"""Entries, the group of each by its id, findings, notes."""


def _looked_over(reading: Reading, form: Form, library: Library | None) -> Over:
    """Return the entries with all mends made. Labels are found after places, which name the documents."""
    findings: list[Finding] = []
    notes = list(reading.notes)
    entries = reading.entries
    checks: list[Callable[[Sequence[Entry]], Checked]] = [lambda some: check_empty(some, form), check_encoding]
    if library:
        checks.append(lambda some: check_places(some, library))
    for check in checks:
        done = check(entries)
        entries, findings = done.entries, [*findings, *done.findings]
    if form == "route" and entries:
        entries, told = label_entries(entries, library)
        notes.append(told)
    done = check_duplicates(entries, form)
    findings += done.findings
    done, pairs = check_near_duplicates(done.entries)
    findings += done.findings
    if form == "route":
        done = check_labels(done.entries)
        findings += done.findings
    kept = {entry.id for entry in done.entries}
    grouped = group_related(done.entries, [pair for pair in pairs if set(pair) <= kept], form)
    return done.entries, grouped.groups, (*findings, *grouped.findings), tuple(notes)


def _examples(
    entries: Sequence[Entry],
    groups: Mapping[str, str],
    form: Form,
    library: Library | None,
    model: str | None,
    seed: int,
    notice: Callable[[str], None],
) -> tuple[list[Example], tuple[Finding, ...]]:
    count, longest = counter(model), longest_of(model)
    found: tuple[Finding, ...] = ()
    if form == "route":
        made = route_examples(entries, groups)
    elif form == "closed-book":
        made = closed_book_examples(entries, groups, load_prompts(library.settings.prompts if library else None))
    else:
        assert library is not None
        room = Room(library.settings.context_tokens or longest, library.settings.max_tokens, count)
        made, found = context_examples(entries, groups, library, room, seed, notice)
    fitting, too_long = check_lengths(made, count, longest)
    return fitting, (*found, *too_long)


def _of_split(splits: Mapping[Split, Sequence[Example]], shares: Mapping[Split, float]) -> tuple[Finding, ...]:
    """Return what a person should know of the split: one group only, or a split that got nothing."""
    groups = {example.group or example.id for split in SPLITS for example in splits[split]}
    if len(groups) == 1:
        found = "all examples are about one passage or ask the same, so that nothing can be held back fairly"
        return (Finding(found, "all are trained on; add questions about other pages to measure with"),)
    bare = [split for split in SPLITS if shares.get(split) and not splits[split]]
    return tuple(Finding(f"{split} got no example: there are only {len(groups)} groups") for split in bare)


def _too_few(read: int, left: int, findings: Sequence[Finding]) -> RagqaError:
    why = "; ".join(finding.told() for finding in findings[:3])
    return RagqaError(
        f"training needs at least {LEAST} examples, to learn from, to stop by and to be measured with; of {read:,} "
        f"read {left} {'is' if left == 1 else 'are'} left{f' ({why})' if why else ''}: add some"
    )
