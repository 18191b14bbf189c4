"""How much of a bare loop's speed does local training keep? The small model of one's own, on made-up sentences.

The bare loop runs the same model over the same batches with the same optimiser and nothing else: no records, no
measuring, no checkpoints. Rounds alternate and the best of each counts, as does its processor time, which others at
work on the machine disturb less. The sentences are made by this bench.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.record import Row, Used, parser, report, time_call
from ragqa.answerers.prompting import Message
from ragqa.finetune.local import bases
from ragqa.finetune.local.learning import WARM_UP, BatchSize, train
from ragqa.finetune.local.tokens import Batches, Item, items_of
from ragqa.finetune.records import Example
from ragqa.finetune.training.checkpoints import Checkpoints
from ragqa.finetune.training.loop import Plan, ProgressSink, at_best_pace

ROUNDS = 3
EXAMPLES = 1200
"""About as many as in the question sets of people. A checkpoint and a measuring after each pass count as training."""
PLAN = Plan(epochs=3, rate=1e-3)
SIZE = BatchSize(tokens=1024)
WORDS = "pump filter valve motor lamp fan belt gauge seal nozzle hose switch turn clean open close".split()  # noqa: SIM905


def examples() -> list[Example]:
    """Return questions and answers of the lengths that people's have."""
    draw = random.Random(0)

    def words(low: int, high: int) -> str:
        return " ".join(draw.choice(WORDS) + str(draw.randrange(100)) for _ in range(draw.randint(low, high)))

    made = []
    for number in range(EXAMPLES):
        asked = words(6, 14)
        messages = (Message("user", asked), Message("assistant", words(1, 5)))
        made.append(Example(id=str(number), messages=messages, question=asked))
    return made


def bare(model: Any, items: list[Item]) -> None:
    """Train as one would with torch alone."""
    import torch
    from transformers import get_cosine_schedule_with_warmup

    batches = Batches(items, SIZE.tokens, None, 0)
    steps = PLAN.epochs * len(batches)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PLAN.rate, weight_decay=0.01, fused=True)
    schedule = get_cosine_schedule_with_warmup(optimiser, round(WARM_UP * steps), steps)
    model.train()
    for epoch in range(PLAN.epochs):
        batches.set_epoch(epoch)
        for batch in batches:
            model(**batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    held = examples()
    tokenizer = bases.make_tokenizer(one.question for one in held)
    items, _ = items_of(held, tokenizer, bases.CONTEXT)
    valid, items = items[: EXAMPLES // 10], items[EXAMPLES // 10 :]
    tokens = PLAN.epochs * sum(len(item.ids) for item in items)
    laps: dict[str, list[Used]] = {"bare loop": [], "ragqa, with checkpoints and measuring": []}
    with tempfile.TemporaryDirectory() as place:
        probe = next(iter(Batches(items, SIZE.tokens, None, 0)))
        with at_best_pace(bases.make_model(tokenizer, 0), probe, Path(place)):  # the same for both
            warm = Checkpoints(Path(place) / "warm")
            train(bases.make_model(tokenizer, 0), items, (), Plan(1, 1e-3), SIZE, warm, ProgressSink())
            for number in range(ROUNDS):
                folder = Path(place) / str(number)
                alone, whole = (bases.make_model(tokenizer, 0) for _ in range(2))
                calls: list[Callable[[], object]] = [lambda model=alone: bare(model, items)]  # type: ignore[misc]
                to = Checkpoints(folder)
                calls.append(lambda model=whole, to=to: train(model, items, valid, PLAN, SIZE, to, ProgressSink()))  # type: ignore[misc]
                for name, call in zip(laps, calls, strict=True):
                    laps[name].append(time_call(call))
    best = {name: Used(*map(min, zip(*times, strict=True))) for name, times in laps.items()}
    alone_wall, alone_cpu, _ = best["bare loop"]
    rows: list[Row] = []
    for name, (wall, cpu, _) in best.items():
        row: Row = {"what": name, "examples": len(items), "tokens": tokens}
        row |= {"tokens_per_second": round(tokens / wall), "tokens_per_cpu_second": round(tokens / cpu)}
        rows.append({**row, "share_of_bare": alone_wall / wall, "share_by_cpu_time": alone_cpu / cpu})
    report("training", rows, data=["sentences"], keep=given.keep)


if __name__ == "__main__":
    main()
