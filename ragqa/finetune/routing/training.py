"""Train a classifier end to end: encoder and head, until the held-back questions gain no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ragqa.embedders.folders import BUNDLED, find_model
from ragqa.errors import RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import SPLITS, Example, Split, read_examples, read_prepared
from ragqa.finetune.routing.router import HEAD, RouteRecord, write_record
from ragqa.finetune.training.checkpoints import Line, measured_lines
from ragqa.finetune.training.job import JobFolder, write_model
from ragqa.finetune.training.loop import (
    Plan,
    ProgressSink,
    Training,
    epoch_loss,
    quiet,
    resumable,
    seconds_of,
    uses_gpu,
)
from ragqa.metrics import macro_f1


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


EPOCHS = 12
BATCH = 32
RATE = 1e-4
HEAD_RATE = 20.0
"""How many times faster than the encoder the head learns."""

PATIENCE = 3
"""Epochs without a gain after which training ends."""

WARM_UP = 0.1
"""Share of the steps in which the rate climbs; then it falls to nothing."""

LONGEST = 64
"""Tokens of a question, unless told otherwise; longer ones are cut, as they will be when they are asked."""


def train(prepared: Path, options: TrainOptions, folder: JobFolder, sink: ProgressSink) -> dict[str, Any]:
    """Train a classifier on a prepared folder, write it whole into ``folder.model``, and return its record.

    All weights are trained, whatever ``options.method`` says. A run that was stopped goes on from its last epoch.
    Raises RagqaError, ModelError, Cancelled.
    """
    from ragqa.finetune.routing.network import open_network

    splits, base = read_labelled(prepared), find_model(encoder_name(options.base))
    labels = tuple(sorted(set(splits["train"].labels)))
    record = RouteRecord(labels, base.spec, min(options.max_tokens or LONGEST, base.max_length))
    epochs = options.epochs or EPOCHS
    plan = Plan(epochs, options.learning_rate or RATE, options.seed, PATIENCE, half=uses_gpu(), rounds=epochs)
    checkpoints = folder.checkpoints("learning", _rank)
    network = open_network(base, len(labels), record.max_tokens)
    place = {label: at for at, label in enumerate(labels)}
    batches = Batches(splits["train"], place, options.batch_size or BATCH, options.seed)
    if checkpoints.newest() is None:
        network.imprint(splits["train"].questions, [place[label] for label in splits["train"].labels])
    held_back = splits["valid"] if set(splits["valid"].labels) & set(labels) else None
    measure = (lambda trainer: _measure(trainer.model, held_back, labels)) if held_back else None
    tokens = network.tokens(splits["train"].questions)
    training = Training("learning", plan, checkpoints, sink, len(batches), tokens, measure)
    network, history, kept = training.run(lambda: _trainer(network, batches, training))
    done = max(int(line["step"]) for line in history)
    figures: Line = next((line for line in measured_lines(history) if line["step"] == kept), {})

    def write(making: Path) -> dict[str, Any]:
        _save(network, record, making)
        return {
            "form": "route",
            "base": base.spec,
            "base_revision": base.revision,
            "scratch": False,
            "method": "full",
            "data_sha256": read_prepared(prepared).sha256["train"],
            "seed": options.seed,
            "labels": len(labels),
            "examples": len(splits["train"]),
            "epochs": done // len(batches),
            "best_epoch": (kept or done) // len(batches),
            "valid_macro_f1": figures.get("eval_macro_f1"),
            "valid_loss": figures.get("eval_loss"),
            "tokens": tokens * done // len(batches),
            "train_seconds": round(seconds_of(history), 1),
            "train_loss": epoch_loss(history, len(batches)),
            "history": [dict(line) for line in history],
        }

    return write_model(folder.model, write)


def _rank(line: Line) -> tuple[float, ...]:
    return line["eval_macro_f1"], -line["eval_loss"]


def encoder_name(base: str) -> str:
    """Return the name of the encoder that ``--base`` names. Raises RagqaError where it names none."""
    if base == "scratch":
        raise RagqaError(
            f"a classifier is trained from an encoder, not from scratch: give --base {BUNDLED}, or the folder of a "
            "sentence-transformers model"
        )
    return base.removeprefix("local:")


class Batches:
    """Batches of questions of about one length, in an order that the seed and the epoch decide and nothing else."""

    def __init__(self, train: Labelled, place: dict[str, int], size: int, seed: int) -> None:
        self._train, self._size, self._seed, self._epoch = train, size, seed, 0
        self._targets = [place[label] for label in train.labels]

    def __len__(self) -> int:
        return sum(1 for _ in self._orders())

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        import torch

        for batch in self._orders():
            targets = torch.tensor([self._targets[at] for at in batch])
            yield {"questions": [self._train.questions[at] for at in batch], "targets": targets}

    def _orders(self) -> Iterator[list[int]]:
        chance = Random(f"{self._seed} {self._epoch}")
        order = list(range(len(self._train)))
        chance.shuffle(order)
        slab, batches = self._size * 16, []
        for start in range(0, len(order), slab):
            near = sorted(order[start : start + slab], key=lambda at: len(self._train.questions[at]))
            batches += [near[at : at + self._size] for at in range(0, len(near), self._size)]
        chance.shuffle(batches)
        yield from batches


def _trainer(network: Any, batches: Batches, training: Training) -> Any:
    import torch
    from torch.nn.functional import cross_entropy
    from transformers import Trainer, TrainingArguments

    class OnQuestions(Trainer):
        """The Trainer on batches of questions and the places of their labels."""

        def get_train_dataloader(self) -> Any:
            return batches

        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            return cross_entropy(model(inputs["questions"]).float(), inputs["targets"])

    rate, total = training.plan.rate, training.plan.epochs * len(batches)
    warm = max(round(WARM_UP * total), 1)
    optimizer = torch.optim.AdamW(
        [
            {"params": list(network.encoder.parameters()), "lr": rate, "weight_decay": 0.01},
            {"params": [network.directions, network.log_scale], "lr": rate * HEAD_RATE, "weight_decay": 0.0},
        ]
    )
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: max(0.0, min((step + 1) / warm, (total - step) / max(total - warm, 1)))
    )
    arguments = TrainingArguments(**training.arguments())
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several would each get a part of every batch
    return resumable(OnQuestions, training)(model=network, args=arguments, optimizers=(optimizer, rates))


def _measure(network: Any, held_back: Labelled, labels: Sequence[str]) -> dict[str, float]:
    """Return loss and macro-F1 of the questions held back.

    A label that only they have can't be predicted: its loss counts nothing, its answer is wrong.
    """
    import torch
    from torch.nn.functional import cross_entropy

    network.eval()
    place = {label: at for at, label in enumerate(labels)}
    targets, questions = torch.tensor([place.get(label, -100) for label in held_back.labels]), held_back.questions
    with torch.inference_mode():
        scores = torch.cat([network(questions[at : at + 64]).float().cpu() for at in range(0, len(questions), 64)])
        loss = float(cross_entropy(scores, targets))
    predicted = [labels[at] for at in scores.argmax(dim=1).tolist()]
    return {"eval_loss": loss, "eval_macro_f1": macro_f1(held_back.labels, predicted)}


def _save(network: Any, record: RouteRecord, making: Path) -> None:
    from safetensors.torch import save_file

    with quiet():
        # Its card would quote the manual's text.
        network.encoder.save(str(making), create_model_card=False)
    save_file(network.head(), making / HEAD)
    write_record(making, record)
