"""Examples → token ids and which of them are learned, and batches of like length. Knows no model.

Every answer of an assistant is an item of its own, behind exactly what the model would read before it gave it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ragqa.answerers.prompting import rendered
from ragqa.finetune.records import Example

IGNORED = -100
"""The label of a token that is read, not learned."""


@dataclass(frozen=True, slots=True)
class Item:
    """A text to learn from: of ``ids``, those from ``learned`` on."""

    ids: tuple[int, ...]
    learned: int


def items_of(examples: Iterable[Example], tokenizer: Any, longest: int) -> tuple[list[Item], int]:
    """Return the items of ``examples``, and how many were longer than ``longest`` tokens and left out."""
    items: list[Item] = []
    too_long = 0
    for example in examples:
        for at, message in enumerate(example.messages):
            if message.role == "assistant":
                item = _item(tokenizer, rendered(tokenizer, example.messages[:at]), message.content)
                if len(item.ids) > longest:
                    too_long += 1
                else:
                    items.append(item)
    return items, too_long


def _item(tokenizer: Any, prompt: str, answer: str) -> Item:
    templated = bool(tokenizer.chat_template)
    asked = _ids(tokenizer, prompt, special=not templated)
    said = _ids(tokenizer, answer if templated else f" {answer}", special=False)
    return Item((*asked, *said, tokenizer.eos_token_id), len(asked))


def blocks_of(texts: Iterable[str], tokenizer: Any, length: int) -> list[Item]:
    """Return ``texts``, each with its end, one after another and cut every ``length`` tokens; all of it is learned."""
    run: list[int] = []
    for text in texts:
        run += [*_ids(tokenizer, text, special=False), tokenizer.eos_token_id]
    pieces = (tuple(run[at : at + length]) for at in range(0, len(run), length))
    return [Item(piece, 0) for piece in pieces if len(piece) > 1]


def _ids(tokenizer: Any, text: str, *, special: bool) -> list[int]:
    return list(tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])


class Batches:
    """Batches of items of like length, in an order that the seed and the epoch decide and nothing else.

    A batch holds at most ``budget`` tokens, padding counted, and ``size`` items; an item alone may be longer. With
    ``short``, its labels begin at the first token that any item learns, and it says how many logits these take: of a
    prompt none is needed, and the last product is the costliest of all. With ``shared``, the start that all items have
    alike stands once beside the batch, as ``start``, and its rows hold what follows: rules that stand before each
    question are read once a batch, not once an example.

    An epoch is one pass over all items, or ``count`` batches: the passes one after another, cut every ``count``.
    """

    def __init__(
        self,
        items: Sequence[Item],
        budget: int,
        size: int | None,
        seed: int,
        *,
        short: bool = False,
        shared: bool = False,
        count: int | None = None,
    ) -> None:
        self._items, self._seed, self._epoch, self._short = items, seed, 0, short
        self._start = _shared_start(items) if shared else ()
        lengths = sorted(len(item.ids) - len(self._start) for item in items)
        self._bounds = _bounds(lengths, budget - len(self._start), size or len(items))
        self._count = count or len(self._bounds) - 1
        self.items = len(items)
        self.share = self._count / (len(self._bounds) - 1)
        """Of a pass, that an epoch is."""
        self.tokens = round(self.share * sum(len(item.ids) for item in items))
        """Real ones, padding not counted, of an epoch."""
        self.computed = self.tokens - round(self.share * len(self._start) * (self.items - len(self._bounds) + 1))
        """Those of an epoch that are read: a start that is shared counts once a batch."""
        self.learned = round(self.share * sum(len(item.ids) - item.learned for item in items))
        """Those of an epoch that are learned."""

    def __len__(self) -> int:
        return self._count

    def set_epoch(self, epoch: int) -> None:
        """Choose what comes next."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the batches of this epoch. The lengths are cut alike in each pass, who of the same length is not."""
        whole = len(self._bounds) - 1
        at, end = self._epoch * self._count, (self._epoch + 1) * self._count
        while at < end:
            of_pass, first = divmod(at, whole)
            for batch in self._pass(of_pass)[first : first + end - at]:
                yield _padded([self._items[at] for at in batch], self._short, self._start)
            at = min(end, (of_pass + 1) * whole)

    def _pass(self, number: int) -> list[list[int]]:
        draw = random.Random(f"{self._seed} {number}")
        order = sorted(range(len(self._items)), key=lambda at: (len(self._items[at].ids), draw.random()))
        batches = [order[low:high] for low, high in zip(self._bounds, self._bounds[1:], strict=False)]
        draw.shuffle(batches)
        return batches


SHARED_LEAST = 8
"""Tokens that items must have alike at their start, for it to be read once."""


def _shared_start(items: Sequence[Item]) -> tuple[int, ...]:
    """Return the ids that all items begin with; of each, what foretells the first that is learned stays behind it."""
    first, last = min(item.ids for item in items), max(item.ids for item in items)  # the most unlike
    most = min(item.learned for item in items) - 1
    alike = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    alike = min(alike, most)
    return first[:alike] if alike >= SHARED_LEAST and len(items) > 1 else ()


def _bounds(lengths: Sequence[int], budget: int, size: int) -> list[int]:
    """Return where ``lengths``, sorted upwards, are cut."""
    bounds = [0]
    for at, length in enumerate(lengths):
        count = at - bounds[-1]
        if count and (count >= size or (count + 1) * length > budget):
            bounds.append(at)
    return [*bounds, len(lengths)]


def _padded(items: Sequence[Item], short: bool, start: tuple[int, ...]) -> dict[str, Any]:
    """Return int64 (items, longest) ids and labels. No mask: what stands behind an item's end changes nothing in it.

    With ``short``, labels are (items, ``logits_to_keep``): of the last positions. With a ``start``, which is (1, n),
    ids and labels are of what follows it.
    """
    import torch

    longest = max(len(item.ids) for item in items)
    ids = torch.zeros((len(items), longest), dtype=torch.long)
    labels = torch.full((len(items), longest), IGNORED, dtype=torch.long)
    for row, item in enumerate(items):
        values = torch.tensor(item.ids)
        ids[row, : len(values)] = values
        labels[row, item.learned : len(values)] = values[item.learned :]
    batch: dict[str, Any] = {"start": torch.tensor([start], dtype=torch.long)} if start else {}
    batch |= {"input_ids": ids[:, len(start) :], "labels": labels[:, len(start) :]}
    if short:
        # A label is foretold at the position before it.
        kept = longest - max(min(item.learned for item in items) - 1, 0)
        batch |= {"labels": labels[:, longest - kept :], "logits_to_keep": kept}
    return batch
