"""What of an example is learned, and in what order: by tokens, without a model."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("transformers")

from ragqa.answerers.prompting import Message, rendered
from ragqa.finetune.local import bases
from ragqa.finetune.local.starts import going_on
from ragqa.finetune.local.tokens import IGNORED, Batches, Item, blocks_of, items_of
from ragqa.finetune.records import Example
from tests.tiny_model import make

TURNS = (
    Message("system", "Be brief."),
    Message("user", "The pump?"),
    Message("assistant", "In the cellar."),
    Message("user", "And the lamp?"),
    Message("assistant", "In the hall."),
)
EXAMPLE = Example(id="1", messages=TURNS, question="And the lamp?")


def test_each_answer_is_learned_behind_what_is_read_before_it() -> None:
    tokenizer = bases.make_tokenizer([message.content for message in TURNS])
    items, left_out = items_of([EXAMPLE], tokenizer, 1000)
    assert left_out == 0 and len(items) == 2
    for item, at in zip(items, (2, 4), strict=True):
        assert tokenizer.decode(item.ids[: item.learned]) == rendered(tokenizer, TURNS[:at])
        assert tokenizer.decode(item.ids[item.learned :]) == f" {TURNS[at].content}{bases.END}"


def test_a_chat_template_is_read_as_when_it_is_asked(tmp_path: object) -> None:
    from pathlib import Path

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(make(Path(str(tmp_path)) / "chat"))
    items, _ = items_of([EXAMPLE], tokenizer, 1000)
    prompt = rendered(tokenizer, TURNS[:4])
    assert list(items[1].ids[: items[1].learned]) == tokenizer(prompt, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(items[1].ids[items[1].learned :]) == "In the hall.<|end|>"


def test_longer_ones_are_left_out_and_counted() -> None:
    tokenizer = bases.make_tokenizer([message.content for message in TURNS])
    both, _ = items_of([EXAMPLE], tokenizer, 1000)
    short, left_out = items_of([EXAMPLE], tokenizer, len(both[0].ids))
    assert short == both[:1] and left_out == 1


def test_blocks_hold_all_of_the_text() -> None:
    texts = ["The pump stands in the cellar.", "The lamp stands in the hall."]
    tokenizer = bases.make_tokenizer(texts)
    blocks = blocks_of(texts, tokenizer, 7)
    run = [token for block in blocks for token in block.ids]
    assert tokenizer.decode(run) == "".join(text + bases.END for text in texts)
    assert all(len(block.ids) <= 7 and block.learned == 0 for block in blocks)


ITEMS = [Item(tuple(range(1, 2 + at % 9 + 1)), 1) for at in range(100)]


def drawn(batches: Batches, epoch: int) -> list[list[list[int]]]:
    batches.set_epoch(epoch)
    return [batch["input_ids"].tolist() for batch in batches]


def test_the_order_hangs_on_seed_and_epoch_only() -> None:
    first, second = Batches(ITEMS, 40, None, seed=1), Batches(ITEMS, 40, None, seed=1)
    drawn(second, 0)
    assert drawn(first, 3) == drawn(second, 3) != drawn(second, 4)
    assert drawn(first, 3) != drawn(Batches(ITEMS, 40, None, seed=2), 3)


def test_an_epoch_holds_each_item_once_in_batches_of_like_length() -> None:
    batches = Batches(ITEMS, 40, None, seed=0)
    lengths = []
    for batch in batches:
        assert batch["input_ids"].numel() <= 40
        lengths += [int((row != 0).sum()) for row in batch["input_ids"]]
        assert ((batch["labels"] == batch["input_ids"]) | (batch["labels"] == IGNORED)).all()
        assert (batch["labels"][:, 0] == IGNORED).all()
    assert sorted(lengths) == sorted(len(item.ids) for item in ITEMS)
    assert len(batches) == len(drawn(batches, 1)) and batches.tokens == sum(lengths)


def test_the_loss_of_the_answers_needs_no_logits_of_their_prompts() -> None:
    import torch

    tokenizer = bases.make_tokenizer(["the pump stands in the cellar"])
    model = bases.make_model(tokenizer, 0).eval()
    items = [Item(tuple(range(3, 3 + length)), length - learned) for length, learned in ((9, 2), (8, 4), (5, 1))]
    (whole,) = Batches(items, 100, None, seed=0)
    (short,) = Batches(items, 100, None, seed=0, short=True)
    with torch.no_grad():
        said, kept = model(**whole), model(**short)
    assert torch.allclose(said.loss, kept.loss, atol=1e-6) and kept.logits.shape[1] == 9 - 3 < said.logits.shape[1]
    (read,) = Batches([Item((3, 4, 5), 0)], 100, None, seed=0, short=True)
    assert read["labels"].tolist() == [[3, 4, 5]] and read["logits_to_keep"] == 3


def test_what_examples_begin_with_alike_is_read_once_a_batch_and_teaches_the_same() -> None:
    import torch

    tokenizer = bases.make_tokenizer(["the pump stands in the cellar"])
    model = bases.make_model(tokenizer, 0).train()  # it has no dropout
    rules = tuple(range(3, 23))
    items = [Item((*rules, 30 + at, 40 + at, *range(50, 50 + at)), 22) for at in range(1, 5)]

    def taught(*, shared: bool) -> tuple[float, dict[str, Any]]:
        batches = Batches(items, 100, None, seed=0, short=True, shared=shared)
        model.zero_grad()
        for batch in batches:
            kept = batch["labels"] != IGNORED
            loss = model(**going_on(model, batch)).loss * kept.sum()
            loss.backward()
        return batches.computed, {name: weights.grad.clone() for name, weights in model.named_parameters()}

    apart, together = taught(shared=False), taught(shared=True)
    assert apart[0] == sum(len(item.ids) for item in items) == together[0] + 3 * 20
    assert all(torch.allclose(of, together[1][name], atol=1e-5) for name, of in apart[1].items())
    with torch.no_grad():
        losses = [
            float(model(**going_on(model, batch, back=back)).loss)
            for back in (True, False)
            for batch in Batches(items, 1000, None, seed=0, short=True, shared=back)
        ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)  # read beforehand or not, it says the same
    alone = Batches([Item((*rules, 1), 5), Item((*rules, 2), 5)], 100, None, seed=0, short=True, shared=True)
    assert all("start" not in batch for batch in alone)  # what is learned there needs its own logits


def test_a_batch_holds_at_most_so_many_items() -> None:
    assert max(len(batch) for batch in drawn(Batches(ITEMS, 1000, 8, seed=0), 0)) == 8
