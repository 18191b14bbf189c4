"""Part examples into those to learn from, to stop by and to be measured with; a group is never torn apart.

Seeded: the same examples and seed give the same parts, in whatever order they come. Reads and writes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from random import Random

from ragqa.finetune.records import SPLITS, Example, Split

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
